"""The command line: whatever ends a run ends it with one line and the right exit status."""

from __future__ import annotations

import logging
import signal
import sys
import traceback

from singer_sdk.exceptions import ConfigurationError, MappingError

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.tap import TapMihu

__all__ = ["main"]

_SIGNALLED = 128
_OUR_FRAMES = 4


def main() -> None:
    """Run `tap-mihu`.

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 and 143 ended by SIGINT and SIGTERM.
    """
    # At DEBUG the SDK's mapper logs the values that expressions give.
    logging.getLogger("singer_sdk.mapper").setLevel(logging.INFO)
    try:
        TapMihu.cli()
    except (MihuError, ConfigurationError, MappingError) as error:
        _fail(str(error))
    except Interrupted as interrupt:
        _fail(f"Ended by {signal.Signals(interrupt.signum).name}.", _SIGNALLED + interrupt.signum)
    except KeyboardInterrupt:
        _fail("Ended by SIGINT.", _SIGNALLED + signal.SIGINT)
    except Exception as error:  # noqa: BLE001 - its text may hold personal data, so it is not shown
        frames = traceback.extract_tb(error.__traceback__)[-_OUR_FRAMES:]
        places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
        _fail(f"Unforeseen {type(error).__name__}, please report it: {places}")


def _fail(text: str, status: int = 1) -> None:
    """Say why in one line, and exit."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    TapMihu.logger.error("%s", " ".join(text.split()))
    logging.shutdown()
    sys.exit(status)

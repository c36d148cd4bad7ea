"""The command line: whatever ends a run ends it with one line and the right exit status."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.singer.ending import SIGNALLED, end_in_time

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["main"]

_FRAMES_SHOWN = 4
# A page makes thousands of objects, nearly all of which go as they came, without the collector.
_COLLECT_AFTER_OBJECTS = 20_000
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Run `tap-mihu`.

    Exit status: 0 done, 1 failed, 2 wrong usage, 130 and 143 ended by SIGINT and SIGTERM.
    """
    # Before anything large is imported: until the tap has handlers of its own.
    for signum in _SIGNALS:
        signal.signal(signum, _interrupt)
    try:
        _run()
    except MihuError as error:
        _fail(str(error))
    except Interrupted as interrupt:
        so_far = f" ({interrupt.so_far})" if interrupt.so_far else ""
        text = f"Ended by {signal.Signals(interrupt.signum).name}{so_far}."
        _fail(text, SIGNALLED + interrupt.signum)
    except Exception as error:  # noqa: BLE001 - its text may hold personal data, so it is not shown
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_SHOWN:]
        places = " < ".join(f"{f.filename}:{f.lineno} {f.name}" for f in reversed(frames))
        _fail(f"Unforeseen {type(error).__name__}, please report it: {places}")
    finally:
        # While the interpreter ends, one would end it with a status of its own.
        _hold_signals()


def _interrupt(signum: int, _: FrameType | None) -> None:
    _hold_signals()
    end_in_time(signum)
    raise Interrupted(signum)


def _hold_signals() -> None:
    """Let no further signal disturb the end: none gets in, and one that did does nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    for signum in _SIGNALS:
        # Of one that is on its way while it becomes ignored, Python complains.
        signal.signal(signum, lambda _signum, _frame: None)


def _run() -> None:
    # Nothing that is imported becomes garbage: looking for it there takes a tenth of a short run.
    gc.disable()
    from singer_sdk.exceptions import ConfigurationError, MappingError  # noqa: PLC0415

    from tap_mihu.tap import TapMihu  # noqa: PLC0415 - after the signal handlers

    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER_OBJECTS)
    gc.enable()

    # At DEBUG the SDK's mapper logs the values that expressions give.
    logging.getLogger("singer_sdk.mapper").setLevel(logging.INFO)
    try:
        TapMihu.cli()
    except (ConfigurationError, MappingError) as error:
        raise MihuError(str(error)) from None


def _fail(text: str, status: int = 1) -> None:
    """Say why in one line, and exit."""
    _hold_signals()
    logging.getLogger("tap-mihu").error("%s", " ".join(text.split()))
    logging.shutdown()
    sys.exit(status)

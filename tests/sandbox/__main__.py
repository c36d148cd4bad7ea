"""Run the sandbox: `python -m tests.sandbox` prints its address, and ends on a signal.

Point `api_url` of the tap to the address, with the token `sandbox`, to see how the tap does on an
API that is large, slow, rate limited or oddly sorted.
"""

import argparse
import signal
import sys
from datetime import UTC, datetime
from typing import get_args

from tests.sandbox import Sandbox, Workspace, contacts
from tests.sandbox.workspace import Order


def _seconds(text: str) -> float:
    return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text)


def main() -> None:
    """Serve a made-up workspace until told to end."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = parser.add_argument
    option("--contacts", type=int, default=2345, help="how many there are")
    option("--order", choices=get_args(Order), default="id", help="how pages are sorted")
    waits = "wait so long before each response: 0.05 (seconds) or 50ms"
    option("--latency", type=_seconds, default=0, help=waits)
    throttles = "respond to N requests a minute only, as Laravel does; 60, if N is left out"
    option("--throttle", type=int, nargs="?", const=60, metavar="N", help=throttles)
    args = parser.parse_args()

    signals = {signal.SIGINT, signal.SIGTERM}
    # Before any thread starts, so that none of them is interrupted in our stead.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    # The same contacts all day long, however often it is started.
    until = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    made = contacts(args.contacts, until=until, custom_fields=("customer_number", "remarks"))
    with Sandbox(
        Workspace(made, order=args.order),
        token="sandbox",  # noqa: S106 - not a secret
        latency=args.latency,
        throttle_per_minute=args.throttle,
    ) as sandbox:
        sys.stdout.write(f"{sandbox.url}\n")
        sys.stdout.flush()
        signal.sigwait(signals)


if __name__ == "__main__":
    main()

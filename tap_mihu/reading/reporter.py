"""The reporter: what a person who watches the log is told, every ten seconds and at the end."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tap_mihu.log import Log
    from tap_mihu.reading.progress import Progress

__all__ = ["Reporter", "Requests"]

_INTERVAL_SECONDS = 10.0


class Requests(Protocol):
    """What the requests of a scan came to."""

    @property
    def requests(self) -> int:
        """Requests sent so far."""

    @property
    def retries(self) -> int:
        """How many of them repeated a failed one."""

    @property
    def paused_seconds(self) -> float:
        """For how long all requests were paused, because the API asked for it."""


class Reporter:
    """Logs how far a stream's scan is, by a timer, from `start` to `stop`."""

    def __init__(
        self,
        logger: Log,
        name: str,
        progress: Progress,
        requests: Requests,
    ) -> None:
        """Start the clock.

        Args:
            logger: Is told, at INFO.
            name: What is read, in the plural.
            progress: Is kept up to date by the scan and the writer.
            requests: Likewise, by the client.
        """
        self._logger = logger
        self._name = name
        self._progress = progress
        self._requests = requests
        self._began = time.monotonic()
        self._over = threading.Event()
        self._reporting = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="tap-mihu-reporter", daemon=True)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Report no more; a report that is being written may still come."""
        self._over.set()

    def _work(self) -> None:
        # They are for the main thread, which would not wake for one that came here.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while not self._over.wait(_INTERVAL_SECONDS):
            with self._reporting:
                if not self._over.is_set():
                    self._logger.info("%s", self.so_far())

    def so_far(self) -> str:
        """Return in one line how far the scan is."""
        progress, requests = self._progress, self._requests.requests
        rate = progress.rate()
        if progress.planning:
            total = f"{progress.total} to read, " if progress.total else ""
            return f"{self._name}: planning, {total}{requests} requests"
        total = f" of {progress.total}" if progress.total else ""
        text = (
            f"{self._name}: {progress.read}{total} read, {progress.emitted} emitted, "
            f"{progress.windows} windows settled"
        )
        left = progress.seconds_left()
        if rate is None or left is None:
            return text
        return f"{text}, {_few_digits(rate)} a second, time left {left:.0f} s"

    def tell_the_end(self, *, proven: bool) -> None:
        """Log what it took, as the last that is reported.

        Args:
            proven: Whether all was read completely beyond doubt.
        """
        self.stop()
        with self._reporting:
            pass
        requests, progress = self._requests, self._progress
        self._logger.info(
            "%s: %d read, %d emitted, %d windows, %d repaired, %d requests, %d retries, "
            "%.0f s throttled, %.1f s, %s",
            self._name,
            progress.passed_on,
            progress.emitted,
            progress.windows,
            progress.repaired,
            requests.requests,
            requests.retries,
            requests.paused_seconds,
            time.monotonic() - self._began,
            "proven" if proven else "not proven",
        )


def _few_digits(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"  # noqa: PLR2004 - two digits

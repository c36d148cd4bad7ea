"""Progress: what a person who watches the log is told, at most every ten seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

    from tap_mihu.client import Client
    from tap_mihu.scan import Progress

__all__ = ["Reporter"]

_INTERVAL_SECONDS = 10.0


class Reporter:
    """Tells how far a stream's scan is."""

    def __init__(self, logger: logging.Logger, name: str, progress: Progress) -> None:
        """Start the clock.

        Args:
            logger: Is told, at INFO.
            name: What is read, in the plural.
            progress: Is kept up to date by the scan.
        """
        self._logger = logger
        self._name = name
        self._progress = progress
        self._began = self._told = time.monotonic()
        self.emitted = 0
        """Records written so far."""

    def tell(self) -> None:
        """Tell how far it is, if the last time is long enough ago."""
        now = time.monotonic()
        if now - self._told < _INTERVAL_SECONDS:
            return
        self._told = now
        read, total = self._progress.read, self._progress.total
        rate = read / (now - self._began)
        left = f"{max(total - read, 0) / rate:.0f} s" if rate else "unknown"
        self._logger.info(
            "%s: %d of %d read, %d emitted, %d windows settled, %.0f a second, time left %s",
            self._name,
            read,
            total,
            self.emitted,
            self._progress.windows,
            rate,
            left,
        )

    def tell_the_end(self, client: Client) -> None:
        """Tell what it took."""
        self._logger.info(
            "%s: %d read, %d emitted, %d windows, %d repaired, %d requests, %d retries, %.1f s",
            self._name,
            self._progress.read,
            self.emitted,
            self._progress.windows,
            self._progress.repaired,
            client.requests,
            client.retries,
            time.monotonic() - self._began,
        )

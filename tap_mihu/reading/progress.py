"""Progress: what a person who watches the log is told, at most every ten seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

__all__ = ["Progress", "Reporter"]

_INTERVAL_SECONDS = 10.0


@dataclass(slots=True)
class Progress:
    """How far a scan is."""

    total: int = 0
    """Contacts there are, by the first answer."""
    read: int = 0
    windows: int = 0
    """Windows finished."""
    repaired: int = 0
    """How often a read was found disturbed, and the window cut or read again."""


class Reporter:
    """Logs how far a stream's scan is."""

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

    def tell(self, emitted: int) -> None:
        """Log how far it is, if the last time is long enough ago."""
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
            emitted,
            self._progress.windows,
            rate,
            left,
        )

    def tell_the_end(self, emitted: int, requests: int, retries: int) -> None:
        """Log what it took."""
        self._logger.info(
            "%s: %d read, %d emitted, %d windows, %d repaired, %d requests, %d retries, %.1f s",
            self._name,
            self._progress.read,
            emitted,
            self._progress.windows,
            self._progress.repaired,
            requests,
            retries,
            time.monotonic() - self._began,
        )

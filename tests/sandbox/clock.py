"""The server's clock: real time, until a test sets or moves it."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
"""The server's time in most tests; it stands still, so that nothing depends on the day."""


class Clock:
    """Tell the time in UTC; once set, it stands still until it is moved."""

    def __init__(self, at: datetime | None = None) -> None:
        self._standing = at
        self._shift = timedelta()

    def now(self) -> datetime:
        return (self._standing or datetime.now(UTC)) + self._shift

    def set(self, at: datetime) -> None:
        """Stop the clock at this moment."""
        self._standing, self._shift = at, timedelta()

    def advance(self, seconds: float) -> None:
        """Move the clock on; a running one keeps running."""
        self._shift += timedelta(seconds=seconds)

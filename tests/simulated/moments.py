"""Moments of a simulated server: whole microseconds since a day long ago, and their texts."""

from datetime import UTC, date, datetime, timedelta

DAY = timedelta(days=1)
SPAN = 150 * DAY

SECOND = 1_000_000
DAY_LONG = 86_400 * SECOND
ZERO_DATE = -(1 << 62)
"""The moment of a zero date: before any other."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_ORDINAL = _LONG_AGO.toordinal()
_MICROSECOND = timedelta(microseconds=1)


def microseconds(time: datetime | timedelta) -> int:
    """Return a moment, or a span, as a number."""
    return (time - _LONG_AGO if isinstance(time, datetime) else time) // _MICROSECOND


def moment(number: int) -> datetime:
    """Return the time of a number."""
    return _LONG_AGO + timedelta(microseconds=number)


def midnight(day: date) -> int:
    """Return the moment at which a day begins, UTC."""
    return (day.toordinal() - _ORDINAL) * DAY_LONG


def ordinal(number: int) -> int:
    """Return the ordinal of the day of a moment, UTC."""
    return number // DAY_LONG + _ORDINAL


def canonical(number: int) -> str:
    """Return a moment as the rows have it."""
    return moment(number).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

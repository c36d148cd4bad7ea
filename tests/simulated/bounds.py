"""Moments as whole microseconds, and which of them `date_from` and `date_to` select."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tap_mihu.records.pages import DateRange

EVERYTHING = DateRange(None, None)
DAY = timedelta(days=1)
SPAN = 150 * DAY

SECOND = 1_000_000
DAY_LONG = 86_400 * SECOND
ZERO_DATE, UNDATED = -(1 << 62), 1 << 62  # before and after every moment
ALL = range(ZERO_DATE, UNDATED + 1)

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(span: timedelta) -> int:
    return span // _MICROSECOND


def number(moment: datetime) -> int:
    return microseconds(moment - _LONG_AGO)


def moment(number: int) -> datetime:
    return _LONG_AGO + timedelta(microseconds=number)


def is_dated(created: int) -> bool:
    return ZERO_DATE < created < UNDATED


@dataclass(frozen=True)
class Bounds:
    """How far from its day each bound lies, and when it is ignored."""

    from_later: timedelta = timedelta()
    to_later: timedelta = timedelta()
    ignores_from: bool = False
    ignores_to: bool = False
    ignores_to_beside_from: bool = False

    def interval(self, dates: DateRange, zone: timedelta) -> range:
        """Return what the dates select where days are those of a zone.

        As in SQL, any bound leaves out what has no date.
        """
        first = None if self.ignores_from else dates.first
        beside = self.ignores_to_beside_from and dates.first is not None
        last = None if self.ignores_to or beside else dates.last
        if first is last is None:
            return ALL
        return range(
            ZERO_DATE if first is None else _midnight(first, self.from_later - zone),
            UNDATED if last is None else _midnight(last, self.to_later - zone + DAY),
        )


def _midnight(day: date, later: timedelta) -> int:
    return number(datetime.combine(day, time(), UTC) + later)


def includes(dates: DateRange, day: date | None) -> bool:
    """Whether a contact of that day is to be selected."""
    if day is None:
        return dates == EVERYTHING
    return (dates.first or date.min) <= day <= (dates.last or date.max)

"""What a simulated server takes `date_from` and `date_to` for."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from tap_mihu.records.pages import DateRange
from tests.simulated.moments import DAY, DAY_LONG, microseconds, midnight

EVERYTHING = DateRange(None, None)


class Interval(NamedTuple):
    """Moments of creation: from `lower` on, before `upper`; None leaves that end open."""

    lower: int | None
    upper: int | None

    def holds(self, created: int | None) -> bool:
        """Whether a contact is selected: none without a date, as in SQL, by any bound."""
        if created is None:
            return self.lower is None and self.upper is None
        return (self.lower is None or created >= self.lower) and (
            self.upper is None or created < self.upper
        )


@dataclass(frozen=True)
class Bounds:
    """How far from its day each bound lies, and when it is ignored."""

    from_later: timedelta = timedelta()
    to_later: timedelta = timedelta()
    ignores_from: bool = False
    ignores_to: bool = False
    ignores_to_beside_from: bool = False

    def interval(self, dates: DateRange, zone: timedelta) -> Interval:
        """Return what the dates select where days are those of a zone."""
        lower = upper = None
        if dates.first is not None and not self.ignores_from:
            lower = midnight(dates.first) + microseconds(self.from_later - zone)
        beside = self.ignores_to_beside_from and dates.first is not None
        if dates.last is not None and not (self.ignores_to or beside):
            upper = midnight(dates.last) + DAY_LONG + microseconds(self.to_later - zone)
        return Interval(lower, upper)


HONEST = Bounds()
TO_ITS_MIDNIGHT = Bounds(to_later=-DAY)
FROM_THE_NEXT_DAY = Bounds(from_later=DAY)
FROM_NOON_TO_NOON = Bounds(from_later=DAY / 2, to_later=-DAY / 2)
TO_A_DAY_TOO_FAR = Bounds(to_later=DAY)
IGNORES_FROM = Bounds(ignores_from=True)
IGNORES_TO = Bounds(ignores_to=True)
IGNORES_TO_BESIDE_FROM = Bounds(ignores_to_beside_from=True)
IGNORES_ALL = Bounds(ignores_from=True, ignores_to=True)


def zones_apart(hours: float) -> Bounds:
    """Let `date_to` mean days that end so many hours later than those of `date_from`."""
    return Bounds(to_later=timedelta(hours=hours))


def includes(dates: DateRange, day: date | None) -> bool:
    """Whether a contact of that day is to be selected."""
    if day is None:
        return dates == EVERYTHING
    return (dates.first is None or dates.first <= day) and (dates.last is None or day <= dates.last)

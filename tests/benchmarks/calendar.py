"""When the contacts of a made-up workspace were created: a number of contacts for each day."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

DAYS = 200
LAST_DAY_AGE = 30

SPREADS: dict[str, list[float]] = {
    "even": [1.0] * DAYS,
    # Fifty times as many on the last day as on the first.
    "growing": [50 ** (day / (DAYS - 1)) for day in range(DAYS)],
    # Three imports brought four fifths of all contacts.
    "imports": [0.8 / 3 if day in {40, 100, 160} else 0.2 / (DAYS - 3) for day in range(DAYS)],
}


@dataclass(frozen=True)
class Calendar:
    """Contacts are numbered in order of creation; `ends[d]` is the first number after day d."""

    first: date
    ends: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many contacts there are."""
        return self.ends[-1]

    def day_of(self, number: int) -> int:
        """Tell on which day a contact was created."""
        return bisect_right(self.ends, number)

    def start_of(self, day: int) -> int:
        """Tell the number of the first contact created on a day or later."""
        return self.ends[day - 1] if day else 0

    def between(self, first: date, last: date) -> range:
        """Number the contacts created on these days, both inclusive."""
        low = min(max((first - self.first).days, 0), len(self.ends))
        high = min(max((last - self.first).days + 1, 0), len(self.ends))
        return range(self.start_of(low), max(self.start_of(low), self.start_of(high)))

    def microsecond_of(self, number: int) -> int:
        """Tell at which microsecond of its day a contact was created."""
        day = self.day_of(number)
        start = self.start_of(day)
        return (number - start) * 86_400_000_000 // (self.ends[day] - start)


def make_calendar(contacts: int, spread: str) -> Calendar:
    """Spread contacts over the days that ended a while ago."""
    weights = list(accumulate(SPREADS[spread]))
    first = datetime.now(UTC).date() - timedelta(days=LAST_DAY_AGE + DAYS - 1)
    return Calendar(first, tuple(round(contacts * weight / weights[-1]) for weight in weights))

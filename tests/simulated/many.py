"""A workspace of very many contacts, made when they are asked for, a thousand a day."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text

A_DAY = 1000
PAGE_SIZE = 100
FIRST_DAY = datetime(2022, 9, 18, tzinfo=UTC)
_STEP = timedelta(days=1) / A_DAY


@dataclass
class ManyContacts:
    """Contacts created at even steps until now; some of them were edited since."""

    now: datetime
    edited: dict[int, datetime] = field(default_factory=dict)
    requests: int = 0

    @property
    def count(self) -> int:
        """How many there are by now."""
        return (self.now - FIRST_DAY) // _STEP

    def fetch(self, dates: DateRange, number: int) -> Page:
        """Answer with a page, in order of creation."""
        self.requests += 1
        first, last = self._before(dates.first), self._before(dates.last, end=True)
        start = first + (number - 1) * PAGE_SIZE
        rows = [self._row(index) for index in range(start, min(start + PAGE_SIZE, last))]
        total = last - first
        return Page(number, rows, total, max(1, -(-total // PAGE_SIZE)), self.now)

    def _before(self, day: date | None, *, end: bool = False) -> int:
        """Return how many were created before a day, or before its end."""
        if day is None:
            return self.count if end else 0
        days = (day - FIRST_DAY.date()).days + end
        return min(max(days * A_DAY, 0), self.count)

    def _row(self, index: int) -> Row:
        created = FIRST_DAY + index * _STEP
        updated = self.edited.get(index, created)
        return Row(str(index), to_text(created), to_text(updated), index)

"""Shards: a listing cut into ranges of creation dates, each to be read by a run of its own."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import RefusedError
from tap_mihu.reading.cutting import can_cut
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.parting import NOT_ADDING_UP, part
from tap_mihu.reading.questions import Question, Reply, asked
from tap_mihu.reading.undated import Undated
from tap_mihu.reading.window import Window
from tap_mihu.reading.workers import Workers
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_mihu.reading.questions import Fetch, Steps
    from tap_mihu.records.pages import Page

__all__ = [
    "REQUESTS_AT_THE_TOP",
    "REQUESTS_A_SHARD",
    "CutError",
    "Shard",
    "cut_into_shards",
    "even_ends",
]

REQUESTS_AT_THE_TOP = 42
"""Requests at the most until the whole is cut in two."""

REQUESTS_A_SHARD = 12
"""Further requests at the most for each shard; about five where dates are spread."""

# Parts of half an even share make shards of at most one and a half.
_PARTS_A_SHARD = 2
# Parts come out uneven; aiming below the limit spares most of them a further cut.
_MARGIN = 1.2
# A cut asks for a sample, two parts, and perhaps for the sum once more.
_LEAST_CUT = 6
_SPARE = 4


class CutError(Exception):
    """The listing cannot be cut soundly; the text says why."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of creation dates."""

    dates: DateRange
    contacts: int
    """How many there are, by the server's totals."""

    @property
    def state_id_suffix(self) -> str:
        """The dates as a name for the state."""
        first, last = self.dates.first, self.dates.last
        if first == last:
            return "all-dates" if first is None else f"{first}"
        if first is None:
            return f"until-{last}"
        return f"from-{first}" if last is None else f"{first}-to-{last}"

    def as_json(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a run of this shard has to be told, on top of the user's own filters."""
        bounds = {"date_from": self.dates.first, "date_to": self.dates.last}
        dates = {name: str(day) for name, day in bounds.items() if day is not None}
        return {
            "state_id_suffix": self.state_id_suffix,
            "filters": {**filters, **dates},
            "contacts": self.contacts,
        }


def cut_into_shards(
    fetch: Fetch, within: DateRange, number: int, *, concurrency: int
) -> list[Shard]:
    """Cut a listing into at most so many shards of about equal numbers of contacts.

    A shard has at most one and a half even shares of the contacts, its largest day not counted;
    the days that are not over count as one, for they stay together in the last shard. Few pages
    are asked for, `REQUESTS_AT_THE_TOP` and `REQUESTS_A_SHARD` of them at the most: where these
    do not suffice to find the days that hold the contacts, shards come out less even.

    Args:
        fetch: Returns a page (from 1) of the contacts created within dates.
        within: The dates; the outermost shards are open where these are.
        number: How many shards.
        concurrency: How many requests may be under way.

    Raises:
        CutError: The listing cannot be cut soundly.
        RefusedError: The API refuses page 1.
    """
    with Workers[Question, Reply](concurrency) as workers:
        know = Knowledge()
        steps = _steps(know, within, number)
        batch = next(steps)
        while True:
            know.budget.used += len(batch.questions)
            for question in batch.questions:
                workers.submit(question, partial(question.ask, fetch))
            answered = [workers.result() for _ in batch.questions]
            try:
                batch = steps.send(answered)
            except StopIteration as stop:
                shards: list[Shard] = stop.value
                return shards


def _steps(know: Knowledge, within: DateRange, number: int) -> Steps[list[Shard]]:
    ((_, first),) = yield asked(Question(within))
    if isinstance(first, RefusedError):
        raise first
    now = first.served_at
    if number == 1 or within.open_at(now) or not can_cut(within, now):
        return [Shard(within, first.total)]
    # What a plan may cost is bounded by the number of shards.
    know.budget.contacts = first.total * 100 + 10_000
    cut = yield from _halved(know, Window(within, is_whole=True, first=first), first)
    parts = yield from _refined(know, cut, number, now)
    return _joined(parts, number)


def _halved(know: Knowledge, whole: Window, first: Page) -> Steps[list[Window]]:
    """Cut off the days that are not over, if all contacts are in one part or the other."""
    parts = yield from part(know, whole, first, 2)
    if parts is None:
        raise CutError(NOT_ADDING_UP)
    if any(isinstance(one, Undated) and one.expected != 0 for one in parts):
        raise CutError("some contacts have no creation date")
    if any(one.doubt for one in parts):
        raise CutError(NOT_ADDING_UP)
    return [one for one in parts if isinstance(one, Window)]


def _refined(
    know: Knowledge, parts: list[Window], number: int, now: datetime
) -> Steps[list[Window]]:
    """Cut the parts until each is small, or a day, or open; the largest first."""
    left = REQUESTS_A_SHARD * number
    done: set[Window] = set()
    while True:
        small = sum(one.known_total for one in parts) / (_PARTS_A_SHARD * number)
        large = [
            (one, one.first)
            for one in parts
            if one not in done
            and one.first is not None
            and one.known_total > small
            and one.dates.closed_at(now)
            and can_cut(one.dates, now)
        ]
        if not large or left < _LEAST_CUT:
            return parts
        largest, page = max(large, key=lambda one: one[1].total)
        used = know.budget.used
        pieces = min(ceil(_MARGIN * largest.known_total / small), left - _SPARE)
        children = yield from part(know, largest, page, max(2, pieces))
        left -= know.budget.used - used
        done.add(largest)
        if children and not any(one.doubt for one in children):
            place = parts.index(largest)
            parts[place : place + 1] = [one for one in children if isinstance(one, Window)]
        if know.days_later:
            raise CutError("the API leaves out the day that date_to names")


def _joined(parts: list[Window], number: int) -> list[Shard]:
    """Join neighbours to shards."""
    ends = even_ends([one.known_total for one in parts], number)
    borders = [0, *(end + 1 for end in ends), len(parts)]
    return [
        Shard(
            DateRange(parts[start].dates.first, parts[end - 1].dates.last),
            sum(one.known_total for one in parts[start:end]),
        )
        for start, end in pairwise(borders)
    ]


def even_ends(sizes: Sequence[int], groups: int) -> list[int]:
    """Divide neighbours into at most so many groups of about equal size, none of them empty.

    Each border is the one that lies nearest to where it should be. So, without its largest part,
    no group is larger than an even share.

    Args:
        sizes: The sizes of the parts, in order.
        groups: How many groups.

    Returns:
        The index of the last part of each group but the last.
    """
    total = sum(sizes)
    borders = {reached: index for index, reached in reversed([*enumerate(accumulate(sizes))])}
    reachable = sorted(borders.keys() - {0, total})
    ends = set()
    for group in range(1, groups if reachable else 1):
        ideal = total * group / groups
        place = bisect_left(reachable, ideal)
        nearest = min(reachable[max(0, place - 1) : place + 1], key=lambda at: abs(at - ideal))
        ends.add(borders[nearest])
    return sorted(ends)

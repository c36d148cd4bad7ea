"""Shards: a listing cut into ranges of creation dates, each to be read by a run of its own."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

from tap_mihu.reading.cutting import can_cut
from tap_mihu.reading.parts import ask, cut_whole, cut_window
from tap_mihu.reading.windows import Window
from tap_mihu.reading.workers import Workers
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from tap_mihu.reading.parts import Question
    from tap_mihu.records.pages import Page

    Asking = Callable[[list[Question]], list[Page]]

__all__ = ["REQUESTS_AT_THE_TOP", "REQUESTS_A_SHARD", "Shard", "cut_into_shards", "even_ends"]

REQUESTS_AT_THE_TOP = 22
"""Requests at the most until the whole is cut in two."""

REQUESTS_A_SHARD = 12
"""Further requests at the most for each shard; about five where dates are spread."""

# Parts of half an even share make shards of at most one and a half.
_PARTS_A_SHARD = 2
# Parts come out uneven; aiming below the limit spares most of them a further cut.
_MARGIN = 1.2


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of creation dates."""

    dates: DateRange
    contacts: int
    """How many there are, by the server's totals."""

    @property
    def state_id_suffix(self) -> str:
        """Name the dates so that state can be kept by that name."""
        first, last = self.dates.first, self.dates.last
        if first == last:
            return "all-dates" if first is None else f"{first}"
        if first is None:
            return f"until-{last}"
        return f"from-{first}" if last is None else f"{first}-to-{last}"

    def as_json(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a run of this shard has to be told, on top of the user's own filters."""
        bounds = {"date_from": self.dates.first, "date_to": self.dates.last}
        dates = {name: str(day) for name, day in bounds.items() if day is not None}
        return {
            "state_id_suffix": self.state_id_suffix,
            "filters": {**filters, **dates},
            "contacts": self.contacts,
        }


def cut_into_shards(
    fetch: Callable[[DateRange, int], Page], within: DateRange, number: int, *, concurrency: int
) -> list[Shard]:
    """Cut a listing into at most so many shards of about equal numbers of contacts.

    A shard has at most one and a half even shares of the contacts, its largest day not counted;
    the days that are not over count as one, for they stay together in the last shard. Only first
    pages are asked for, `REQUESTS_AT_THE_TOP` and `REQUESTS_A_SHARD` of them at the most: where
    these do not suffice to find the days that hold the contacts, shards come out less even.

    Args:
        fetch: Answers with a page (from 1) of the contacts created within dates.
        within: The dates; the outermost shards are open where these are.
        number: How many shards.
        concurrency: How many requests may be under way.

    Raises:
        CutError: The listing cannot be cut soundly.
    """
    with Workers[Window, "Page"](concurrency) as workers:
        asking: Asking = partial(ask, workers, fetch)
        (first,) = asking([(within, 1)])
        now = first.served_at
        if number == 1 or within.open_at(now) or not can_cut(within, now):
            return [Shard(within, first.total)]
        parts = [_Part(*answered) for answered in cut_whole(Window(within), first, asking)]
        return _joined(_refined(parts, number, now, asking), number)


class _Part:
    """A window of which no more than the total is wanted."""

    def __init__(self, window: Window, page: Page) -> None:
        window.see(page.rows)
        self.window = window
        self.dates = window.dates
        self.total = page.total


def _refined(parts: list[_Part], number: int, now: datetime, asking: Asking) -> list[_Part]:
    """Cut the parts until each is small, or a day, or open; the largest first."""
    left = REQUESTS_A_SHARD * number
    while True:
        small = sum(part.total for part in parts) / (_PARTS_A_SHARD * number)
        cuts: dict[DateRange, list[Window]] = {}
        for part in sorted(parts, key=lambda part: -part.total):
            pieces = min(ceil(_MARGIN * part.total / small), left) if part.total > small else 0
            if pieces > 1 and part.dates.closed_at(now) and can_cut(part.dates, now):
                cuts[part.dates] = cut_window(part.window, pieces, now)
                left -= len(cuts[part.dates])
        if not cuts:
            return parts
        windows = [window for cut in cuts.values() for window in cut]
        pages = asking([(window.dates, 1) for window in windows])
        kept = [part for part in parts if part.dates not in cuts]
        parts = sorted([*kept, *map(_Part, windows, pages)], key=_last_day)


def _last_day(part: _Part) -> tuple[bool, str]:
    return part.dates.last is None, str(part.dates.last)


def _joined(parts: list[_Part], number: int) -> list[Shard]:
    """Join neighbours to shards."""
    ends = even_ends([part.total for part in parts], number)
    borders = [0, *(end + 1 for end in ends), len(parts)]
    return [
        Shard(
            DateRange(parts[start].dates.first, parts[end - 1].dates.last),
            sum(part.total for part in parts[start:end]),
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

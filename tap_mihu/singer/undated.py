"""The undated: whether there are contacts without a creation date, which no range holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mihu.records.pages import Page

__all__ = ["all_dated"]

_LOOKS = 6
_GOOD_LOOKS = 2


def all_dated(fetch: Callable[[DateRange, int], Page], border: date) -> int | None:
    """Return how many contacts there are, if all have a creation date, else None.

    Those with one, up to a day and after it, must add up to all. As contacts come and go
    meanwhile, they are counted before and after all are, and must not have become fewer: else
    one that died could stand for one without a date. It takes two such looks.

    Args:
        fetch: Returns a page (from 1) of the contacts created within dates.
        border: The last day of the first part.
    """
    parts = (DateRange(None, border), DateRange(border + timedelta(days=1), None))
    before = [fetch(part, 1).total for part in parts]
    good = 0
    for _ in range(_LOOKS):
        whole = fetch(DateRange(None, None), 1).total
        after = [fetch(part, 1).total for part in parts]
        shrunk = any(then > now for then, now in zip(before, after, strict=True))
        good += sum(before) == whole and not shrunk
        if good == _GOOD_LOOKS:
            return whole
        before = after
    return None

"""Adding up: whether the parts of some dates hold what the dates as a whole hold.

The server's word is not taken for it. Parts that hold less leave a gap between them, or some
contacts have no creation date; parts that hold more overlap, or the whole is counted wrongly:
search engines stop counting at some number. Contacts that come and go between two responses are
told from both by asking again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from operator import ge
from typing import TYPE_CHECKING

from tap_mihu.reading.questions import Batch, Question, Steps, asked, pages_of
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.records.pages import Page

__all__ = ["SHRUNK", "Sum", "Verdict", "add_up", "add_up_whole", "shrinks_too_much"]

SHRUNK = "far fewer contacts are there than a moment ago"

_LOOKS = 4
_LOOKS_AT_THE_WHOLE = 12
_GOOD_LOOKS = 2
# From `date_to` being compared with its midnight up to `date_from` meaning the day after, too.
_MOST_DAYS_LATER = 2
# Fewer contacts may be deleted at once; more that are gone from one response to the next are
# rather hidden from us.
_FEW = 20
_SHARE = 10


class Verdict(Enum):
    """How the parts compare with the whole."""

    EVEN = auto()
    """They add up to it, or differ by no more than what comes and goes."""
    BELOW = auto()
    """They hold less in every look."""
    ABOVE = auto()
    """They hold more in every look."""
    IGNORED = auto()
    """The server does not keep to the dates."""
    SHRUNK = auto()
    """Far fewer contacts are there than a moment ago."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What comes of comparing."""

    verdict: Verdict
    firsts: list[Page | None]
    """Page 1 of each part; None where the API refuses it."""
    undated: int | None = 0
    """How many contacts are in no part; None where that could not be told."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The totals of the parts, and of the whole before and after them."""

    before: int
    parts: int
    after: int

    @property
    def sign(self) -> int:
        """-1 where the parts hold less than the whole ever did meanwhile, 1 where more."""
        low, high = sorted((self.before, self.after))
        return (self.parts > high) - (self.parts < low)


def shrinks_too_much(before: int, after: int) -> bool:
    """Return whether so many contacts less are rather hidden than deleted."""
    return before - after > max(_FEW, before // _SHARE)


def add_up(
    know: Knowledge, dates: DateRange, total: int, parts: list[DateRange], per_page: int | None
) -> Steps[Sum]:
    """Compare parts with the dates that they were cut from.

    Where they leave a gap, `date_to` is asked for later: where they add up so, the scan goes on so.

    Args:
        know: Is told of days that `date_to` leaves out.
        dates: What was cut. A contact without creation date is not among them.
        total: How many contacts it has, by a response some time ago.
        parts: Its parts.
        per_page: Contacts a page, for the parts' first pages.
    """
    found = yield from _compare(know, dates, total, parts, per_page, know.days_later)
    if found.verdict is not Verdict.BELOW:
        return found
    for days in range(know.days_later + 1, _MOST_DAYS_LATER + 1):
        later = yield from _compare(know, dates, None, parts, per_page, days)
        if later.verdict is Verdict.EVEN:
            know.days_later = days
            return later
    return found


def _compare(
    know: Knowledge,
    dates: DateRange,
    total: int | None,
    parts: list[DateRange],
    per_page: int | None,
    days_later: int,
) -> Steps[Sum]:
    whole = Question(know.asked_dates(dates, days_later))
    questions = [Question(know.asked_dates(part, days_later), per_page=per_page) for part in parts]
    looks: list[_Look] = []
    if total is None:
        total = yield from _total(whole)
    while True:
        firsts = pages_of((yield Batch(questions)), questions)
        if not _kept_to(questions, firsts):
            return Sum(Verdict.IGNORED, firsts)
        held = sum(page.total for page in firsts if page is not None)
        complete = None not in firsts
        if complete and held == total:
            return Sum(Verdict.EVEN, firsts)
        after = yield from _total(whole)
        looks.append(_Look(total, held, after))
        verdict = _verdict(looks, complete=complete)
        if verdict is not None:
            return Sum(verdict, firsts)
        total = after


def _verdict(looks: list[_Look], *, complete: bool) -> Verdict | None:
    """Return what the looks come to; None where a further one is wanted."""
    last = looks[-1]
    if shrinks_too_much(looks[0].before, last.after):
        return Verdict.SHRUNK
    if not complete:
        # What one part holds is not known: the others may not hold more than all.
        return Verdict.ABOVE if last.sign > 0 else Verdict.EVEN
    if last.parts == last.after:
        return Verdict.EVEN
    if len(looks) < _LOOKS:
        return None
    signs = {look.sign for look in looks}
    return next((verdict for verdict, sign in _SIGNS.items() if signs == {sign}), Verdict.EVEN)


_SIGNS = {Verdict.BELOW: -1, Verdict.ABOVE: 1}


def _total(question: Question) -> Steps[int]:
    ((_, page),) = yield asked(question)
    if isinstance(page, Exception):
        raise page
    return page.total


def _kept_to(questions: list[Question], firsts: list[Page | None]) -> bool:
    """Return whether the contacts on these pages may belong to the dates asked for."""
    return all(
        question.dates.admits(row)
        for question, page in zip(questions, firsts, strict=True)
        if page is not None
        for row in page.rows
    )


def add_up_whole(
    know: Knowledge,
    parts: list[DateRange],
    total: int,
    days: Sequence[date],
    per_page: int | None,
) -> Steps[Sum]:
    """Compare parts with a listing without bounds, where contacts without a date are in no part.

    Adding up is seen twice: once it may be luck, where one contact dies and another is born.

    Args:
        know: Is told of days that `date_to` leaves out.
        parts: The parts, all days together.
        total: How many contacts there are, by the first response.
        days: Days on which contacts were created.
        per_page: Contacts a page, for the parts' first pages.
    """
    found = yield from _compare_whole(know, parts, total, per_page, know.days_later)
    if not found.undated or found.verdict is not Verdict.EVEN or not days:
        return found
    # As many contacts as lie behind the border may by chance have no date: another border, behind
    # which there are some, tells.
    day = days[len(days) // 2]
    elsewhere = [DateRange(None, day - timedelta(days=1)), DateRange(day, None)]
    for later in range(know.days_later + 1, _MOST_DAYS_LATER + 1):
        compared = yield from _compare_whole(know, parts, total, per_page, later)
        if compared.verdict is Verdict.EVEN and compared.undated == 0:
            confirmed = yield from _compare_whole(know, elsewhere, total, per_page, later)
            if confirmed.verdict is Verdict.EVEN and confirmed.undated == 0:
                know.days_later = later
                return compared
    return found


def _compare_whole(
    know: Knowledge, parts: list[DateRange], total: int, per_page: int | None, days_later: int
) -> Steps[Sum]:
    whole = Question(DateRange())
    questions = [Question(know.asked_dates(part, days_later), per_page=per_page) for part in parts]
    firsts = pages_of((yield Batch(questions)), questions)
    undated: Counter[int] = Counter()
    signs: Counter[int] = Counter()
    for _ in range(_LOOKS_AT_THE_WHOLE):
        if not _kept_to(questions, firsts):
            return Sum(Verdict.IGNORED, firsts)
        if None in firsts:
            return Sum(Verdict.EVEN, firsts, undated=None)
        before = [page.total for page in firsts if page is not None]
        between = yield from _total(whole)
        if shrinks_too_much(total, between):
            return Sum(Verdict.SHRUNK, firsts, undated=None)
        firsts = pages_of((yield Batch(questions)), questions)
        after = [page.total for page in firsts if page is not None]
        low, high = sorted((sum(before), sum(after)))
        signs[(between > high) - (between < low)] += 1
        # Where no part shrinks, no contact that died can stand for one that has no date.
        grown = len(after) == len(before) and all(map(ge, after, before))
        if before == after or (grown and sum(before) == between):
            undated[between - sum(before)] += 1
        number, looks = undated.most_common(1)[0] if undated else (0, 0)
        if looks == _GOOD_LOOKS:
            verdict = Verdict.EVEN if number >= 0 else Verdict.ABOVE
            return Sum(verdict, firsts, undated=max(number, 0))
    above = signs[-1] == _LOOKS_AT_THE_WHOLE
    return Sum(Verdict.ABOVE if above else Verdict.EVEN, firsts, undated=None)

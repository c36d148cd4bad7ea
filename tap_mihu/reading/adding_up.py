"""Adding up: whether the parts of some dates hold what the dates as a whole hold.

The server's word is not taken for it. Parts that hold less leave a gap between them, or some
contacts have no creation date; parts that hold more overlap, or the whole is counted wrongly:
search engines stop counting at some number. Contacts that come and go between two responses are
told from both by asking again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from tap_mihu.reading.questions import Batch, Question, Steps, asked, pages_of
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.records.pages import Page

__all__ = ["SHRUNK", "Parts", "Sum", "Verdict", "add_up", "add_up_whole", "shrinks_too_much"]

SHRUNK = "far fewer records are there than a moment ago"

_LOOKS_AT_THE_WHOLE = 16
_FEW_LOOKS = 3
_DAYS_ASKED_ALONE = 2
_DAY, _NO_DAY = timedelta(days=1), timedelta()
_QUIET_LOOKS = 2
_RESTLESS_LOOKS = 4
# From `date_to` being compared with its midnight up to `date_from` meaning the day after, too.
_MOST_DAYS_LATER = 2
# Fewer contacts may be deleted at once; more that are gone from one response to the next are
# rather hidden from us.
_FEW = 20
_SHARE = 10


class Verdict(Enum):
    """How the parts compare with the whole."""

    EVEN = auto()
    """They hold what it holds."""
    BELOW = auto()
    """They hold less in every look."""
    ABOVE = auto()
    """They hold more in every look."""
    UNCLEAR = auto()
    """Too much comes and goes to tell."""
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


def shrinks_too_much(before: int, after: int) -> bool:
    """Return whether so many contacts less are rather hidden than deleted."""
    return before - after > max(_FEW, before // _SHARE)


def add_up(
    know: Knowledge, dates: DateRange, total: int, parts: Parts, *, looks: int
) -> Steps[Sum]:
    """Compare parts with the dates that they were cut from.

    Closed days can only lose contacts. So parts that are asked for after the whole, and hold as
    many, leave no gap. Of other days the whole must hold as many before and after the parts.
    Where there is a gap, `date_to` is asked for later: where the parts add up so, the scan goes
    on so.

    Args:
        know: Is told of days that `date_to` leaves out, and of gaps that remain.
        dates: What was cut. A contact without creation date is not among them.
        total: How many contacts it has, by a response some time ago.
        parts: Its parts.
        looks: How often they are compared at the most.
    """
    found = yield from _compare(know, dates, parts, total, know.days_later, looks)
    if found.verdict is not Verdict.BELOW:
        return found
    for days in range(know.days_later + 1, _MOST_DAYS_LATER + 1):
        later = yield from _compare(know, dates, parts, None, days, min(looks, _FEW_LOOKS))
        if later.verdict is Verdict.EVEN:
            know.days_later = days
            return later
    know.gaps = True
    return found


def _compare(
    know: Knowledge,
    dates: DateRange,
    parts: Parts,
    total: int | None,
    days_later: int,
    looks: int,
) -> Steps[Sum]:
    whole = Question(know.asked_dates(dates, days_later))
    questions = parts.questions(know, days_later)
    signs = set[int]()
    if total is None:
        total = yield from _total(whole)
    first_total = total
    for _ in range(looks):
        if signs and not know.allows(len(questions)):
            signs.add(0)
            break
        firsts = pages_of((yield Batch(questions)), questions)
        if not _kept_to(questions, firsts):
            return Sum(Verdict.IGNORED, firsts)
        pages = [page for page in firsts if page is not None]
        held = sum(page.total for page in pages)
        complete = len(pages) == len(firsts)
        closed = bool(pages) and dates.closed_at(pages[0].served_at)
        if complete and closed and held == total:
            return Sum(Verdict.EVEN, firsts)
        after = yield from _total(whole)
        if shrinks_too_much(first_total, after):
            return Sum(Verdict.SHRUNK, firsts)
        if not complete:
            # What one part holds is not known: the others may not hold more than all.
            above = held > max(total, after)
            return Sum(Verdict.ABOVE if above else Verdict.EVEN, firsts)
        if held == total == after:
            return Sum(Verdict.EVEN, firsts)
        signs.add((held > max(total, after)) - (held < min(total, after)))
        total = after
    return Sum(_SIGNS[signs.pop()] if len(signs) == 1 else Verdict.UNCLEAR, firsts)


_SIGNS = {-1: Verdict.BELOW, 0: Verdict.UNCLEAR, 1: Verdict.ABOVE}


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


def add_up_whole(know: Knowledge, parts: Parts, total: int, days: Sequence[date]) -> Steps[Sum]:
    """Compare two parts with a listing without bounds: contacts without a date are in neither.

    Args:
        know: Is told of days that `date_to` leaves out.
        parts: The days that are over, and the others.
        total: How many contacts there are, by the first response.
        days: Days on which contacts were created.
    """
    found = yield from _compare_whole(know, parts, total, know.days_later, _LOOKS_AT_THE_WHOLE)
    if not found.undated or found.verdict is not Verdict.EVEN:
        return found
    # As many contacts as lie behind the border may by chance have no date. A day that is asked for
    # alone tells: where `date_to` leaves it out, it is empty. In the server's zone, contacts may
    # be of the day before or after.
    inner = Counter(day for day in days if date.min < day < date.max)
    known = [
        day + shift
        for day, _ in inner.most_common(_DAYS_ASKED_ALONE)
        for shift in (-_DAY, _NO_DAY, _DAY)
    ]
    if not known or not (yield from _all_empty([*dict.fromkeys(known)])):
        return found
    for later in range(know.days_later + 1, _MOST_DAYS_LATER + 1):
        compared = yield from _compare_whole(know, parts, total, later, _FEW_LOOKS)
        if compared.verdict is Verdict.EVEN and compared.undated == 0:
            know.days_later = later
            return compared
    return found


def _all_empty(days: Sequence[date]) -> Steps[bool]:
    """Return whether days are empty when they are asked for alone."""
    questions = [Question(DateRange(day, day), patient=False) for day in days]
    pages = pages_of((yield Batch(questions)), questions)
    return all(page is not None and page.total == 0 for page in pages)


def _compare_whole(
    know: Knowledge, parts: Parts, total: int, days_later: int, looks: int
) -> Steps[Sum]:
    """Look at the whole between two looks at the open part, until what is in no part is told."""
    whole = Question(DateRange())
    closed, opened = questions = parts.questions(know, days_later)
    older, newer = pages_of((yield Batch(questions)), questions)
    beyond = _Beyond()
    for _ in range(looks):
        if not _kept_to(questions, [older, newer]):
            return Sum(Verdict.IGNORED, [older, newer])
        if older is None or newer is None:
            # Where dates cannot be asked for, the whole can.
            return Sum(Verdict.IGNORED, [older, newer])
        between = yield from _total(whole)
        if shrinks_too_much(total, between):
            return Sum(Verdict.SHRUNK, [older, newer], undated=None)
        before = newer.total
        (newer,) = pages_of((yield asked(opened)), [opened])
        if newer is None:
            break
        beyond.look(before, between, newer.total, older.total)
        if not beyond.enough:
            if not know.allows(_RESTLESS_LOOKS):
                break
            continue
        (older,) = pages_of((yield asked(closed)), [closed])
        if older is not None and (number := beyond.number(older.total)) is not None:
            verdict = Verdict.EVEN if number >= 0 else Verdict.ABOVE
            return Sum(verdict, [older, newer], undated=max(number, 0))
    return Sum(Verdict.UNCLEAR, [older, newer], undated=None)


class _Beyond:
    """How many contacts are in neither part, by what each look leaves possible.

    The open part gains contacts, so when the whole was asked for it held as many as before, as
    after, or between the two. The closed part loses contacts, so it held as many as before a look,
    as after it, or between the two. A contact of the open part that dies may make one look tell
    too much or too little: unless nothing moves at all, two looks must agree on either bound, and
    few may show that such contacts die.
    """

    def __init__(self) -> None:
        self._least: list[int] = []
        self._most: list[int] = []
        self._still = 0
        self._shrunk = 0

    def look(self, before: int, whole: int, after: int, closed_before: int) -> None:
        """Take a look in: the totals of the open part, the whole, and the open part again."""
        if after < before:
            self._shrunk += 1
            return
        self._still += after == before
        self._least.append(whole - after - closed_before)
        self._most.append(whole - before)

    @property
    def enough(self) -> bool:
        """Whether the looks may tell the number."""
        looks = len(self._least)
        if looks == self._still and not self._shrunk:
            return looks >= _QUIET_LOOKS
        return looks >= _RESTLESS_LOOKS + 2 * self._shrunk

    def number(self, closed_after: int) -> int | None:
        """Return the number; None where the looks leave several possible."""
        least, most = sorted(self._least)[-2], sorted(self._most)[1] - closed_after
        return least if least == most else None


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of some dates."""

    dates: list[DateRange]
    per_page: int | None = None
    """Contacts a page, for their first pages."""

    def questions(self, know: Knowledge, days_later: int) -> list[Question]:
        """Return what asks for their first pages."""
        return [
            Question(know.asked_dates(dates, days_later), per_page=self.per_page)
            for dates in self.dates
        ]

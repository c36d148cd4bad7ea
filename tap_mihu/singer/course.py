"""The course of a run: which creation dates it reads, and whether it resumes an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.pages import DateRange
from tap_mihu.singer.counts import too_few
from tap_mihu.singer.ranges import Mark, always_from
from tap_mihu.singer.undated import all_dated

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mihu.log import Log
    from tap_mihu.records.pages import Page
    from tap_mihu.singer.state import Round, State

    Fetch = Callable[[DateRange, int], Page]

__all__ = ["EVERYTHING", "Course", "Terms", "chart", "needs_chart"]

EVERYTHING = DateRange(None, None)
_RESUMED_WITHIN = timedelta(days=7)
_CLOCKS_DIFFER_SECONDS = 60
_MOST_HOURS = 24 * 365 * 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run is asked to do."""

    full_table: bool
    version: int | None = None
    """The version that its records carry, if they carry one."""
    start_date: str | None = None
    """Where it matters, canonical: contacts neither updated nor created since are not sent."""
    lookback_seconds: int = 0
    reread_after_hours: int = 0
    by_date: bool = True
    """Whether some dates can be read without others."""

    @property
    def fresh_hours(self) -> int:
        """For how long what was read need not be read again."""
        return 0 if self.full_table else min(self.reread_after_hours, _MOST_HOURS)

    @property
    def tolerance(self) -> timedelta:
        """How far clocks may differ: as far as the lookback makes up for it."""
        most = timedelta(hours=_MOST_HOURS).total_seconds()
        return timedelta(seconds=min(max(self.lookback_seconds, _CLOCKS_DIFFER_SECONDS), most))


@dataclass(frozen=True, slots=True)
class Course:
    """What a run reads."""

    dates: list[DateRange]
    """In order; a scan for each."""
    resumes: Round | None = None
    """What it goes on with."""
    total: int | None = None
    """How many contacts there are, where it does not read them all and has counted them."""
    all_dated: bool = False
    """Whether it is known that all of them have a creation date."""


def needs_chart(state: State, terms: Terms) -> bool:
    """Return whether a run may leave something out, by what is known before any request."""
    was_read = terms.fresh_hours > 0 and any(mark.read_at for mark in state.ranges.marks)
    return terms.by_date and (state.round is not None or was_read)


def chart(state: State, terms: Terms, page: Page, fetch: Fetch, logger: Log) -> Course:
    """Work out what a run reads that may leave something out.

    Args:
        state: What it starts from.
        terms: What it is asked to do.
        page: Page 1 of all that the filters leave.
        fetch: Returns a page (from 1) of the contacts created within dates.
        logger: Is told whether the run resumes.
    """
    now = page.served_at
    if state.round is not None:
        resumed = _resumed(state, state.round, terms, page, fetch)
        if isinstance(resumed, Course):
            first = resumed.dates[0].first if resumed.dates else always_from(now)
            logger.info("Resuming at creation date %s", first)
            return resumed
        logger.info("Not resuming the interrupted read: %s", resumed)
    if terms.fresh_hours == 0 or too_few(page.total, state.contacts):
        return Course([state.ranges.within])
    return Course(_stale(state, now, timedelta(hours=terms.fresh_hours)))


def _resumed(state: State, begun: Round, terms: Terms, page: Page, fetch: Fetch) -> Course | str:
    """Return how a run goes on with a round; the reason where it does not."""
    reason = _why_not(state, begun, terms, page)
    dates = state.ranges.to_read(page.served_at, lambda mark: (mark.read_at or "") >= begun.began)
    if reason is None and dates == [state.ranges.within]:
        reason = "nothing of it is of use"
    if reason is not None:
        return reason
    if state.ranges.within != EVERYTHING:
        return Course(dates, begun, page.total, all_dated=True)
    total = all_dated(fetch, always_from(page.served_at) - timedelta(days=1))
    if total is None and terms.full_table:
        return "contacts without a creation date are only met by reading everything"
    return Course(dates, begun, total, all_dated=total is not None)


def _why_not(state: State, begun: Round, terms: Terms, page: Page) -> str | None:
    """Return why a run does not go on with a round, if there is a reason."""
    age = page.served_at - datetime.fromisoformat(begun.began)
    versioned = terms.full_table and terms.version is not None
    reasons = {
        "it began more than a week ago": age > _RESUMED_WITHIN,
        "the server's clock was set back since then": -age > terms.tolerance,
        "it sent only what was due": terms.full_table and not begun.full,
        "its records carry no version": versioned and begun.version is None,
        "there are far fewer contacts than before": too_few(page.total, state.contacts),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _stale(state: State, now: datetime, age: timedelta) -> list[DateRange]:
    """Return the days that were not read lately, and the last ones.

    If any others have to be read, and everything was not for so long, everything is: only so
    contacts without a creation date are met.
    """

    def is_fresh(mark: Mark) -> bool:
        return mark.read_at is not None and now - datetime.fromisoformat(mark.read_at) < age

    dates = state.ranges.to_read(now, is_fresh)
    more = any(one.first is None or one.first < always_from(now) for one in dates)
    return [state.ranges.within] if more and not is_fresh(state.undated) else dates


def adopt(terms: Terms, begun: Round | None, *, sends_all: bool) -> Terms:
    """Return the terms of a run that goes on with a round: its version goes on, too."""
    if begun is None or terms.version is None or begun.version is None:
        return terms
    return replace(terms, version=begun.version) if begun.full and sends_all else terms

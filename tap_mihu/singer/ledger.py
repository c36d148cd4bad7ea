"""The ledger of a run: what it read and proved, entered into the state as it goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.counts import agree, too_few
from tap_mihu.singer.course import EVERYTHING, Course
from tap_mihu.singer.fields import changes_text, known_after
from tap_mihu.singer.ranges import OVER_DAYS, Mark
from tap_mihu.singer.state import Round, State

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_mihu.reading.clock import ServerClock
    from tap_mihu.reading.scan import Done
    from tap_mihu.records.pages import DateRange

__all__ = ["Ledger", "TooFew"]


@dataclass(frozen=True, slots=True)
class TooFew:
    """A reading of everything that found too few contacts to be believed at once."""

    found: int
    expected: int


class Ledger:
    """Keeps the state of one run, from the first window to the last."""

    def __init__(self, state: State, clock: ServerClock) -> None:
        """Start from a state.

        Args:
            state: What earlier runs left.
            clock: The server's.
        """
        self.state = state
        """As it may be written at any time."""
        self.unproven: list[Done] = []
        """The windows of which it is not proven that all was read."""
        self.read = 0
        """Contacts read."""
        self.sent = 0
        """Contacts sent, by this run and those that it goes on with."""
        self.complete = False
        """After the end: whether everything was read and proven, by this run or the round."""
        self._before = state
        self._clock = clock
        self._course = Course([state.ranges.within])
        self._round: Round | None = None
        self._held: list[DateRange | None] | None = None

    def forget_after(self, moment: str) -> bool:
        """Forget what was read after a moment; return whether there was anything."""

        def known(mark: Mark) -> Mark:
            return Mark() if (mark.read_at or mark.until or "") > moment else mark

        ranges, undated = self.state.ranges.change_all(known), known(self.state.undated)
        changed = (ranges, undated) != (self.state.ranges, self.state.undated)
        self.state = self._before = replace(self.state, ranges=ranges, undated=undated)
        return changed

    def start(self, course: Course, *, full: bool, version: int | None) -> None:
        """Begin, or go on with, what the run reads.

        Args:
            course: That.
            full: Whether it sends every contact that it reads.
            version: The version of its records.
        """
        self._course = course
        if course.resumes is not None:
            stays_full = course.resumes.full and full
            begun = course.resumes.version
            goes_on = version if begun is not None and stays_full else None
            self._round = replace(course.resumes, full=stays_full, version=goes_on)
            self.sent = course.resumes.sent
        elif self.reads_everything:
            # When it begins, the first response will tell.
            self._round = Round("", full, version, self.state.bookmark)
        self.state = replace(self.state, round=self._round if course.resumes else None)
        self._before = self.state

    @property
    def reads_everything(self) -> bool:
        """Whether the run reads everything in one go."""
        return self._course.resumes is None and self._course.dates == [self.state.ranges.within]

    def hold(self) -> None:
        """Enter nothing before the end: there may be too few contacts to be believed."""
        self._held = []

    @property
    def more_than_sent(self) -> int | None:
        """How many contacts there are more than the last time, if more than were sent since."""
        before, now = self.state.contacts, self._contacts
        if self._round is None or self.unproven or before is None or now is None:
            return None
        return now - before if now - before > self.sent else None

    def window_done(self, window: Done, rows: int, sent: int) -> None:
        """Enter a finished window.

        Args:
            window: What was read.
            rows: How many contacts it has.
            sent: How many of them were sent.
        """
        self.read += rows
        self.sent += sent
        if self._round is not None and not self._round.began:
            self._round = replace(self._round, began=self._read_at)
        if not window.proven:
            self.unproven.append(window)
        elif self._held is not None:
            self._held.append(window.dates)
        else:
            self._deliver(window.dates)
            self._settle()
        if self._round is None or self._held is not None:
            return
        if window.proven and window.dates is not None and self._is_over(window.dates.last):
            begun = self._round
            self._round = replace(begun, read=begun.read + rows, sent=begun.sent + sent)
        # One that has reached its end is over; what is unproven is for the next one.
        ended = self._is_last(window.dates) and self.unproven
        self.state = replace(self.state, round=None if ended else self._round)

    def _is_last(self, dates: DateRange | None) -> bool:
        return dates is None or dates.last == self._course.dates[-1].last

    def _is_over(self, last: date | None) -> bool:
        """Return whether days up to this one need not be read again by a run that resumes."""
        over = date.fromisoformat(self._read_at[:10]) - timedelta(days=OVER_DAYS)
        return last is not None and last <= over

    @property
    def _read_at(self) -> str:
        assert self._clock.began_at is not None, "a window without a response"  # noqa: S101
        return to_text(self._clock.began_at)

    def _deliver(self, dates: DateRange | None) -> None:
        """Enter that a window, or the contacts without a creation date, are read and sent."""
        if dates is not None:
            ranges = self.state.ranges.change(dates, self._entered)
            self.state = replace(self.state, ranges=ranges)
        if dates in {None, EVERYTHING}:
            self.state = replace(self.state, undated=self._entered(self.state.undated))

    def _entered(self, mark: Mark) -> Mark:
        return mark.later(self._read_at, None)

    def _settle(self) -> None:
        """Enter the moment that is known by now for all that this run read, so that it merges."""
        until = self._clock.delivered_until
        if until is None:
            return
        read_at, text = self._read_at, to_text(until)

        def settled(mark: Mark) -> Mark:
            return mark.later(read_at, text) if mark.read_at == read_at else mark

        ranges, undated = self.state.ranges.change_all(settled), settled(self.state.undated)
        self.state = replace(self.state, ranges=ranges, undated=undated)

    def close(self) -> TooFew | None:
        """Draw the conclusions at the end of all scans.

        Returns:
            What is wrong, if too few contacts were found: then nothing is believed.
        """
        doubt = self._doubt()
        if doubt is not None:
            doubted = self.state.doubted if self.unproven else doubt.found
            self.state = replace(self._undone(), doubted=doubted, round=None)
            return doubt
        for dates in self._held or ():
            self._deliver(dates)
        if self._undated_are_done():
            self._deliver(None)
        self._settle()
        self.complete = not self.unproven and self._is_complete()
        self.state = replace(self.state, round=None)
        if self.complete:
            total = self._contacts
            counted = replace(self.state, contacts=total, counted_at=self._read_at)
            self.state = replace(self.state if total is None else counted, doubted=None)
        return None

    @property
    def _contacts(self) -> int | None:
        """How many contacts there are, if they were counted."""
        return self.read if self.reads_everything else self._course.total

    def note_fields(self, met: Collection[str] | None) -> str | None:
        """Enter, after the end, the names of the extra fields that were met.

        Returns:
            Which are new and which are gone since the run before, if any.
        """
        before = self.state.fields
        known = known_after(before, met, read_all=self.complete and self.reads_everything)
        fields = None if known is None else tuple(sorted(known))
        self.state = replace(self.state, fields=fields)
        return changes_text(before, fields)

    def _doubt(self) -> TooFew | None:
        """Return what to think of the number of contacts; only readings of everything count."""
        expected, found = self.state.contacts, self.read
        if self._course.resumes is not None:
            expected = max(expected or 0, self._course.total or 0)
            found += self._course.resumes.read
        elif not self.reads_everything:
            return None
        believed = not self.unproven and agree(found, self.state.doubted)
        if expected is None or believed or not too_few(found, expected):
            return None
        return TooFew(found, expected)

    def _undone(self) -> State:
        """Return the state without what this run read, or those that it goes on with."""
        begun = self._course.resumes
        if begun is None:
            return self._before

        def undone(mark: Mark) -> Mark:
            return Mark(None, begun.before) if (mark.read_at or "") >= begun.began else mark

        ranges, undated = self._before.ranges.change_all(undone), undone(self._before.undated)
        return replace(self._before, ranges=ranges, undated=undated)

    def _undated_are_done(self) -> bool:
        """Return whether all contacts without a creation date were met, if there are any."""
        if self._course.resumes is not None:
            return self._course.all_dated
        unproven = [window.dates for window in self.unproven]
        return self.reads_everything and None not in unproven and EVERYTHING not in unproven

    def _is_complete(self) -> bool:
        """Return whether everything was read in this round."""
        if self._round is None:
            return False
        marks = (*self.state.ranges.marks, self.state.undated)
        return all((mark.read_at or "") >= self._round.began for mark in marks)

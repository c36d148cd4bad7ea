"""A run: what it reads, what it sends, and what it says."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.scan import Done, Rows, scan
from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.course import Terms
from tap_mihu.singer.ranges import Mark, Ranges
from tap_mihu.singer.run import Run
from tap_mihu.singer.state import State, Subject
from tap_mihu.singer.undated import all_dated
from tests.simulated.many import A_DAY, PAGE_SIZE, ManyContacts

Event = Rows | Done
ALL = DateRange(None, None)
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
BEFORE = DateRange(None, date(2025, 6, 12))
SINCE = DateRange(date(2025, 6, 13), None)
INCREMENTAL = Terms(full_table=False)
FULL = Terms(full_table=True, version=8)
REREADING = Terms(full_table=False, lookback_seconds=300, reread_after_hours=24)
LOGGER = logging.getLogger("test of a run")
NEW = State.new(Subject("a workspace", "filters"), ALL)


def marked(read_at: datetime, until: datetime, contacts: int | None = None) -> State:
    """A state after a complete reading."""
    mark = Mark(to_text(read_at), to_text(until))
    return replace(NEW, ranges=Ranges.of(ALL, mark), undated=mark, contacts=contacts)


YESTERDAY = marked(NOW - DAY, NOW - DAY, contacts=10)


@dataclass
class Story:
    """A scan that was written down beforehand, and what a run makes of it."""

    events: list[Event]
    now: datetime = NOW
    total: int = 0
    asked: list[DateRange] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    states: list[State] = field(default_factory=list)

    def fetch(self, _: DateRange, number: int) -> Page:
        return Page(number, [], self.total, 1, self.now)

    def play(self, state: State, terms: Terms) -> tuple[Run, int | None]:
        """Run, and return what is to be activated."""
        clock = ServerClock()
        run = Run(state, terms, clock, LOGGER)
        run.prepare(self.fetch)

        def scanning(dates: DateRange) -> Iterator[Event]:
            self.asked.append(dates)
            run.note_server_time(self.now)
            run.note_total(self.total)
            clock.note(Page(1, [a_row("seen", NOW - DAY)], self.total, 1, self.now))
            for event in self.events:
                rows = event.rows if isinstance(event, Rows) else []
                yield Rows([judged(run, row) for row in rows]) if rows else event

        for event in run.read(scanning):
            if isinstance(event, Rows):
                self.written += [row.uuid for row in event.rows if row.payload is not None]
            else:
                self.states.append(run.state)
        return run, run.activates


def a_row(uuid: str, updated: datetime, created: datetime = NOW - 900 * DAY) -> Row:
    return Row(uuid, to_text(created), to_text(updated), "a line")


def judged(run: Run, row: Row) -> Row:
    due = run.is_due(row.created_at, row.updated_at)
    return Row(row.uuid, row.created_at, row.updated_at, row.payload if due else None)


def rows(count: int, updated: datetime = NOW - 300 * DAY) -> Rows:
    return Rows([a_row(f"{number}", updated) for number in range(count)])


def proven(*windows: DateRange | None) -> list[Event]:
    return [Done(dates, proven=True) for dates in windows]


def test_where_nothing_can_be_read_the_state_stays() -> None:
    run = Run(YESTERDAY, FULL, ServerClock(), LOGGER)

    def refusing(_: DateRange) -> Iterator[Event]:
        yield from ()
        raise RefusedError("HTTP 422")

    run.prepare(Story([]).fetch)
    with pytest.raises(RefusedError):
        list(run.read(refusing))
    assert run.state == YESTERDAY


# Clocks.


def test_the_moment_never_goes_back() -> None:
    old = marked(NOW - HOUR, NOW - HOUR)
    run, _ = Story(proven(ALL)).play(old, INCREMENTAL)
    assert run.state.bookmark == old.bookmark


@pytest.mark.parametrize(("lookback", "tolerated"), [(0, 60), (300, 300)])
def test_what_a_clock_that_was_set_back_wrote_is_forgotten(
    lookback: int, tolerated: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It would say that nothing changed for the next hours."""
    terms = replace(INCREMENTAL, lookback_seconds=lookback)
    for ahead, sent in ((tolerated, 0), (tolerated + 1, 3)):
        story, then = Story([rows(3), *proven(ALL)]), NOW + ahead * SECOND
        run, _ = story.play(marked(then, then), terms)
        assert len(story.written) == sent
        assert (str(run.state.bookmark) < to_text(NOW)) == (sent > 0)
    (record,) = caplog.records
    assert "clock is behind" in record.getMessage()


@pytest.mark.parametrize("behind", [timedelta(), SECOND, 5 * HOUR])
def test_the_least_age_is_the_lag_of_the_datas_clock(behind: timedelta) -> None:
    """Without any contact of the present, nothing is known of it."""
    clock = ServerClock()
    clock.note(Page(1, [a_row("ahead", NOW + 9 * DAY)], 1, 1, NOW))
    assert (clock.began_at, clock.least_age, clock.delivered_until) == (NOW, None, None)
    for hours in range(3):
        now = NOW + hours * HOUR
        clock.note(Page(1, [a_row("a", now - behind), a_row("b", now - DAY)], 2, 1, now))
        assert clock.data_time(now) == now - behind
    assert clock.delivered_until == NOW - behind - SECOND


# Full tables, and what goes on with another run.


def interrupted(terms: Terms, state: State = NEW) -> State:
    """What a run leaves that ends behind its first window."""
    story = Story([rows(7), *proven(BEFORE)])
    story.play(state, terms)
    return story.states[-1]


def starting(month: int, terms: Terms = INCREMENTAL) -> Terms:
    return replace(terms, start_date=f"2025-{month:02}-01T00:00:00.000000Z")


NO_VERSION = replace(FULL, version=None)
READ = marked(NOW - DAY, NOW - DAY)
CONTINUED: dict[str, tuple[Terms, Terms, State, timedelta, bool]] = {
    "full, then incremental": (FULL, INCREMENTAL, NEW, HOUR, True),
    "with a version, then without": (FULL, NO_VERSION, NEW, HOUR, True),
    "without a version, then with one": (NO_VERSION, FULL, NEW, HOUR, False),
    "incremental that sent all, then full": (INCREMENTAL, NO_VERSION, NEW, HOUR, True),
    "likewise, but versions": (INCREMENTAL, FULL, NEW, HOUR, False),
    "from a start date, then full": (starting(3), NO_VERSION, NEW, HOUR, False),
    "only what was due, then full": (INCREMENTAL, NO_VERSION, READ, HOUR, False),
    "a week ago": (INCREMENTAL, INCREMENTAL, NEW, 7 * DAY, True),
    "more than a week ago": (INCREMENTAL, INCREMENTAL, NEW, 7 * DAY + HOUR, False),
    "a clock a little behind": (INCREMENTAL, INCREMENTAL, NEW, -60 * SECOND, True),
    "a clock that was set back": (INCREMENTAL, INCREMENTAL, NEW, -61 * SECOND, False),
    "a later start date": (starting(1), starting(3), NEW, HOUR, True),
    "a first start date": (INCREMENTAL, starting(1), NEW, HOUR, True),
    "an earlier start date": (starting(3), starting(1), NEW, HOUR, False),
    "no start date, which is earlier": (starting(1), INCREMENTAL, NEW, HOUR, False),
}


@pytest.mark.parametrize("name", CONTINUED)
def test_a_round_is_resumed_where_it_covers_what_is_asked(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    then, now, state, later, resumes = CONTINUED[name]
    story = Story(proven(SINCE if resumes else ALL), NOW + later)
    story.play(interrupted(then, state), now)
    assert story.asked == [SINCE if resumes else ALL]
    assert ("start_date is earlier" in caplog.text) == ("earlier" in name)


# Counts.


def test_too_few_contacts_are_believed_when_they_are_found_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Half of them is enough, and nothing is never the same as something."""
    state = replace(YESTERDAY, contacts=100)
    steps = ((49, None), (20, None), (30, 8), (15, 8), (0, None), (4, None), (0, None), (0, 8))
    for found, version in steps:
        run, activated = Story([rows(found), *proven(ALL)], total=found).play(state, FULL)
        assert activated == version
        assert run.proven == (version is not None)
        if version is None:
            assert run.state == replace(state, doubted=found)
        else:
            assert (run.state.contacts, run.state.doubted) == (found, None)
        state = run.state
    assert ["not proven" in text for text in caplog.messages] == [True] * 5


# Contacts without a creation date.


@pytest.mark.parametrize(
    ("wholes", "counted"),
    [
        ([12, 12], 12),
        ([13] * 6, None),
        # A death that hides one without a date once hides it no longer.
        ([12, 13, 13, 13, 13, 13], None),
    ],
)
def test_the_dated_must_add_up_to_all(wholes: list[int], counted: int | None) -> None:
    whole, parts = iter(wholes), {BEFORE: 7, SINCE: 5}

    def fetch(dates: DateRange, number: int) -> Page:
        return Page(number, [], next(whole) if dates == ALL else parts[dates], 1, NOW)

    assert all_dated(fetch, date(2025, 6, 12)) == counted


# Hourly runs.


def hourly(server: ManyContacts, state: State) -> tuple[State, list[int]]:
    """Run over the server, and return the state and what was sent."""
    clock = ServerClock()
    run = Run(state, REREADING, clock, LOGGER)
    run.prepare(server.fetch)

    def fetch(
        dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        run.note_server_time(server.now)
        page = server.fetch(dates, number)
        return replace(page, rows=[judged(run, row) for row in page.rows])

    events = run.read(partial(scan, fetch, concurrency=1, clock=clock))
    every = [row for event in events if isinstance(event, Rows) for row in event.rows]
    return run.state, [int(row.uuid) for row in every if row.payload is not None]


def test_an_hourly_run_costs_a_hundredth_of_reading_everything() -> None:
    """A million contacts: what is new comes at once, an edit of an old one within a day."""
    server = ManyContacts(NOW)
    assert server.count > 990_000
    state = marked(NOW, NOW - timedelta(minutes=1), contacts=server.count)
    everything = server.count // PAGE_SIZE
    for _ in range(2, 25):
        server.now += HOUR - timedelta(minutes=1)
        server.edited[12_345] = server.now
        before, count = server.requests, server.count
        state, sent = hourly(server, state)
        assert server.requests - before <= everything / 100
        assert set(range(count - A_DAY // 25, count)) <= set(sent)
        assert len(sent) < A_DAY // 12
        assert len(state.ranges.spans) <= 3
    assert state.contacts is not None


def test_after_a_day_everything_is_read_again() -> None:
    for hours, asked in ((23, [DateRange(date(2025, 6, 14), None)]), (24, [ALL])):
        story = Story(proven(*asked), NOW + hours * HOUR)
        story.play(marked(NOW, NOW), REREADING)
        assert story.asked == asked


def test_if_old_days_are_due_the_undated_decide_about_all() -> None:
    stale = Mark(to_text(NOW - 40 * HOUR), None)
    state, old = marked(NOW - HOUR, NOW - HOUR), DateRange(None, date(2025, 6, 5))
    state = replace(state, ranges=state.ranges.change(old, lambda _: stale))
    for undated, asked in ((state.undated, [old, SINCE]), (stale, [ALL])):
        story = Story([])
        story.play(replace(state, undated=undated), REREADING)
        assert story.asked == asked


def test_a_reading_of_what_is_due_goes_on_where_it_was_interrupted() -> None:
    first = Story(proven(BEFORE), NOW + 30 * HOUR)
    first.play(marked(NOW, NOW), REREADING)
    second = Story(proven(SINCE), NOW + 31 * HOUR)
    second.play(first.states[-1], REREADING)
    assert second.asked == [SINCE]

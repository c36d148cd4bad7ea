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
from tap_mihu.singer.state import Round, State, Subject
from tap_mihu.singer.undated import all_dated
from tests.simulated.many import A_DAY, PAGE_SIZE, ManyContacts

Event = Rows | Done


ALL = DateRange(None, None)
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
NOON_THEN = datetime(2023, 10, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = DateRange(None, date(2025, 6, 12))
SINCE = DateRange(date(2025, 6, 13), None)
INCREMENTAL = Terms(full_table=False)
FULL = Terms(full_table=True, version=8)
LOGGER = logging.getLogger("test of a run")
NEW = State.new(Subject("a workspace", "filters"), ALL)


def marked(read_at: datetime, until: datetime, state: State = NEW) -> State:
    """A state after a complete reading."""
    mark = Mark(to_text(read_at), to_text(until))
    return replace(state, ranges=Ranges.of(ALL, mark), undated=mark)


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
                yield (
                    Rows([judged(run, row) for row in event.rows])
                    if isinstance(event, Rows)
                    else event
                )

        for event in run.read(scanning):
            if isinstance(event, Rows):
                self.written += [row.uuid for row in event.rows if row.payload is not None]
            else:
                self.states.append(run.state)
        return run, run.activates


def a_row(uuid: str, updated: datetime, created: datetime | None = NOW - 900 * DAY) -> Row:
    return Row(uuid, to_text(created) if created else None, to_text(updated), "a line")


def judged(run: Run, row: Row) -> Row:
    due = run.is_due(row.created_at, row.updated_at)
    return Row(row.uuid, row.created_at, row.updated_at, row.payload if due else None)


def rows(count: int, updated: datetime = NOW - 300 * DAY) -> Rows:
    return Rows([a_row(f"{number}", updated) for number in range(count)])


def proven(*windows: DateRange | None) -> list[Event]:
    return [Done(dates, proven=True) for dates in windows]


# Windows.


def test_what_one_run_read_becomes_one_range() -> None:
    story = Story(proven(BEFORE, SINCE, None))
    run, _ = story.play(NEW, INCREMENTAL)
    (entry,) = run.state.ranges.to_state()
    assert entry == [None, to_text(NOW), to_text(NOW - DAY - timedelta(seconds=1))]
    assert run.state.undated == run.state.ranges.marks[0]
    assert len(story.states[0].ranges.spans) == 2


def test_an_unproven_window_keeps_its_moment(caplog: pytest.LogCaptureFixture) -> None:
    old = marked(NOW - 2 * DAY, NOW - 3 * DAY)
    run, _ = Story([Done(BEFORE, proven=False), *proven(SINCE, None)]).play(old, INCREMENTAL)
    kept, moved = run.state.ranges.marks
    assert kept == old.ranges.marks[0]
    assert moved.read_at == to_text(NOW)
    assert run.state.bookmark == old.bookmark
    assert run.state.round is None
    (record,) = caplog.records
    assert "up to 2025-06-12" in record.getMessage()


def test_where_nothing_can_be_read_the_state_stays() -> None:
    old = marked(NOW - 2 * DAY, NOW - 3 * DAY)
    run = Run(old, FULL, ServerClock(), LOGGER)

    def refusing(_: DateRange) -> Iterator[Event]:
        yield from ()
        raise RefusedError("HTTP 422")

    run.prepare(Story([]).fetch)
    with pytest.raises(RefusedError):
        list(run.read(refusing))
    assert run.state.ranges == old.ranges
    assert run.state.undated == old.undated


def test_an_unproven_day_among_many() -> None:
    """The next run sends that day's contacts alone, and its neighbours', for time zones."""
    first, bad = date(2023, 10, 24), date(2025, 1, 15)
    days = [first + n * DAY for n in range(600)]
    contacts = [
        a_row(str(day), NOON_THEN, datetime(day.year, day.month, day.day, tzinfo=UTC))
        for day in days
    ]
    windows = [DateRange(day if n else None, day) for n, day in enumerate(days)]
    windows.append(DateRange(days[-1] + DAY, None))
    events: list[Event] = [Done(one, proven=bad != one.first) for one in windows]
    run, _ = Story(events).play(NEW, INCREMENTAL)
    assert len(run.state.ranges.spans) == 3
    story = Story([Rows(contacts), *proven(ALL)], NOW + HOUR)
    run, _ = story.play(run.state, INCREMENTAL)
    assert story.written == [str(bad + n * DAY) for n in (-1, 0, 1)]
    assert len(run.state.ranges.spans) == 1


def test_the_moment_never_goes_back() -> None:
    old = marked(NOW - HOUR, NOW - HOUR)
    run, _ = Story(proven(ALL)).play(old, INCREMENTAL)
    assert run.state.bookmark == old.bookmark


def test_without_any_contact_nothing_is_known_of_the_datas_clock() -> None:
    clock = ServerClock()
    clock.note(Page(1, [a_row("ahead", NOW + 9 * DAY)], 1, 1, NOW))
    assert clock.began_at == NOW
    assert clock.least_age is None
    assert clock.delivered_until is None


@pytest.mark.parametrize("behind", [timedelta(), timedelta(seconds=1), 5 * HOUR])
def test_the_least_age_is_the_lag_of_the_datas_clock(behind: timedelta) -> None:
    clock = ServerClock()
    for hours in range(3):
        now = NOW + hours * HOUR
        page = Page(1, [a_row("a", now - behind), a_row("b", now - DAY)], 2, 1, now)
        clock.note(page)
        assert clock.data_time(now) == now - behind
    assert clock.delivered_until == NOW - behind - timedelta(seconds=1)


# Full tables.


def test_a_version_is_activated_when_every_window_is_proven() -> None:
    assert Story(proven(BEFORE, SINCE, None)).play(NEW, FULL)[1] == 8
    assert Story(proven(ALL)).play(NEW, FULL)[1] == 8
    assert Story(proven(ALL)).play(NEW, INCREMENTAL)[1] is None
    unproven: list[list[Event]] = [
        [Done(ALL, proven=False)],
        [Done(BEFORE, proven=False), *proven(SINCE)],
        [*proven(BEFORE, SINCE), Done(None, proven=False)],
    ]
    for events in unproven:
        assert Story(events).play(NEW, FULL)[1] is None


def interrupted(terms: Terms) -> State:
    """What a run leaves that ends behind its first window."""
    story = Story([rows(7), *proven(BEFORE)])
    story.play(NEW, terms)
    return story.states[-1]


def test_a_resumed_round_keeps_its_version_and_leaves_out_what_was_read() -> None:
    state = interrupted(FULL)
    assert state.round == Round(to_text(NOW), full=True, version=8, before=None, read=7)
    story = Story(proven(SINCE), NOW + 30 * HOUR)
    run, version = story.play(state, replace(FULL, version=9))
    assert story.asked == [SINCE]
    assert version == run.terms.version == 8
    assert run.state.round is None


@pytest.mark.parametrize(
    ("then", "now", "resumes"),
    [
        (FULL, INCREMENTAL, True),
        (FULL, replace(FULL, version=None), True),
        (INCREMENTAL, replace(FULL, version=None), True),
        (INCREMENTAL, FULL, False),
        (replace(INCREMENTAL, start_date=to_text(NOW - DAY)), FULL, False),
    ],
)
def test_a_round_is_resumed_where_it_covers_what_is_asked(
    then: Terms, now: Terms, *, resumes: bool
) -> None:
    story = Story(proven(SINCE if resumes else ALL), NOW + HOUR)
    story.play(interrupted(then), now)
    assert story.asked == [SINCE if resumes else ALL]


def test_a_round_of_more_than_a_week_ago_is_not_resumed() -> None:
    for hours, asked in ((7 * 24, [SINCE]), (7 * 24 + 1, [ALL])):
        story = Story(proven(*asked), NOW + hours * HOUR)
        story.play(interrupted(INCREMENTAL), INCREMENTAL)
        assert story.asked == asked


# Counts.


@pytest.mark.parametrize("found", [0, 4])
def test_too_few_contacts_are_believed_the_second_time(
    found: int, caplog: pytest.LogCaptureFixture
) -> None:
    old = replace(marked(NOW - DAY, NOW - DAY), contacts=10)
    story = Story([rows(found), *proven(ALL)], total=found)
    run, version = story.play(old, FULL)
    assert version is None
    assert not run.proven
    assert replace(run.state, doubted=None) == old
    assert "not proven" in caplog.text
    run, version = Story(story.events, NOW + HOUR, total=found).play(run.state, FULL)
    assert version == 8
    assert (run.state.contacts, run.state.doubted) == (found, None)


def test_half_of_them_is_enough() -> None:
    old = replace(marked(NOW - DAY, NOW - DAY), contacts=10)
    run, version = Story([rows(5), *proven(ALL)], total=5).play(old, FULL)
    assert version == 8
    assert run.state.contacts == 5


def test_what_is_doubted_from_the_beginning_is_not_entered_before_the_end() -> None:
    old = replace(marked(NOW - DAY, NOW - DAY), contacts=10)
    story = Story([rows(3), *proven(BEFORE, SINCE)], total=3)
    story.play(old, INCREMENTAL)
    assert {state.bookmark for state in story.states} == {old.bookmark}
    assert {state.round for state in story.states} == {None}


def test_what_turns_out_too_few_is_undone() -> None:
    old = replace(marked(NOW - 2 * DAY, NOW - 2 * DAY), contacts=10)
    story = Story([rows(3), *proven(BEFORE, SINCE)], total=10)
    run, _ = story.play(old, INCREMENTAL)
    assert old.ranges.marks[0] not in story.states[-1].ranges.marks
    assert replace(run.state, doubted=None) == old


def test_more_new_contacts_than_were_sent_make_it_send_all(
    caplog: pytest.LogCaptureFixture,
) -> None:
    old = replace(marked(NOW - DAY, NOW - DAY), contacts=10)
    edited = a_row("edited", NOW)
    story = Story([Rows([edited, *rows(12).rows]), *proven(ALL)], total=13)
    run, _ = story.play(old, INCREMENTAL)
    assert sorted(story.written) == sorted(["edited", *map(str, range(12))])
    assert story.asked == [ALL, ALL]
    assert run.state.contacts == 13
    (record,) = caplog.records
    assert "3 records more" in record.getMessage()
    assert "only 1" in record.getMessage()


def test_new_contacts_that_were_sent_are_no_reason() -> None:
    old = replace(marked(NOW - DAY, NOW - DAY), contacts=10)
    story = Story([Rows([a_row("edited", NOW), *rows(10).rows]), *proven(ALL)], total=11)
    run, _ = story.play(old, INCREMENTAL)
    assert story.asked == [ALL]
    assert run.state.contacts == 11


# Contacts without a creation date.


@pytest.mark.parametrize(("undated", "counted"), [(0, 12), (1, None)])
def test_the_dated_must_add_up_to_all(undated: int, counted: int | None) -> None:
    def fetch(dates: DateRange, number: int) -> Page:
        total = {ALL: 12 + undated, BEFORE: 7}.get(dates, 5)
        return Page(number, [], total, 1, NOW)

    assert all_dated(fetch, date(2025, 6, 12)) == counted


def test_a_death_that_hides_one_without_a_date_once_hides_it_no_longer() -> None:
    whole = iter([12, 13, 13, 13, 13, 13])
    parts = {BEFORE: 7, SINCE: 5}

    def fetch(dates: DateRange, number: int) -> Page:
        return Page(number, [], next(whole) if dates == ALL else parts[dates], 1, NOW)

    assert all_dated(fetch, date(2025, 6, 12)) is None


# Hourly runs.


def hourly(server: ManyContacts, state: State, terms: Terms) -> tuple[State, list[int]]:
    """Run over the server, and return the state and what was sent."""
    clock, sent = ServerClock(), list[int]()
    run = Run(state, terms, clock, LOGGER)
    run.prepare(server.fetch)

    def fetch(
        dates: DateRange,
        number: int,
        per_page: int | None = None,
        *,
        patient: bool = True,
    ) -> Page:
        run.note_server_time(server.now)
        page = server.fetch(dates, number)
        return replace(page, rows=[judged(run, row) for row in page.rows])

    for event in run.read(partial(scan, fetch, concurrency=1, clock=clock)):
        if isinstance(event, Rows):
            sent.extend(int(row.uuid) for row in event.rows if row.payload is not None)
    return run.state, sent


def test_an_hourly_run_costs_a_hundredth_of_reading_everything() -> None:
    """A million contacts: what is new comes at once, an edit of an old one within a day."""
    server = ManyContacts(NOW)
    assert server.count > 990_000
    state = replace(marked(NOW, NOW - timedelta(minutes=1)), contacts=server.count)
    terms = Terms(full_table=False, lookback_seconds=300, reread_after_hours=24)
    everything = server.count // PAGE_SIZE
    for _ in range(2, 25):
        server.now += HOUR - timedelta(minutes=1)
        server.edited[12_345] = server.now
        before, count = server.requests, server.count
        state, sent = hourly(server, state, terms)
        assert server.requests - before <= everything / 100
        assert set(range(count - A_DAY // 25, count)) <= set(sent)
        assert len(sent) < A_DAY // 12
        assert len(state.ranges.spans) <= 3
    assert state.contacts is not None


def test_after_a_day_everything_is_read_again() -> None:
    state = marked(NOW, NOW)
    terms = Terms(full_table=False, reread_after_hours=24)
    for hours, asked in ((23, [DateRange(date(2025, 6, 14), None)]), (24, [ALL])):
        story = Story(proven(*asked), NOW + hours * HOUR)
        story.play(state, terms)
        assert story.asked == asked


def test_a_reading_of_what_is_due_goes_on_where_it_was_interrupted() -> None:
    terms = Terms(full_table=False, reread_after_hours=24)
    first = Story(proven(BEFORE), NOW + 30 * HOUR)
    first.play(marked(NOW, NOW), terms)
    second = Story(proven(SINCE), NOW + 31 * HOUR)
    second.play(first.states[-1], terms)
    assert second.asked == [SINCE]

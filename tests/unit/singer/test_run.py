"""A run: what a scan leaves in the state, for the run after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.reading.scan import Done
from tap_mihu.records.pages import DateRange, Row
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.run import Run
from tap_mihu.singer.state import Checkpoint
from tests.sandbox.clock import NOON as NOW

MAY = DateRange(None, date(2025, 5, 31))
JUNE = DateRange(date(2025, 6, 1), date(2025, 6, 13))
REST = DateRange(date(2025, 6, 14), None)
ALL = DateRange(None, None)


def a_run(within: DateRange = ALL, since: str | None = None, version: int | None = None) -> Run:
    """A run that has had its first answer."""
    run = Run("INCREMENTAL" if version is None else "FULL_TABLE", within, since, version)
    run.note_server_time(NOW)
    return run


def updated(*moments: datetime | None) -> list[Row]:
    times = [None if moment is None else to_text(moment) for moment in moments]
    return [Row(str(number), None, time, None) for number, time in enumerate(times)]


def checkpoint_behind(run: Run, *windows: DateRange) -> Checkpoint | None:
    checkpoint = None
    for window in windows:
        checkpoint = run.window_done(Done(window, proven=True))
    return checkpoint


# Checkpoints.


def test_a_checkpoint_follows_each_proven_window_but_the_last() -> None:
    run = a_run()
    checkpoints = [run.window_done(Done(window, proven=True)) for window in (MAY, JUNE, REST)]
    days = [checkpoint and checkpoint.done_until for checkpoint in checkpoints]
    assert days == ["2025-05-31", "2025-06-13", None]


def test_behind_the_users_own_last_day_there_is_none() -> None:
    run = a_run(DateRange(None, date(2025, 6, 13)))
    assert run.window_done(Done(MAY, proven=True)) is not None
    assert run.window_done(Done(JUNE, proven=True)) is None


@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_no_checkpoint_passes_an_unproven_window(proven: list[bool]) -> None:
    run = a_run()
    first = date(2025, 1, 1)
    for number, is_proven in enumerate(proven):
        day = first + timedelta(days=number)
        checkpoint = run.window_done(Done(DateRange(day, day), is_proven))
        assert (checkpoint is not None) == all(proven[: number + 1])
    assert len(run.unproven) == proven.count(False)


def test_before_the_first_answer_there_is_no_checkpoint() -> None:
    assert Run("INCREMENTAL", ALL).window_done(Done(MAY, proven=True)) is None


def test_a_checkpoint_holds_what_the_next_run_needs() -> None:
    run = a_run(since="2025-06-01T00:00:00.000000Z", version=17)
    run.note_rows(updated(NOW - timedelta(days=40), NOW - timedelta(days=30), None))
    assert checkpoint_behind(run, MAY) == Checkpoint(
        started_at=to_text(NOW),
        done_until="2025-05-31",
        replication_method="FULL_TABLE",
        since="2025-06-01T00:00:00.000000Z",
        version=17,
        max_updated_at=to_text(NOW - timedelta(days=30)),
    )


# Going on.


def test_a_run_goes_on_by_the_clock_and_with_the_version_of_the_first() -> None:
    first = a_run(version=17)
    first.note_rows(updated(NOW - timedelta(days=1)))
    checkpoint = checkpoint_behind(first, MAY)
    assert checkpoint is not None
    second = Run("FULL_TABLE", ALL, version=18)
    assert second.agrees_with(checkpoint)
    second.resume(checkpoint)
    second.note_server_time(NOW + timedelta(hours=5))
    assert second.within == DateRange(date(2025, 6, 1), None)
    assert second.version == 17
    assert second.bookmark(None) == to_text(NOW - timedelta(days=1))
    third = second.window_done(Done(JUNE, proven=True))
    assert third == replace(checkpoint, done_until="2025-06-13")


OTHERS: dict[str, Run] = {
    "another method": Run("INCREMENTAL", ALL, version=18),
    "another bookmark": Run("FULL_TABLE", ALL, "2025-06-02T00:00:00.000000Z", 18),
    "no version any more": Run("FULL_TABLE", ALL),
}


@pytest.mark.parametrize("run", OTHERS.values(), ids=OTHERS)
def test_a_checkpoint_of_another_purpose_is_not_taken_up(run: Run) -> None:
    checkpoint = checkpoint_behind(a_run(version=17), MAY)
    assert checkpoint is not None
    assert not run.agrees_with(checkpoint)


def test_a_version_does_not_begin_in_the_middle() -> None:
    checkpoint = checkpoint_behind(Run("FULL_TABLE", ALL, started_at=to_text(NOW)), MAY)
    assert checkpoint is not None
    assert not Run("FULL_TABLE", ALL, version=18).agrees_with(checkpoint)


def test_a_checkpoint_that_is_done_with_days_to_come_is_not_taken_up() -> None:
    checkpoint = checkpoint_behind(a_run(), MAY)
    assert checkpoint is not None
    for day in ("2025-06-16", "9999-12-31"):
        edited = replace(checkpoint, done_until=day)
        assert not a_run().agrees_with(edited)


def test_a_checkpoint_of_a_scan_that_has_not_begun_is_not_taken_up() -> None:
    """Its clock would let the bookmark run ahead of all edits until then."""
    checkpoint = checkpoint_behind(a_run(), MAY)
    assert checkpoint is not None
    future = to_text(datetime.now(UTC) + timedelta(days=400))
    edited = replace(checkpoint, started_at=future, max_updated_at=future).to_state()
    read_back = Checkpoint.from_state(edited)
    assert read_back is None or not a_run().agrees_with(read_back)


@pytest.mark.parametrize(
    "within",
    [DateRange(date(2025, 6, 1), None), DateRange(None, date(2025, 5, 1))],
    ids=["before them", "after them"],
)
def test_a_checkpoint_outside_the_users_own_dates_never_widens_them(within: DateRange) -> None:
    checkpoint = checkpoint_behind(a_run(), DateRange(None, date(2025, 5, 15)))
    assert checkpoint is not None
    run = Run("INCREMENTAL", within)
    if run.agrees_with(checkpoint):
        run.resume(checkpoint)
    assert within.first is None or (run.within.first or date.min) >= within.first
    assert run.within.first is None or run.within.first <= (run.within.last or date.max)


# The bookmark.


def test_the_bookmark_is_the_greatest_update_seen() -> None:
    run = a_run()
    run.note_rows(updated(NOW - timedelta(days=3), None, NOW - timedelta(days=1)))
    run.note_rows(updated(NOW - timedelta(days=2)))
    assert run.bookmark(None) == to_text(NOW - timedelta(days=1))


@pytest.mark.parametrize("ahead", [timedelta(microseconds=1), timedelta(days=3650)])
def test_the_bookmark_is_never_beyond_the_beginning(ahead: timedelta) -> None:
    """What is edited during the scan is read next time, and the future poisons nothing."""
    run = a_run()
    run.note_rows(updated(NOW - timedelta(days=1), NOW + ahead))
    assert run.bookmark(None) == to_text(NOW)


def test_the_first_answer_is_the_beginning() -> None:
    run = Run("INCREMENTAL", ALL)
    for seconds in (0, 60, 120):
        run.note_server_time(NOW + timedelta(seconds=seconds))
    run.note_rows(updated(NOW + timedelta(seconds=60)))
    assert run.bookmark(None) == to_text(NOW)


def test_the_bookmark_does_not_go_back_when_nothing_is_seen() -> None:
    old = to_text(NOW - timedelta(days=1))
    run = a_run()
    assert run.bookmark(old) == old
    run.note_rows(updated(NOW - timedelta(days=9), None))
    assert run.bookmark(old) == old


def test_without_any_update_time_there_is_no_bookmark() -> None:
    run = a_run()
    run.note_rows(updated(None, None))
    assert run.bookmark(None) is None


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(st.lists(moments | st.none())), moments | st.none())
def test_the_bookmark_lies_between_what_is_known_and_the_beginning(
    pages: list[list[datetime | None]], old: datetime | None
) -> None:
    run = a_run()
    for page in pages:
        run.note_rows(updated(*page))
    known = [moment for page in pages for moment in page if moment] + ([old] if old else [])
    expected = to_text(min(max(known), NOW)) if known else None
    assert run.bookmark(None if old is None else to_text(old)) == expected

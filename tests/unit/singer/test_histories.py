"""Histories of many runs: whatever happened, after a quiet run the table is what the source is."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tap_mihu.errors import MihuError
from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.scan import Done, Rows
from tap_mihu.singer import course, ledger, ranges, run
from tap_mihu.singer.due import Due
from tap_mihu.singer.ledger import Ledger
from tap_mihu.singer.state import RANGES, Round, State, Subject
from tests.simulated.runs import Diverged, go

Break = Callable[[pytest.MonkeyPatch], None]


CHUNK = 250
CHUNKS = int(os.environ.get("TAP_MIHU_TEST_HISTORIES", "1000")) // CHUNK
MOST_BROKEN = 1000
"""So many histories at most until a broken part must have been noticed."""


def live(seeds: range) -> None:
    for seed in seeds:
        go(seed)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_the_table_is_what_the_source_is(chunk: int) -> None:
    live(range(chunk * CHUNK, (chunk + 1) * CHUNK))


# Each part of the logic, broken on purpose.


def _due_by_update_only(patch: pytest.MonkeyPatch) -> None:
    whole = Due.__call__
    patch.setattr(Due, "__call__", lambda due, _created, updated: whole(due, None, updated))


def _no_day_to_spare(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ranges, "_ZONE_DAYS", 0)


def _data_clock_ignored(patch: pytest.MonkeyPatch) -> None:
    def until(clock: ServerClock) -> object:
        return clock.began_at and clock.began_at - timedelta(seconds=1)

    patch.setattr(ServerClock, "delivered_until", property(until))


def _moment_of_the_end(patch: pytest.MonkeyPatch) -> None:
    note = ServerClock.note

    def note_end(clock: ServerClock, page: Any) -> None:  # noqa: ANN401
        note(clock, page)
        clock.began_at = page.served_at

    patch.setattr(ServerClock, "note", note_end)


def _unproven_is_proven(patch: pytest.MonkeyPatch) -> None:
    done = Ledger.window_done
    patch.setattr(
        Ledger,
        "window_done",
        lambda one, window, rows: done(one, replace(window, proven=True), rows),
    )


def _of_anybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Subject, "of", classmethod(lambda cls, _root, _filters: cls("w", "f")))


def _one_workspace(patch: pytest.MonkeyPatch) -> None:
    of = Subject.of
    patch.setattr(Subject, "of", classmethod(lambda _cls, _root, filters: of("", filters)))


def _a_key_left_out(patch: pytest.MonkeyPatch) -> None:
    to_state = State.to_state

    def shorter(state: State) -> dict[str, Any]:
        whole = to_state(state)
        return {**whole} if state.round is None else {k: whole[k] for k in whole if k != RANGES}

    patch.setattr(State, "to_state", shorter)


def _undated_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(course, "all_dated", lambda _fetch, _border: 1)


def _any_round_is_full(patch: pytest.MonkeyPatch) -> None:
    read = Round.from_state

    def full(value: object) -> Round | None:
        found = read(value)
        return found and replace(found, full=True)

    patch.setattr(Round, "from_state", full)


def _a_version_of_its_own(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(run, "adopt", lambda terms, _begun, **_: terms)


def _few_are_enough(patch: pytest.MonkeyPatch) -> None:
    for module in (run, course, ledger):
        patch.setattr(module, "too_few", lambda _found, _expected: False)


def _few_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "_undone", lambda one: one.state)
    patch.setattr(Ledger, "hold", lambda _: None)


def _nothing_is_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ledger, "hold", lambda _: None)


def _activated_unproven(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Ledger, "complete", property(lambda _: True, lambda _one, _value: None), raising=False
    )


def _written_before_it_is_done(patch: pytest.MonkeyPatch) -> None:
    read = run.Run.read

    def read_late(one: run.Run, scan: Any) -> Iterator[Rows | Done]:  # noqa: ANN401
        late: list[Rows] = []
        for event in read(one, scan):
            if isinstance(event, Rows):
                late.append(event)
            else:
                yield event
                yield from late
                late.clear()
        yield from late

    patch.setattr(run.Run, "read", read_late)


def _everything_read_lately_counts(patch: pytest.MonkeyPatch) -> None:
    """A round's ranges are left out by any later run."""
    stale = course._stale  # noqa: SLF001

    def too_fresh(state: State, now: Any, age: timedelta) -> object:  # noqa: ANN401
        return stale(state, now, age * 1000)

    patch.setattr(course, "_stale", too_fresh)


BREAKS: list[Break] = [
    _due_by_update_only,
    _no_day_to_spare,
    _data_clock_ignored,
    _moment_of_the_end,
    _unproven_is_proven,
    _of_anybody,
    _one_workspace,
    _a_key_left_out,
    _undated_are_forgotten,
    _any_round_is_full,
    _a_version_of_its_own,
    _few_are_enough,
    _few_are_kept,
    _nothing_is_held,
    _activated_unproven,
    _written_before_it_is_done,
    _everything_read_lately_counts,
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda one: one.__name__.strip("_"))
def test_a_broken_part_is_noticed(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    with pytest.raises((Diverged, MihuError)):
        live(range(MOST_BROKEN))

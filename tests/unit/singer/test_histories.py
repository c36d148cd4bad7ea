"""Histories of many runs: whatever happened, after a quiet run the table is what the source is."""

from collections.abc import Iterator
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
from tests.simulated.runs import Diverged, History


def live() -> None:
    for seed in range(400):
        History(seed).go()


def test_the_table_is_what_the_source_is() -> None:
    live()


# Each part of the logic, broken on purpose: where it stands, and what stands there instead.

_is_due, _note, _done, _of = Due.__call__, ServerClock.note, Ledger.window_done, Subject.of
_to_state, _round, _stale, _read = State.to_state, Round.from_state, course._stale, run.Run.read  # noqa: SLF001


def _until_its_beginning(clock: ServerClock) -> object:
    return clock.began_at and clock.began_at - timedelta(seconds=1)


def _note_the_end(clock: ServerClock, page: Any) -> None:
    _note(clock, page)
    clock.began_at = page.served_at


def _proven(one: Ledger, window: Done, rows: int, sent: int) -> None:
    _done(one, replace(window, proven=True), rows, sent)


def _with_ranges_in_a_round_only(state: State) -> dict[str, Any]:
    whole = _to_state(state)
    return whole if state.round is None else {k: whole[k] for k in whole if k != RANGES}


def _full(value: object) -> Round | None:
    found = _round(value)
    return found and replace(found, full=True)


def _read_late(one: run.Run, scan: Any) -> Iterator[Rows | Done]:
    late: list[Rows] = []
    for event in _read(one, scan):
        if isinstance(event, Rows):
            late.append(event)
        else:
            yield event
            yield from late
            late.clear()
    yield from late


_NOT_HELD = (Ledger, "hold", lambda _: None)
_ALWAYS = property(lambda _: True, lambda _one, _value: None)
_NEVER_TOO_FEW = ("too_few", lambda _found, _expected: False)
BREAKS: dict[str, list[tuple[Any, str, object]]] = {
    "due by update only": [
        (Due, "__call__", lambda due, _created, updated: _is_due(due, None, updated))
    ],
    "no day to spare": [(ranges, "_ZONE_DAYS", 0)],
    "the data's clock ignored": [(ServerClock, "delivered_until", property(_until_its_beginning))],
    "the moment of the end": [(ServerClock, "note", _note_the_end)],
    "unproven is proven": [(Ledger, "window_done", _proven)],
    "of anybody": [(Subject, "of", lambda _root, _filters: Subject("w", "f"))],
    "one workspace": [(Subject, "of", lambda _root, filters: _of("", filters))],
    "a key left out": [(State, "to_state", _with_ranges_in_a_round_only)],
    "undated are forgotten": [(course, "all_dated", lambda _fetch, _border: 1)],
    "any round is full": [(Round, "from_state", _full)],
    "a version of its own": [(run, "adopt", lambda terms, _begun, **_: terms)],
    "few are enough": [(module, *_NEVER_TOO_FEW) for module in (run, course, ledger)],
    "few are kept": [(Ledger, "_undone", lambda one: one.state), _NOT_HELD],
    "nothing is held": [_NOT_HELD],
    "activated unproven": [(Ledger, "complete", _ALWAYS)],
    "written before it is done": [(run.Run, "read", _read_late)],
    "everything read lately counts": [
        (course, "_stale", lambda state, now, age: _stale(state, now, age * 1000))
    ],
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_part_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name, instead in BREAKS[broken]:
        monkeypatch.setattr(owner, name, instead, raising=False)
    with pytest.raises((Diverged, MihuError)):
        live()

"""Outlets: a STATE behind what it covers; batches complete before they are announced, else gone."""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.singer.batches import Batches, BatchSettings
from tap_mihu.singer.course import EVERYTHING
from tap_mihu.singer.outlet import RecordMessages
from tap_mihu.singer.output import MessageWriter
from tap_mihu.singer.state import State, Subject
from tests.batches import rows_of

FULL = Path("/dev/full")
SUBJECT = Subject.of("https://acme.mihu.ai/api/v1", {})


def lines(*numbers: int) -> list[bytes]:
    return [b'{"number":%d}\n' % number for number in numbers]


class Output(MessageWriter):
    """Looks into each file at the moment when it is announced."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[int]] | int | str] = []
        """Announced rows, the contacts that states cover, and numbers of records as text."""
        self.interrupted: str | None = None
        """Whether a signal comes "before" or "after" a message."""

    def write_lines(self, lines: Sequence[bytes]) -> None:
        if self.interrupted == "before":
            self.interrupt(signal.SIGINT)
        for message in map(json.loads, lines):
            if "number" in message:
                self.seen.append(str(message["number"]))
            elif message["type"] == "BATCH":
                numbers = [row["number"] for row in rows_of(message)]
                self.seen.append((message["stream"], numbers))
            else:
                self.seen.append(message["value"])
        if self.interrupted == "after":
            self.interrupt(signal.SIGINT)


def batches(
    folder: Path, output: MessageWriter, *, size: int = 3, clock: Callable[[], float] = float
) -> Batches:
    settings = BatchSettings(folder / "made", "p-", "gzip", size)
    return Batches(output, to(output), after(0), settings, clock=clock)


def to(output: MessageWriter) -> Callable[[State], None]:
    def write_state(state: State) -> None:
        output.write_lines([b'{"type":"STATE","value":%d}\n' % (state.contacts or 0)])

    return write_state


def after(contacts: int) -> State:
    """The state when so many are read."""
    return replace(State.new(SUBJECT, EVERYTHING), contacts=contacts)


def ended(outlet: Batches, work: Callable[[], object], error: BaseException | None = None) -> None:
    """Do some work in the block of an outlet, and end it with an error."""
    with outlet:
        work()
        if error is not None:
            raise error


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_messages_have_a_state_after_every_so_many() -> None:
    """None says more than what is saved, and a part of a page does not count twice."""
    output = Output()
    with RecordMessages(output, to(output), after(0), state_every=4) as outlet:
        outlet.write_lines("contacts", lines(1, 2, 3))
        outlet.save(after(3))
        outlet.write_lines("contacts", lines(*range(4, 14)))
        outlet.write_lines("contacts", [])
        outlet.finish()
    assert output.seen == [*"123", 3, "4", 3, *"5678", 3, "9", "10", "11", "12", 3, "13"]


def test_files_are_of_the_size_asked_for_and_states_follow(tmp_path: Path) -> None:
    output = Output()
    with batches(tmp_path, output) as outlet:
        outlet.save(after(0))  # Nothing is open, so the state leaves at once.
        outlet.write_lines("contacts", lines(1, 2))
        outlet.save(after(2))
        outlet.write_lines("contacts", [])
        outlet.write_lines("contacts", lines(3, 4, 5, 6, 7))
        outlet.save(after(7))
        outlet.finish()
        outlet.finish()
        outlet.save(after(8))
        outlet.write_lines("a", lines(8))
        outlet.write_lines("../b", lines(9, 10, 11))
    first, second, third = (("contacts", rows) for rows in ([1, 2, 3], [4, 5, 6], [7]))
    of_two_streams = [("a", [8]), ("../b", [9, 10, 11])]
    assert output.seen == [0, first, 2, second, 2, third, 7, 8, *of_two_streams, 8]
    names = sorted(re.sub("-[0-9a-f-]{36}.jsonl.gz$", "", name) for name in left(tmp_path))
    assert names == ["p-tap-mihu--.._b", "p-tap-mihu--a", *["p-tap-mihu--contacts"] * 3]


def test_a_state_waits_for_a_file_at_most_five_minutes(tmp_path: Path) -> None:
    output, clock = Output(), [0.0]
    outlet = batches(tmp_path, output, size=99, clock=lambda: clock[0])
    outlet.write_lines("contacts", lines(1))
    clock[0] = 299
    outlet.write_lines("contacts", lines(2))
    outlet.save(after(2))
    assert output.seen == []
    clock[0] = 301
    outlet.write_lines("contacts", lines(3))
    assert output.seen == [("contacts", [1, 2, 3]), 2]
    clock[0] = 600
    outlet.write_lines("contacts", lines(4))
    clock[0] = 901
    outlet.save(after(4))
    assert output.seen[2:] == [("contacts", [4]), 4]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_signal_while_a_file_is_announced_leaves_it(tmp_path: Path, moment: str) -> None:
    """Or its target would miss it; the state does not follow."""
    output = Output()
    output.interrupted = moment
    outlet = batches(tmp_path, output)
    with pytest.raises(Interrupted):
        ended(outlet, lambda: outlet.write_lines("contacts", lines(1, 2, 3)))
    assert output.seen == [("contacts", [1, 2, 3])]
    assert len(left(tmp_path)) == 1


def test_what_cannot_be_announced_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    outlet = batches(tmp_path, MessageWriter())
    with os.fdopen(writing, "w") as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        with pytest.raises(MihuError, match="target has ended"):
            ended(outlet, lambda: outlet.write_lines("contacts", lines(1, 2, 3)))
    assert not left(tmp_path)


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("count", [2, 20_000], ids=["at the end", "before"])
def test_a_full_disk_is_named_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    make = os.open

    def make_full(path: Path, *how: int) -> int:
        os.close(make(path, *how))
        return make(FULL, os.O_WRONLY)

    output = Output()
    outlet = batches(tmp_path, output, size=10**6)
    many = [os.urandom(99).hex().encode() + b"\n"] * 9 * count
    monkeypatch.setattr(os, "open", make_full)
    with pytest.raises(MihuError) as error:
        ended(outlet, lambda: outlet.write_lines("contacts", many))
    assert str(error.value) == (
        f"batch_config.storage.root: {tmp_path / 'made'} cannot be written: "
        "no space left on device."
    )
    assert not left(tmp_path)
    assert output.seen == []


def test_the_setting_says_where_and_how() -> None:
    config: dict[str, Any] = {"encoding": {}, "storage": {"root": "file:///var/lib/mihu"}}
    assert BatchSettings.of(config) == BatchSettings(Path("/var/lib/mihu"), "", "none", 10_000)
    config["storage"] = {"root": "file://output/batches", "prefix": "a-"}
    relative = BatchSettings.of(config | {"batch_size": 5})
    assert relative == BatchSettings(Path.cwd() / "output" / "batches", "a-", "none", 5)

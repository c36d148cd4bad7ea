"""Standard output: whole lines only, into whatever it is connected to."""

import contextlib
import fcntl
import io
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from select import PIPE_BUF
from typing import TextIO

import pytest
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.singer.output import MessageWriter

FULL = Path("/dev/full")
NUMBERED = [b'{"line":%d}\n' % number for number in range(20_000)]
LONG = [b"a" * size + b"\n" for size in (1, 4095, 4096, 4097, 70_000, 3_000_000, 3)]
Connect = Callable[[TextIO], None]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Connects standard output to a file."""

    def connect(file: TextIO) -> None:
        monkeypatch.setattr(sys, "stdout", file)

    return connect


class Pipe:
    """Standard output into a pipe, and who reads it: a little at a time, in another thread."""

    def __init__(self, *, most: int = 1000) -> None:
        self._most = most
        self.read_end, write_end = os.pipe()
        self.file = os.fdopen(write_end, "w")
        self._read: list[bytes] = []
        self._reader = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while chunk := os.read(self.read_end, self._most):
            self._read.append(chunk)

    def begin_to_read(self) -> None:
        self._reader.start()

    def all_read(self) -> bytes:
        """Close the pipe; what came out at the other end."""
        if not self._reader.ident:
            self.begin_to_read()
        self.file.close()
        self._reader.join()
        return b"".join(self._read)

    def close(self) -> None:
        self.file.close()
        if self._reader.ident:
            self._reader.join()
        with contextlib.suppress(OSError):
            os.close(self.read_end)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


# What is written.


def test_messages_are_lines_of_json(connect: Connect, pipe: Pipe) -> None:
    connect(pipe.file)
    writer = MessageWriter()
    extracted = datetime(2025, 6, 15, 12, tzinfo=UTC)
    writer.write_message(
        RecordMessage("contacts", {"uuid": "a", "name": "Zoë\n🐝"}, time_extracted=extracted)
    )
    writer.write_message(StateMessage({"bookmarks": {}}))
    first, second, rest = pipe.all_read().split(b"\n")
    assert json.loads(first) == {
        "type": "RECORD",
        "stream": "contacts",
        "record": {"uuid": "a", "name": "Zoë\n🐝"},
        "time_extracted": "2025-06-15T12:00:00+00:00",
    }
    assert json.loads(second) == {"type": "STATE", "value": {"bookmarks": {}}}
    assert rest == b""


@pytest.mark.parametrize("lines", [[], NUMBERED, LONG], ids=["none", "many", "long"])
@pytest.mark.parametrize("blocking", [True, False], ids=["blocking", "not blocking"])
def test_a_slow_reader_gets_every_line(
    connect: Connect, pipe: Pipe, lines: list[bytes], *, blocking: bool
) -> None:
    connect(pipe.file)
    os.set_blocking(pipe.file.fileno(), blocking)
    pipe.begin_to_read()
    MessageWriter().write_lines(lines)
    assert pipe.all_read() == b"".join(lines)


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
@pytest.mark.parametrize("seed", range(10))
def test_a_pipe_takes_whole_lines_however_full_it_is(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, pipe: Pipe, seed: int, *, wide: bool
) -> None:
    """So a signal never finds one half taken by a pipe that nobody reads any more."""
    connect(pipe.file)
    for end in (pipe.file.fileno(), pipe.read_end):
        os.set_blocking(end, False)
    rng = Random(seed)
    lines = [b"a" * rng.choice([9, 700, 4095]) + b"\n" for _ in range(3000)]
    came = bytearray()
    sizes: list[int] = []
    set_up, whole_write = fcntl.fcntl, os.write

    def refuse_to_widen(descriptor: int, operation: int, *rest: int) -> int:
        if operation == getattr(fcntl, "F_SETPIPE_SZ", None):
            raise PermissionError
        return set_up(descriptor, operation, *rest)

    def read(most: int) -> None:
        with contextlib.suppress(BlockingIOError):
            came.extend(os.read(pipe.read_end, most))

    def read_and_write(descriptor: int, data: bytes) -> int:
        if rng.random() < 0.5:
            read(rng.choice([1, 5000, 100_000]))
        while True:
            with contextlib.suppress(BlockingIOError):
                sizes.append(whole_write(descriptor, data))
                assert sizes[-1] == len(data), "a part of it was taken"
                return sizes[-1]
            read(5000)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", read_and_write)
        if not wide:
            patch.setattr(fcntl, "fcntl", refuse_to_widen)
        MessageWriter().write_lines(lines)
    while len(came) < sum(map(len, lines)):
        read(1_000_000)
    assert came == b"".join(lines)
    assert max(sizes) > 5 * PIPE_BUF, "no more at a time than into a pipe that is full"


@pytest.mark.parametrize("most", [1, 7, 4095])
@pytest.mark.parametrize("lines", [NUMBERED[:300], LONG[:5]], ids=["many", "long"])
def test_a_partial_write_is_continued(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, pipe: Pipe, lines: list[bytes], most: int
) -> None:
    connect(pipe.file)
    whole_write = os.write

    def partial_write(descriptor: int, data: bytes) -> int:
        return whole_write(descriptor, bytes(data[:most]))

    pipe.begin_to_read()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", partial_write)
        MessageWriter().write_lines(lines)
    assert pipe.all_read() == b"".join(lines)


@pytest.mark.parametrize("lines", [NUMBERED, LONG], ids=["many", "long"])
def test_a_file_takes_every_line(connect: Connect, tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "out.jsonl"
    with path.open("w") as file:
        connect(file)
        writer = MessageWriter()
        writer.write_lines(lines)
        writer.write_message(StateMessage({}))
    assert path.read_bytes() == b"".join(lines) + b'{"type":"STATE","value":{}}\n'


def test_text_in_memory_may_stand_in_for_standard_output(connect: Connect) -> None:
    memory = io.StringIO()
    connect(memory)
    writer = MessageWriter()
    writer.write_lines(["ğ🐝\n".encode(), b"b\n"])
    writer.write_message(StateMessage({}))
    assert memory.getvalue() == 'ğ🐝\nb\n{"type":"STATE","value":{}}\n'


def test_pytest_may_capture_it(capsys: pytest.CaptureFixture[str]) -> None:
    MessageWriter().write_lines([b"a\n"])
    assert capsys.readouterr().out == "a\n"


# What goes wrong.


@pytest.mark.parametrize("lines", [NUMBERED, LONG], ids=["many", "long"])
def test_a_target_that_ended_is_named(connect: Connect, pipe: Pipe, lines: list[bytes]) -> None:
    connect(pipe.file)
    os.close(pipe.read_end)
    with pytest.raises(MihuError, match="target has ended"):
        MessageWriter().write_lines(lines)


def test_a_target_that_ends_meanwhile_is_named(connect: Connect) -> None:
    read_end, write_end = os.pipe()

    def read_a_little() -> None:
        os.read(read_end, 10_000)
        os.close(read_end)

    reader = threading.Thread(target=read_a_little)
    with os.fdopen(write_end, "w") as file:
        connect(file)
        reader.start()
        with pytest.raises(MihuError, match="target has ended"):
            MessageWriter().write_lines(LONG)
        reader.join()


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_is_named(connect: Connect) -> None:
    with FULL.open("w") as file:
        connect(file)
        with pytest.raises(MihuError, match="no space left"):
            MessageWriter().write_lines([b"a\n"])


def test_a_closed_standard_output_is_named(connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.touch()
    with path.open() as read_only:
        connect(read_only)
        with pytest.raises(MihuError, match="cannot be written"):
            MessageWriter().write_lines([b"a\n"])


# Signals.


def test_between_lines_a_signal_ends_the_run_at_once() -> None:
    writer = MessageWriter()
    with pytest.raises(Interrupted) as interrupted:
        writer.interrupt(signal.SIGTERM)
    assert interrupted.value.signum == signal.SIGTERM
    writer.interrupt(signal.SIGINT)  # changes nothing: the run is ending


def test_within_a_line_a_signal_waits_for_its_end(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, pipe: Pipe
) -> None:
    """A line that no pipe takes at once; the signal comes after its first piece."""
    connect(pipe.file)
    writer = MessageWriter()
    whole_write = os.write
    pieces: list[int] = []

    def write_and_interrupt(descriptor: int, data: bytes) -> int:
        pieces.append(whole_write(descriptor, data))
        if len(pieces) == 1:
            writer.interrupt(signal.SIGINT)
        return pieces[-1]

    pipe.begin_to_read()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_and_interrupt)
        with pytest.raises(Interrupted) as interrupted:
            writer.write_lines([LONG[5], b"never\n"])
    assert len(pieces) > 1
    assert interrupted.value.signum == signal.SIGINT
    assert pipe.all_read() == LONG[5]


def test_a_reader_that_does_not_read_cannot_hold_a_signal_up(
    monkeypatch: pytest.MonkeyPatch, connect: Connect, pipe: Pipe
) -> None:
    """Within two seconds of the clock, which moves here at every look."""
    connect(pipe.file)
    writer = MessageWriter()
    whole_write = os.write
    clock = [0.0]

    def write_and_interrupt(descriptor: int, data: bytes) -> int:
        writer.interrupt(signal.SIGTERM)
        return whole_write(descriptor, data)

    def look() -> float:
        clock[0] += 0.05
        return clock[0]

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_and_interrupt)
        patch.setattr(time, "monotonic", look)
        with pytest.raises(Interrupted):
            writer.write_lines([LONG[5]])
    assert clock[0] < 2

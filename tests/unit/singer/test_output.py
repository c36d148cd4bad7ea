"""Standard output: whole lines only, into whatever it is connected to."""

import contextlib
import fcntl
import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from select import PIPE_BUF
from typing import TextIO

import pytest
from singer_sdk.singerlib import RecordMessage, StateMessage

from tap_mihu.errors import MihuError
from tap_mihu.singer.output import MessageWriter

MANY = [b'{"line":%d}\n' % number for number in range(20_000)]
LONG = [b"a" * size + b"\n" for size in (1, 4095, 4096, 4097, 70_000, 3_000_000, 3)]
whole_write = os.write


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    """The two ends of a pipe, the second of them for standard output."""
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as file:
        yield read_end, file
    with contextlib.suppress(OSError):
        os.close(read_end)


def test_messages_are_lines_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where text in memory stands in for standard output."""
    memory = io.StringIO()
    monkeypatch.setattr(sys, "stdout", memory)
    writer = MessageWriter()
    at = datetime(2025, 6, 15, 12, tzinfo=UTC)
    writer.write_message(RecordMessage("contacts", {"name": "Zoë\n🐝"}, time_extracted=at))
    writer.write_lines(["ğ🐝\n".encode(), b"b\n"])
    writer.write_message(StateMessage({}))
    record, *rest = memory.getvalue().splitlines(keepends=True)
    assert json.loads(record) == {
        "type": "RECORD",
        "stream": "contacts",
        "record": {"name": "Zoë\n🐝"},
        "time_extracted": "2025-06-15T12:00:00+00:00",
    }
    assert rest == ["ğ🐝\n", "b\n", '{"type":"STATE","value":{}}\n']


@pytest.mark.parametrize(
    ("lines", "most", "blocking"),
    [
        (MANY, None, False),
        (LONG, None, True),
        (LONG, None, False),
        (MANY[:300], 7, True),
        (LONG[:5], 4095, True),
    ],
)
def test_a_slow_reader_gets_every_line(
    monkeypatch: pytest.MonkeyPatch,
    pipe: tuple[int, TextIO],
    lines: list[bytes],
    most: int | None,
    *,
    blocking: bool,
) -> None:
    """Also where the system takes `most` bytes at a time."""
    monkeypatch.setattr(sys, "stdout", pipe[1])
    os.set_blocking(pipe[1].fileno(), blocking)
    came: list[bytes] = []

    def read() -> None:
        while chunk := os.read(pipe[0], 1000):
            came.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with pipe[1], monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda to, data: whole_write(to, bytes(data[:most])))
        MessageWriter().write_lines(lines)
    reader.join()
    assert b"".join(came) == b"".join(lines)


@pytest.mark.parametrize("wide", [True, False], ids=["wide", "narrow"])
@pytest.mark.parametrize("seed", range(3))
def test_a_pipe_takes_whole_lines_however_full_it_is(
    monkeypatch: pytest.MonkeyPatch, pipe: tuple[int, TextIO], seed: int, *, wide: bool
) -> None:
    """So a signal never finds one half taken by a pipe that nobody reads any more."""
    monkeypatch.setattr(sys, "stdout", pipe[1])
    read_end, file = pipe
    for end in (read_end, file.fileno()):
        os.set_blocking(end, False)
    rng = Random(seed)
    lines = [b"a" * rng.choice([9, 700, 4095]) + b"\n" for _ in range(3000)]
    came = bytearray()
    sizes: list[int] = []
    set_up = fcntl.fcntl

    def refuse_to_widen(descriptor: int, operation: int, *rest: int) -> int:
        if operation == getattr(fcntl, "F_SETPIPE_SZ", None):
            raise PermissionError
        return set_up(descriptor, operation, *rest)

    def read(most: int) -> None:
        with contextlib.suppress(BlockingIOError):
            came.extend(os.read(read_end, most))

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
    # More at a time than into a pipe that is full.
    assert max(sizes) > (200_000 if wide else 5 * PIPE_BUF)


@pytest.mark.parametrize(
    ("path", "mode", "words"),
    [(Path(os.devnull), "r", "cannot be written"), (None, "", "is closed")],
)
def test_what_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, path: Path | None, mode: str, words: str
) -> None:
    with nullcontext() if path is None else path.open(mode) as file:
        monkeypatch.setattr(sys, "stdout", file)
        with pytest.raises(MihuError, match=words):
            MessageWriter().write_lines([b"a\n"])

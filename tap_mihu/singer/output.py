"""Standard output: Singer messages, whole lines only, whatever interrupts the writing."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import mmap
import os
import select
import stat
import sys
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.records.json_text import encode_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.singerlib.encoding.simple import Message

__all__ = ["MessageWriter"]

_LARGE_WRITE_BYTES = 2**20
_WIDE_PIPE_BYTES = 2**20
_PATIENCE_SECONDS = 1.5
_POLL_MILLISECONDS = 50


class MessageWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes messages, and lines that are messages already, to standard output."""

    def __init__(self) -> None:
        """Start outside of any line."""
        super().__init__()
        self._outlet: _Stdout | None = None
        self._undisturbed = False
        self._interrupted_by: int | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as a line."""
        parts = message.to_dict()
        if extracted := parts.get("time_extracted"):
            parts["time_extracted"] = extracted.isoformat()
        return encode_json(parts) + b"\n"

    def write_message(self, message: Message) -> None:
        """Write a message.

        Raises:
            MihuError: Whoever reads standard output is gone, or there is no space left.
        """
        self.write_lines([self.format_message(message)])

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Write lines that end in a line feed each; errors as in `write_message`."""
        if sys.stdout is None:
            raise MihuError("Standard output is closed.")
        try:
            descriptor = sys.stdout.fileno()
        except (OSError, AttributeError):
            # Standard output was replaced by something in memory.
            sys.stdout.write(b"".join(lines).decode())
            return
        try:
            if self._outlet is None or self._outlet.descriptor != descriptor:
                self._outlet = _Stdout(descriptor)
            outlet = self._outlet
            chunk: list[bytes] = []
            size, room = 0, outlet.room()
            for line in lines:
                if chunk and size + len(line) > room:
                    self._write(outlet, b"".join(chunk), room)
                    chunk, size, room = [], 0, outlet.room()
                chunk.append(line)
                size += len(line)
            self._write(outlet, b"".join(chunk), room)
        except OSError as error:
            raise MihuError(_lost_output(error)) from None

    def interrupt(self, signum: int) -> None:
        """End the run because of a signal: now, or at the end of what must not be disturbed.

        Raises:
            Interrupted: Unless a line is being written, or another `undisturbed` block runs.
        """
        if self._interrupted_by is not None:
            return  # A further signal changes nothing: the run is ending.
        self._interrupted_by = signum
        if not self._undisturbed:
            raise Interrupted(signum)

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let a signal wait for the end of the block.

        Raises:
            Interrupted: A signal came meanwhile.
        """
        outermost, before = not self._undisturbed, self._interrupted_by
        self._undisturbed = True
        try:
            yield
        finally:
            self._undisturbed = not outermost
        if outermost and self._interrupted_by is not None and before is None:
            raise Interrupted(self._interrupted_by)

    def _write(self, outlet: _Stdout, chunk: bytes, room: int) -> None:
        if len(chunk) <= room and not outlet.is_file and not self._undisturbed:
            _write_at_once(outlet.descriptor, chunk)
        else:
            self._write_piecemeal(outlet, chunk)

    def _write_piecemeal(self, outlet: _Stdout, chunk: bytes) -> None:
        """Write what may take several goes; a signal waits for the last, but not for ever."""
        left = memoryview(chunk)
        deadline = None
        with self.undisturbed():
            while left:
                if _writable(outlet.descriptor):
                    left = left[os.write(outlet.descriptor, left[: outlet.room()]) :]
                if left and self._interrupted_by is not None:
                    deadline = deadline or time.monotonic() + _PATIENCE_SECONDS
                    if time.monotonic() > deadline:
                        raise Interrupted(self._interrupted_by)


class _Stdout:
    """What standard output is connected to."""

    def __init__(self, descriptor: int) -> None:
        mode = os.fstat(descriptor).st_mode
        self.descriptor = descriptor
        self.is_file = stat.S_ISREG(mode)
        self._takes_all = self.is_file or (stat.S_ISCHR(mode) and not os.isatty(descriptor))
        self._tells_size = stat.S_ISFIFO(mode) and hasattr(fcntl, "F_GETPIPE_SZ")
        if self._tells_size:
            _widen(descriptor)

    def room(self) -> int:
        """Say how many bytes are taken at once or not at all, whatever signal comes."""
        if self._takes_all:
            return _LARGE_WRITE_BYTES
        if not self._tells_size:
            return select.PIPE_BUF  # What any pipe takes so.
        capacity = fcntl.fcntl(self.descriptor, fcntl.F_GETPIPE_SZ)
        unread = array.array("i", [0])
        fcntl.ioctl(self.descriptor, termios.FIONREAD, unread)
        # Linux keeps what is unread in pages. Two neighbours hold more than one page's bytes, but
        # the first page may hold fewer: some of it may have been read.
        taken = 2 * unread[0] + 3 * mmap.PAGESIZE if unread[0] else 0
        return max(select.PIPE_BUF, capacity - taken)


def _widen(pipe: int) -> None:
    """Make a pipe hold more, so that the tap and whoever reads it need not keep in step."""
    if fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ) < _WIDE_PIPE_BYTES:
        # The system limits how much all pipes of one user may hold.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _WIDE_PIPE_BYTES)


def _writable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(_POLL_MILLISECONDS))


def _write_at_once(descriptor: int, chunk: bytes) -> None:
    while chunk:
        try:
            chunk = chunk[os.write(descriptor, chunk) :]
        except BlockingIOError:
            _writable(descriptor)


def _lost_output(error: OSError) -> str:
    if error.errno == errno.EPIPE:
        return "Standard output is closed: the target has ended."
    return f"Standard output cannot be written: {os.strerror(error.errno or 0).lower()}."

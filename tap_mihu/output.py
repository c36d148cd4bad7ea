"""Standard output: Singer messages, whole lines only, whatever interrupts the writing."""

from __future__ import annotations

import array
import contextlib
import errno
import fcntl
import os
import select
import stat
import sys
import termios
import time
from typing import TYPE_CHECKING

from singer_sdk.singerlib.encoding.base import GenericSingerWriter

from tap_mihu.errors import Interrupted, MihuError
from tap_mihu.records import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.singerlib.encoding.simple import Message

__all__ = ["MessageWriter"]

_LARGE_WRITE_BYTES = 2**20
_PATIENCE_SECONDS = 1.5
_POLL_MILLISECONDS = 50


class MessageWriter(GenericSingerWriter[bytes, "Message"]):
    """Writes messages, and lines that are messages already, to standard output."""

    def __init__(self) -> None:
        """Start outside of any line."""
        super().__init__()
        self._in_line = False
        self._interrupted_by: int | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Encode a message as a line."""
        parts = message.to_dict()
        if extracted := parts.get("time_extracted"):
            parts["time_extracted"] = extracted.isoformat()
        return to_json(parts) + b"\n"

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
            chunk: list[bytes] = []
            size, room = 0, _room(descriptor)
            for line in lines:
                if chunk and size + len(line) > room:
                    self._write(descriptor, b"".join(chunk), room)
                    chunk, size, room = [], 0, _room(descriptor)
                chunk.append(line)
                size += len(line)
            self._write(descriptor, b"".join(chunk), room)
        except OSError as error:
            raise MihuError(_lost_output(error)) from None

    def interrupt(self, signum: int) -> None:
        """End the run because of a signal: now, or at the end of the line being written.

        Raises:
            Interrupted: Unless a line is being written.
        """
        if self._interrupted_by is not None:
            return  # A further signal changes nothing: the run is ending.
        self._interrupted_by = signum
        if not self._in_line:
            raise Interrupted(signum)

    def _write(self, descriptor: int, chunk: bytes, room: int) -> None:
        if len(chunk) <= room and not _is_file(descriptor):
            _write_at_once(descriptor, chunk)
        else:
            self._write_piecemeal(descriptor, chunk)

    def _write_piecemeal(self, descriptor: int, chunk: bytes) -> None:
        """Write what may take several goes; a signal waits for the last, but not for ever."""
        self._in_line = True
        left = memoryview(chunk)
        deadline = None
        try:
            while left:
                if _writable(descriptor):
                    left = left[os.write(descriptor, left[: _room(descriptor)]) :]
                if self._interrupted_by is not None:
                    deadline = deadline or time.monotonic() + _PATIENCE_SECONDS
                    if time.monotonic() > deadline:
                        break
        finally:
            self._in_line = False
        if self._interrupted_by is not None:
            raise Interrupted(self._interrupted_by)


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _room(descriptor: int) -> int:
    """Say how many bytes are taken at once or not at all, whatever signal comes.

    Any pipe takes `PIPE_BUF` bytes so, and one that is empty as many as it can hold.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor)):
        return _LARGE_WRITE_BYTES
    if stat.S_ISFIFO(mode) and hasattr(fcntl, "F_GETPIPE_SZ"):
        unread = array.array("i", [1])
        with contextlib.suppress(OSError):
            fcntl.ioctl(descriptor, termios.FIONREAD, unread)
            if not unread[0]:
                return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    return select.PIPE_BUF


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

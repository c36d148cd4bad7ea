"""Batches: lines go into files, each announced by a BATCH message once it is complete."""

from __future__ import annotations

import os
import re
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from uuid import uuid4

from typing_extensions import override

from tap_mihu.errors import MihuError
from tap_mihu.records.json_text import encode_json
from tap_mihu.singer.outlet import Outlet, RecordMessages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tap_mihu.singer.output import MessageWriter
    from tap_mihu.singer.state import State

__all__ = ["BatchSettings", "Batches", "batch_folder", "make_folder", "open_outlet"]

_DEFAULT_SIZE = 10_000
# As long as the SDK's targets keep a state back: what a run that is killed may have to read again.
_LONGEST_OPEN_SECONDS = 300
_BUFFER_BYTES = 2**20
_FASTEST, _GZIP = 1, 31
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_NAME = 100


def batch_folder(root: str) -> Path:
    """Return the folder that the root of a storage names."""
    return Path(root.removeprefix("file://")).absolute()


def make_folder(folder: Path) -> None:
    """Make a folder, for nobody else to read, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How files are written."""

    folder: Path
    prefix: str = ""
    compression: str = "none"
    """`gzip` or `none`."""
    size: int = _DEFAULT_SIZE
    """Most records in a file."""

    @classmethod
    def of(cls, batch_config: Mapping[str, Any]) -> Self:
        """Return what the setting `batch_config` says, which has no fault."""
        encoding, storage = batch_config["encoding"], batch_config["storage"]
        return cls(
            batch_folder(storage["root"]),
            storage.get("prefix", ""),
            encoding.get("compression", "none"),
            batch_config.get("batch_size", _DEFAULT_SIZE),
        )


class Batches(Outlet):
    """The files that are being written: one for each name under which records leave.

    The end of the block announces them, also after an error, as what was read before it counts.
    What a signal leaves unannounced is removed, and so is what cannot be written.
    """

    def __init__(
        self,
        output: MessageWriter,
        write_state: Callable[[State], None],
        state: State,
        settings: BatchSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start without a file.

        Args:
            output: Takes the messages.
            write_state: Keeps a state, and writes it.
            state: What the run started from.
            settings: How files are written.
            clock: Tells seconds.
        """
        super().__init__(output, write_state, state)
        self._settings = settings
        self._clock = clock
        self._files: dict[str, _File] = {}
        self._opened_at = 0.0

    @override
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Announce what is written, or remove it where the run has to end at once."""
        try:
            if kind is None or issubclass(kind, Exception):
                self.finish()
        finally:
            self._remove()

    @override
    def write_lines(self, stream: str, lines: Sequence[bytes]) -> None:
        """Write records of a stream into its file; error as in `Outlet`."""
        done = 0
        while done < len(lines):
            file = self._files.get(stream) or self._new_file(stream)
            part = lines[done : done + self._settings.size - file.records]
            with self._all_or_none():
                file.write(part)
            done += len(part)
            if file.records == self._settings.size:
                self.finish()
        self._finish_old()

    @override
    def save(self, state: State) -> None:
        """Write a state, unless files are open: it follows them then; error as in `Outlet`."""
        self._state = state
        if self._files:
            self._finish_old()
        else:
            self._write_state(state)

    @override
    def finish(self) -> None:
        """Complete the files, announce each, and write the state; error as in `Outlet`."""
        if not self._files:
            return
        with self._all_or_none():
            for file in self._files.values():
                file.close()
            for stream, file in [*self._files.items()]:
                # Or a signal could come when it is announced, and it would be removed all the same.
                with self._output.undisturbed():
                    self._output.write_lines([self._message(stream, file)])
                    del self._files[stream]
        self._write_state(self._state)

    def _finish_old(self) -> None:
        if self._files and self._clock() - self._opened_at > _LONGEST_OPEN_SECONDS:
            self.finish()

    def _new_file(self, stream: str) -> _File:
        if not self._files:
            self._opened_at = self._clock()
        compressed = self._settings.compression == "gzip"
        name = f"{_UNSAFE.sub('_', stream)[:_LONGEST_NAME]}-{uuid4()}.jsonl{'.gz' * compressed}"
        path = self._settings.folder / f"{self._settings.prefix}tap-mihu--{name}"
        self._files[stream] = _File(path, compressed=compressed)
        return self._files[stream]

    def _message(self, stream: str, file: _File) -> bytes:
        # Targets take the path as it stands, without decoding it.
        message = {
            "type": "BATCH",
            "stream": stream,
            "encoding": {"format": "jsonl", "compression": self._settings.compression},
            "manifest": [f"file://{file.path}"],
        }
        return encode_json(message) + b"\n"

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        """Remove all files if one of them cannot be written or announced."""
        try:
            yield
        except OSError as error:
            self._remove()
            reason = os.strerror(error.errno or 0).lower()
            raise MihuError(
                f"batch_config.storage.root: {self._settings.folder} cannot be written: {reason}."
            ) from None
        except BaseException:
            self._remove()
            raise

    def _remove(self) -> None:
        with self._output.undisturbed():
            for file in self._files.values():
                file.remove()
            self._files.clear()


def open_outlet(
    output: MessageWriter,
    write_state: Callable[[State], None],
    state: State,
    batch_config: Mapping[str, Any] | None,
    state_every: int,
) -> Outlet:
    """Return where records leave: in files, or in messages.

    Args:
        output: Takes the messages.
        write_state: Keeps a state, and writes it.
        state: What the run started from.
        batch_config: The setting; None for messages.
        state_every: After so many RECORD messages a STATE is due.
    """
    if batch_config is None:
        return RecordMessages(output, write_state, state, state_every=state_every)
    return Batches(output, write_state, state, BatchSettings.of(batch_config))


class _File:
    """A file, made when something is written to it."""

    def __init__(self, path: Path, *, compressed: bool) -> None:
        self.path = path
        self.records = 0
        self._compressor = zlib.compressobj(_FASTEST, wbits=_GZIP) if compressed else None
        self._file: BinaryIO | None = None

    def write(self, lines: Sequence[bytes]) -> None:
        if self._file is None:
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = open(descriptor, "wb", buffering=_BUFFER_BYTES)  # noqa: PTH123, SIM115
        text = b"".join(lines)
        self._file.write(text if self._compressor is None else self._compressor.compress(text))
        self.records += len(lines)

    def close(self) -> None:
        if self._file is None:
            return
        with self._file:
            if self._compressor is not None:
                self._file.write(self._compressor.flush())

    def remove(self) -> None:
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
        with suppress(OSError):
            self.path.unlink()

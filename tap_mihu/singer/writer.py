"""The writer: rows leave as RECORD messages, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.records.shaping import InvalidValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.metrics import Counter

    from tap_mihu.reading.progress import Progress
    from tap_mihu.records.pages import Row
    from tap_mihu.singer.maps import MappedLines
    from tap_mihu.singer.output import MessageWriter

__all__ = ["RecordWriter"]


class RecordWriter:
    """Writes the rows of one stream."""

    def __init__(
        self,
        output: MessageWriter,
        maps: MappedLines | None,
        *,
        counter: Counter | None,
        progress: Progress,
        state_every: int,
    ) -> None:
        """Start with no record written.

        Args:
            output: Takes the lines.
            maps: Makes the lines of the records that rows carry; None where they carry lines.
            counter: The SDK's counter of records.
            progress: Is told how many were written.
            state_every: After so many records a STATE is due.
        """
        self._output = output
        self._maps = maps
        self._counter = counter
        self._progress = progress
        self._state_every = state_every
        self.invalid = InvalidValues()
        """The values of written records that are invalid and became null."""

    def write(self, rows: Sequence[Row]) -> Iterator[None]:
        """Write the rows that are due.

        Yields:
            Wherever a STATE is due.

        Raises:
            MihuError: Standard output cannot be written, or a stream map fails.
        """
        due = [row for row in rows if row.payload is not None]
        self.invalid.update(field for row in due for field in row.invalid)
        if self._maps is None:
            yield from self._write_lines([row.payload for row in due])
        else:
            lines = [line for row in due for line in self._maps.lines(row.payload)]
            yield from self._write_lines(lines)

    def _write_lines(self, lines: list[bytes]) -> Iterator[None]:
        done = 0
        while done < len(lines):
            room = self._state_every - self._progress.emitted % self._state_every
            part = lines[done : done + room]
            self._output.write_lines(part)
            done += len(part)
            self._progress.emitted += len(part)
            if self._counter is not None:
                self._counter.increment(len(part))
            if len(part) == room:
                yield

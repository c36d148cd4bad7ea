"""The writer: rows become lines, which leave, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.records.shaping import InvalidValues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.metrics import Counter

    from tap_mihu.reading.progress import Progress
    from tap_mihu.records.pages import Row
    from tap_mihu.singer.maps import MappedLines
    from tap_mihu.singer.outlet import Outlet

__all__ = ["RecordWriter"]


class RecordWriter:
    """Writes the rows of one stream."""

    def __init__(
        self,
        stream: str,
        outlet: Outlet,
        maps: MappedLines | None,
        *,
        counter: Counter | None,
        progress: Progress,
    ) -> None:
        """Start with no record written.

        Args:
            stream: The stream's name.
            outlet: Takes the lines.
            maps: Makes the lines of the records that rows carry; None where they carry lines.
            counter: The SDK's counter of records.
            progress: Is told how many were written.
        """
        self._stream = stream
        self._outlet = outlet
        self._maps = maps
        self._counter = counter
        self._progress = progress
        self.invalid = InvalidValues()
        """The values of written records that are invalid and became null."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write the rows that are due.

        Raises:
            MihuError: Their lines cannot be written, or a stream map fails.
        """
        due = [row for row in rows if row.payload is not None]
        self.invalid.update(field for row in due for field in row.invalid)
        if self._maps is None:
            self._write_lines(self._stream, [row.payload for row in due])
        else:
            for stream, lines in self._maps.lines(row.payload for row in due).items():
                self._write_lines(stream, lines)

    def _write_lines(self, stream: str, lines: Sequence[bytes]) -> None:
        self._outlet.write_lines(stream, lines)
        self._progress.emitted += len(lines)
        if self._counter is not None:
            self._counter.increment(len(lines))

"""Judging: pages decoded for a run, whose rows know whether they are due by the server's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tap_mihu.records.decoding import PageDecoder

if TYPE_CHECKING:
    from datetime import datetime

    from tap_mihu.records.decoding import RowFormat
    from tap_mihu.records.pages import Page
    from tap_mihu.records.shaping import Shaper
    from tap_mihu.singer.run import Run

__all__ = ["JudgingDecoder"]


class JudgingDecoder(PageDecoder):
    """Tells the run of each response before its rows are judged."""

    def __init__(self, shaper: Shaper, run: Run, *, row_format: RowFormat | None) -> None:
        """Judge by a run.

        Args:
            shaper: Makes the records.
            run: Knows what is due.
            row_format: With it rows carry an encoded line, without it the record.
        """
        super().__init__(
            shaper, is_due=run.is_due, row_format=row_format, extra_names=run.extra_names
        )
        self._run = run

    @override
    def page(self, body: bytes, number: int, *, served_at: datetime, received_at: datetime) -> Page:
        """Return page `number`, which a body is the response for."""
        self._run.note_server_time(served_at)
        page = super().page(body, number, served_at=served_at, received_at=received_at)
        self._run.note_total(page.total)
        return page

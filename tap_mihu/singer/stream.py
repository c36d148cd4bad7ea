"""The stream: ties the API, the scan and Singer's messages together for the SDK."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.singerlib import ActivateVersionMessage
from typing_extensions import override

from tap_mihu.api.listing import Listing
from tap_mihu.errors import EnvelopeError, Interrupted, ListingError
from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.reporter import Reporter
from tap_mihu.reading.scan import Rows, scan
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.pages import DateRange
from tap_mihu.records.shaping import UPDATED_AT, USUAL, RowFields, Shaper
from tap_mihu.singer.batches import open_outlet
from tap_mihu.singer.due import none_is_due
from tap_mihu.singer.figures import StreamRequests, log_figures
from tap_mihu.singer.judging import JudgingDecoder
from tap_mihu.singer.lines import plain_line_format
from tap_mihu.singer.maps import MappedLines
from tap_mihu.singer.opening import open_client
from tap_mihu.singer.schema import stream_schema
from tap_mihu.singer.sdk_stream import SDKStream
from tap_mihu.singer.starting import start_run
from tap_mihu.singer.writer import RecordWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sdk.helpers.types import Context, Record

    from tap_mihu.api.client import Client
    from tap_mihu.singer.run import Scan
    from tap_mihu.singer.sdk_tap import SDKTap
    from tap_mihu.singer.state import State

    Decode = Callable[[Shaper], PageDecoder]

__all__ = ["ListedStream"]


class ListedStream(SDKStream):
    """A listing with Laravel's page envelope."""

    path: ClassVar[str]
    """Below the API's root."""
    params: ClassVar[Mapping[str, str]] = {}
    """What every request asks for besides."""
    most_per_page: ClassVar[int | None] = None
    """The documented maximum of `per_page`; None where there is none."""
    row: ClassVar[RowFields] = USUAL
    """The fields that reading completely needs to know."""
    extra_fields: ClassVar[str] = "extra_fields"
    """The field that holds what the schema does not name."""
    by_date: ClassVar[bool] = False
    """Whether it is that of contacts: it takes the filters, among them `date_from` and `date_to`,
    and its extra fields may have columns."""

    primary_keys: tuple[str, ...] = (USUAL.key,)
    replication_key: str | None = UPDATED_AT
    selected_by_default = False
    """One that is may not be missing: where it cannot be read, the run ends."""
    is_unread = False
    """Whether the API refused it, and the other streams went on."""

    def __init__(self, tap: SDKTap) -> None:
        """Read the stream's schema."""
        self.columns = tap.config.get("custom_field_columns", ()) if self.by_date else ()
        super().__init__(tap, schema=stream_schema(self.name, self.columns))

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read the listing and write its records.

        Yields:
            Records for the SDK to write in a test run; else none.

        Raises:
            MihuError: The run cannot go on; its text is for the user.
        """
        if self.ABORT_AT_RECORD_COUNT is not None:
            with closing(open_client(self.config, self.logger)) as client:
                yield from self.sample(client)
            return
        try:
            self._read(self._tap.client)
        except ListingError as error:
            self.leave_unread(error)

    def leave_unread(self, error: ListingError) -> None:
        """Take note that the stream cannot be read, so that others are all the same.

        Raises:
            ListingError: It may not be missing.
        """
        if self.selected_by_default:
            raise error
        self.is_unread = True
        self.logger.warning("%s cannot be read; other streams are: %s", self.name, error)

    def sample(self, client: Client, per_page: int | None = None) -> Iterator[Record]:
        """Walk the pages for a run that stops when it has seen enough.

        Args:
            client: Asks the API.
            per_page: Records a page; None for the setting's.
        """
        yield from self.walk(self.listing(client, PageDecoder(self.shaper())), per_page)

    def walk(self, listing: Listing, per_page: int | None) -> Iterator[Record]:
        """Yield the records of a listing, page by page."""
        number = last_page = 1
        while number <= last_page:
            page = listing.page(self.within, number, per_page)
            yield from (row.payload for row in page.rows)
            number, last_page = number + 1, max(last_page, page.last_page)

    def _read(self, client: Client) -> None:
        clock, progress = ServerClock(), Progress()
        run = start_run(self, clock, self._tap.initialized_at // 1000)
        run.prepare(self.listing(client, PageDecoder(self.shaper(), is_due=none_is_due)).page)
        version, batches = run.terms.version, self.config.get("batch_config")
        line_format = plain_line_format(self, version, in_file=batches is not None)
        maps = None if line_format else MappedLines(self, version, in_file=batches is not None)
        decode = partial(JudgingDecoder, run=run, row_format=line_format)
        outlet = open_outlet(
            self._tap.message_writer, self._save, run.state, batches, self.STATE_MSG_FREQUENCY
        )
        writer = RecordWriter(self.name, outlet, maps, counter=self.counter, progress=progress)
        client.on_pause = progress.note_pause
        requests = StreamRequests(client)
        reporter = Reporter(self.logger, self.name, progress, requests)
        scan_dates = self.scanner(client, decode, progress, clock)
        # Whatever STATE comes first says so, if the stream starts over.
        self._keep(run.state)
        reporter.start()
        try:
            with closing(run.read(scan_dates)) as events, outlet:
                for event in events:
                    if isinstance(event, Rows):
                        writer.write(event.rows)
                    else:
                        outlet.save(run.state)
                outlet.finish()
            if run.activates is not None:
                self._write_activate_version(run.activates)
            self._keep(run.state)
            # The SDK writes it, last of all.
            self.state_manager.is_flushed = False
            reporter.tell_the_end(proven=run.proven)
            log_figures(self.name, requests, proven=run.proven)
        except Interrupted as interrupt:
            interrupt.so_far = reporter.so_far()
            raise
        except EnvelopeError as error:
            raise ListingError(f"{self.name}: {error}: the API cannot be trusted.") from None
        finally:
            reporter.stop()
            for field, count in sorted(writer.invalid.items()):
                self.logger.warning(
                    "%s.%s: %d values are invalid and became null", self.name, field, count
                )

    @property
    def filters(self) -> dict[str, Any]:
        """The filters that the listing takes."""
        return dict(self.config.get("filters") or {}) if self.by_date else {}

    @property
    def within(self) -> DateRange:
        """The creation dates that the filters leave."""
        first, last = (self.filters.get(name) for name in ("date_from", "date_to"))
        return DateRange(
            date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None
        )

    @property
    def page_size(self) -> int:
        """Items a page, as they are asked for."""
        size: int = self.config["page_size"]
        return size if self.most_per_page is None else min(size, self.most_per_page)

    def shaper(self, given: Mapping[str, str] | None = None) -> Shaper:
        """Return what makes records of items; `given` fields are the same for all of them."""
        return Shaper(
            self.schema,
            extra_fields=self.extra_fields,
            columns=self.columns,
            row=self.row,
            given=given,
        )

    def listing(self, client: Client, decoder: PageDecoder) -> Listing:
        """Return the listing that the stream reads."""
        params = {**self.filters, **self.params, "per_page": self.page_size}
        return Listing(client, self.name, self.path, params, decoder)

    def scanner(
        self, client: Client, decode: Decode, progress: Progress, clock: ServerClock
    ) -> Scan:
        """Return what reads the stream completely.

        Args:
            client: Asks the API.
            decode: Returns a decoder for a shaper.
            progress: Is kept up to date.
            clock: Likewise.
        """
        return self.scanner_of(self.listing(client, decode(self.shaper())), progress, clock)

    def scanner_of(self, listing: Listing, progress: Progress, clock: ServerClock) -> Scan:
        """Return what reads a listing completely; arguments as in `scanner`."""
        return partial(
            scan,
            listing.page,
            concurrency=self.config["max_concurrent_requests"],
            by_date=self.by_date,
            filtered=bool(self.filters.keys() - {"date_from", "date_to"}),
            page_size=self.page_size,
            larger_pages=None if self.most_per_page is None else False,
            progress=progress,
            clock=clock,
        )

    def _keep(self, state: State) -> None:
        self.stream_state.clear()
        self.stream_state.update(state.to_state())

    def _save(self, state: State) -> None:
        self._keep(state)
        self._tap.state_writer.write_state(self.tap_state)

    def _write_activate_version(self, version: int) -> None:
        for stream_map in self.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._tap.write_message(ActivateVersionMessage(stream_map.stream_alias, version))

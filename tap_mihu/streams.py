"""Streams: a listing of the API, read completely and written as Singer messages.

A further stream with the same envelope is a schema file and a subclass of `ListedStream`.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import metrics
from singer_sdk.exceptions import MappingError, SyncLifecycleSignal
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL
from singer_sdk.streams import Stream
from typing_extensions import override

from tap_mihu.client import Client
from tap_mihu.cutting import Uncuttable
from tap_mihu.decoding import LineFormat, PageDecoder
from tap_mihu.errors import MihuError
from tap_mihu.pagination import BadEnvelope, PageNumberPaginator
from tap_mihu.progress import Reporter
from tap_mihu.records import KEY, UPDATED_AT, MissingKey, Oddities, Shaper
from tap_mihu.run import Run
from tap_mihu.scan import Progress, Rows, scan
from tap_mihu.settings import api_url
from tap_mihu.shards import Shard, cut_into_shards
from tap_mihu.state import BOOKMARK, BOOKMARK_KEY, FILTERS, SCAN, Checkpoint, read_bookmark, since
from tap_mihu.windows import DateRange

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import RecordMessage

    from tap_mihu.client import Answer
    from tap_mihu.pagination import Page
    from tap_mihu.tap import TapMihu

__all__ = ["ContactsStream", "ListedStream"]

# The length of a field's breadcrumb in a catalog.
_FIELD = 2

# No contact is due from then on, so that none is kept where only totals and dates matter.
_NEVER = "9999-12-31T23:59:59.999999Z"


class ListedStream(Stream):
    """A listing with Laravel's page envelope whose items have `uuid` and `updated_at`."""

    path: ClassVar[str]
    """Below the API's root."""
    gather: ClassVar[str | None] = None
    """The field that takes the keys the schema does not name."""
    by_date: ClassVar[bool] = False
    """Whether the listing takes the filters, among them `date_from` and `date_to`."""

    primary_keys = (KEY,)
    replication_key = UPDATED_AT
    # Records are shaped to the schema here; the SDK would do it once more, and worse.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    _tap: TapMihu

    def __init__(self, tap: Tap) -> None:
        """Read the stream's schema."""
        text = files("tap_mihu.schemas").joinpath(f"{self.name}.json").read_text(encoding="utf-8")
        schema = json.loads(text)
        if self.gather is not None and tap.config.get("flattening_enabled"):
            # Or the SDK would spread its keys, which no schema can name, over the record.
            del schema["properties"][self.gather]["properties"]
        super().__init__(tap, schema=schema)
        self._counter: metrics.Counter | None = None
        self._emitted = 0

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """Read the listing and write its records.

        Yields:
            Records for the SDK to write; none where no setting asks for what only the SDK does.

        Raises:
            MihuError: The run cannot go on; its text is for the user.
        """
        client = self._open_client()
        try:
            if self.ABORT_AT_RECORD_COUNT is None:
                yield from self._read_all(client)
            else:
                yield from self._read_until_stopped(client)
        finally:
            client.close()

    def _read_until_stopped(self, client: Client) -> Iterator[Record]:
        """Walk the pages for a test run, which stops when it has seen enough."""
        fetch = self._fetcher(client, PageDecoder(self._shaper()))
        paginator = PageNumberPaginator()
        while number := paginator.next_page():
            page = fetch(self._within(), number)
            paginator.learn(page.last_page)
            yield from (row.payload for row in page.rows)

    def _read_all(self, client: Client) -> Iterator[Record]:
        run = self._begin()
        line_format = self._line_format(run.version)
        decoder = PageDecoder(self._shaper(), since=run.since, line_format=line_format)
        fetch = self._fetcher(client, decoder, run)
        progress, oddities = Progress(), Oddities()
        reporter = Reporter(self.logger, self.name, progress)
        try:
            for event in scan(
                fetch,
                run.within,
                concurrency=int(self.config["max_concurrent_requests"]),
                by_date=self.by_date,
                progress=progress,
            ):
                if isinstance(event, Rows):
                    run.see(event.rows)
                    due = [row.payload for row in event.rows if row.payload is not None]
                    oddities.update(
                        field for row in event.rows if row.payload is not None for field in row.odd
                    )
                    reporter.emitted += len(due)
                    if line_format is not None:
                        self._write_lines(due)
                    else:
                        yield from map(self._declared, due)
                elif checkpoint := run.finish(event):
                    self.stream_state[SCAN] = checkpoint.to_state()
                    self._write_state_now()
                reporter.tell()
            self._end(run)
            reporter.tell_the_end(client)
        except BadEnvelope as error:
            raise MihuError(f"{self.name}: {error}: the API cannot be trusted.") from None
        finally:
            for field, count in sorted(oddities.items()):
                self.logger.warning(
                    "%s.%s: %d values could not be understood and became null",
                    self.name,
                    field,
                    count,
                )

    def plan(self, number: int) -> list[dict[str, Any]]:
        """Cut the listing into at most so many shards, and say how to read each.

        Raises:
            MihuError: The API cannot be read.
        """
        client = self._open_client()
        fetch = self._fetcher(client, PageDecoder(self._shaper(), since=_NEVER))
        within, concurrency = self._within(), int(self.config["max_concurrent_requests"])
        try:
            shards = cut_into_shards(fetch, within, number, concurrency=concurrency)
        except Uncuttable as error:
            self.logger.warning("%s: one range only, for %s", self.name, error)
            shards = [Shard(within, fetch(within, 1).total)]
        finally:
            client.close()
        return [shard.as_json(self._filters()) for shard in shards]

    def _begin(self) -> Run:
        """Work out what is due from the settings, the catalog and the state."""
        method = self.replication_method
        full_table = method == REPLICATION_FULL_TABLE
        if not full_table and (
            method != REPLICATION_INCREMENTAL or self.replication_key not in {None, UPDATED_AT}
        ):
            raise MihuError(
                f"{self.name} offers FULL_TABLE, and INCREMENTAL by {UPDATED_AT}: "
                "check the catalog's replication method and key."
            )
        declared = KEY in self.effective_schema.get("properties", {})
        if not declared or not self.mask["properties", KEY]:
            raise MihuError(f"The catalog of {self.name} leaves {KEY} out: discover it anew.")
        state = self.stream_state
        self._remember_filters(state)
        run = Run(method, self._within())
        if self.config.get("emit_activate_version_messages"):
            # Incremental records too: a full table that is under way, or goes on after a failure,
            # would retire rows that they had taken the version from.
            run.version = self._initialized_at // 1000
            if full_table and self._filters():
                self.logger.warning(
                    "%s: rows outside the filters will be retired in the target", self.name
                )
        if not full_table:
            run.old_bookmark = read_bookmark(state, UPDATED_AT)
            run.since = since(
                run.old_bookmark,
                lookback_seconds=int(self.config["lookback_seconds"]),
                start_date=self.config.get("start_date"),
            )
        if SCAN in state:
            checkpoint = Checkpoint.from_state(state.pop(SCAN))
            if checkpoint is not None and run.agrees_with(checkpoint):
                run.resume(checkpoint)
                self.logger.info("%s: going on %s", self.name, run.within)
            else:
                self.logger.info("%s: the checkpoint is of another kind, ignored", self.name)
        self._stream_version = run.version
        return run

    def _remember_filters(self, state: dict[str, Any]) -> None:
        """Forget what the state says where it was written with other filters."""
        filters = self._filters()
        if state and state.get(FILTERS, {}) != filters:
            self.logger.warning(
                "%s: the filters are not those of the state, so the stream starts over", self.name
            )
            state.clear()
        state[FILTERS] = filters

    def _end(self, run: Run) -> None:
        """Draw the conclusions from a scan that reached its end."""
        state = self.stream_state
        state.pop(SCAN, None)
        if run.unproven:
            self.logger.warning(
                "%s: contacts changed too much while they were read, so it is not proven that "
                "none is missing (created: %s). The bookmark stays and no row is retired; the "
                "next run reads again.",
                self.name,
                ", ".join(map(str, run.unproven)),
            )
        elif run.replication_method == REPLICATION_INCREMENTAL:
            if bookmark := run.bookmark(run.old_bookmark):
                state |= {BOOKMARK_KEY: UPDATED_AT, BOOKMARK: bookmark}
        elif run.version is not None:
            self._write_activate_version_message(run.version)

    def _filters(self) -> dict[str, Any]:
        return dict(self.config.get("filters") or {}) if self.by_date else {}

    def _within(self) -> DateRange:
        """Give the creation dates that the filters leave."""
        first, last = (self._filters().get(name) for name in ("date_from", "date_to"))
        return DateRange(
            date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None
        )

    def _shaper(self) -> Shaper:
        return Shaper(self.schema, gather=self.gather)

    def _open_client(self) -> Client:
        config = self.config
        return Client(
            api_url(config),
            token=config["auth_token"],
            user_agent=config["user_agent"],
            timeout_seconds=config["request_timeout"],
            max_retries=int(config["max_retries"]),
            logger=self.logger,
        )

    def _fetcher(
        self, client: Client, decoder: PageDecoder, run: Run | None = None
    ) -> Callable[[DateRange, int], Page]:
        """Make the function that answers "page n of these dates"; several threads may call it."""
        common = {**self._filters(), "per_page": int(self.config["page_size"])}

        def fetch(dates: DateRange, number: int) -> Page:
            def read(answer: Answer) -> Page:
                return decoder.page(
                    answer.body,
                    number,
                    served_at=answer.served_at,
                    received_at=answer.received_at,
                )

            params = common | {"page": number}
            if dates.first is not None:
                params["date_from"] = dates.first.isoformat()
            if dates.last is not None:
                params["date_to"] = dates.last.isoformat()
            try:
                page = client.get(self.path, params, read)
            except MissingKey as error:
                raise MihuError(
                    f"{self.name}: page {number}, position {error.position} (created: {dates}) "
                    f"has no {error.key}."
                ) from None
            if run is not None:
                run.answered(page.served_at)
            return page

        return fetch

    def _line_format(self, version: int | None) -> LineFormat | None:
        """Say how records are written here; None where settings ask for what only the SDK does.

        That is a map, an alias, flattening, a part of a field deselected, a catalog with a schema
        of its own.
        """
        (stream_map, *more) = self.stream_maps
        fields = self.schema["properties"].keys()
        if (
            more
            or type(stream_map) is not SameRecordTransform
            or stream_map.stream_alias != self.name
            or self.config.get("flattening_enabled")
            or not all(selected for place, selected in self.mask.items() if len(place) != _FIELD)
            or self.effective_schema.get("properties", {}).keys() != fields
        ):
            return None
        without = frozenset(field for field in fields if not self.mask["properties", field])
        return LineFormat(self.name, version, without)

    def _declared(self, record: Record) -> Record:
        """Leave out what the catalog's schema does not declare."""
        declared = self.effective_schema["properties"]
        return {name: value for name, value in record.items() if name in declared}

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        """Transform a record as the settings ask.

        Raises:
            MihuError: An expression of the stream maps does not work on it.
        """
        try:
            yield from super()._generate_record_messages(record)
        except MappingError as error:
            text = f"stream_maps: {error}"
            raise MihuError(text) from None
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            kind = type(error).__name__
            raise MihuError(f"stream_maps: an expression failed on a record ({kind}).") from None

    def _write_lines(self, lines: list[bytes]) -> None:
        """Write encoded RECORD messages as the SDK would: counted, a STATE every so often."""
        writer = self._tap.message_writer
        done = 0
        while done < len(lines):
            room = self.STATE_MSG_FREQUENCY - self._emitted % self.STATE_MSG_FREQUENCY
            part = lines[done : done + room]
            writer.write_lines(part)
            done += len(part)
            self._emitted += len(part)
            self.state_manager.is_flushed = False
            if self._counter is not None:
                self._counter.increment(len(part))
            if len(part) == room:
                self._write_state_message()

    def _write_state_now(self) -> None:
        self.state_manager.is_flushed = False
        self._write_state_message()

    # What the SDK does of its own accord, and this stream does in its own way.

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """No: the SDK's message comes before the records, and would retire rows on a failure."""
        return False

    @property
    @override
    def partitions(self) -> None:
        """None: the listing is read as a whole, whatever the state says."""
        return None

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the bookmark ends at the server's clock, not at the local one."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the state alone: `_begin` reads it."""

    @override
    def _process_record(
        self,
        record: Record,
        child_context: Context | None = None,
        partition_context: Context | None = None,
    ) -> None:
        """Do nothing: there are no child streams to feed."""

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Leave the state alone: `_end` moves the bookmark, once the scan is proven."""

    @override
    def get_record_counter(
        self, *, endpoint: str | None = None, log_interval: float = metrics.DEFAULT_LOG_INTERVAL
    ) -> metrics.Counter:
        """Keep the counter, for the records that do not pass through the SDK."""
        self._counter = super().get_record_counter(endpoint=endpoint, log_interval=log_interval)
        return self._counter

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, but do not call a foreseen end of a run an unhandled error: it gets its own line."""
        foreseen = (MihuError, MappingError, SyncLifecycleSignal)
        if not (level == logging.ERROR and isinstance(sys.exception(), foreseen)):
            super().log(message, *args, level=level, **kwargs)


class ContactsStream(ListedStream):
    """The contacts of the workspace."""

    name = "contacts"
    path = "/contacts"
    gather = "custom_fields"
    by_date = True

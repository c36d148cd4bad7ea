"""The SDK's stream, without what it does of its own accord and this tap does in its own way."""

from __future__ import annotations

import logging
from sys import exception
from typing import TYPE_CHECKING, Any

from singer_sdk import metrics
from singer_sdk.exceptions import MappingError, SyncLifecycleSignal
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.streams import Stream
from typing_extensions import override

from tap_mihu.errors import MihuError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers.types import Context
    from singer_sdk.mapper import StreamMap

    from tap_mihu.singer.sdk_tap import SDKTap

__all__ = ["SDKStream"]


class SDKStream(Stream):
    """A stream that writes its records itself; each override says why."""

    # Records are shaped to the schema before; the SDK would do it once more, and worse.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    _tap: SDKTap
    counter: metrics.Counter | None = None
    """The SDK's counter of records, once the sync has begun."""

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """No: the SDK's message comes before the records, and would delete rows on a failure."""
        return False

    def write_schema(self) -> None:
        """Write the SCHEMA message, or those that maps make of it."""
        self._write_schema_message()

    @property
    @override
    def partitions(self) -> None:
        """None: the listing is read as a whole, whatever the state says."""
        return None

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        """None for a stream that a test run reads though it is not selected."""
        unmapped = SameRecordTransform(
            self.name, self.schema, self.primary_keys, flattening_options=None
        )
        self._tap.mapper.stream_maps.setdefault(self.name, [unmapped])
        return super().stream_maps

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the bookmark ends at the server's clock, not at the local one."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the state alone: `starting.start_run` reads it."""

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """None: the SDK's batch files would hold what is not selected, and no map changed."""

    @override
    def get_record_counter(
        self, *, endpoint: str | None = None, log_interval: float = metrics.DEFAULT_LOG_INTERVAL
    ) -> metrics.Counter:
        """Keep the counter, for the records that do not pass through the SDK."""
        self.counter = super().get_record_counter(endpoint=endpoint, log_interval=log_interval)
        return self.counter

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log, but do not call a foreseen end of a run an unhandled error: it gets its own line."""
        foreseen = (MihuError, MappingError, SyncLifecycleSignal)
        if not (level == logging.ERROR and isinstance(exception(), foreseen)):
            super().log(message, *args, level=level, **kwargs)

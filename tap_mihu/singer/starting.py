"""Starting: the run that the settings, the catalog and the state of a stream ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from tap_mihu.api.client import root_url
from tap_mihu.errors import MihuError
from tap_mihu.records.timestamps import canonical
from tap_mihu.singer.beginning import read_stream_state
from tap_mihu.singer.course import Terms
from tap_mihu.singer.run import Run
from tap_mihu.singer.state import Subject

if TYPE_CHECKING:
    from tap_mihu.reading.clock import ServerClock
    from tap_mihu.singer.stream import ListedStream

__all__ = ["check_catalog", "start_run"]


def start_run(stream: ListedStream, clock: ServerClock, version: int) -> Run:
    """Return the run.

    Args:
        stream: What is read.
        clock: The server's; the run keeps it up to date.
        version: What its records carry, where the settings ask for a version.

    Raises:
        MihuError: The catalog or the state cannot be used.
    """
    full_table = stream.replication_method == REPLICATION_FULL_TABLE
    check_catalog(stream)
    config = stream.config
    versions = bool(config.get("emit_activate_version_messages"))
    if versions and full_table and stream.filters:
        stream.logger.warning(
            "%s: the target will delete rows outside the filters (or mark them as deleted)",
            stream.name,
        )
    start_date = None if full_table else config.get("start_date")
    terms = Terms(
        full_table,
        # Incremental records too: a full table that is under way, or resumes after a failure,
        # would delete rows that they had taken the version from.
        version=version if versions else None,
        start_date=canonical(start_date) if start_date else None,
        lookback_seconds=config["lookback_seconds"],
        reread_after_hours=config["reread_after_hours"],
        by_date=stream.by_date,
    )
    state = read_stream_state(
        stream.stream_state,
        stream.within,
        Subject.of(root_url(config), stream.filters),
        filters=stream.filters,
        lookback_seconds=terms.lookback_seconds,
        logger=stream.logger,
    )
    return Run(state, terms, clock, stream.logger)


def check_catalog(stream: ListedStream) -> None:
    """Refuse a catalog that asks for what the stream does not offer.

    Raises:
        MihuError: It does; the text says what.
    """
    method, key = stream.replication_method, stream.replication_key
    offered = type(stream).replication_key
    if method != REPLICATION_FULL_TABLE and not (
        method == REPLICATION_INCREMENTAL and offered and key in {None, offered}
    ):
        also = f", and INCREMENTAL by {offered}" if offered else " only"
        raise MihuError(
            f"{stream.name} offers FULL_TABLE{also}: "
            "check the catalog's replication method and key."
        )
    declared = stream.effective_schema.get("properties", {})
    for column in [name for name in stream.columns if name not in declared]:
        stream.logger.warning("%s: the catalog lacks %s: discover it anew", stream.name, column)
    for name in type(stream).primary_keys:
        if name not in declared or not stream.mask["properties", name]:
            raise MihuError(f"The catalog of {stream.name} leaves {name} out: discover it anew.")

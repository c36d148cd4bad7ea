"""A preview: the first records of each stream, without a state, a proof, or anything to delete."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from tap_mihu.errors import ListingError
from tap_mihu.singer.maps import MappedLines
from tap_mihu.singer.starting import check_catalog
from tap_mihu.singer.stream import ListedStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.streams import Stream

    from tap_mihu.api.client import Client
    from tap_mihu.singer.output import MessageWriter

__all__ = ["preview"]


def preview(
    streams: Iterable[Stream], limit: int, client: Client, output: MessageWriter, version: int
) -> None:
    """Write the schema of each selected stream, and its first records as a run would send them.

    Args:
        streams: The streams, whatever the state says of them.
        limit: How many records of each are read at most; maps may leave some of them out.
        client: Asks the API.
        output: Takes the messages.
        version: What the records carry, where the settings ask for a version.

    Raises:
        MihuError: A stream that may not be missing cannot be read, a catalog cannot be used, or a
            map fails.
    """
    for stream in streams:
        if not stream.selected or not isinstance(stream, ListedStream):
            continue
        try:
            _preview(stream, limit, client, output, version)
        except ListingError as error:
            stream.leave_unread(error)


def _preview(
    stream: ListedStream, limit: int, client: Client, output: MessageWriter, version: int
) -> None:
    check_catalog(stream)
    stream.write_schema()
    # Without one, a target would take the rows for deleted ones.
    versions = stream.config.get("emit_activate_version_messages")
    maps = MappedLines(stream, version if versions else None, in_file=False)
    read = 0
    for record in islice(stream.sample(client, min(limit, stream.page_size)), limit):
        for lines in maps.lines([record]).values():
            output.write_lines(lines)
        read += 1
    stream.logger.info(
        "%s: only the first %d were read (--limit): no state is written and no row is deleted",
        stream.name,
        read,
    )

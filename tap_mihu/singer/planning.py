"""The plan: a listing cut into shards, each with what a run of its own has to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mihu.reading.shards import CutError, Shard, cut_into_shards
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.singer.due import none_is_due
from tap_mihu.singer.opening import open_client

if TYPE_CHECKING:
    from tap_mihu.singer.stream import ListedStream

__all__ = ["plan"]


def plan(stream: ListedStream, number: int) -> list[dict[str, Any]]:
    """Return at most so many shards of a stream, with the filters and the state id of each.

    Raises:
        MihuError: The API cannot be read.
    """
    client = open_client(stream.config, stream.logger)
    decoder = PageDecoder(stream.shaper(), is_due=none_is_due)
    fetch = stream.listing(client, decoder).page
    within, concurrency = stream.within, stream.config["max_concurrent_requests"]
    try:
        shards = cut_into_shards(fetch, within, number, concurrency=concurrency)
    except CutError as error:
        stream.logger.warning("%s: one range only, for %s", stream.name, error)
        shards = [Shard(within, fetch(within, 1).total)]
    finally:
        client.close()
    return [shard.as_json(stream.filters) for shard in shards]

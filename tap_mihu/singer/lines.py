"""Lines: RECORD messages as they stand on standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from singer_sdk.mapper import SameRecordTransform

from tap_mihu.records.json_text import encode_json

if TYPE_CHECKING:
    from datetime import datetime

    from singer_sdk import Stream

__all__ = ["LineFormat", "plain_line_format"]

# The length of a field's breadcrumb in a catalog.
_FIELD = 2


class LineFormat(msgspec.Struct, frozen=True):
    """What the RECORD messages of a stream have in common."""

    stream: str
    version: int | None = None
    without: frozenset[str] = frozenset()
    """Fields that are left out."""

    def envelope(self, time_extracted: datetime) -> tuple[bytes, bytes]:
        """Return what stands before and after the record in its message."""
        before = b'{"type":"RECORD","stream":' + encode_json(self.stream) + b',"record":'
        version = b"" if self.version is None else b',"version":%d' % self.version
        extracted = encode_json(time_extracted.isoformat())
        return before, version + b',"time_extracted":' + extracted + b"}\n"


def plain_line_format(stream: Stream, version: int | None) -> LineFormat | None:
    """Return how records are written that no map changes; None where a setting asks for a change.

    That is a map, an alias, flattening, a part of a field deselected, a catalog with a schema of
    its own: `maps.MappedLines` is for those.
    """
    (stream_map, *more) = stream.stream_maps
    fields = stream.schema["properties"].keys()
    if (
        more
        or type(stream_map) is not SameRecordTransform
        or stream_map.stream_alias != stream.name
        or stream.config.get("flattening_enabled")
        or not all(selected for place, selected in stream.mask.items() if len(place) != _FIELD)
        or stream.effective_schema.get("properties", {}).keys() != fields
    ):
        return None
    without = frozenset(field for field in fields if not stream.mask["properties", field])
    return LineFormat(stream.name, version, without)

"""Lines: records as they stand on standard output, in RECORD messages, or in batch files."""

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
    """What the lines of a stream have in common."""

    stream: str
    version: int | None = None
    without: frozenset[str] = frozenset()
    """Fields that are left out."""
    in_file: bool = False
    """Whether they are the lines of a file, not RECORD messages."""

    def envelope(self, time_extracted: datetime) -> tuple[bytes, bytes]:
        """Return what stands before and after a record in its line.

        The former ends within the record's object, whose opening brace it has.
        """
        extracted = encode_json(time_extracted.isoformat())
        if self.in_file:
            # From a RECORD message, targets take these beside the record.
            version = b"" if self.version is None else b'"_sdc_table_version":%d,' % self.version
            return b'{"_sdc_extracted_at":' + extracted + b"," + version, b"\n"
        before = b'{"type":"RECORD","stream":' + encode_json(self.stream) + b',"record":{'
        version = b"" if self.version is None else b',"version":%d' % self.version
        return before, version + b',"time_extracted":' + extracted + b"}\n"


def plain_line_format(stream: Stream, version: int | None, *, in_file: bool) -> LineFormat | None:
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
    return LineFormat(stream.name, version, without, in_file)

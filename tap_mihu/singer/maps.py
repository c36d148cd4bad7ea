"""Maps: what selection, stream maps and flattening make of a record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import MihuError
from tap_mihu.records.json_text import encode_json
from tap_mihu.singer.lines import LineFormat
from tap_mihu.singer.map_errors import explain_map_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk import Stream
    from singer_sdk.singerlib import SelectionMask

__all__ = ["MappedLines"]


class MappedLines:
    """Makes the lines of records that the settings ask to change."""

    def __init__(self, stream: Stream, version: int | None, *, in_file: bool) -> None:
        """Prepare what all records share.

        Args:
            stream: Knows the maps, the selection and the catalog's schema.
            version: The version that the lines carry.
            in_file: Whether they are the lines of a file, not RECORD messages.
        """
        self._maps = [
            (one, LineFormat(one.stream_alias, version, in_file=in_file))
            for one in stream.stream_maps
        ]
        self._config = stream.config
        self._mask = stream.mask
        self._declared = stream.effective_schema["properties"]

    def lines(self, records: Iterable[dict[str, Any]]) -> dict[str, list[bytes]]:
        """Return the lines of records by the name of their stream; maps may filter some out.

        Raises:
            MihuError: An expression of the stream maps does not work on a record.
        """
        lines: dict[str, list[bytes]] = {one.stream: [] for _, one in self._maps}
        for record in records:
            kept = {name: value for name, value in record.items() if name in self._declared}
            selected = _selected(kept, self._mask, ())
            for stream_map, line_format in self._maps:
                try:
                    mapped = stream_map.transform(selected)
                except Exception as error:  # noqa: BLE001 - an expression of the user's may raise anything
                    raise MihuError(explain_map_error(error, stream_map, self._config)) from None
                if mapped is not None:
                    before, after = line_format.envelope(datetime.now(UTC))
                    # A map may leave nothing of a record.
                    before = before if mapped else before.removesuffix(b",")
                    lines[line_format.stream].append(before + encode_json(mapped)[1:] + after)
        return lines


def _selected(value: dict[str, Any], mask: SelectionMask, place: tuple[str, ...]) -> dict[str, Any]:
    """Return an object without what is deselected, at any depth."""
    result = {}
    for name, item in value.items():
        breadcrumb = (*place, "properties", name)
        if mask[breadcrumb]:
            result[name] = _selected(item, mask, breadcrumb) if isinstance(item, dict) else item
    return result

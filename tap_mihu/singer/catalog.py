"""The catalog that messages follow, made of the one that the SDK works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib import Catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["for_messages"]


def for_messages(catalog: Catalog, extra_fields: Mapping[str, str]) -> Catalog:
    """Return the streams that are selected, with nothing named that is in an extra field.

    Streams that are not selected may have no field left for a map of all streams to hold on to.
    Flattening, here or in a target, would spread an extra field over columns that no schema has.

    Args:
        catalog: The SDK's; what it names in extra fields is taken out of it, too.
        extra_fields: The field of each stream that holds what its schema does not name.
    """
    for name, field in extra_fields.items():
        entry = catalog.get_stream(name)
        fields = (entry and entry.schema.properties) or {}
        if field in fields:
            fields[field].properties = None
    return Catalog(
        (name, entry)
        for name, entry in catalog.items()
        if entry.metadata.resolve_selection().get((), True)
    )

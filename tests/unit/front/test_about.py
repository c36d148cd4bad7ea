"""What the tap says of itself, with nothing configured; `test_hub.py` shows the settings."""

from typing import Any

from tests.e2e.running import discovered
from tests.sandbox.data import TEXT_FIELDS, TIMESTAMP_FIELDS

TEXT: dict[str, Any] = {"type": ["string", "null"]}
PROPERTIES = {
    **dict.fromkeys(TEXT_FIELDS, TEXT),
    **dict.fromkeys(TIMESTAMP_FIELDS, TEXT | {"format": "date-time"}),
    "uuid": {"type": ["string"]},
    "tags": {
        "type": ["array", "null"],
        "items": {
            "type": ["object"],
            "properties": {"uuid": TEXT, "id": {"type": ["integer", "null"]}, "name": TEXT},
            "additionalProperties": True,
        },
    },
    "custom_fields": {"type": ["object"], "properties": {}, "additionalProperties": True},
}
"""Targets make tables of these, and die of a value outside an enum, a format or a length."""


def test_the_catalog_is_what_it_was() -> None:
    stream, *_ = discovered()["streams"]
    schema = stream.pop("schema")
    assert stream == {
        "tap_stream_id": "contacts",
        "stream": "contacts",
        "key_properties": ["uuid"],
        "replication_key": "updated_at",
        "replication_method": "INCREMENTAL",
        "metadata": stream["metadata"],
    }
    assert all(field.pop("description") for field in schema["properties"].values())
    for field in schema["properties"]["tags"]["items"]["properties"].values():
        del field["description"]
    assert schema["properties"] == PROPERTIES
    assert schema["required"] == ["uuid"]

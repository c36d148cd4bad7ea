"""What a run should write of the streams beside contacts: the sandbox's records, by schema."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tap_mihu.singer.schema import stream_schema
from tap_mihu.streams import STREAMS
from tests.sandbox import Workspace
from tests.sandbox.further import Record

__all__ = ["FURTHER", "expected", "keys_of", "sent"]

FURTHER = tuple(stream.name for stream in STREAMS if stream.name != "contacts")
_KEYS = {stream.name: tuple(stream.primary_keys) for stream in STREAMS}


def keys_of(stream: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    """Give a record's key."""
    return tuple(record[name] for name in _KEYS[stream])


def sent(workspace: Workspace, stream: str) -> list[Record]:
    """Give what the sandbox sends of a stream; entries of pools with their pool."""
    if stream != "pool_contacts":
        return workspace.listings[stream]
    return [
        {"pool_uuid": pool["uuid"]} | entry
        for pool in workspace.listings["pools"]
        for entry in workspace.listings[f"pools/{pool['uuid']}/contacts"]
    ]


def expected(workspace: Workspace, stream: str) -> dict[tuple[str, ...], Record]:
    """Give the records of a stream by key."""
    schema = stream_schema(stream)
    records = [_as_record(schema["properties"], item) for item in sent(workspace, stream)]
    return {keys_of(stream, record): record for record in records}


def _as_record(properties: Mapping[str, Any], item: Record) -> Record:
    record: Record = {}
    within: Record = {}
    for name, prop in properties.items():
        if name != "extra_fields":
            record[name] = _value(prop, item.get(name))
            known = prop.get("properties")
            if known and isinstance(item.get(name), dict):
                rest = {key: one for key, one in item[name].items() if key not in known}
                within |= {name: rest} if rest else {}
    further = {name: value for name, value in item.items() if name not in properties}
    return record | {"extra_fields": further | within}


def _value(prop: Mapping[str, Any], value: Any) -> Any:
    kind = prop["type"][0]
    if kind == "array":
        return list(value.values()) if isinstance(value, dict) else value or []
    if kind == "object" or value is None:
        nested = prop.get("properties", {}).items()
        return {key: _value(of, value.get(key)) for key, of in nested} if value else None
    if "format" in prop:
        moment = datetime.fromisoformat(value).replace(tzinfo=None)
        return f"{moment.isoformat(timespec='microseconds')}Z"
    if kind == "string":
        text = isinstance(value, str)
        return value if text else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return {"integer": int, "boolean": bool, "number": float}[kind](value)

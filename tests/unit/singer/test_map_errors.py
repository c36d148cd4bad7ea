"""Errors of stream maps name the expression, and what it probably lacks."""

import importlib.util
import logging
from typing import Any

import pytest
from singer_sdk.mapper import PluginMapper

from tap_mihu.singer.map_errors import explain_map_error

RECORD: dict[str, Any] = {"uuid": "a", "name": "Ada", "email": None, "status": "Active"}
SCHEMA = {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in RECORD}}
HASHED = {"name": "sha256(config['salt'] + name)"}

FAILING: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "the field": (
        {"name": "name.upper()", "status": "int(name)", "email": "str(email)"},
        {},
        ["the expression of contacts.status failed on a record (ValueError)."],
    ),
    "a filter": ({"__filter__": "int(name) > 1", "name": "name"}, {}, ["contacts.__filter__"]),
    "equal expressions": (
        {"name": "int(name)", "status": "int(name) "},
        {},
        ["contacts.name or contacts.status"],
    ),
    "an unknown name": ({"name": "nobody_knows"}, {}, ["contacts.name", "nobody_knows"]),
    "no salt": (HASHED, {}, [": stream_map_config.salt is not set."]),
    "a salt that is null": (
        {"name": 'sha256(config.get( "salt") + name)'},
        {"stream_map_config": {"salt": None}},
        [": stream_map_config.salt is not set."],
    ),
    "another fault than the salt": (
        {"name": "sha256(config['salt'] + email)"},
        {"stream_map_config": {"salt": "of the sea"}},
        ["contacts.name failed on a record (TypeError)."],
    ),
}
if importlib.util.find_spec("faker") is None:
    seeded = {"faker_config": {"seed": 1}}
    FAILING["no faker"] = ({"name": "fake.name()"}, seeded, ["install tap-mihu[faker]"])


@pytest.mark.parametrize(("maps", "config", "words"), FAILING.values(), ids=FAILING)
def test_a_failing_map_is_explained(
    maps: dict[str, Any], config: dict[str, Any], words: list[str]
) -> None:
    settings = {"stream_maps": {"contacts": maps}, "stream_map_config": {}} | config
    mapper = PluginMapper(settings, logging.getLogger("test"))
    mapper.register_raw_stream_schema("contacts", SCHEMA, ["uuid"])
    (stream_map,) = mapper.stream_maps["contacts"]
    with pytest.raises(Exception) as error:  # noqa: PT011 - whatever an expression raises
        stream_map.transform(RECORD)
    text = explain_map_error(error.value, stream_map, settings)
    assert [word for word in words if word not in text] == []
    assert "Ada" not in text

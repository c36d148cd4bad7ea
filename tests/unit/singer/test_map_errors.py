"""Errors of stream maps name the expression, and what it probably lacks."""

import importlib.util
import logging
from typing import Any

import pytest
from singer_sdk.mapper import PluginMapper

from tap_mihu.singer.map_errors import explain_map_error

RECORD: dict[str, Any] = {"uuid": "a", "name": "Ada", "email": None, "status": "Active"}
SCHEMA = {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in RECORD}}


def explained(maps: dict[str, Any], **config: Any) -> str:  # noqa: ANN401 - any setting
    """What is said of maps that fail on the record."""
    settings = {"stream_maps": {"contacts": maps}, "stream_map_config": {}} | config
    mapper = PluginMapper(settings, logging.getLogger("test"))
    mapper.register_raw_stream_schema("contacts", SCHEMA, ["uuid"])
    (stream_map,) = mapper.stream_maps["contacts"]
    with pytest.raises(Exception) as error:  # noqa: PT011 - whatever an expression raises
        stream_map.transform(RECORD)
    text = explain_map_error(error.value, stream_map, settings)
    assert "Ada" not in text
    return text


def test_the_field_is_named() -> None:
    maps = {"name": "name.upper()", "status": "int(name)", "email": "str(email)"}
    assert "the expression of contacts.status failed on a record (ValueError)" in explained(maps)


def test_a_filter_is_named() -> None:
    assert "contacts.__filter__" in explained({"__filter__": "int(name) > 1", "name": "name"})


def test_equal_expressions_are_all_named() -> None:
    text = explained({"name": "int(name)", "status": "int(name) "})
    assert "contacts.name or contacts.status" in text


def test_an_unknown_name_is_named_too() -> None:
    text = explained({"name": "nobody_knows"})
    assert "contacts.name" in text
    assert "nobody_knows" in text


@pytest.mark.parametrize("config", ["config['salt']", 'config.get("salt")', "config[ 'salt' ]"])
@pytest.mark.parametrize("values", [{}, {"salt": None}])
def test_a_salt_that_is_not_set(config: str, values: dict[str, Any]) -> None:
    text = explained({"name": f"sha256({config} + name)"}, stream_map_config=values)
    assert "stream_map_config.salt is not set" in text


def test_a_salt_that_is_set_is_not_blamed() -> None:
    maps = {"name": "sha256(config['salt'] + email)"}
    assert "not set" not in explained(maps, stream_map_config={"salt": "of the sea"})


@pytest.mark.skipif(importlib.util.find_spec("faker") is not None, reason="the extra is here")
def test_the_extra_is_named_where_it_is_missing() -> None:
    assert "install tap-mihu[faker]" in explained({"name": "fake.name()"}, faker_config={"seed": 1})

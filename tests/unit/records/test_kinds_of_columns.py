"""Columns of every kind: what streams beside contacts need of record shaping."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_mihu.errors import MissingKeyError
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.shaping import InvalidValues, Shaper
from tap_mihu.singer.lines import LineFormat
from tap_mihu.singer.schema import stream_schema
from tap_mihu.streams import STREAMS, ContactsStream, PoolContactsStream
from tests.e2e.expected import FORMATS

FURTHER = [stream for stream in STREAMS if stream is not ContactsStream]
NAMES = [stream.name for stream in FURTHER]
NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)


def shaper_of(name: str) -> Shaper:
    (stream,) = [stream for stream in FURTHER if stream.name == name]
    given = {"pool_uuid": "p"} if stream is PoolContactsStream else None
    schema = stream_schema(name)
    return Shaper(schema, extra_fields=stream.extra_fields, row=stream.row, given=given)


def shaped(name: str, fields: dict[str, Any], invalid: InvalidValues | None = None) -> Any:  # noqa: ANN401
    shaper = shaper_of(name)
    keyed = {shaper.row.key: "u"} | fields
    return shaper.shape(keyed, 1, InvalidValues() if invalid is None else invalid)


@pytest.mark.parametrize("stream", FURTHER, ids=NAMES)
def test_a_schema_is_what_any_target_takes(stream: Any) -> None:  # noqa: ANN401 - a class
    schema = stream_schema(stream.name)
    Draft202012Validator.check_schema(schema)
    assert "tried against a live workspace" in schema["description"]
    assert schema["required"] == [*stream.primary_keys]
    assert stream.row.key in schema["required"]
    for name, prop in schema["properties"].items():
        assert prop["description"].endswith(".")
        is_key, is_rest = name in stream.primary_keys, name == stream.extra_fields
        assert ("null" in prop["type"]) is not (is_key or is_rest), name
        timed = name.endswith(("_at", "_date")) or name == "timestamp"
        assert (prop.get("format") == "date-time") is timed, name
        assert "enum" not in prop


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_a_key_alone(name: str) -> None:
    record = shaped(name, {})
    assert Draft202012Validator(stream_schema(name)).is_valid(record)
    assert record["extra_fields"] == {}
    assert {one for one in record.values() if isinstance(one, str)} <= {"u", "p"}


INTEGERS = {
    "number": (7, 7),
    "text": (" 7 ", 7),
    "with a point": (Decimal("7.0"), 7),
    "negative": (-1, -1),
    "the largest": (2**63 - 1, 2**63 - 1),
    "beyond what a column holds": (2**63, None),
    "far beyond, as text": ("9" * 25, None),
    "a fraction": (Decimal("7.5"), None),
    "words": ("many", None),
    "boolean": (True, None),
    "empty text": ("", None),
    "list": ([7], None),
}
BOOLEANS = {
    "true": (True, True),
    "false": (False, False),
    "one": (1, True),
    "zero as text": ("0", False),
    "in words": ("True", True),
    "two": (2, None),
    "other words": ("on", None),
    "empty text": ("", None),
    "object": ({}, None),
}
NUMBERS = {
    "whole": (7, 7),
    "fraction": (Decimal("1.50"), Decimal("1.50")),
    "text": ("1.5", Decimal("1.5")),
    "none": ("NaN", None),
    "beyond reason": ("1e99999", None),
    "boolean": (True, None),
    "object": ({"a": 1}, None),
}


@pytest.mark.parametrize(
    ("name", "field", "sent", "becomes"),
    [
        *(("pools", "max_retries", *case) for case in INTEGERS.values()),
        *(("pools", "is_active", *case) for case in BOOLEANS.values()),
        *(("tasks", "priority", *case) for case in NUMBERS.values()),
    ],
)
def test_odd_values_become_the_type_of_the_column_or_null(
    name: str,
    field: str,
    sent: Any,  # noqa: ANN401 - any JSON
    becomes: Any,  # noqa: ANN401
) -> None:
    invalid = InvalidValues()
    record = shaped(name, {field: sent}, invalid)
    assert record[field] == becomes
    assert type(record[field]) is type(becomes)
    assert invalid == ({field: 1} if becomes is None else {})


TEXTS = {
    "null": (None, []),
    "list": (["a", "b"], ["a", "b"]),
    "numbers": ([7, True], ["7", "true"]),
    "nulls between": ([None, "a"], ["a"]),
    "objects": ([{"uuid": "a"}], ['{"uuid":"a"}']),
    "PHP's list with gaps": ({"1": "a", "3": "b"}, ["a", "b"]),
    "JSON text": ('["a","b"]', ["a", "b"]),
    "one alone": ("a", ["a"]),
    "empty text": ("", []),
    "false": (False, []),
}


@pytest.mark.parametrize(("sent", "become"), TEXTS.values(), ids=TEXTS)
def test_a_list_of_texts(sent: Any, become: list[str]) -> None:  # noqa: ANN401 - any JSON
    invalid = InvalidValues()
    assert shaped("conversations", {"session_uuids": sent}, invalid)["session_uuids"] == become
    assert not invalid


NO_AGENT: dict[str, object] = {
    "null": None,
    "PHP's empty list": [],
    "false": False,
    "empty text": "",
}


@pytest.mark.parametrize("sent", NO_AGENT.values(), ids=NO_AGENT)
def test_what_stands_for_no_object(sent: object) -> None:
    invalid = InvalidValues()
    assert shaped("calls", {"agent": sent}, invalid)["agent"] is None
    assert not invalid


@pytest.mark.parametrize("sent", ["Ada", 7, ["a"], True, "[1]"])
def test_what_is_no_object_becomes_null_and_is_counted(sent: object) -> None:
    invalid = InvalidValues()
    assert shaped("calls", {"agent": sent}, invalid)["agent"] is None
    assert invalid == {"agent": 1}


def test_an_object_has_the_fields_of_the_schema_and_the_rest_is_kept() -> None:
    call = {"duration": "61", "timestamp": "2025-06-01", "summary": 5, "cost": "0.12"}
    invalid = InvalidValues()
    record = shaped("conversations", {"call": call, "topic": "x", "contact": {}}, invalid)
    fields = stream_schema("conversations")["properties"]["call"]["properties"]
    assert record["call"] == dict.fromkeys(fields) | {
        "duration": 61,
        "timestamp": "2025-06-01T00:00:00.000000Z",
        "summary": "5",
    }
    assert record["extra_fields"] == {"topic": "x", "call": {"cost": "0.12"}}
    assert set(record["contact"].values()) == {None}
    assert not invalid
    record = shaped("conversations", {"call": json.dumps({"duration": "long"})}, invalid)
    assert record["call"] == dict.fromkeys(fields)
    assert invalid == {"call.duration": 1}


def test_what_is_given_counts_over_what_is_sent() -> None:
    record = shaped("pool_contacts", {"pool_uuid": "another", "contact_uuid": 7})
    assert (record["pool_uuid"], record["contact_uuid"]) == ("p", "7")
    with pytest.raises(MissingKeyError) as error:
        shaper_of("pool_contacts").shape({"uuid": "u"}, 3, InvalidValues())
    assert (error.value.key, error.value.position) == ("contact_uuid", 3)


any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
    | st.sampled_from(["7", "1.5", "true", "2025-06-01T10:00:00Z", "0000-00-00", "[]", '{"a":1}']),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["uuid", "name", "duration", "x", "0"]), inner)
    ),
    max_leaves=6,
)


@given(st.sampled_from(NAMES), st.data())
def test_any_page_becomes_valid_records_the_same_on_both_ways(
    name: str, data: st.DataObject
) -> None:
    shaper, schema = shaper_of(name), stream_schema(name)
    fields = [*schema["properties"], "further"]
    item = st.dictionaries(st.sampled_from(fields), any_json)
    items = [
        item | {shaper.row.key: str(number)}
        for number, item in enumerate(data.draw(st.lists(item, max_size=3)))
    ]
    listing = {"current_page": 1, "last_page": 1, "total": 9, "data": items}
    body = json.dumps({"success": True, "data": listing}).encode()
    fast, plain = (
        PageDecoder(shaper, row_format=LineFormat(name), typed=typed).page(
            body, 1, served_at=NOW, received_at=NOW
        )
        for typed in (True, False)
    )
    assert fast == plain
    valid = Draft202012Validator(schema, format_checker=FORMATS)
    for row, sent in zip(plain.rows, items, strict=True):
        record = json.loads(row.payload)["record"]
        valid.validate(record)
        assert row.uuid == record[shaper.row.key] == sent[shaper.row.key]
        assert "further" not in sent or record["extra_fields"]["further"] == sent["further"]

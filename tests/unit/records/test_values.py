"""Values: what becomes of each field of each stream, whatever the API sends in it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_mihu.errors import MissingKeyError
from tap_mihu.singer.schema import stream_schema
from tests.e2e.expected import FORMATS
from tests.unit.records.decoded import (
    SHAPES,
    body_of,
    decoder_of,
    exactly,
    parsed,
    read,
    record_of,
    row_of,
    shaper_of,
)
from tests.unit.records.wild import an_object, cleaned, quoted, wild_json

UUID = "7f9c24e8-3b12-4fef-91e0-56a2d5a1c3b7"
FURTHER = [name for name in SHAPES if name != "contacts"]

Table = dict[str, Any]
"""By the JSON text that is sent, what it becomes."""

INVALID = object()
"""What becomes null and is counted."""
INTEGERS: Table = {
    "7": 7,
    '" 7 "': 7,
    "7.0": 7,
    str(-(2**63)): -(2**63),
    str(2**63 - 1): 2**63 - 1,
    str(2**63): INVALID,
    f'"{-(2**63) - 1}"': INVALID,
    "7.5": INVALID,
    "true": INVALID,
    '""': INVALID,
}
BOOLEANS: Table = {
    "true": True,
    "false": False,
    "1": True,
    '"0"': False,
    '"True"': True,
    "2": INVALID,
    '"on"': INVALID,
}
NUMBERS: Table = {
    "7": 7,
    "1.50": exactly("1.50"),
    '"1.5"': exactly("1.5"),
    '"NaN"': INVALID,
    '"1e99999"': INVALID,
    "true": INVALID,
    '{"a":1}': INVALID,
}
AS_SENT = (
    "[]",
    '[{"id":7,"name":"b"},{"uuid":"t","name":"a"}]',
    '[{"uuid":null,"id":null,"name":null},{},{"colour":{"r":1.50}}]',
    f'[{{"id":{10**30}}}]',
)
# Whatever PHP makes of a list.
TAGS: Table = {text: parsed(text) for text in AS_SENT} | {
    **{text: [] for text in ("null", "{}", '""', '" "', "false", '"[]"', '"null"')},
    f'[{{"id":"7"}},{{"id":7.0}},{{"id":"{10**29}"}}]': [{"id": 7}, {"id": 7}, {"id": 10**29}],
    '[null,"a",1,true]': [{"name": "a"}, {"name": "1"}, {"name": "true"}],
    '"a"': [{"name": "a"}],
    '"[VIP"': [{"name": "[VIP"}],
    '{"0":{"name":"a"},"2":{"name":"b"}}': [{"name": "a"}, {"name": "b"}],
    '{"vip":{"id":7},"new":{"id":8}}': [{"id": 7}, {"id": 8}],
    f'{{"{UUID}":{{"name":"a"}}}}': [{"uuid": UUID, "name": "a"}],
    f'{{"{UUID}":{{"uuid":"t"}}}}': [{"uuid": "t"}],
    f'{{"{UUID}":"a"}}': [{"uuid": UUID, "name": "a"}],
    '{"7":"a","12":"b"}': [{"id": 7, "name": "a"}, {"id": 12, "name": "b"}],
    '{"0":"a","2":"b"}': [{"name": "a"}, {"name": "b"}],
    '{"vip":"VIP","new":"New"}': [{"name": "VIP"}, {"name": "New"}],
    '{"id":7,"name":"a"}': [{"id": 7, "name": "a"}],
    '{"slug":"vip","of":[]}': [{"slug": "vip", "of": []}],
    r'"[{\"id\":7,\"name\":\"a\"}]"': [{"id": 7, "name": "a"}],
    r'" [\"a\",\"b\"]"': [{"name": "a"}, {"name": "b"}],
    r'"{\"7\":\"a\"}"': [{"id": 7, "name": "a"}],
}
LISTS: Table = {
    **{text: [] for text in ("null", '""', "false")},
    '["a",7,true,null,{"uuid":"a"}]': ["a", "7", "true", '{"uuid":"a"}'],
    '{"1":"a","3":"b"}': ["a", "b"],
    r'"[\"a\",\"b\"]"': ["a", "b"],
    '"a"': ["a"],
}
OBJECTS: Table = {
    **dict.fromkeys(("null", "[]", "false", '""')),
    **dict.fromkeys(('"Ada"', "7", '["a"]', "true", '"[1]"'), INVALID),
}
COLUMNS = (
    ("pools", "max_retries", INTEGERS),
    ("pools", "is_active", BOOLEANS),
    ("tasks", "priority", NUMBERS),
    ("contacts", "tags", TAGS),
    ("conversations", "session_uuids", LISTS),
    ("calls", "agent", OBJECTS),
)


def sent(name: str, field: str, value: str) -> str:
    """An item as JSON, with this value in a field."""
    return f'{{"{SHAPES[name].row.key}":"u","{field}":{value}}}'


@pytest.mark.parametrize(
    ("name", "field", "value", "becomes"),
    [(*column, *case) for *column, table in COLUMNS for case in table.items()],
)
def test_a_value_becomes_what_its_column_holds(
    name: str, field: str, value: str, becomes: object
) -> None:
    row = row_of(sent(name, field, value), name)
    expected = None if becomes is INVALID else becomes
    assert row.payload[field] == expected
    assert type(row.payload[field]) is type(expected)
    assert row.invalid == ((field,) if becomes is INVALID else ())


def test_what_is_invalid_within_is_counted() -> None:
    ids = ['"seven"', f'"{"7" * 31}"', "1E+30", "7.5", "true"]
    row = row_of(sent("contacts", "tags", "[" + ",".join(f'{{"id":{one}}}' for one in ids) + "]"))
    assert row.payload["tags"] == [{"id": None}] * 5
    assert row.invalid == ("tags.id",) * 5


def test_an_object_has_the_fields_of_the_schema_and_the_rest_is_kept() -> None:
    call = {"duration": "61", "timestamp": "2025-06-01", "summary": 5, "cost": "0.12"}
    item = {"uuid": "u", "call": call, "topic": "x", "contact": {}}
    row = row_of(json.dumps(item), "conversations")
    fields = stream_schema("conversations")["properties"]["call"]["properties"]
    assert row.payload["call"] == dict.fromkeys(fields) | {
        "duration": 61,
        "timestamp": "2025-06-01T00:00:00.000000Z",
        "summary": "5",
    }
    assert row.payload["extra_fields"] == {"topic": "x", "call": {"cost": "0.12"}}
    assert set(row.payload["contact"].values()) == {None}
    assert not row.invalid
    row = row_of(sent("conversations", "call", r'"{\"duration\":\"long\"}"'), "conversations")
    assert (row.payload["call"], row.invalid) == (dict.fromkeys(fields), ("call.duration",))


def test_what_is_given_counts_over_what_is_sent() -> None:
    record = record_of('{"pool_uuid":"another","contact_uuid":7}', "pool_contacts")
    assert (record["pool_uuid"], record["contact_uuid"]) == ("p", "7")
    with pytest.raises(MissingKeyError) as error:
        read(decoder_of("pool_contacts"), body_of('[{"contact_uuid":"a"},{"uuid":"u"}]'))
    assert (error.value.key, error.value.position) == ("contact_uuid", 2)


@pytest.mark.parametrize("name", FURTHER)
def test_a_schema_is_what_any_target_takes(name: str) -> None:
    stream, schema = SHAPES[name], stream_schema(name)
    Draft202012Validator.check_schema(schema)
    assert "tried against a live workspace" in schema["description"]
    assert schema["required"] == [*stream.primary_keys]
    assert stream.row.key in schema["required"]
    for field, prop in schema["properties"].items():
        assert prop["description"].endswith(".")
        is_key, is_rest = field in stream.primary_keys, field == stream.extra_fields
        assert ("null" in prop["type"]) is not (is_key or is_rest), field
        timed = field.endswith(("_at", "_date")) or field == "timestamp"
        assert (prop.get("format") == "date-time") is timed, field
        assert "enum" not in prop


values = wild_json | quoted(st.sampled_from(["7", "1.5", "true", "2025-06-01", "[]", '{"a":1}']))
values |= an_object(quoted(st.sampled_from(["uuid", "name", "duration", "x", "0"])), values)


@given(st.sampled_from(FURTHER), st.data())
def test_any_page_becomes_valid_records_the_same_on_both_ways(
    name: str, data: st.DataObject
) -> None:
    shaper, schema = shaper_of(name), stream_schema(name)
    fields = quoted(st.sampled_from([*schema["properties"], "further"]))
    items = [
        f'{item[:-1]}{"," * (item != "{}")}"{shaper.row.key}":"{number}"}}'
        for number, item in enumerate(data.draw(st.lists(an_object(fields, values), max_size=3)))
    ]
    body = body_of("[" + ",".join(items) + "]")
    fast, plain = (read(decoder_of(name, typed=typed), body) for typed in (True, False))
    assert fast == plain
    valid = Draft202012Validator(schema, format_checker=FORMATS)
    for number, (row, item) in enumerate(zip(plain.rows, items, strict=True)):
        valid.validate(json.loads(row.payload)["record"])
        record = parsed(row.payload)["record"]
        assert row.uuid == record[shaper.row.key] == str(number)
        further = json.loads(item, parse_float=exactly, parse_constant=str).get("further")
        assert record["extra_fields"].get("further") == cleaned(further)

"""Record shaping: what becomes of each field, whatever the API sends in it."""

import json
import logging
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from singer_sdk.helpers._typing import conform_record_data_types
from singer_sdk.helpers.conform import TypeConformanceLevel

from tap_mihu.errors import MissingKeyError
from tap_mihu.records.shaping import InvalidValues, Shaper
from tap_mihu.records.timestamps import canonical
from tap_mihu.singer.schema import stream_schema
from tests.sandbox.data import STANDARD_FIELDS, TEXT_FIELDS, TIMESTAMP_FIELDS

SCHEMA = json.loads(files("tap_mihu.schemas").joinpath("contacts.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)
UUID = "7f9c24e8-3b12-4fef-91e0-56a2d5a1c3b7"
FIELDS = (*STANDARD_FIELDS, "custom_fields")


def shaped(fields: dict[str, Any], invalid: InvalidValues | None = None) -> dict[str, Any]:
    shaper = Shaper(SCHEMA, extra_fields="custom_fields")
    return shaper.shape({"uuid": "u"} | fields, 1, InvalidValues() if invalid is None else invalid)


def test_open_objects_are_declared_open() -> None:
    """A target made with the SDK drops keys that an object does neither name nor allow."""
    sent = {"custom_fields": {"Budget": "5"}, "tags": [{"name": "vip", "color": "red"}]}
    level = TypeConformanceLevel.RECURSIVE
    kept = conform_record_data_types("contacts", sent, SCHEMA, level, logging.getLogger())
    assert kept == sent


def test_a_contact_of_a_key_alone() -> None:
    empty: dict[str, Any] = dict.fromkeys(FIELDS)
    assert shaped({}) == empty | {"uuid": "u", "tags": [], "custom_fields": {}}


def test_a_contact_with_everything() -> None:
    sent = dict.fromkeys(TEXT_FIELDS, "Zoë 🐝") | {
        "created_at": "2025-11-25T10:00:00.000000Z",
        "updated_at": "2025-11-26T10:00:00.000000Z",
        "tags": [{"uuid": "t", "name": "VIP"}],
    }
    assert shaped(sent) == sent | {"custom_fields": {}}


# Text fields.

AS_TEXT = {
    "text": ("a", "a"),
    "empty text stays": ("", ""),
    "text of a number": ("007", "007"),
    "text of spaces": ("  ", "  "),
    "whole number": (5, "5"),
    "zero": (0, "0"),
    "number beyond 64 bits": (10**25, "1" + "0" * 25),
    "decimal places": (Decimal("1.50"), "1.50"),
    "true": (True, "true"),
    "false": (False, "false"),
    "null": (None, None),
}
AS_JSON_TEXT = {
    "object": {"a": [1, None, "ü"]},
    "empty object": {},
    "list": [{"b": True}, 2],
    "empty list": [],
}


@pytest.mark.parametrize(("sent", "becomes"), AS_TEXT.values(), ids=AS_TEXT)
def test_text(sent: Any, becomes: str | None) -> None:  # noqa: ANN401 - any JSON
    invalid = InvalidValues()
    assert shaped({"name": sent}, invalid)["name"] == becomes
    assert not invalid


@pytest.mark.parametrize("sent", AS_JSON_TEXT.values(), ids=AS_JSON_TEXT)
def test_text_of_what_holds_others(sent: object) -> None:
    text = shaped({"name": sent})["name"]
    assert isinstance(text, str)
    assert json.loads(text) == sent


@pytest.mark.parametrize("field", TEXT_FIELDS)
def test_every_text_field_takes_a_number(field: str) -> None:
    assert shaped({field: 12})[field] == "12"


# Timestamps.

NO_TIMESTAMPS = {
    "empty": "",
    "zero date": "0000-00-00 00:00:00",
    "Carbon's zero date": "-0001-11-30T00:00:00.000000Z",
    "words": "soon",
    "number": 1735689600,
    "number with decimals": Decimal("1735689600.5"),
    "boolean": True,
    "list": ["2025-11-25T10:00:00Z"],
    "object": {"date": "2025-11-25 10:00:00"},
}


@pytest.mark.parametrize("field", TIMESTAMP_FIELDS)
@pytest.mark.parametrize("sent", NO_TIMESTAMPS.values(), ids=NO_TIMESTAMPS)
def test_no_timestamp_becomes_null_and_is_counted(field: str, sent: object) -> None:
    invalid = InvalidValues()
    for _ in range(3):
        assert shaped({field: sent}, invalid)[field] is None
    assert invalid == {field: 3}


@pytest.mark.parametrize("sent", [{}, {"created_at": None}], ids=["missing", "null"])
def test_no_timestamp_at_all_is_not_odd(sent: dict[str, Any]) -> None:
    invalid = InvalidValues()
    assert shaped(sent, invalid)["created_at"] is None
    assert not invalid


@pytest.mark.parametrize("field", TIMESTAMP_FIELDS)
def test_timestamps_are_written_in_one_form(field: str) -> None:
    sent = {field: "2025-12-01 10:00:00 +03:00"}
    assert shaped(sent)[field] == "2025-12-01T07:00:00.000000Z"


# Tags.

TAGS = {
    "null": (None, []),
    "none": ([], []),
    "newer": ([{"uuid": "t", "name": "VIP"}], [{"uuid": "t", "name": "VIP"}]),
    "older": ([{"id": 7, "name": "VIP"}], [{"id": 7, "name": "VIP"}]),
    "both, in order": (
        [{"id": 7, "name": "b"}, {"uuid": "t", "name": "a"}],
        [{"id": 7, "name": "b"}, {"uuid": "t", "name": "a"}],
    ),
    "nulls in it": ([{"uuid": None, "name": None}], [{"uuid": None, "name": None}]),
    "id as text": ([{"id": "7"}], [{"id": 7}]),
    "long id as text": ([{"id": "9" * 30}], [{"id": int("9" * 30)}]),
    "id with a point": ([{"id": Decimal("7.0")}], [{"id": 7}]),
    "uuid as number": ([{"uuid": 7}], [{"uuid": "7"}]),
    "name as number": ([{"name": 7}], [{"name": "7"}]),
    "further keys": ([{"name": "a", "colour": {"r": 1}}], [{"name": "a", "colour": {"r": 1}}]),
    "PHP's list with gaps": (
        {"0": {"name": "a"}, "2": {"name": "b"}},
        [{"name": "a"}, {"name": "b"}],
    ),
    "one tag, not in a list": ({"id": 7, "name": "a"}, [{"id": 7, "name": "a"}]),
    "names": (["a", "b"], [{"name": "a"}, {"name": "b"}]),
    "a name": ("a", [{"name": "a"}]),
    "numbers": ([1, True], [{"name": "1"}, {"name": "true"}]),
    "null between": ([None, {"name": "a"}], [{"name": "a"}]),
    "keyed by key": ({"vip": {"id": 7}, "new": {"id": 8}}, [{"id": 7}, {"id": 8}]),
    "keyed by id": ({"7": {"id": 7, "name": "a"}}, [{"id": 7, "name": "a"}]),
    "keyed by uuid": ({UUID: {"name": "a"}}, [{"uuid": UUID, "name": "a"}]),
    "keyed by uuid, which it has": ({UUID: {"uuid": "t"}}, [{"uuid": "t"}]),
    "id to name": ({"7": "a", "12": "b"}, [{"id": 7, "name": "a"}, {"id": 12, "name": "b"}]),
    "uuid to name": ({UUID: "a"}, [{"uuid": UUID, "name": "a"}]),
    "key to name": ({"vip": "VIP", "new": "New"}, [{"name": "VIP"}, {"name": "New"}]),
    "names with gaps": ({"0": "a", "2": "b"}, [{"name": "a"}, {"name": "b"}]),
    "one tag with a list": ({"slug": "vip", "of": []}, [{"slug": "vip", "of": []}]),
    "JSON text": ('[{"id":7,"name":"a"}]', [{"id": 7, "name": "a"}]),
    "JSON text of names": (' ["a","b"]', [{"name": "a"}, {"name": "b"}]),
    "JSON text of id to name": ('{"7":"a"}', [{"id": 7, "name": "a"}]),
    "JSON text of none": ("[]", []),
    "JSON text of null": ("null", []),
    "a name that begins like a list": ("[VIP", [{"name": "[VIP"}]),
    "empty text": ("", []),
    "spaces": (" ", []),
    "false": (False, []),
    "empty object": ({}, []),
}


@pytest.mark.parametrize(("sent", "become"), TAGS.values(), ids=TAGS)
def test_tags(sent: Any, become: list[Any]) -> None:  # noqa: ANN401 - any JSON
    record = shaped({"tags": sent})
    assert record["tags"] == become
    assert VALID.is_valid(record)


@pytest.mark.parametrize("sent", ["seven", "7" * 31, Decimal("1E+30"), Decimal("7.5"), True])
def test_an_id_of_a_tag_that_is_no_number_is_counted(sent: object) -> None:
    invalid = InvalidValues()
    assert shaped({"tags": [{"id": sent, "name": "a"}]}, invalid)["tags"] == [
        {"id": None, "name": "a"}
    ]
    assert sum(invalid.values()) == 1


# Custom fields.

CUSTOM = {
    "text": {"Budget": "12"},
    "without a value": {"Budget": ""},
    "null": {"Budget": None},
    "number": {"Budget": Decimal("1.10")},
    "boolean": {"Newsletter": False},
    "object and list": {"Address": {"lines": ["a", {"b": None}]}},
    "empty object": {"Address": {}},
    "the field's own name": {"custom_fields": {"Budget": 1}},
    "the field's own name, null": {"custom_fields": None},
    "another case": {"Name": "a", "NAME": "b", "UUID": "c"},
    "a target's column": {"_sdc_deleted_at": "x", "_sdc_batched_at": "y"},
    "empty key": {"": 1},
    "spaces in the key": {" name": 1, "name ": 2},
    "quotes in the key": {'the "best" \\ one\n': 1},
    "other scripts": {"Bütçe": 1, "预算": 2, "💰": 3},
    "points": {"a.b": 1},
}


@pytest.mark.parametrize("sent", CUSTOM.values(), ids=CUSTOM)
def test_what_the_schema_does_not_name_is_gathered_as_sent(sent: dict[str, Any]) -> None:
    record = shaped({"name": "n"} | sent)
    assert record["custom_fields"] == sent
    assert record["name"] == "n"
    assert record.keys() == set(FIELDS)


# Columns of single custom fields.


COLUMNS: dict[str, tuple[dict[str, Any], str | None]] = {
    "missing": ({}, None),
    "null": ({"Plan": None}, None),
    "without a value": ({"Plan": ""}, ""),
    "text": ({"Plan": "gold"}, "gold"),
    "number": ({"Plan": 0}, "0"),
    "decimal places": ({"Plan": Decimal("1.50")}, "1.50"),
    "boolean": ({"Plan": False}, "false"),
    "list": ({"Plan": ["a", 1]}, '["a",1]'),
    "object": ({"Plan": {"a": None}}, '{"a":null}'),
    "another case": ({"plan": "gold"}, None),
}


@pytest.mark.parametrize(("sent", "becomes"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_of_a_custom_field(sent: dict[str, Any], becomes: str | None) -> None:
    schema = stream_schema("contacts", ["Plan"])
    shaper = Shaper(schema, extra_fields="custom_fields", columns=["Plan"])
    record = shaper.shape({"uuid": "u"} | sent, 1, InvalidValues())
    assert record["Plan"] == becomes
    assert record["custom_fields"] == sent, "it stays there"
    assert Draft202012Validator(schema).is_valid(record)


# The key.

NO_KEYS: dict[str, dict[str, Any]] = {
    "missing": {"name": "a"},
    "null": {"uuid": None},
    "empty": {"uuid": ""},
}


@pytest.mark.parametrize("sent", NO_KEYS.values(), ids=NO_KEYS)
def test_a_contact_without_key_is_named_by_its_place(sent: dict[str, Any]) -> None:
    with pytest.raises(MissingKeyError) as error:
        Shaper(SCHEMA, extra_fields="custom_fields").shape(sent, 17, InvalidValues())
    assert (error.value.key, error.value.position) == ("uuid", 17)


# Anything at all.

any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
any_contact = st.dictionaries(st.sampled_from(FIELDS) | st.text(), any_json, max_size=12)


@given(any_contact, any_json.filter(lambda uuid: uuid not in (None, "")))
def test_every_record_is_valid_and_nothing_is_lost(sent: dict[str, Any], uuid: object) -> None:
    sent = sent | {"uuid": uuid}
    invalid = InvalidValues()
    record = shaped(sent, invalid)
    assert VALID.is_valid(record)
    assert record.keys() == set(FIELDS)
    named = set(FIELDS) - {"custom_fields"}
    assert record["custom_fields"] == {k: v for k, v in sent.items() if k not in named}
    for field in TEXT_FIELDS:
        if sent.get(field) is None or isinstance(sent[field], str):
            assert record[field] == sent.get(field)
        else:
            read_back = json.loads(record[field], parse_float=Decimal)
            assert read_back == sent[field] or isinstance(sent[field], Decimal | dict | list)
    for field in TIMESTAMP_FIELDS:
        value = sent.get(field)
        assert record[field] == (canonical(value) if isinstance(value, str) else None)
        assert invalid[field] == (value is not None and record[field] is None)

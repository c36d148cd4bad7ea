"""Decoding: from the body of an answer to rows, the fast way and the plain way alike."""

import json
from collections.abc import Collection
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_mihu.errors import EnvelopeError, MissingKeyError, UnreadableBodyError
from tap_mihu.records import decoding
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.json_text import decode_json
from tap_mihu.records.pages import Page
from tap_mihu.records.shaping import Shaper
from tap_mihu.singer.lines import LineFormat
from tap_mihu.singer.schema import stream_schema
from tests.sandbox.clock import NOON as NOW

SCHEMA = json.loads(files("tap_mihu.schemas").joinpath("contacts.json").read_text("utf-8"))
VALID = Draft202012Validator(SCHEMA)
NAMED = set(SCHEMA["properties"]) - {"custom_fields"}
WAYS = pytest.mark.parametrize("typed", [True, False], ids=["fast", "plain"])


def page_decoder(
    *,
    typed: bool = True,
    since: str | None = None,
    columns: Collection[str] = (),
    **form: Any,  # noqa: ANN401
) -> PageDecoder:
    """A decoder of contacts."""
    schema = stream_schema("contacts", columns)
    shaper = Shaper(schema, extra_fields="custom_fields", columns=columns)
    return PageDecoder(
        shaper,
        is_due=(lambda _, updated_at: updated_at is None or updated_at >= since) if since else None,
        row_format=LineFormat("contacts", **form),
        typed=typed,
    )


def body_of(contacts: str, **counts: object) -> bytes:
    """An answer with this JSON text as its list of contacts."""
    numbers = json.dumps({"current_page": 1, "last_page": 1, "total": 1} | counts)
    return f'{{"success":true,"data":{numbers[:-1]},"data":{contacts}}}}}'.encode()


def read(decoder: PageDecoder, body: bytes, number: int = 1) -> Page:
    return decoder.page(body, number, served_at=NOW, received_at=NOW)


def parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read strict JSON, and every number as exactly as it was written."""
    return json.loads(line, parse_float=exactly, parse_constant=_refuse)


def exactly(number: str) -> object:
    value = Decimal(number)
    return ("number", str(value)) if value.as_tuple().exponent else int(value)


def _refuse(constant: str) -> None:
    pytest.fail(f"{constant} is not JSON")


def record_of(contact: str, *, typed: bool) -> Any:  # noqa: ANN401 - any JSON
    """The record of one contact, once all its keys are known."""
    decoder = page_decoder(typed=typed)
    body = body_of(f"[{contact}]")
    first, second = (read(decoder, body).rows[0].payload for _ in range(2))
    assert parsed(first) == parsed(second)
    return parsed(second)["record"]


# A body that is none.

BROKEN = {
    "empty": (b"", "empty"),
    "white": (b" \n", "empty"),
    "HTML": (b"<!DOCTYPE html><p>Sign in", "HTML"),
    "HTML after space": (b"\n <html>", "HTML"),
    "cut off": (body_of('[{"uuid":"a"}]')[:-3], "not JSON"),
    "cut in a text": (b'{"success":true,"data":{"data":[{"uuid":"a', "not JSON"),
    "more behind": (body_of("[]") + b"}", "not JSON"),
    "words": (b"Service Unavailable", "not JSON"),
    "no UTF-8 outside of a text": (body_of("[]").replace(b":", b"\xff:", 1), "not JSON"),
    "a control character outside of a text": (body_of("[]").replace(b":", b"\x01:", 1), "not JSON"),
    "cut in a text with a control character": (
        b'{"success":true,"data":{"data":[{"uuid":"a\x01',
        "not JSON",
    ),
    "endless nesting": (b"[" * 200_000, "not JSON"),
}


@WAYS
@pytest.mark.parametrize(("body", "cause"), BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_worth_asking_again(body: bytes, cause: str, *, typed: bool) -> None:
    with pytest.raises(UnreadableBodyError, match=cause):
        read(page_decoder(typed=typed), body)


@WAYS
def test_a_page_that_was_not_asked_for(*, typed: bool) -> None:
    body = body_of('[{"uuid":"a"}]', current_page=1, last_page=5)
    with pytest.raises(UnreadableBodyError, match="page"):
        read(page_decoder(typed=typed), body, 2)


@WAYS
def test_the_last_page_may_stand_for_one_beyond_it(*, typed: bool) -> None:
    body = body_of('[{"uuid":"a"}]', current_page=3, last_page=3, total=31)
    page = read(page_decoder(typed=typed), body, 4)
    assert (page.number, page.last_page, page.total) == (4, 3, 31)


# What JSON allows, and what servers send beyond it.

NUMBERS = {
    "decimals as sent": ("1.10", exactly("1.10")),
    "negative zero": ("-0.0", exactly("-0.0")),
    "many digits": ("0.1234567890123456789012345", exactly("0.1234567890123456789012345")),
    "beyond a double": ("1e400", exactly("1e400")),
    "small beyond a double": ("1e-400", exactly("1e-400")),
    "beyond 64 bits": ("18446744073709551616", 2**64),
    "negative beyond 64 bits": ("-9223372036854775809", -(2**63) - 1),
    "of 100 digits": ("7" * 100, int("7" * 100)),
}
CONSTANTS = ["NaN", "Infinity", "-Infinity"]


@WAYS
@pytest.mark.parametrize(("sent", "value"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_survive(sent: str, value: object, *, typed: bool) -> None:
    record = record_of(f'{{"uuid":"a","x":{sent},"y":[{sent}]}}', typed=typed)
    assert record["custom_fields"] == {"x": value, "y": [value]}
    record = record_of(f'{{"uuid":"a","name":{sent},"x":{sent}}}', typed=typed)
    assert record["custom_fields"] == {"x": value}
    assert str(Decimal(record["name"])) == str(Decimal(sent))


BEYOND_REASON = {
    "long": "7" * 5000,
    "negative and long": "-" + "7" * 4301,
    "long behind the point": "0." + "7" * 5000,
    "large": "1e5000",
    "beyond PostgreSQL": "1e131072",
    "small": "1E-16384",
    "beyond decimals": "1e99999999999999999999",
}


@WAYS
@pytest.mark.parametrize("sent", BEYOND_REASON.values(), ids=BEYOND_REASON)
def test_numbers_that_no_target_holds_become_text(sent: str, *, typed: bool) -> None:
    record = record_of(f'{{"uuid":"a","x":{sent},"y":[{sent}],"name":{sent}}}', typed=typed)
    assert record["custom_fields"] == {"x": sent, "y": [sent]}
    assert record["name"] == sent


@WAYS
@pytest.mark.parametrize(
    "sent",
    ["7" * 4300, "0." + "7" * 4298, "1e4000", "-1.5e-4000"],
    ids=["long", "long behind the point", "large", "small"],
)
def test_numbers_that_targets_hold_stay_numbers(sent: str, *, typed: bool) -> None:
    (value,) = record_of(f'{{"uuid":"a","x":{sent}}}', typed=typed)["custom_fields"].values()
    assert value == exactly(sent)


@WAYS
@pytest.mark.parametrize("sent", CONSTANTS)
def test_what_is_no_number_becomes_text(sent: str, *, typed: bool) -> None:
    record = record_of(f'{{"uuid":"a","name":{sent},"x":[{sent}]}}', typed=typed)
    assert record["name"] == sent
    assert record["custom_fields"] == {"x": [sent]}


TEXTS = {
    "escaped NUL": (r"a\u0000b", "a\ufffdb"),
    "lone high surrogate": (r"a\ud83db", "a\ufffdb"),
    "lone low surrogate": (r"a\uDE00b", "a\ufffdb"),
    "pair the wrong way round": (r"\ude00\ud83d", "\ufffd\ufffd"),
    "high before a pair": (r"\ud83d\ud83d\ude00", "\ufffd😀"),
    "pair": (r"\ud83d\ude00", "😀"),
    "raw emoji": ("😀 ğ 中", "😀 ğ 中"),
    "backslash before what looks like NUL": (r"\\u0000", r"\u0000"),
    "backslash before what looks like a half": (r"\\ud83d\ude00", "\\ud83d\ufffd"),
    "replacement character": ("\ufffd", "\ufffd"),
    "other control characters": (r"\u0001\b\u007f", "\x01\b\x7f"),
    "no characters": ("\ufeff\uffff", "\ufeff\uffff"),
}


@WAYS
@pytest.mark.parametrize(("sent", "becomes"), TEXTS.values(), ids=TEXTS)
def test_what_no_database_stores_is_replaced(sent: str, becomes: str, *, typed: bool) -> None:
    ordinary = f'"name":"{sent}","tags":[{{"name":"{sent}"}}],"x":{{"{sent}":["{sent}"]}}'
    record = record_of(f'{{"uuid":"a",{ordinary}}}', typed=typed)
    assert record["name"] == becomes
    assert record["tags"] == [{"name": becomes}]
    assert record["custom_fields"] == {"x": {becomes: [becomes]}}


@WAYS
@pytest.mark.parametrize(("sent", "becomes"), TEXTS.values(), ids=TEXTS)
def test_it_is_replaced_everywhere(sent: str, becomes: str, *, typed: bool) -> None:
    contact = f'{{"uuid":"{sent}","k{sent}":"{sent}","surname":["{sent}"],"tags":["{sent}"]}}'
    record = record_of(contact, typed=typed)
    assert record["uuid"] == becomes
    assert json.loads(record["surname"]) == [becomes]
    assert record["tags"] == [{"name": becomes}]
    assert record["custom_fields"] == {f"k{becomes}": becomes}


RAW = {
    "start of heading": (b"Ada\x01", "Ada\ufffd"),
    "NUL": (b"A\x00da", "A\ufffdda"),
    "line feed": (b"Ada\nLovelace", "Ada\ufffdLovelace"),
    "tab behind a backslash": (b"Ada\\\tL", "Ada\ufffdL"),
    "beside an escaped one": (b'\\n\n\\\\\n\\"\n', '\n\ufffd\\\ufffd"\ufffd'),
    "Latin 1": (b"Andr\xe9", "Andr\ufffd"),
    "a cut character": (b"Andr\xc3", "Andr\ufffd"),
    "beside a character": ("é\ud800".encode("utf-8", "surrogatepass") + b"\xff\x02", None),
}


@WAYS
@pytest.mark.parametrize(("sent", "becomes"), RAW.values(), ids=RAW)
def test_what_json_forbids_inside_a_text_is_replaced(
    sent: bytes, becomes: str | None, *, typed: bool
) -> None:
    body = body_of('[{"uuid":"a","name":"?","a?":{"b?":["?"]}}]').replace(b"?", sent)
    (row,) = read(page_decoder(typed=typed), body).rows
    record = parsed(row.payload)["record"]
    name = record["name"]
    assert becomes is None or name == becomes
    assert becomes or name[0] == "é"
    assert set(name[1:]) >= {"\ufffd"}
    assert record["custom_fields"] == {f"a{name}": {f"b{name}": [name]}}


@WAYS
def test_keys_with_what_json_forbids_stay_apart(*, typed: bool) -> None:
    contact = '[{"uuid":"a","k1":1,"k2":2,"k3":3}]'
    body = body_of(contact).replace(b"k1", b"k\x01").replace(b"k2", b"k\xff")
    (row,) = read(page_decoder(typed=typed), body).rows
    fields = parsed(row.payload)["record"]["custom_fields"]
    assert sorted(fields.values()) == [1, 2, 3]
    assert fields["k3"] == 3


@WAYS
def test_contacts_that_come_keyed(*, typed: bool) -> None:
    """As PHP sends a list whose keys do not begin at 0."""
    decoder = page_decoder(typed=typed)
    body = body_of('{"100":{"uuid":"a","x":1},"101":{"uuid":"b","x":2}}')
    assert [row.uuid for row in read(decoder, body).rows] == ["a", "b"]
    assert not read(decoder, body_of("{}")).rows


def test_decoding_alone_replaces_too() -> None:
    assert decode_json(rb'{"\u0000":["\ud800",1.50]}') == {"\ufffd": ["\ufffd", Decimal("1.50")]}


def test_a_byte_order_mark_is_no_fault() -> None:
    page = read(page_decoder(), b"\xef\xbb\xbf" + body_of('[{"uuid":"a"}]'))
    assert [row.uuid for row in page.rows] == ["a"]


DEEP = {
    "lists": ("[", "]"),
    "objects": ('{"a":', "}"),
    "with siblings": ('[0,"]",{"[":', "}]"),
    "with quotes": ('["\\\\\\"[\\\\",', "]"),
}


@WAYS
@pytest.mark.parametrize("depth", [100, 240, 480, 20_000])
@pytest.mark.parametrize(("opening", "closing"), DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("inside", ["1", r'"\u0000"', r'"\ud800"'])
def test_deep_nesting_loses_nothing(
    depth: int, opening: str, closing: str, inside: str, *, typed: bool
) -> None:
    nested = opening * depth + inside + closing * depth
    body = body_of(f'[{{"uuid":"a","name":{nested},"x":{nested}}},{{"uuid":"b","y":[]}}]')
    first, second = read(page_decoder(typed=typed), body).rows
    assert parsed(second.payload)["record"]["custom_fields"] == {"y": []}
    value = innermost = json.loads(first.payload)["record"]["custom_fields"]["x"]
    while isinstance(innermost, dict | list):
        innermost = list(innermost.values() if isinstance(innermost, dict) else innermost)[-1]
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if innermost in (1, "\ufffd"):
        assert written == nested.replace(inside, inside if inside == "1" else '"\ufffd"')
    else:
        assert depth > 100
        assert written.replace(json.dumps(innermost, ensure_ascii=False), innermost) == nested


@WAYS
def test_nesting_that_never_ends_is_no_json(*, typed: bool) -> None:
    with pytest.raises(UnreadableBodyError, match="not JSON"):
        read(page_decoder(typed=typed), body_of('[{"uuid":"a","x":' + "[" * 5000 + "}]"))


@WAYS
@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ((r"\u0000", r"\ud800", r"\udfff"), ["\ufffd", "\ufffd" * 2, "\ufffd" * 3]),
        (
            (r"a\ud800", "a\ufffd", r"a\u0000"),
            ["a\ufffd" * 1 + "\ufffd", "a\ufffd", "a" + "\ufffd" * 3],
        ),
    ],
)
def test_keys_that_become_equal_stay_apart(
    sent: tuple[str, ...], kept: list[str], *, typed: bool
) -> None:
    fields = ",".join(f'"{key}":{number}' for number, key in enumerate(sent))
    expected = {key: number for number, key in enumerate(kept)}
    record = record_of(
        f'{{"uuid":"a",{fields},"x":{{{fields}}},"tags":[{{{fields}}}]}}', typed=typed
    )
    assert record["custom_fields"] == {**expected, "x": expected}
    assert record["tags"] == [expected]


@WAYS
def test_of_a_key_sent_twice_the_last_counts(*, typed: bool) -> None:
    contact = '{"uuid":"a","uuid":"b","name":1,"name":"n","x":1,"x":2,"tags":[{"id":1,"id":2}]}'
    record = record_of(contact, typed=typed)
    assert (record["uuid"], record["name"]) == ("b", "n")
    assert (record["tags"], record["custom_fields"]) == ([{"id": 2}], {"x": 2})


KEYS = {
    "the field's own name": "custom_fields",
    "empty": "",
    "quotes": 'the "best"',
    "backslash": "a\\b",
    "control character": "a\nb\x01",
    "other script": "预算",
    "emoji": "💰",
    "another case": "Name",
    "spaces": " name ",
    "a target's column": "_sdc_deleted_at",
    "a Python word": "class",
    "dunder": "__class__",
    "point": "a.b",
    "a million": "k" * 1_000_000,
}


@WAYS
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_any_key_of_a_custom_field(key: str, *, typed: bool) -> None:
    record = record_of(json.dumps({"uuid": "a", key: [1, ""]}), typed=typed)
    assert record["custom_fields"] == {key: [1, ""]}


def test_custom_fields_that_were_seen_once_are_decoded_the_fast_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoder, body = page_decoder(), body_of('[{"uuid":"a","x":1}]')
    (slow,) = read(decoder, body).rows
    monkeypatch.setattr(decoding, "plain_rows", None)
    (fast,) = read(decoder, body).rows
    assert parsed(fast.payload) == parsed(slow.payload)


@WAYS
def test_thousands_of_custom_fields(*, typed: bool) -> None:
    sent = {f"field {number}": number for number in range(3000)}
    record = record_of(json.dumps({"uuid": "a"} | sent), typed=typed)
    assert record["custom_fields"] == sent


@WAYS
def test_a_custom_field_that_comes_and_goes(*, typed: bool) -> None:
    decoder = page_decoder(typed=typed)
    contacts: list[dict[str, Any]] = [
        {"uuid": "a"},
        {"uuid": "b", "x": ""},
        {"uuid": "c"},
        {"uuid": "d", "y": None},
    ]
    for _ in range(2):
        for contact in contacts:
            (row,) = read(decoder, body_of(json.dumps([contact]))).rows
            further = {key: value for key, value in contact.items() if key != "uuid"}
            assert parsed(row.payload)["record"]["custom_fields"] == further


@WAYS
def test_columns_of_custom_fields(*, typed: bool) -> None:
    columns = ("plan", "seats", 'the "best"')
    decoder = page_decoder(typed=typed, columns=columns, without=frozenset({"seats"}))
    sent = [{"uuid": "a", "plan": "gold", "seats": 5, 'the "best"': 1}, {"uuid": "b", "plan": 7}]
    for _ in range(2):
        rows = read(decoder, body_of(json.dumps(sent))).rows
        first, second = (parsed(row.payload)["record"] for row in rows)
        assert (first["plan"], first['the "best"']) == ("gold", "1")
        assert (second["plan"], second['the "best"']) == ("7", None)
        assert "seats" not in first.keys() | second.keys()
        assert first["custom_fields"] == {k: v for k, v in sent[0].items() if k != "uuid"}


TAGS = {
    "newer": '[{"uuid":"t","name":"VIP"}]',
    "older": '[{"id":7,"name":"VIP"}]',
    "further keys": '[{"uuid":"t","name":"VIP","colour":"#fff","order":1.50}]',
    "nulls": '[{"uuid":null,"id":null,"name":null}]',
    "nothing in it": "[{}]",
    "beyond 64 bits": '[{"id":123456789012345678901234567890}]',
}


@WAYS
@pytest.mark.parametrize("sent", TAGS.values(), ids=TAGS)
def test_nothing_of_a_tag_is_lost(sent: str, *, typed: bool) -> None:
    record = record_of(f'{{"uuid":"a","tags":{sent}}}', typed=typed)
    assert record["tags"] == parsed(sent.encode())


@WAYS
@pytest.mark.parametrize("fields", ["", ',"tags":null', ',"tags":[]'])
def test_without_tags_the_list_is_empty(fields: str, *, typed: bool) -> None:
    assert record_of(f'{{"uuid":"a"{fields}}}', typed=typed)["tags"] == []


# Rows and lines.


@WAYS
@pytest.mark.parametrize("version", [None, 1_700_000_000])
def test_a_row_carries_its_message(version: int | None, *, typed: bool) -> None:
    contact = {
        "uuid": "a",
        "created_at": "2025-06-01 10:00:00",
        "updated_at": "2025-06-02T10:00:00Z",
        "Budget": "",
    }
    decoder = page_decoder(typed=typed, version=version)
    for _ in range(2):
        (row,) = read(decoder, body_of(json.dumps([contact]))).rows
        times = ("2025-06-01T10:00:00.000000Z", "2025-06-02T10:00:00.000000Z")
        assert (row.uuid, row.created_at, row.updated_at) == ("a", *times)
        assert row.payload.index(b"\n") == len(row.payload) - 1
        message = parsed(row.payload)
        record = message.pop("record")
        assert message == {
            "type": "RECORD",
            "stream": "contacts",
            "time_extracted": NOW.isoformat(),
        } | ({} if version is None else {"version": version})
        assert (record["created_at"], record["updated_at"]) == times
        assert record["custom_fields"] == {"Budget": ""}


def test_without_a_form_of_lines_a_row_carries_its_record() -> None:
    decoder = PageDecoder(Shaper(SCHEMA, extra_fields="custom_fields"))
    (row,) = read(decoder, body_of('[{"uuid":5,"x":1}]')).rows
    assert (row.uuid, row.payload["uuid"], row.payload["custom_fields"]) == ("5", "5", {"x": 1})


@WAYS
def test_only_contacts_that_are_due_carry_something(*, typed: bool) -> None:
    times = {
        "before": "2025-06-01T09:59:59.999999Z",
        "at": "2025-06-01T10:00:00Z",
        "after": "2025-06-01 13:00:00+00:00",
        "none": None,
        "odd": "soon",
    }
    contacts = [{"uuid": name, "updated_at": time} for name, time in times.items()]
    decoder = page_decoder(typed=typed, since="2025-06-01T10:00:00.000000Z")
    rows = read(decoder, body_of(json.dumps(contacts))).rows
    assert [row.uuid for row in rows] == list(times)
    assert [row.uuid for row in rows if row.payload] == ["at", "after", "none", "odd"]


@WAYS
@pytest.mark.parametrize("other", ['"x"', "5"])
def test_a_row_names_its_odd_fields(other: str, *, typed: bool) -> None:
    decoder = page_decoder(typed=typed)
    contacts = (
        f'[{{"uuid":"a","created_at":""}},{{"uuid":"b","created_at":{other},"updated_at":"x"}}]'
    )
    rows = read(decoder, body_of(contacts)).rows
    assert [row.invalid for row in rows] == [("created_at",), ("created_at", "updated_at")]


@WAYS
@pytest.mark.parametrize("without", ['{"name":"x"}', '{"uuid":null}', '{"uuid":""}'])
def test_a_contact_without_key_is_named_by_its_place(without: str, *, typed: bool) -> None:
    with pytest.raises(MissingKeyError) as error:
        read(page_decoder(typed=typed), body_of(f'[{{"uuid":"a"}},{{"uuid":"b"}},{without}]'))
    assert error.value.position == 3


# Both ways give the same, and neither loses anything.

wild_text = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", "a\x00", "\ud83d", "\ude00\ud83d", "\\u0000", '"', "\\", "😀", "2025-06-01T10:00:00Z"]
)
wild_number = (
    st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps)
    | st.sampled_from(["1e400", "-1E-400", "1.10", "-0", "-0.0", "7" * 40, "1.0", *CONSTANTS])
)


@st.composite
def quoted(draw: st.DrawFn, text: st.SearchStrategy[str] = wild_text) -> str:
    """A text as JSON; raw characters only where UTF-8 has them."""
    value = draw(text)
    escaped = json.dumps(value)
    raw = json.dumps(value, ensure_ascii=False)
    has_half = any("\ud800" <= character <= "\udfff" for character in value)
    return escaped if has_half or draw(st.booleans()) else raw


def an_object(
    keys: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """An object as JSON; a key may come twice."""
    pairs = st.lists(st.tuples(keys, values).map(":".join), max_size=4)
    return pairs.map(lambda pairs: "{" + ",".join(pairs) + "}")


def a_list(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda values: "[" + ",".join(values) + "]")


wild_json = st.recursive(
    st.sampled_from(["null", "true", "false"]) | wild_number | quoted(),
    lambda inner: a_list(inner) | an_object(quoted(), inner),
    max_leaves=5,
)
timestamps = quoted(
    st.sampled_from(
        ["2025-06-01T10:00:00.000000Z", "2025-05-31 10:00:00", "2025-06-01", "", "0000-00-00"]
    )
)
tag_keys = st.sampled_from(['"uuid"', '"name"'])
tags = a_list(an_object(tag_keys, quoted() | st.just("null")) | st.just('{"id":7}'))
odd_tags = a_list(an_object(tag_keys | st.sampled_from(['"id"', '"x"']), wild_json))
WILD_COLUMNS = ("Budget", "x", '"', "a\\", "预算", "never sent")
custom_keys = quoted(
    st.sampled_from(["Budget", "x", "y", "custom_fields", "Name", "", '"', "a\\", "\n", "预算"])
)


@st.composite
def wild_contacts(draw: st.DrawFn, *, odd: bool) -> str:
    """A contact as JSON text; odd ones have values of types that the API does not document."""
    anything = wild_json if odd else st.just("null")
    pairs = [("uuid", draw(quoted(st.sampled_from("abcdefgh")) | (wild_json if odd else quoted())))]
    pairs += [
        (field, draw(quoted() | anything))
        for field in sorted(NAMED - {"uuid", "tags", "created_at", "updated_at"})
        if draw(st.integers(0, 3)) == 0
    ]
    pairs += [(f, draw(timestamps | anything)) for f in ("created_at", "updated_at")]
    if draw(st.booleans()):
        pairs.append(("tags", draw(tags | (odd_tags if odd else anything) | anything)))
    texts = [f'"{field}":{value}' for field, value in pairs]
    texts += [
        f"{draw(custom_keys | quoted())}:{draw(quoted() | wild_json)}"
        for _ in range(draw(st.integers(0, 3)))
    ]
    return "{" + ",".join(draw(st.permutations(texts))) + "}"


pages = st.lists(wild_contacts(odd=False), max_size=4) | st.lists(
    wild_contacts(odd=False) | wild_contacts(odd=True), max_size=4
)
runs = st.lists(pages, min_size=1, max_size=4)

Outcome = list[tuple[Any, ...]] | tuple[type[Exception], str]


def outcome(decoder: PageDecoder, body: bytes) -> Outcome:
    try:
        page = read(decoder, body)
    except (EnvelopeError, MissingKeyError, UnreadableBodyError) as error:
        return type(error), str(error)
    return [
        (row.uuid, row.created_at, row.updated_at, row.invalid, row.payload and parsed(row.payload))
        for row in page.rows
    ]


@given(
    runs,
    st.sampled_from([None, "2025-06-01T00:00:00.000000Z"]),
    st.frozensets(st.sampled_from(sorted({*SCHEMA["properties"], *WILD_COLUMNS} - {"uuid"}))),
    st.sets(st.sampled_from(WILD_COLUMNS)),
)
def test_both_ways_give_the_same_rows(
    run: list[list[str]], since: str | None, without: frozenset[str], columns: set[str]
) -> None:
    without -= {*WILD_COLUMNS} - columns
    fast, plain = (
        page_decoder(typed=typed, since=since, without=without, columns=sorted(columns))
        for typed in (True, False)
    )
    for contacts in run:
        body = body_of(f"[{','.join(contacts)}]")
        for _ in range(2):  # the second time all keys are known
            assert outcome(fast, body) == outcome(plain, body)


def as_in_file(message: Any) -> Any:  # noqa: ANN401 - any JSON
    """What a RECORD message comes to in a file."""
    metadata = {"_sdc_extracted_at": message["time_extracted"]}
    if "version" in message:
        metadata["_sdc_table_version"] = message["version"]
    return metadata | message["record"]


@given(
    runs,
    st.sampled_from([None, 1_700_000_000]),
    st.frozensets(st.sampled_from(sorted({*SCHEMA["properties"]} - {"uuid"}))),
    st.sets(st.sampled_from(WILD_COLUMNS)),
    st.booleans(),
)
def test_a_file_has_the_records_of_the_messages(
    run: list[list[str]],
    version: int | None,
    without: frozenset[str],
    columns: set[str],
    typed: bool,  # noqa: FBT001
) -> None:
    form: dict[str, Any] = {"typed": typed, "version": version, "without": without}
    messages, files = (
        page_decoder(columns=sorted(columns), in_file=in_file, **form) for in_file in (False, True)
    )
    for contacts in run:
        body = body_of(f"[{','.join(contacts)}]")
        expected, found = outcome(messages, body), outcome(files, body)
        if isinstance(expected, list):
            expected = [(*rest, as_in_file(message)) for *rest, message in expected]
        assert found == expected


def cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """What the contract replaces in a value."""
    if isinstance(value, str):
        return "".join(
            c if c != "\0" and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in value
        )
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(one) for key, one in value.items()}
    return value


@given(pages, st.booleans())
def test_records_are_valid_and_whole_and_in_order(contacts: list[str], typed: bool) -> None:  # noqa: FBT001
    sent = [json.loads(text, parse_float=exactly, parse_constant=str) for text in contacts]
    body = body_of(f"[{','.join(contacts)}]")
    decoder = page_decoder(typed=typed)
    if any(contact["uuid"] in (None, "") for contact in sent):
        with pytest.raises(MissingKeyError):
            read(decoder, body)
        return
    for _ in range(2):
        rows = read(decoder, body).rows
        assert len(rows) == len(sent)
        for row, contact in zip(rows, sent, strict=True):
            record = parsed(row.payload)["record"]
            assert VALID.is_valid(json.loads(row.payload)["record"])
            further = {key: one for key, one in contact.items() if key not in NAMED}
            assert record["custom_fields"] == cleaned(further)
            assert row.uuid == record["uuid"]
            for field in NAMED - {"tags", "created_at", "updated_at"}:
                value = contact.get(field)
                if value is None or isinstance(value, str):
                    assert record[field] == cleaned(value)
                else:
                    assert isinstance(record[field], str)


def test_both_ways_judge_an_envelope_alike() -> None:
    odd: list[Any] = [0, 2, -1, 1.0, 1.5, 1e30, "1", "x", "", True, None, [], {}, 2**64, 10**30]
    for field in ("current_page", "last_page", "total"):
        for value in odd:
            body = body_of('[{"uuid":"a"}]', **{field: value})
            outcomes = [outcome(page_decoder(typed=typed), body) for typed in (True, False)]
            assert outcomes[0] == outcomes[1], (field, value)


@pytest.mark.parametrize(
    "sent", ["1", "1.50", '"1.5"', '"NaN"', '"Infinity"', '"1e99999"', '" 7 "', '"seven"', "null"]
)
def test_both_ways_agree_on_numbers_whatever_they_are_sent_as(sent: str) -> None:
    nullable = {"type": ["number", "null"]}
    times = {"type": ["string", "null"], "format": "date-time"}
    properties = {"uuid": {"type": "string"}, "created_at": times, "updated_at": times}
    shaper = Shaper({"properties": properties | {"score": nullable}})
    body = body_of(f'[{{"uuid":"a","score":{sent}}}]')
    fast, plain = (
        read(PageDecoder(shaper, row_format=LineFormat("scores"), typed=typed), body).rows
        for typed in (True, False)
    )
    assert fast == plain
    json.loads(fast[0].payload)

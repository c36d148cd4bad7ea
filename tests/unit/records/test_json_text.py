"""JSON text: whatever servers send is read, to the last digit, and becomes what can be stored."""

import json
from decimal import Decimal

import pytest

from tap_mihu.errors import UnreadableBodyError
from tests.unit.records.decoded import body_of, decoder_of, exactly, read, record_of
from tests.unit.records.wild import CONSTANTS

BROKEN = {
    "empty": (b"", "empty"),
    "white": (b" \n", "empty"),
    "HTML after space": (b"\n <html>", "HTML"),
    "cut off": (body_of('[{"uuid":"a"}]')[:-3], "not JSON"),
    "cut in a text": (b'{"success":true,"data":{"data":[{"uuid":"a', "not JSON"),
    "cut in a text with a control character": (b'{"success":true,"message":"a\x01', "not JSON"),
    "more behind": (body_of("[]") + b"}", "not JSON"),
    "no UTF-8 outside of a text": (body_of("[]").replace(b":", b"\xff:", 1), "not JSON"),
    "a control character outside of a text": (body_of("[]").replace(b":", b"\x01:", 1), "not JSON"),
    "endless nesting": (b"[" * 200_000, "not JSON"),
    "nesting without end": (body_of('[{"uuid":"a","x":' + "[" * 5000 + "}]"), "not JSON"),
}


@pytest.mark.parametrize(("body", "cause"), BROKEN.values(), ids=BROKEN)
def test_a_broken_body_is_worth_asking_again(body: bytes, cause: str) -> None:
    with pytest.raises(UnreadableBodyError, match=cause):
        read(decoder_of(), body)


def test_a_byte_order_mark_is_no_fault() -> None:
    page = read(decoder_of(), b"\xef\xbb\xbf" + body_of('[{"uuid":"a"}]'))
    assert [row.uuid for row in page.rows] == ["a"]


NUMBERS = {
    "decimals as sent": "1.10",
    "negative zero": "-0.0",
    "many digits": "0.1234567890123456789012345",
    "beyond a double": "1e400",
    "small beyond a double": "-1.5e-4000",
    "beyond 64 bits": str(2**64),
    "negative beyond 64 bits": str(-(2**63) - 1),
    "the longest": "7" * 4300,
    "the longest behind the point": "0." + "7" * 4298,
}
BEYOND_REASON = {
    "long": "7" * 5000,
    "negative and long": "-" + "7" * 4301,
    "long behind the point": "0." + "7" * 5000,
    "large": "1e5000",
    "small": "1E-16384",
    "beyond decimals": "1e99999999999999999999",
} | dict(zip(CONSTANTS, CONSTANTS, strict=True))


@pytest.mark.parametrize("sent", NUMBERS.values(), ids=NUMBERS)
def test_numbers_survive_to_the_last_digit(sent: str) -> None:
    record = record_of(f'{{"uuid":"a","x":{sent},"y":[{sent}]}}')
    assert record["custom_fields"] == {"x": exactly(sent), "y": [exactly(sent)]}
    assert str(Decimal(record_of(f'{{"uuid":"a","name":{sent}}}')["name"])) == str(Decimal(sent))


@pytest.mark.parametrize("sent", BEYOND_REASON.values(), ids=BEYOND_REASON)
def test_numbers_that_no_target_holds_become_text(sent: str) -> None:
    assert record_of(f'{{"uuid":"a","x":[{sent}]}}')["custom_fields"] == {"x": [sent]}
    assert record_of(f'{{"uuid":"a","name":{sent}}}')["name"] == sent


TEXTS: dict[str, tuple[str | bytes, str]] = {
    "escaped NUL": (r"a\u0000b", "a\ufffdb"),
    "lone high surrogate": (r"a\ud83db", "a\ufffdb"),
    "lone low surrogate": (r"a\uDE00b", "a\ufffdb"),
    "pair the wrong way round": (r"\ude00\ud83d", "\ufffd\ufffd"),
    "high before a pair": (r"\ud83d\ud83d\ude00", "\ufffd😀"),
    "pair": (r"\ud83d\ude00", "😀"),
    "raw emoji": ("😀 ğ 中", "😀 ğ 中"),
    "backslash before what looks like NUL": (r"\\u0000", r"\u0000"),
    "backslash before what looks like a half": (r"\\ud83d\ude00", "\\ud83d\ufffd"),
    "other control characters": (r"\u0001\b\u007f", "\x01\b\x7f"),
    "no characters": ("\ufeff\uffff\ufffd", "\ufeff\uffff\ufffd"),
    "raw NUL": (b"A\x00da", "A\ufffdda"),
    "raw tab behind a backslash": (b"Ada\\\tL", "Ada\ufffdL"),
    "raw beside escaped ones": (b'\\n\n\\\\\n\\"\n', '\n\ufffd\\\ufffd"\ufffd'),
    "Latin 1": (b"Andr\xe9", "Andr\ufffd"),
    "a cut character": (b"Andr\xc3", "Andr\ufffd"),
    "all at once": ("é\ud800".encode("utf-8", "surrogatepass") + b"\xff\x02", "é" + "\ufffd" * 5),
}


@pytest.mark.parametrize(("sent", "becomes"), TEXTS.values(), ids=TEXTS)
def test_what_json_forbids_or_no_database_stores_is_replaced(
    sent: str | bytes, becomes: str
) -> None:
    raw = sent.encode() if isinstance(sent, str) else sent
    usual = b'{"uuid":"a","name":"?","tags":[{"name":"?"}],"x":{"?":["?"]}}'
    record = record_of(usual.replace(b"?", raw))
    assert (record["name"], record["tags"]) == (becomes, [{"name": becomes}])
    assert record["custom_fields"] == {"x": {becomes: [becomes]}}
    odd = b'{"uuid":"?","k?":"?","surname":["?"],"tags":["?"]}'
    record = record_of(odd.replace(b"?", raw))
    assert (record["uuid"], record["tags"]) == (becomes, [{"name": becomes}])
    assert json.loads(record["surname"]) == [becomes]
    assert record["custom_fields"] == {f"k{becomes}": becomes}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ((rb"\u0000", rb"\ud800", rb"\udfff"), ["\ufffd", "\ufffd" * 2, "\ufffd" * 3]),
        (
            (rb"a\ud800", "a\ufffd".encode(), rb"a\u0000"),
            ["a\ufffd\ufffd", "a\ufffd", "a\ufffd" + "\ufffd" * 2],
        ),
        ((b"k\x01", b"k\xff", b"k3"), ["k\ufffd", "k\ufffd\ufffd", "k3"]),
    ],
    ids=["escaped", "beside the character itself", "raw"],
)
def test_keys_that_become_equal_stay_apart(sent: tuple[bytes, ...], kept: list[str]) -> None:
    fields = b",".join(b'"%b":%d' % (key, number) for number, key in enumerate(sent))
    expected = {key: number for number, key in enumerate(kept)}
    record = record_of(b'{"uuid":"a",%b,"x":{%b},"tags":[{%b}]}' % (fields, fields, fields))
    assert record["custom_fields"] == {**expected, "x": expected}
    assert record["tags"] == [expected]


def test_of_a_key_sent_twice_the_last_counts() -> None:
    record = record_of(
        '{"uuid":"a","uuid":"b","name":1,"name":"n","x":1,"x":2,"tags":[{"id":1,"id":2}]}'
    )
    assert (record["uuid"], record["name"]) == ("b", "n")
    assert (record["tags"], record["custom_fields"]) == ([{"id": 2}], {"x": 2})


def test_any_key_is_a_custom_field() -> None:
    keys = ["", "class", "__class__", "Name", " name ", "custom_fields", "_sdc_deleted_at"]
    sent = {key: [1, ""] for key in [*keys, 'a "b" \\ \n\x01', "a.b", "k" * 1_000_000]}
    assert record_of(json.dumps({"uuid": "a"} | sent))["custom_fields"] == sent
    sent |= {f"field {number}": [number] for number in range(3000)}
    assert record_of(json.dumps({"uuid": "a"} | sent))["custom_fields"] == sent


@pytest.mark.parametrize("depth", [100, 480, 10_000])
@pytest.mark.parametrize("inside", ["1", r'"\ud800"'])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ('[0,"]",{"[":', "}]"), ('["\\\\\\"[\\\\",', "]")],
    ids=["lists", "with objects and siblings", "with quotes"],
)
def test_deep_nesting_loses_nothing(depth: int, opening: str, closing: str, inside: str) -> None:
    """What is nested too deep to be read, or stored, stands there as its own text."""
    nested = opening * depth + inside + closing * depth
    body = body_of(f'[{{"uuid":"a","name":{nested},"x":{nested}}},{{"uuid":"b","y":[]}}]')
    first, second = read(decoder_of(), body).rows
    assert json.loads(second.payload)["record"]["custom_fields"] == {"y": []}
    value = innermost = json.loads(first.payload)["record"]["custom_fields"]["x"]
    while isinstance(innermost, dict | list):
        innermost = list(innermost.values() if isinstance(innermost, dict) else innermost)[-1]
    written = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if innermost in (1, "\ufffd"):
        assert written == nested.replace(inside, inside if inside == "1" else '"\ufffd"')
    else:
        assert depth > 100
        assert written.replace(json.dumps(innermost, ensure_ascii=False), innermost) == nested

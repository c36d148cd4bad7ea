"""JSON text: whatever servers send is read, to the last digit, and becomes what can be stored."""

import json

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
    "many digits": ("0.1234567890123456789012345", True),
    "beyond a double": ("-1.5e-4000", True),
    "beyond 64 bits": (str(-(2**63) - 1), True),
    "the longest": ("7" * 4300, True),
    "the longest behind the point": ("0." + "7" * 4298, True),
    "longer": ("-" + "7" * 4301, False),
    "longer behind the point": ("0." + "7" * 5000, False),
    "large": ("1e5000", False),
    "small": ("1E-16384", False),
    "beyond decimals": ("1e99999999999999999999", False),
} | {constant: (constant, False) for constant in CONSTANTS}


@pytest.mark.parametrize(("sent", "is_kept"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_survives_or_becomes_text(sent: str, *, is_kept: bool) -> None:
    """To the last digit, unless no target holds it."""
    value = exactly(sent) if is_kept else sent
    record = record_of(f'{{"uuid":"a","x":{sent},"y":[{sent}]}}')
    assert record["custom_fields"] == {"x": value, "y": [value]}
    name = record_of(f'{{"uuid":"a","name":{sent}}}')["name"]
    assert (exactly(name) if is_kept else name) == value


TEXTS = {
    "high surrogate before a pair": (rb"\ud83d\ud83d\ude00", "\ufffd😀"),
    "backslash before what looks like NUL": (rb"\\u0000", r"\u0000"),
    "backslash before what looks like a half": (rb"\\ud83d\ude00", "\\ud83d\ufffd"),
    "other control characters": (rb"\u0001\b\u007f", "\x01\b\x7f"),
    "raw NUL": (b"A\x00da", "A\ufffdda"),
    "raw tab behind a backslash": (b"Ada\\\tL", "Ada\ufffdL"),
    "raw beside escaped ones": (b'\\n\n\\\\\n\\"\n', '\n\ufffd\\\ufffd"\ufffd'),
    "Latin 1": (b"Andr\xe9", "Andr\ufffd"),
    "a cut character": (b"Andr\xc3", "Andr\ufffd"),
    "all at once": ("é\ud800".encode("utf-8", "surrogatepass") + b"\xff\x02", "é" + "\ufffd" * 5),
}


@pytest.mark.parametrize(("sent", "becomes"), TEXTS.values(), ids=TEXTS)
def test_what_json_forbids_or_no_database_stores_is_replaced(sent: bytes, becomes: str) -> None:
    usual = b'{"uuid":"a","name":"?","tags":[{"name":"?"}],"x":{"?":["?"]}}'
    record = record_of(usual.replace(b"?", sent))
    assert (record["name"], record["tags"]) == (becomes, [{"name": becomes}])
    assert record["custom_fields"] == {"x": {becomes: [becomes]}}
    odd = b'{"uuid":"?","k?":"?","surname":["?"],"tags":["?"]}'
    record = record_of(odd.replace(b"?", sent))
    assert (record["uuid"], record["tags"]) == (becomes, [{"name": becomes}])
    assert json.loads(record["surname"]) == [becomes]
    assert record["custom_fields"] == {f"k{becomes}": becomes}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ((rb"\ud800", "\ufffd".encode(), rb"\u0000"), ["\ufffd" * 2, "\ufffd", "\ufffd" * 3]),
        ((b"k\x01", b"k\xff", b"k3"), ["k\ufffd", "k\ufffd\ufffd", "k3"]),
    ],
    ids=["escaped", "raw"],
)
def test_keys_that_become_equal_stay_apart(sent: tuple[bytes, ...], kept: list[str]) -> None:
    fields = b",".join(b'"%b":%d' % (key, number) for number, key in enumerate(sent))
    expected = {key: number for number, key in enumerate(kept)}
    record = record_of(b'{"uuid":"a",%b,"x":{%b},"tags":[{%b}]}' % (fields, fields, fields))
    assert record["custom_fields"] == {**expected, "x": expected}
    assert record["tags"] == [expected]


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

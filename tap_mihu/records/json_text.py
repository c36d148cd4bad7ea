"""JSON text: reads whatever servers send, and writes what every target can store."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from tap_mihu.errors import UnreadableBodyError

__all__ = ["decode_json", "encode_json", "has_nul", "is_writable", "parse_number"]

# No database stores NUL, and a lone surrogate is no character.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Python reads no longer whole number, and PostgreSQL writes every number out.
_MOST_DIGITS = 4300

encode_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def parse_number(text: str) -> Any:
    """Read a number with every digit as sent; one that no target can hold stays text."""
    if len(text) > _MOST_DIGITS:
        return text
    try:
        value = Decimal(text)
    except ArithmeticError:
        return text
    return value if is_writable(value) else text


def is_writable(value: Decimal) -> bool:
    """Return whether a number can be written out and stored: it is finite, and of some digits."""
    return value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS


def _storable(value: Any) -> Any:
    """Replace what no database stores, at any depth."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return _with_storable_keys(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value


def _with_storable_keys(value: dict[str, Any]) -> dict[str, Any]:
    """Replace within keys too; those that would become equal get further U+FFFD at the end."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _UNSTORABLE.sub("\ufffd", key)
        while name != key and (name in value or name in result):
            name += "\ufffd"
        result[name] = _storable(item)
    return result


_NUL = rb"\u0000"
# What is no character stands as a lone surrogate until `_storable` replaces all of them, so that
# keys which differ stay different.
_LOW_SURROGATES = 0xDC00
_CONTROLS = re.compile(r"[\x00-\x1f]").search
_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL).sub
_ESCAPED_OR_CONTROLS = re.compile(r"\\?([\x00-\x1f])|\\.").sub
_decode_plain = msgspec.json.Decoder(float_hook=parse_number).decode
# Far more than anybody means, and far less than what Python reads.
_DEEPEST = 256
_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL).finditer


def has_nul(body: bytes) -> bool:
    """Return whether a body may hold NUL, the one thing no database stores that msgspec reads."""
    return _NUL in body


def decode_json(body: bytes) -> Any:
    """Return what a body holds: numbers to the last digit, and nothing that no database stores.

    Raises:
        UnreadableBodyError: It is no JSON.
    """
    try:
        try:
            return _decode(body)
        except RecursionError:
            return _decode(_shallow(body))
    except (ValueError, RecursionError):
        raise UnreadableBodyError(_no_json(body)) from None


def _decode(body: bytes) -> Any:
    try:
        decoded = _decode_plain(body)
    except (msgspec.MsgspecError, ValueError):
        # Lone surrogates, NaN, numbers beyond reason: more than JSON needs, but it is sent.
        return _storable(_decode_leniently(_text(body)))
    return _storable(decoded) if has_nul(body) else decoded


def _decode_leniently(text: str) -> Any:
    decode = partial(json.loads, parse_float=parse_number, parse_int=_integer, parse_constant=str)
    try:
        return decode(text)
    except ValueError:
        if not _CONTROLS(text):
            raise
        return decode(_STRINGS(_marked, text))


def _text(body: bytes) -> str:
    """Return a body as text; a byte that is no UTF-8 becomes a lone surrogate."""
    encoding = json.detect_encoding(body)
    try:
        return body.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return body.decode("utf-8", "surrogateescape")


def _marked(string: re.Match[str]) -> str:
    """Replace raw control characters, which JSON forbids inside strings, by lone surrogates."""
    return _ESCAPED_OR_CONTROLS(
        lambda found: chr(_LOW_SURROGATES + ord(found[1])) if found[1] else found[0], string[0]
    )


def _integer(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def _shallow(body: bytes) -> bytes:
    """Turn what is nested too deep to be read into its own JSON text."""
    parts = []
    depth = begin = done = 0
    for token in _BRACKETS(body):
        if token[0] in b"[{":
            depth += 1
            if depth == _DEEPEST:
                begin = token.start()
        elif token[0] in b"]}":
            if depth == _DEEPEST:
                text = _text(body[begin : token.end()])
                parts += [body[done:begin], json.dumps(text).encode()]
                done = token.end()
            depth -= 1
    return b"".join([*parts, body[done:]])


def _no_json(body: bytes) -> str:
    start = body.lstrip()[:1]
    if start == b"<":
        return "the body is HTML, not JSON"
    return "the body is cut off or not JSON" if start else "the body is empty"

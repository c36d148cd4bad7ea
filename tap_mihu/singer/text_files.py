"""Text files: JSON in whatever encoding an editor left it in."""

from __future__ import annotations

import codecs
import json
from typing import Any

__all__ = ["TextFileError", "decode_json_text", "decode_text"]

# The longer marks first: that of UTF-16 is the beginning of that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextFileError(Exception):
    """A file that is not what it should be; the text says why, without its content."""


def decode_text(content: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or UTF-32, with or without a byte order mark.

    Raises:
        TextFileError: It is in another encoding.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    encoding = encoding or json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        text = f"not {encoding.removesuffix('-sig').upper()} (byte {error.start + 1})"
        raise TextFileError(text) from None


def decode_json_text(content: bytes) -> Any:
    """Return what a JSON file holds.

    Raises:
        TextFileError: It is no text, or no JSON; the text names line and column.
    """
    text = decode_text(content)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TextFileError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise TextFileError("not JSON that can be read") from None

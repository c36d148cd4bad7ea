"""Text files: whatever an editor made of them, they are read or told in one line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.singer.text_files import TextFileError, decode_json_text, decode_text

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")


@given(st.sampled_from(ENCODINGS), st.dictionaries(st.text(), st.text() | st.integers()))
def test_any_unicode_encoding_is_read(encoding: str, value: dict[str, object]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        return  # A lone surrogate is no text.
    assert decode_text(content) == text
    assert decode_json_text(content) == value


NO_JSON = {
    "after a mark": ('{"a" 1}'.encode("utf-16"), r"not JSON \(line 1, column 6\)"),
    "empty": (b"", r"not JSON \(line 1, column 1\)"),
    "half of UTF-16": (b"\xff\xfe{", "not UTF-16"),
    "nested without end": (b"[" * 200_000, "not JSON"),
}


@pytest.mark.parametrize(("content", "words"), NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_told(content: bytes, words: str) -> None:
    with pytest.raises(TextFileError, match=words):
        decode_json_text(content)

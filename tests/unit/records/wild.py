"""Contacts as JSON text: as the API documents them, and with anything else that JSON can say."""

import json
from typing import Any

from hypothesis import strategies as st

from tests.sandbox.data import TEXT_FIELDS, TIMESTAMP_FIELDS

__all__ = ["CUSTOM", "a_list", "an_object", "cleaned", "quoted", "wild_contacts", "wild_json"]

CONSTANTS = ["NaN", "Infinity", "-Infinity"]
CUSTOM = ("Budget", "x", '"', "a\\", "预算", "custom_fields", "Name", "", "\n", "_sdc_deleted_at")

_texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", "a\0", "\ud83d", "\ude00\ud83d", "\\u0000", '"', "\\", "\\N", "'; --", "{}", "\r\n", "😀"]
)
_numbers = (
    st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(json.dumps)
    | st.sampled_from(["1e400", "-1E-400", "1.10", "-0", "-0.0", "7" * 40, "1.0", *CONSTANTS])
)


@st.composite
def quoted(draw: st.DrawFn, text: st.SearchStrategy[str] = _texts) -> str:
    """A text as JSON; raw characters only where UTF-8 has them."""
    value = draw(text)
    has_half = any("\ud800" <= character <= "\udfff" for character in value)
    return json.dumps(value, ensure_ascii=has_half or draw(st.booleans()))


def an_object(
    keys: st.SearchStrategy[str], values: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    """An object as JSON; a key may come twice."""
    pairs = st.lists(st.tuples(keys, values).map(":".join), max_size=4)
    return pairs.map(lambda pairs: "{" + ",".join(pairs) + "}")


def a_list(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda values: "[" + ",".join(values) + "]")


wild_json = st.recursive(
    st.sampled_from(["null", "true", "false"]) | _numbers | quoted(),
    lambda inner: a_list(inner) | an_object(quoted(), inner),
    max_leaves=5,
)
_timestamps = quoted(
    st.sampled_from(
        ["2025-06-01T10:00:00.000000Z", "2025-05-31 10:00:00", "2025-06-01", "", "0000-00-00"]
    )
)
_tag_keys = st.sampled_from(['"uuid"', '"name"'])
_tags = a_list(an_object(_tag_keys, quoted() | st.just("null")) | st.just('{"id":7}'))
_odd_tags = a_list(an_object(_tag_keys | st.sampled_from(['"id"', '"x"']), wild_json) | wild_json)
_custom_keys = quoted(st.sampled_from(CUSTOM)) | quoted()


@st.composite
def wild_contacts(draw: st.DrawFn, *, odd: bool) -> str:
    """A contact as JSON; odd ones have values of types that the API does not document."""
    anything = wild_json if odd else st.just("null")
    pairs = [("uuid", draw(quoted(st.sampled_from("abcdefgh")) | (wild_json if odd else quoted())))]
    pairs += [
        (field, draw(quoted() | anything))
        for field in TEXT_FIELDS[1:]
        if draw(st.integers(0, 3)) == 0
    ]
    pairs += [(field, draw(_timestamps | anything)) for field in TIMESTAMP_FIELDS]
    if draw(st.booleans()):
        pairs.append(("tags", draw(_tags | (_odd_tags if odd else anything) | anything)))
    texts = [f'"{field}":{value}' for field, value in pairs]
    texts += [
        f"{draw(_custom_keys)}:{draw(quoted() | wild_json)}" for _ in range(draw(st.integers(0, 3)))
    ]
    return "{" + ",".join(draw(st.permutations(texts))) + "}"


def cleaned(value: Any) -> Any:
    """What the contract makes of a value: U+FFFD for what is no character, keys still apart."""
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, one in value.items():
        name = cleaned(key)
        while name != key and (name in value or name in result):
            name += "\ufffd"
        result[name] = cleaned(one)
    return result

"""Record shaping: an item of the API becomes a record that every target can store.

The stream's JSON schema says what each field becomes. Nothing that the API sends is dropped:
keys the schema does not name are gathered, as sent, in the stream's field for them.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tap_mihu.timestamps import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "CREATED_AT",
    "KEY",
    "UPDATED_AT",
    "MissingKey",
    "Oddities",
    "Shaper",
    "number",
    "storable",
    "to_json",
]

KEY = "uuid"
CREATED_AT = "created_at"
UPDATED_AT = "updated_at"


class Oddities(Counter[str]):
    """How many values of each field could not be understood and became null."""


# No database stores NUL, and a lone surrogate is no character.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Python reads no longer whole number, and PostgreSQL writes every number out.
_MOST_DIGITS = 4300

to_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


class MissingKey(Exception):  # noqa: N818 - an answer's fault, named by whoever knows the page
    """An item without its key; `position` counts from 1 within the page."""

    def __init__(self, key: str, position: int) -> None:
        """Remember where it was."""
        super().__init__(key, position)
        self.key = key
        self.position = position


def number(text: str) -> Any:  # noqa: ANN401 - a number, or the text
    """Read a number with every digit as sent; one that no target can hold stays text."""
    if len(text) > _MOST_DIGITS:
        return text
    try:
        value = Decimal(text)
    except ArithmeticError:
        return text
    return value if abs(value.adjusted()) < _MOST_DIGITS else text


def storable(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Replace what no database stores, at any depth."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return _with_storable_keys(value)
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value


def _with_storable_keys(value: dict[str, Any]) -> dict[str, Any]:
    """Replace within keys too; those that would become equal get further U+FFFD at the end."""
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = _UNSTORABLE.sub("\ufffd", key)
        while name != key and (name in value or name in result):
            name += "\ufffd"
        result[name] = storable(item)
    return result


def kind_of(schema: Mapping[str, Any]) -> str:
    """Tell what a property holds: its first JSON type but null, or its format where it has one."""
    types = schema["type"]
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return str(schema.get("format", names[0]))


def _text(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return value if isinstance(value, str) else to_json(value).decode()


def _timestamp(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return canonical(value) if isinstance(value, str) else None


def _integer(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**30:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Decimal) else _integer(value)


def _boolean(value: Any) -> Any:  # noqa: ANN401 - any JSON
    known = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}
    return known.get(value.lower() if isinstance(value, str) else value) if _flat(value) else None


def _flat(value: object) -> bool:
    return not isinstance(value, dict | list)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "date-time": _timestamp,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


class Shaper:
    """Shapes the items of one stream by its JSON schema."""

    def __init__(self, schema: Mapping[str, Any], *, gather: str | None = None) -> None:
        """Read the schema.

        Args:
            schema: The stream's JSON schema; it has `uuid`, `created_at` and `updated_at`.
            gather: The object property that takes every key the schema does not name.
        """
        properties: dict[str, Any] = dict(schema["properties"])
        if gather is not None:
            del properties[gather]
        self.gather = gather
        self.kinds = {name: kind_of(prop) for name, prop in properties.items()}
        self.items = {
            name: {field: kind_of(prop) for field, prop in of["items"]["properties"].items()}
            for name, of in properties.items()
            if self.kinds[name] == "array"
        }

    def shape(self, item: Mapping[str, Any], position: int, oddities: Oddities) -> dict[str, Any]:
        """Make the record of one item.

        Args:
            item: What the API sent; only text, numbers and containers that JSON knows.
            position: Where it stood on its page, from 1; for the error.
            oddities: Counts the values that became null.

        Raises:
            MissingKey: The item has no key.
        """
        if item.get(KEY) in (None, ""):
            raise MissingKey(KEY, position)
        record: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            value = item.get(name)
            if kind == "array":
                record[name] = self._array(name, value, oddities)
            elif value is None:
                record[name] = None
            else:
                record[name] = _converted(kind, value, name, oddities)
        if self.gather is not None:
            record[self.gather] = {k: v for k, v in item.items() if k not in self.kinds}
        return record

    def _array(self, name: str, value: Any, oddities: Oddities) -> list[Any]:  # noqa: ANN401
        if value is None:
            return []
        if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()):
            # PHP writes a list with gaps as an object: {"0": {…}, "2": {…}}.
            value = list(value.values())
        items = value if isinstance(value, list) else [value]
        return [self._item(name, one, oddities) for one in items if one is not None]

    def _item(self, name: str, value: Any, oddities: Oddities) -> dict[str, Any]:  # noqa: ANN401
        kinds = self.items[name]
        if not isinstance(value, dict):
            value = {"name": value}
        return {
            field: one
            if one is None or field not in kinds
            else _converted(kinds[field], one, f"{name}.{field}", oddities)
            for field, one in value.items()
        }


def _converted(kind: str, value: Any, name: str, oddities: Oddities) -> Any:  # noqa: ANN401
    convert = _CONVERT.get(kind)
    result = value if convert is None else convert(value)
    if result is None:
        oddities[name] += 1
    return result

"""Record shaping: an item of the API becomes a record that every target can store.

The stream's JSON schema says what each field becomes. Nothing that the API sends is dropped: the
extra fields, which the schema does not name, stand as sent in one object.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import MissingKeyError
from tap_mihu.records.json_text import encode_json, is_writable
from tap_mihu.records.tags import to_items
from tap_mihu.records.timestamps import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["CREATED_AT", "KEY", "UPDATED_AT", "InvalidValues", "Shaper", "to_text"]

KEY = "uuid"
CREATED_AT = "created_at"
UPDATED_AT = "updated_at"


class InvalidValues(Counter[str]):
    """How many values of each field are invalid and become null."""


def _kind_of(schema: Mapping[str, Any]) -> str:
    """Return what a property holds: its format, or its first JSON type but null."""
    types = schema["type"]
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    return str(schema.get("format", names[0]))


def to_text(value: Any) -> str:  # noqa: ANN401 - any JSON but null
    """Return a value as text: numbers and booleans as JSON writes them, containers as JSON text."""
    return value if isinstance(value, str) else encode_json(value).decode()


def _timestamp(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return canonical(value) if isinstance(value, str) else None


def _integer(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**30:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
        return value if is_writable(value) else None
    return value if isinstance(value, Decimal) else _integer(value)


def _boolean(value: Any) -> Any:  # noqa: ANN401 - any JSON
    known = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}
    return known.get(value.lower() if isinstance(value, str) else value) if _flat(value) else None


def _flat(value: object) -> bool:
    return not isinstance(value, dict | list)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "string": to_text,
    "date-time": _timestamp,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


class Shaper:
    """Shapes the items of one stream by its JSON schema."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        extra_fields: str | None = None,
        columns: Collection[str] = (),
    ) -> None:
        """Read the schema.

        Args:
            schema: The stream's JSON schema; it has `uuid`, `created_at` and `updated_at`.
            extra_fields: The object property that takes every key the schema does not name.
            columns: Properties that hold single ones of these keys too, as text or null.
        """
        properties: dict[str, Any] = {
            name: prop
            for name, prop in schema["properties"].items()
            if name != extra_fields and name not in columns
        }
        self.extra_fields = extra_fields
        self.columns = tuple(columns)
        self.kinds = {name: _kind_of(prop) for name, prop in properties.items()}
        self.items = {
            name: {field: _kind_of(prop) for field, prop in of["items"]["properties"].items()}
            for name, of in properties.items()
            if self.kinds[name] == "array"
        }

    def shape(
        self, item: Mapping[str, Any], position: int, invalid: InvalidValues
    ) -> dict[str, Any]:
        """Return the record of one item.

        Args:
            item: What the API sent; only text, numbers and containers that JSON knows.
            position: Where it stands on its page, from 1; for the error.
            invalid: Counts the values that become null.

        Raises:
            MissingKeyError: The item has no key.
        """
        if item.get(KEY) in (None, ""):
            raise MissingKeyError(KEY, position)
        record: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            value = item.get(name)
            if kind == "array":
                record[name] = self._array(name, value, invalid)
            elif value is None:
                record[name] = None
            else:
                record[name] = _converted(kind, value, name, invalid)
        if self.extra_fields is not None:
            record[self.extra_fields] = {k: v for k, v in item.items() if k not in self.kinds}
        for name in self.columns:
            value = item.get(name)
            record[name] = None if value is None else to_text(value)
        return record

    def _array(self, name: str, value: Any, invalid: InvalidValues) -> list[Any]:  # noqa: ANN401
        kinds = self.items[name]
        return [
            {
                field: one
                if one is None or field not in kinds
                else _converted(kinds[field], one, f"{name}.{field}", invalid)
                for field, one in item.items()
            }
            for item in to_items(value, kinds)
        ]


def _converted(kind: str, value: Any, name: str, invalid: InvalidValues) -> Any:  # noqa: ANN401
    convert = _CONVERT.get(kind)
    result = value if convert is None else convert(value)
    if result is None:
        invalid[name] += 1
    return result

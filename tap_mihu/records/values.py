"""Values: what becomes of a value in a column of each type; None for one that cannot be read."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tap_mihu.records.json_text import encode_json, is_writable
from tap_mihu.records.timestamps import canonical

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COLUMN", "CONVERT", "LARGEST_INTEGER", "SMALLEST_INTEGER", "to_text"]

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
"""What a target's column of whole numbers holds."""


def to_text(value: Any) -> str:
    """Return a value as text: numbers and booleans as JSON writes them, containers as JSON text."""
    return value if isinstance(value, str) else encode_json(value).decode()


def _timestamp(value: Any) -> Any:
    return canonical(value) if isinstance(value, str) else None


def _integer(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", value):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**30:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
        return value if is_writable(value) else None
    return value if isinstance(value, Decimal) else _integer(value)


def _boolean(value: Any) -> Any:
    known = {0: False, 1: True, "0": False, "1": True, "false": False, "true": True}
    return known.get(value.lower() if isinstance(value, str) else value) if _flat(value) else None


def _flat(value: object) -> bool:
    return not isinstance(value, dict | list)


CONVERT: dict[str, Callable[[Any], Any]] = {
    "string": to_text,
    "date-time": _timestamp,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
"""By the type, or format, that a schema names."""


def _column_integer(value: Any) -> Any:
    number = _integer(value)
    fits = number is not None and SMALLEST_INTEGER <= number <= LARGEST_INTEGER
    return number if fits else None


COLUMN = CONVERT | {"integer": _column_integer}
"""The same for what gets a column of its own in a target."""

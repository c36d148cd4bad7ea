"""Record shaping: an item of the API becomes a record that every target can store.

The stream's JSON schema says what each field becomes. Nothing that the API sends is dropped: the
extra fields, which the schema does not name, stand as sent in one object.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_mihu.errors import MissingKeyError
from tap_mihu.records.containers import to_items, to_object, to_values
from tap_mihu.records.values import COLUMN, CONVERT, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

__all__ = ["UPDATED_AT", "USUAL", "InvalidValues", "RowFields", "Shaper"]

UPDATED_AT = "updated_at"


class RowFields(NamedTuple):
    """The fields of an item that reading completely needs to know."""

    key: str = "uuid"
    """Text that no other item of the listing has."""
    created_at: str = "created_at"
    """When the item came to be; it never changes."""
    updated_at: str = UPDATED_AT
    """When it was last stamped by the clock of the data."""


USUAL = RowFields()
_TEXTS = "texts"
_OBJECT = "object"


class InvalidValues(Counter[str]):
    """How many values of each field are invalid and become null."""


def _kind_of(schema: Mapping[str, Any]) -> str:
    """Return what a property holds: its format, or its first JSON type but null.

    A list of anything but objects holds texts.
    """
    types = schema["type"]
    names = [types] if isinstance(types, str) else [name for name in types if name != "null"]
    if names[0] == "array" and "properties" not in schema["items"]:
        return _TEXTS
    return str(schema.get("format", names[0]))


class Shaper:
    """Shapes the items of one stream by its JSON schema."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        *,
        extra_fields: str | None = None,
        columns: Collection[str] = (),
        row: RowFields = USUAL,
        given: Mapping[str, str] | None = None,
    ) -> None:
        """Read the schema.

        Args:
            schema: The stream's JSON schema; it has the fields of `row`.
            extra_fields: The object property that takes every key the schema does not name, also
                those within objects that it describes.
            columns: Properties that hold single ones of these keys too, as text or null.
            row: The fields that reading needs to know.
            given: Fields that are the same for all items, and not sent.
        """
        properties: dict[str, Any] = {
            name: prop
            for name, prop in schema["properties"].items()
            if name != extra_fields and name not in columns
        }
        self.extra_fields = extra_fields
        self.columns = tuple(columns)
        self.row = row
        self._given = given or {}
        self.kinds = {name: _kind_of(prop) for name, prop in properties.items()}
        self.items = {
            name: _kinds_of(of["items"])
            for name, of in properties.items()
            if self.kinds[name] == "array"
        }
        self._objects = {
            name: _kinds_of(of)
            for name, of in properties.items()
            if self.kinds[name] == _OBJECT and of.get("properties")
        }

    @property
    def is_flat(self) -> bool:
        """Whether items are as contacts are: known by the usual fields, nothing within objects."""
        nested = self._objects or _TEXTS in self.kinds.values()
        return not nested and not self._given and self.row == USUAL

    def extra_keys(self, items: Iterable[Mapping[str, Any]]) -> set[str]:
        """Return the keys of some items that the schema does not name."""
        return set[str]().union(*items).difference(self.kinds)

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
        key = self.row.key
        if item.get(key) in (None, ""):
            raise MissingKeyError(key, position)
        record: dict[str, Any] = {}
        within_objects: dict[str, Any] = {}
        for name, kind in self.kinds.items():
            value = item.get(name)
            if kind == "array":
                record[name] = self._array(name, value, invalid)
            elif kind == _TEXTS:
                record[name] = [to_text(one) for one in to_values(value)]
            elif value is None:
                record[name] = None
            elif name in self._objects:
                record[name], further = self._object(name, value, invalid)
                within_objects |= {name: further} if further else {}
            else:
                record[name] = _converted(COLUMN.get(kind), value, name, invalid)
        if self.extra_fields is not None:
            further = {name: value for name, value in item.items() if name not in self.kinds}
            record[self.extra_fields] = further | within_objects
        for name in self.columns:
            value = item.get(name)
            record[name] = None if value is None else to_text(value)
        record.update(self._given)
        return record

    def _array(self, name: str, value: Any, invalid: InvalidValues) -> list[Any]:
        kinds = self.items[name]
        return [
            {
                field: one
                if one is None or field not in kinds
                else _converted(CONVERT.get(kinds[field]), one, f"{name}.{field}", invalid)
                for field, one in item.items()
            }
            for item in to_items(value, kinds)
        ]

    def _object(
        self,
        name: str,
        value: Any,
        invalid: InvalidValues,
    ) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Return an object with the fields that the schema names, and what else is in it."""
        kinds = self._objects[name]
        try:
            sent = to_object(value)
        except ValueError:
            invalid[name] += 1
            return None, {}
        if sent is None:
            return None, {}
        shaped = {
            field: None
            if sent.get(field) is None
            else _converted(COLUMN.get(kind), sent[field], f"{name}.{field}", invalid)
            for field, kind in kinds.items()
        }
        return shaped, {field: one for field, one in sent.items() if field not in kinds}


def _kinds_of(schema: Mapping[str, Any]) -> dict[str, str]:
    return {name: _kind_of(prop) for name, prop in schema["properties"].items()}


def _converted(
    convert: Callable[[Any], Any] | None,
    value: Any,
    name: str,
    invalid: InvalidValues,
) -> Any:
    result = value if convert is None else convert(value)
    if result is None:
        invalid[name] += 1
    return result

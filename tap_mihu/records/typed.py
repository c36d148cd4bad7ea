"""The fast way from a body to rows: typed structs, decoded and encoded without dicts between.

It gives exactly what the plain way of `decoding` gives, or nothing: whatever does not fit the
types is left to the plain way.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from tap_mihu.errors import MissingKeyError
from tap_mihu.records.envelope import Envelope
from tap_mihu.records.extra_names import MOST_EXTRAS
from tap_mihu.records.json_text import encode_json, is_writable, parse_number
from tap_mihu.records.pages import Row
from tap_mihu.records.shaping import USUAL, Shaper
from tap_mihu.records.timestamps import canonical
from tap_mihu.records.values import LARGEST_INTEGER, SMALLEST_INTEGER, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from tap_mihu.records.pages import IsDue

__all__ = ["TypedItems"]

# Keys that msgspec takes for no field of a struct.
_UNNAMEABLE = re.compile(r'[\x00-\x1f"\\]').search

_TYPES: dict[str, Any] = {
    "string": str,
    "date-time": str,
    "integer": int,
    "boolean": bool,
    "number": Decimal,
}
_COLUMNS = _TYPES | {
    "integer": Annotated[int, msgspec.Meta(ge=SMALLEST_INTEGER, le=LARGEST_INTEGER)]
}


class TypedItems:
    """Structs for the flat items of a stream and for the further keys that a workspace adds."""

    def __init__(
        self,
        shaper: Shaper,
        without: Collection[str] = (),
        extras: tuple[str, ...] = (),
    ) -> None:
        """Make the types.

        Args:
            shaper: Says what the fields hold.
            without: Fields to leave out of the messages.
            extras: The further keys known so far: all that were met on any page.
        """
        self._shaper = shaper
        self._without = without
        self._extras = extras
        self._timestamps = [name for name, kind in shaper.kinds.items() if kind == "date-time"]
        self._numbers = [name for name, kind in shaper.kinds.items() if kind == "number"]
        self._arrays = list(shaper.items)
        self._extra_key = b"," + encode_json(shaper.extra_fields) + b":"
        self._no_extras = self._extra_key + b"{}}"
        attributes = [f"extra_{i}_" for i in range(len(extras))]
        self._pairs = list(zip(attributes, extras, strict=True))
        attribute_of = {name: attribute for attribute, name in self._pairs}
        self._columns = [
            (attribute_of.get(name, ""), name) for name in shaper.columns if name not in without
        ]
        columns = set(shaper.columns)
        self._left_out = [
            name for name in without if name != shaper.extra_fields and name not in columns
        ]
        if shaper.extra_fields is None or shaper.extra_fields in without:
            self._left_out += attributes
            self._with_extras: Callable[[Any], bytes] = encode_json
        else:
            self._with_extras = self._with_pairs if extras else self._with_nothing
        item = msgspec.defstruct(
            "Item",
            [
                *((name, self._type(name, kind), None) for name, kind in shaper.kinds.items()),
                *((name, Any, UNSET) for name in attributes),
            ],
            rename=dict(self._pairs),
            forbid_unknown_fields=shaper.extra_fields is not None,
            gc=False,
        )
        counts = [(name, int) for name in ("current_page", "last_page", "total")]
        listing = msgspec.defstruct("Listing", [*counts, ("data", list[item])])  # type: ignore[valid-type]
        response = msgspec.defstruct("Response", [("success", bool), ("data", listing)])
        self._decode_typed = msgspec.json.Decoder(response, float_hook=parse_number).decode

    def _type(self, name: str, kind: str) -> Any:
        if kind != "array":
            return _COLUMNS.get(kind, Any) | None
        fields = self._shaper.items[name].items()
        one = msgspec.defstruct(
            "One",
            [(field, _TYPES[of] | None | UnsetType, UNSET) for field, of in fields],
            forbid_unknown_fields=True,
            gc=False,
        )
        return list[one] | None  # type: ignore[valid-type]

    def decode(self, body: bytes) -> Envelope | None:
        """Return the envelope of a response that fits the types in every part, else None."""
        try:
            response: Any = self._decode_typed(body)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            return None
        listing = response.data
        counts = (listing.current_page, listing.last_page, listing.total)
        if not response.success or min(counts) < 0 or not self._writable(listing.data):
            return None
        return Envelope(*counts, listing.data)

    def _writable(self, items: Sequence[Any]) -> bool:
        """Return whether all numbers can be written: texts such as NaN are numbers, too."""
        numbers = (getattr(item, name) for name in self._numbers for item in items)
        return all(is_writable(number) for number in numbers if number is not None)

    def with_keys(self, items: Sequence[dict[str, Any]]) -> TypedItems:
        """Return types that know the further keys of these items too."""
        new = self._shaper.extra_keys(items).difference(self._extras)
        if self._shaper.extra_fields is None or not new:
            return self
        extras = (*self._extras, *sorted(new))
        if len(extras) > MOST_EXTRAS or any(map(_UNNAMEABLE, new)):
            return self
        return TypedItems(self._shaper, self._without, extras)

    def rows(
        self, items: Sequence[Any], is_due: IsDue | None, envelope: tuple[bytes, bytes]
    ) -> list[Row]:
        """Return the rows of the items of a decoded response; see `decoding.plain_rows`."""
        rows = []
        timestamps, encoded = self._timestamps, self._encoded
        before, after = envelope
        for position, item in enumerate(items, 1):
            uuid = item.uuid
            if not uuid:
                raise MissingKeyError(USUAL.key, position)
            invalid: tuple[str, ...] = ()
            for name in timestamps:
                sent = getattr(item, name)
                if sent is not None:
                    timestamp = canonical(sent)
                    if timestamp is not sent:
                        setattr(item, name, timestamp)
                        if timestamp is None:
                            invalid += (name,)
            created_at, updated_at = item.created_at, item.updated_at
            payload = None
            if is_due is None or is_due(created_at, updated_at):
                payload = before + encoded(item)[1:] + after
            rows.append(Row(uuid, created_at, updated_at, payload, invalid))
        return rows

    def _encoded(self, item: Any) -> bytes:
        """Encode an item as its message has it."""
        for name in self._arrays:
            if getattr(item, name) is None:
                setattr(item, name, [])
        # Before the attributes that they are read from are taken out.
        columns = self._encoded_columns(item) if self._columns else b""
        for name in self._left_out:
            setattr(item, name, UNSET)
        encoded = self._with_extras(item)
        return encoded[:-1] + columns if columns else encoded

    def _encoded_columns(self, item: Any) -> bytes:
        """Encode the columns of single further keys, as they end the object."""
        columns: dict[str, str | None] = {}
        for attribute, name in self._columns:
            value = getattr(item, attribute, None)
            columns[name] = None if value is None or value is UNSET else to_text(value)
        return b"," + encode_json(columns)[1:]

    def _with_pairs(self, item: Any) -> bytes:
        """Encode an item, its further keys in the field that holds them."""
        extras = {}
        for attribute, name in self._pairs:
            value = getattr(item, attribute)
            if value is not UNSET:
                extras[name] = value
                setattr(item, attribute, UNSET)
        return encode_json(item)[:-1] + self._extra_key + encode_json(extras) + b"}"

    def _with_nothing(self, item: Any) -> bytes:
        """Encode an item of a workspace that has no further keys."""
        return encode_json(item)[:-1] + self._no_extras

"""The fast way from a body to rows: typed structs, decoded and encoded without dicts between.

It gives exactly what the plain way of `decoding` gives, or nothing: whatever does not fit the
types is left to the plain way.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from tap_mihu.pagination import Envelope, Row
from tap_mihu.records import KEY, MissingKey, Shaper, number, to_json
from tap_mihu.timestamps import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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


class TypedItems:
    """Structs for the items of a stream and for the further keys that a workspace adds."""

    # Beyond this many, keys are data rather than the fields of a workspace.
    _MOST_GATHERED = 500

    def __init__(
        self, shaper: Shaper, without: Collection[str] = (), gathered: tuple[str, ...] = ()
    ) -> None:
        """Make the types.

        Args:
            shaper: Says what the fields hold.
            without: Fields to leave out of the messages.
            gathered: The further keys known so far.
        """
        self._shaper = shaper
        self._without = without
        self._gathered = gathered
        self._timestamps = [name for name, kind in shaper.kinds.items() if kind == "date-time"]
        self._arrays = list(shaper.items)
        self._gather_key = b"," + to_json(shaper.gather) + b":"
        self._nothing_gathered = self._gather_key + b"{}}"
        attributes = [f"gathered_{i}_" for i in range(len(gathered))]
        self._pairs = list(zip(attributes, gathered, strict=True))
        self._left_out = [name for name in without if name != shaper.gather]
        if shaper.gather is None or shaper.gather in without:
            self._left_out += attributes
            self._with_gathered: Callable[[Any], bytes] = to_json
        else:
            self._with_gathered = self._with_pairs if gathered else self._with_nothing
        item = msgspec.defstruct(
            "Item",
            [
                *((name, self._type(name, kind), None) for name, kind in shaper.kinds.items()),
                *((name, Any, UNSET) for name in attributes),
            ],
            rename=dict(self._pairs),
            forbid_unknown_fields=shaper.gather is not None,
            gc=False,
        )
        counts = [(name, int) for name in ("current_page", "last_page", "total")]
        listing = msgspec.defstruct("Listing", [*counts, ("data", list[item])])  # type: ignore[valid-type]
        answer = msgspec.defstruct("Answer", [("success", bool), ("data", listing)])
        self._decode = msgspec.json.Decoder(answer, float_hook=number).decode

    def _type(self, name: str, kind: str) -> Any:  # noqa: ANN401 - a type
        if kind != "array":
            return _TYPES.get(kind, Any) | None
        fields = self._shaper.items[name].items()
        one = msgspec.defstruct(
            "One",
            [(field, _TYPES[of] | None | UnsetType, UNSET) for field, of in fields],
            forbid_unknown_fields=True,
            gc=False,
        )
        return list[one] | None  # type: ignore[valid-type]

    def open(self, body: bytes) -> Envelope | None:
        """Decode an answer whose every part fits the types; None where one does not."""
        try:
            answer: Any = self._decode(body)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            return None
        listing = answer.data
        counts = (listing.current_page, listing.last_page, listing.total)
        if not answer.success or min(counts) < 0:
            return None
        return Envelope(*counts, listing.data)

    def taught(self, items: Sequence[dict[str, Any]]) -> TypedItems:
        """Give types that know the further keys of these items too."""
        keys = {key for item in items for key in item} - self._shaper.kinds.keys()
        new = keys.difference(self._gathered)
        if self._shaper.gather is None or not new:
            return self
        gathered = (*self._gathered, *sorted(new))
        if len(gathered) > self._MOST_GATHERED or any(map(_UNNAMEABLE, new)):
            return self
        return TypedItems(self._shaper, self._without, gathered)

    def rows(
        self, items: Sequence[Any], since: str | None, around: tuple[bytes, bytes]
    ) -> list[Row]:
        """Make the rows of the items of an opened answer; see `decoding.plain_rows`."""
        rows = []
        timestamps, encoded = self._timestamps, self._encoded
        before, after = around
        for position, item in enumerate(items, 1):
            uuid = item.uuid
            if not uuid:
                raise MissingKey(KEY, position)
            odd: tuple[str, ...] = ()
            for name in timestamps:
                sent = getattr(item, name)
                if sent is not None:
                    timestamp = canonical(sent)
                    if timestamp is not sent:
                        setattr(item, name, timestamp)
                        if timestamp is None:
                            odd += (name,)
            created_at, updated_at = item.created_at, item.updated_at
            payload = None
            if since is None or updated_at is None or updated_at >= since:
                payload = before + encoded(item) + after
            rows.append(Row(uuid, created_at, updated_at, payload, odd))
        return rows

    def _encoded(self, item: Any) -> bytes:  # noqa: ANN401 - a struct made above
        """Encode an item as its message has it."""
        for name in self._arrays:
            if getattr(item, name) is None:
                setattr(item, name, [])
        for name in self._left_out:
            setattr(item, name, UNSET)
        return self._with_gathered(item)

    def _with_pairs(self, item: Any) -> bytes:  # noqa: ANN401
        """Encode an item, its further keys in the field that gathers them."""
        gathered = {}
        for attribute, name in self._pairs:
            value = getattr(item, attribute)
            if value is not UNSET:
                gathered[name] = value
                setattr(item, attribute, UNSET)
        return to_json(item)[:-1] + self._gather_key + to_json(gathered) + b"}"

    def _with_nothing(self, item: Any) -> bytes:  # noqa: ANN401
        """Encode an item of a workspace that has no further keys."""
        return to_json(item)[:-1] + self._nothing_gathered

"""Containers: the list or object that a server means, in whatever shape PHP writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import UnreadableBodyError
from tap_mihu.records.json_text import decode_json

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["to_items", "to_object", "to_values"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_NUMBER = re.compile(r"[0-9]{1,30}").fullmatch


def to_items(value: Any, fields: Collection[str]) -> list[dict[str, Any]]:
    """Return a list of objects, whatever stands for it.

    That is a list, an object keyed by number or by key, names alone, an id for each name, one
    item that is in no list, or JSON text of these; false and empty text stand for no list.

    Args:
        value: What the API sent.
        fields: The fields that an item has.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        items = _from_object(value, fields)
    elif isinstance(value, list):
        items = value
    else:
        items = [] if value is False else [value]
    return [
        item if isinstance(item, dict) else {"name": item} for item in items if item is not None
    ]


def to_values(value: Any) -> list[Any]:
    """Return a list of plain values, whatever stands for it, without nulls.

    That is a list, an object keyed by number, JSON text of these, or one value that is in no
    list; false and empty text stand for no list.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if isinstance(value, dict):
        value = list(value.values())
    elif not isinstance(value, list):
        value = [] if value is False else [value]
    return [one for one in value if one is not None]


def to_object(value: Any) -> dict[str, Any] | None:
    """Return an object, be it JSON text; None for what stands for none, such as an empty list.

    Raises:
        ValueError: No object is meant.
    """
    if isinstance(value, str):
        value = _from_text(value)
    if value is None or value is False or value == []:
        return None
    if not isinstance(value, dict):
        raise ValueError  # noqa: TRY004 - it is about what a server sent
    return value


def _from_text(text: str) -> Any:
    stripped = text.strip()
    if stripped == "null":
        return None
    if stripped[:1] in {"[", "{"}:
        try:
            return decode_json(stripped.encode())
        except (UnreadableBodyError, UnicodeEncodeError):
            pass  # It is a name that begins so.
    return text if stripped else None


def _from_object(value: dict[str, Any], fields: Collection[str]) -> list[Any]:
    if all(isinstance(item, dict) for item in value.values()):
        return [
            {"uuid": key} | item if "uuid" in fields and _UUID(key) else item
            for key, item in value.items()
        ]
    if value.keys() & fields or any(isinstance(item, dict | list) for item in value.values()):
        return [value]  # One item, not in a list.
    # A list of names with gaps begins at 0, which is no id.
    if all(map(_NUMBER, value)) and "0" not in value:
        return [{"id": int(key), "name": name} for key, name in value.items()]
    return [{"uuid": key, "name": name} if _UUID(key) else name for key, name in value.items()]

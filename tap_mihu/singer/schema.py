"""The schema of a stream: its file, and the columns that the settings add."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["stream_schema"]


def stream_schema(stream_name: str, columns: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON schema of a stream; the caller may change it.

    Args:
        stream_name: The file in `schemas/` has this name.
        columns: Custom fields that get a property of their own: text or null.
    """
    schema: dict[str, Any] = json.loads(_text(stream_name))
    for name in columns:
        schema["properties"][name] = {
            "type": ["string", "null"],
            "description": "Custom field of the workspace, as text; null where it is missing.",
        }
    return schema


@cache
def _text(stream_name: str) -> str:
    return files("tap_mihu.schemas").joinpath(f"{stream_name}.json").read_text(encoding="utf-8")

"""Errors of stream maps: which expression failed, and what it probably lacks."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MappingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk.mapper import StreamMap

__all__ = ["explain_map_error"]

_USES_FAKER = re.compile(r"\bfake\b").search
_FROM_CONFIG = re.compile(r"\bconfig(?:\[|\.get\()\s*['\"](\w+)['\"]").findall


def explain_map_error(error: Exception, stream_map: StreamMap, config: Mapping[str, Any]) -> str:
    """Return in one line what failed on a record, without anything of the record.

    Args:
        error: What the map raised.
        stream_map: The map.
        config: The settings.
    """
    evaluator = getattr(stream_map, "expr_evaluator", None)
    expression = getattr(evaluator, "expr", "")
    places = " or ".join(_places(expression, config.get("stream_maps")))
    what = f"the expression of {places}" if places else "an expression"
    # The SDK's text holds the expression, any other may hold the record.
    why = str(error).rstrip(".") if isinstance(error, MappingError) else type(error).__name__
    return f"stream_maps: {what} failed on a record ({why}){_hint(expression, config)}."


def _places(expression: str, maps: object) -> Iterator[str]:
    """Yield where in the setting an expression stands."""
    for stream, definition in (maps if isinstance(maps, dict) else {}).items():
        for name, text in (definition if isinstance(definition, dict) else {}).items():
            if expression and isinstance(text, str) and text.strip() == expression:
                yield f"{stream}.{name}"


def _hint(expression: str, config: Mapping[str, Any]) -> str:
    if _USES_FAKER(expression) and not importlib.util.find_spec("faker"):
        return ": `fake` needs the extra, install tap-mihu[faker]"
    known = config.get("stream_map_config") or {}
    unset = [name for name in _FROM_CONFIG(expression) if known.get(name) is None]
    return f": stream_map_config.{unset[0]} is not set" if unset else ""

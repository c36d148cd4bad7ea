"""Checks of stream maps: one that misses its stream or field would leak what it means to hide."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tap_mihu.names import did_you_mean, nearest, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["map_doubts", "map_faults"]

_OPTIONS = ("__alias__", "__else__", "__filter__", "__key_properties__", "__source__")
_VERY_NEAR = 0.8


def map_faults(maps: Mapping[str, Any], fields: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield what is wrong with stream maps of a known form.

    Args:
        maps: The setting `stream_maps`.
        fields: The fields of each stream.
    """
    for key, definition in maps.items():
        if key.startswith("__"):
            continue  # The SDK knows which of these there are.
        source = _source(key, definition)
        if not _matching(source, fields):
            near = did_you_mean(source, fields)
            yield f"stream_maps.{shown(key)} maps a stream that does not exist{near}"
            continue
        for name, expression in _properties(definition).items():
            if name.startswith("__") and name.endswith("__"):
                if name not in _OPTIONS:
                    near = did_you_mean(name, _OPTIONS)
                    yield f"stream_maps.{shown(key)}.{shown(name)} does not exist{near}"
            elif _drops(expression) and name not in (known := _known(source, fields)):
                within = " (custom fields are in custom_fields)" * ("custom_fields" in known)
                yield (
                    f"stream_maps.{shown(key)}.{shown(name)} drops a field that does not exist"
                    f"{did_you_mean(name, known) or within}"
                )


def map_doubts(maps: Mapping[str, Any], fields: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield what is probably a slip in stream maps that have no fault."""
    for key, definition in maps.items():
        known = _known(_source(key, definition), fields)
        properties = _properties(definition)
        for name, expression in properties.items():
            near = nearest(name, known, near=_VERY_NEAR)
            # What maps the other field as well, or copies it as it is, means what it says.
            if near and not properties.keys() & {near, "__else__"} and expression != near:
                yield f"stream_maps.{shown(key)}.{shown(name)} adds a field: did you mean {near}?"


def _source(key: str, definition: object) -> str:
    source = definition.get("__source__", key) if isinstance(definition, dict) else key
    return source if isinstance(source, str) else key


def _matching(source: str, fields: Mapping[str, Collection[str]]) -> list[str]:
    return [stream for stream in fields if fnmatchcase(stream, source)]


def _known(source: str, fields: Mapping[str, Collection[str]]) -> set[str]:
    return {field for stream in _matching(source, fields) for field in fields[stream]}


def _properties(definition: object) -> dict[str, Any]:
    return definition if isinstance(definition, dict) else {}


def _drops(expression: object) -> bool:
    """Return whether an expression leaves nothing of a field, whatever is in it."""
    if expression is None or expression == "__NULL__":
        return True
    try:
        return ast.literal_eval(str(expression).strip()) in {None, ""}
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False

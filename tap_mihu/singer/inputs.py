"""Inputs: the catalog and the state, which may come from anywhere and be edited by hand."""

from __future__ import annotations

import copy
import io
import json
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog

from tap_mihu.errors import MihuError
from tap_mihu.singer.text_files import TextFileError, decode_json_text, decode_text

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["json_file", "read_catalog", "read_state"]


def json_file(file: IO[Any] | None, option: str) -> IO[str] | None:
    """Return a file that an option names, once it is known to hold JSON.

    UTF-8 and UTF-16, with and without a byte order mark, are what shells write. An empty state is
    none: the first run of a job often finds one.

    Raises:
        MihuError: It does not; the text says where it goes wrong.
    """
    if file is None:
        return None
    binary = getattr(file, "buffer", None)
    content = file.read().encode() if binary is None else binary.read()
    try:
        text = decode_text(content)
        if option == "--state" and not text.strip():
            return None
        decode_json_text(content)
    except TextFileError as error:
        raise MihuError(f"The {option} file is {error}{_hint(content)}.") from None
    return io.StringIO(text)


def _hint(content: bytes) -> str:
    """Return what to do about a file that holds a value on each of several lines."""
    try:
        lines = [json.loads(line) for line in decode_text(content).splitlines() if line.strip()]
    except (ValueError, TextFileError):
        return ""
    return f", but {len(lines)} lines of it: keep the last" if len(lines) > 1 else ""


def read_catalog(value: object, streams: Collection[str]) -> Catalog | None:
    """Return a catalog as the SDK reads it.

    Args:
        value: What may be one.
        streams: The streams of this tap.

    Raises:
        MihuError: It is none, or another tap's.
    """
    if value is None or isinstance(value, Catalog):
        return value
    try:
        catalog: Catalog = Catalog.from_dict(_with_chosen_methods(value))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise MihuError("The catalog is not a Singer catalog: make one with --discover.") from None
    if catalog.streams and not any(entry.tap_stream_id in streams for entry in catalog.streams):
        raise MihuError(
            f"The catalog has no stream of this tap ({', '.join(sorted(streams))}): is it another "
            "tap's? Make one with --discover."
        )
    return catalog


def _with_chosen_methods(catalog: Any) -> Any:
    """Let the metadata choose the replication method, as Singer has it; the SDK overlooks it."""
    catalog = copy.deepcopy(catalog)
    for stream in catalog["streams"]:
        for entry in stream.get("metadata", []):
            if not entry["breadcrumb"] and (method := entry["metadata"].get("replication-method")):
                stream["replication_method"] = method
    return catalog


_EMPTY_STATE_KEYS = {"currently_syncing"}


def read_state(value: object) -> dict[str, Any] | None:
    """Return a state without what the SDK cannot read.

    Raises:
        MihuError: It is none.
    """
    value = _unwrapped(value)
    if value is None:
        return None
    bookmarks = value.get("bookmarks", {}) if isinstance(value, dict) else None
    known = isinstance(value, dict) and ("bookmarks" in value or value.keys() <= _EMPTY_STATE_KEYS)
    if (
        not known
        or not isinstance(bookmarks, dict)
        or not all(isinstance(b, dict) for b in bookmarks.values())
    ):
        raise MihuError(
            'The state is not a Singer state of this tap: {"bookmarks": {stream: {…}}}.'
        )
    return {"bookmarks": {name: _readable(of) for name, of in bookmarks.items()}}


def _unwrapped(value: Any) -> Any:
    """Return the state in a STATE message, or in what `meltano state get` prints."""
    if isinstance(value, dict) and value.get("type") == "STATE" and "value" in value:
        return value["value"]
    if isinstance(value, dict) and value.keys() == {"singer_state"}:
        return value["singer_state"]
    return value


def _readable(bookmark: dict[str, Any]) -> dict[str, Any]:
    """Leave out the SDK's own entries where they have a form that it cannot read."""
    readable = {
        "progress_markers": lambda value: isinstance(value, dict),
        "partitions": lambda value: (
            isinstance(value, list) and all(isinstance(one, dict) for one in value)
        ),
    }
    return {
        name: value
        for name, value in bookmark.items()
        if name not in readable or readable[name](value)
    }

"""What a state says, for tests that look into one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["about", "bookmark", "done_until", "is_open"]


def bookmark(state: Mapping[str, Any]) -> str | None:
    """Up to when the updates of all contacts are delivered."""
    value: str | None = state["bookmarks"]["contacts"]["replication_key_value"]
    return value


def about(state: Mapping[str, Any]) -> dict[str, Any]:
    """What stands before the ranges."""
    found: dict[str, Any] = state["bookmarks"]["contacts"]["ranges"][0]
    return found


def is_open(state: Mapping[str, Any]) -> bool:
    """Whether the state is of a reading that did not come to its end."""
    return "ranges" in state["bookmarks"]["contacts"] and about(state)["round"] is not None


def done_until(state: Mapping[str, Any]) -> str:
    """The last day before the first that an unfinished reading has not read; empty if none."""
    done = ""
    about_all, *ranges = state["bookmarks"]["contacts"]["ranges"]
    for last, read_at, _ in ranges:
        if read_at is None or read_at < about_all["round"]["began"]:
            break
        done = last or "9999-12-31"
    return done

"""Fields: which custom fields, or other extra ones, are new or gone since the run before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.records.extra_names import MOST_EXTRAS

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["changes_text", "known_after"]

_MOST_TOLD = 20
_LONGEST_TOLD = 60


def known_after(
    known: Collection[str] | None, met: Collection[str] | None, *, read_all: bool
) -> Collection[str] | None:
    """Return the fields that are known after a run; None where nothing is.

    Args:
        known: Those known before.
        met: Those that the run met; None where there are too many of them.
        read_all: Whether it is proven that the run read everything: only then one can be gone.
    """
    if met is None or read_all:
        return met
    both = {*met}.union(known or ())
    return None if known is None or len(both) > MOST_EXTRAS else both


def changes_text(before: Collection[str] | None, now: Collection[str] | None) -> str | None:
    """Return in one line which fields are new and which are gone; None where that is no news."""
    if before is None or now is None:
        return None
    found = {"new": {*now}.difference(before), "gone": {*before}.difference(now)}
    parts = [f"{word}: {_listed(names)}" for word, names in found.items() if names]
    return "; ".join(parts) or None


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(_shown(name) for name in sorted(names)[:_MOST_TOLD])
    more = len(names) - _MOST_TOLD
    return f"{shown} and {more} more" if more > 0 else shown


def _shown(name: str) -> str:
    """Return a name as one that anybody may have chosen can stand in a line of the log."""
    text = "".join(character if character.isprintable() else "�" for character in name)
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"

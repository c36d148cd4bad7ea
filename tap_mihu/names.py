"""Names: how a person's own names are shown, and which name was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest", "shown"]

_LONGEST_SHOWN = 60
_NEAR = 0.5


def shown(name: str) -> str:
    """Return a name as a message may hold it: in one line, not too long, no address in it."""
    fits = name and len(name) <= _LONGEST_SHOWN and name.isprintable() and "@" not in name
    return name if fits else "(one name)"


def nearest(name: str, known: Iterable[str], *, near: float = _NEAR) -> str | None:
    """Return the known name that is most like this one, if any is alike.

    Args:
        name: What somebody wrote.
        known: What there is.
        near: How alike the two must be, from 0 to 1.
    """
    by_lower_case = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), by_lower_case, 1, near)
    return by_lower_case[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question to put behind "does not exist"; empty if no name is alike."""
    near = nearest(name, known)
    return f": did you mean {near}?" if near else ""

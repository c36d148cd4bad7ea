"""Counts: whether as many contacts were found as the last proven reading lets one expect."""

from __future__ import annotations

__all__ = ["agree", "too_few"]

_SAME_SHARE = 10
_SAME_AT_LEAST = 10


def too_few(found: int, expected: int | None) -> bool:
    """Return whether this is nothing, or less than half, where more is expected."""
    return expected is not None and (found == 0 < expected or 2 * found < expected)


def agree(found: int, before: int | None) -> bool:
    """Return whether two readings in a row found the same, but for what a day's work changes."""
    if before is None or (found == 0) != (before == 0):
        return False
    return abs(found - before) <= max(before // _SAME_SHARE, _SAME_AT_LEAST)

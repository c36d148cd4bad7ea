"""Extra names: how the extra fields of a stream are called, as a read meets them."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["MOST_EXTRAS", "ExtraNames"]

MOST_EXTRAS = 500
"""Beyond this many, keys are data rather than the fields of a workspace."""
_LONGEST = 200
"""Likewise, characters of one of them."""


class ExtraNames:
    """The names met so far; several threads may note some."""

    def __init__(self) -> None:
        """Start without any."""
        self._met: set[str] | None = set()
        self._lock = Lock()

    def note(self, names: Collection[str]) -> None:
        """Take note of the names on a page."""
        with self._lock:
            if self._met is None or self._met.issuperset(names):
                return
            self._met.update(names)
            if len(self._met) > MOST_EXTRAS or max(map(len, names)) > _LONGEST:
                self._met = None

    @property
    def met(self) -> frozenset[str] | None:
        """The names met; None where these are data rather than names."""
        return None if self._met is None else frozenset(self._met)

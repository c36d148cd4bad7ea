"""Unproven: the words for what a run could not prove."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_mihu.reading.scan import Done

__all__ = ["unproven_text"]

_MOST_RANGES = 3


def unproven_text(windows: Sequence[Done]) -> str:
    """Return why some windows are not proven, and which dates they hold, in one line.

    The cause of most of them comes first; further causes are counted, and so are ranges beyond
    the first three.
    """
    causes = [
        window.cause or "contacts changed too much while they were read" for window in windows
    ]
    most = max(causes, key=causes.count)
    others = len(set(causes)) - 1
    further = f" ({others} further cause{'s' * (others > 1)})" if others else ""
    ranges = [str(window.dates) if window.dates else "no date" for window in windows]
    named = ", ".join(ranges[:_MOST_RANGES])
    more = len(ranges) - _MOST_RANGES
    rest = f" and {more} more range{'s' * (more > 1)}" if more > 0 else ""
    return (
        f"It is not proven that none is missing: {most}{further} (created: {named}{rest}). "
        "The bookmark of these dates stays and no row is deleted; the next run reads them again."
    )

"""The beginning of a run: the state it starts from, whoever wrote what it was given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import MihuError
from tap_mihu.records.shaping import UPDATED_AT
from tap_mihu.records.timestamps import canonical, to_text
from tap_mihu.singer.due import since
from tap_mihu.singer.state import BOOKMARK, BOOKMARK_KEY, RANGES, State, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mihu.log import Log
    from tap_mihu.records.pages import DateRange
    from tap_mihu.singer.course import Terms

__all__ = ["for_start_date", "read_bookmark", "read_stream_state"]

# What the first edition wrote beside the bookmark.
_FILTERS = "filters"
_SCAN = "scan"


def read_stream_state(
    given: Mapping[str, Any],
    within: DateRange,
    subject: Subject,
    *,
    filters: Mapping[str, Any],
    lookback_seconds: int,
    logger: Log,
) -> State:
    """Return the state that a run starts from.

    Args:
        given: The stream's part of the Singer state.
        within: The creation dates that the filters leave.
        subject: What the run is about.
        filters: The run's filters, as the first edition kept them.
        lookback_seconds: How much before the bookmark is sent again.
        logger: Is told of what is not used.

    Raises:
        MihuError: The state cannot be used.
    """
    new = State.new(subject, within)
    if RANGES not in given:
        return _first_edition(given, new, filters, lookback_seconds, logger)
    state = State.from_state(given[RANGES], within, subject)
    if isinstance(state, Subject):
        changed = [
            name
            for name, then, now in (
                ("workspace (subdomain or api_url)", state.workspace, subject.workspace),
                ("filters", state.filters, subject.filters),
            )
            if then != now
        ]
        logger.warning(
            "The state is of another run: changed since then: %s. The stream starts over",
            " and ".join(changed),
        )
        return new
    if given.get(BOOKMARK) != state.bookmark:
        logger.warning(
            "Ignoring the state's %s, which its %s contradicts: to start from another moment, "
            "leave only the bookmark in the state",
            BOOKMARK,
            RANGES,
        )
    return state


def _first_edition(
    given: Mapping[str, Any],
    new: State,
    filters: Mapping[str, Any],
    lookback_seconds: int,
    logger: Log,
) -> State:
    """Return what a state of the first edition says, or one that was written by hand."""
    if _FILTERS in given and given[_FILTERS] != dict(filters):
        logger.warning(
            "The state is of another run: changed since then: filters. The stream starts over"
        )
        return new
    by_tap = _FILTERS in given
    bookmark = read_bookmark(given, UPDATED_AT, by_hand=not by_tap)
    if _SCAN in given and not _agree(given[_SCAN], bookmark, lookback_seconds):
        # Merged states hold the bookmark of one run beside the checkpoint of another.
        logger.info("Ignoring the checkpoint of version 0.1, and the bookmark beside it")
        return new
    if _SCAN in given:
        logger.info("Ignoring the checkpoint of version 0.1: reading from the bookmark")
    return State.new(new.subject, new.ranges.within, bookmark)


def _agree(scan: object, bookmark: str | None, lookback_seconds: int) -> bool:
    """Return whether a checkpoint is of a scan that began from the bookmark."""
    begun = since(bookmark, lookback_seconds=lookback_seconds, start_date=None)
    return isinstance(scan, dict) and begun is not None and scan.get("since") == begun


def read_bookmark(state: Mapping[str, Any], replication_key: str, *, by_hand: bool) -> str | None:
    """Return the bookmark of a stream's state; None where there is none for the key.

    Args:
        state: The stream's part of the Singer state.
        replication_key: What the bookmark is about.
        by_hand: Whether a person wrote it; the tap's own may come from any server's clock.

    Raises:
        MihuError: It is no timestamp, or lies in the future.
    """
    value = state.get(BOOKMARK)
    if value is None or state.get(BOOKMARK_KEY, replication_key) != replication_key:
        return None
    bookmark = canonical(value) if isinstance(value, str) else None
    if bookmark is None:
        raise MihuError(f"The state's {BOOKMARK} is no timestamp: correct it or start without it.")
    if by_hand and bookmark > to_text(datetime.now(UTC) + timedelta(days=1)):
        raise MihuError(
            f"The state's {BOOKMARK} lies in the future: correct it or start without it."
        )
    return bookmark


def for_start_date(state: State, terms: Terms, logger: Log) -> State:
    """Return a state that starts over where it has to, for an earlier `start_date`.

    Contacts that were never read would come from that date on, the others not.
    """
    if terms.full_table or state.bookmark is not None:
        return state
    start = terms.start_date or ""
    if start < (state.start_date or "") and any(mark.until for mark in state.ranges.marks):
        logger.warning(
            "start_date is earlier than that of the unfinished read before, so the stream "
            "starts over"
        )
        new = State.new(state.subject, state.ranges.within)
        state = replace(new, contacts=state.contacts, fields=state.fields)
    return replace(state, start_date=max(start, state.start_date or "") or None)

"""State: read without trust, whoever wrote it, and never mixed up with another's."""

import json
import logging
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.errors import MihuError
from tap_mihu.records.pages import DateRange
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.beginning import read_bookmark, read_stream_state
from tap_mihu.singer.ranges import Mark
from tap_mihu.singer.state import Round, State, Subject
from tests.simulated.runs import merge

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
MOMENT = to_text(NOW)
ALL = DateRange(None, None)
ACME = "https://acme.mihu.ai/api/v1"
SUBJECT = Subject.of(ACME, {})
ROUND = Round(MOMENT, full=True, version=17, before=None, read=5)
NEW = State.new(SUBJECT, ALL)
STATE = replace(
    NEW,
    ranges=NEW.ranges.change(DateRange(None, date(2025, 5, 31)), lambda _: Mark(MOMENT, MOMENT)),
    undated=Mark(MOMENT, MOMENT),
    start_date=MOMENT,
    contacts=12,
    counted_at=MOMENT,
    doubted=3,
    round=ROUND,
)
LOGGER = logging.getLogger("test of the state")


def read(given: dict[str, Any], filters: dict[str, Any] | None = None, url: str = ACME) -> State:
    chosen = filters or {}
    return read_stream_state(
        given,
        ALL,
        Subject.of(url, chosen),
        filters=chosen,
        lookback_seconds=300,
        logger=LOGGER,
    )


def test_it_survives_the_state_file() -> None:
    assert read(json.loads(json.dumps(STATE.to_state()))) == STATE


def test_no_key_is_ever_left_out() -> None:
    """One that is left out keeps its old value in a merge."""
    assert NEW.to_state().keys() == STATE.to_state().keys()


def test_a_merge_replaces_it_whole() -> None:
    first_edition = {"filters": {"status": "Active"}, "scan": {"since": None}}
    for old in (STATE.to_state(), NEW.to_state(), first_edition):
        for new in (STATE, NEW):
            merged = merge(deepcopy(new.to_state()), deepcopy(old))
            assert read(merged) == new


def test_it_holds_no_filter_value() -> None:
    subject = Subject.of(ACME, {"search": "someone@example.test"})
    text = json.dumps(State.new(subject, ALL).to_state())
    assert "someone" not in text


def test_the_bookmark_is_the_least_moment() -> None:
    assert NEW.bookmark is STATE.bookmark is None
    later = to_text(NOW + timedelta(hours=1))
    whole = replace(STATE, ranges=STATE.ranges.change_all(lambda _: Mark(MOMENT, later)))
    assert whole.bookmark == MOMENT


# Whose it is.


@pytest.mark.parametrize(
    ("filters", "url", "named", "unnamed"),
    [
        ({"status": "Active"}, ACME, "filters", "workspace"),
        ({}, "https://globex.mihu.ai/api/v1", "workspace", "filters"),
    ],
)
def test_a_state_of_another_is_not_used(
    filters: dict[str, Any],
    url: str,
    named: str,
    unnamed: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = read(STATE.to_state(), filters, url)
    assert state == State.new(Subject.of(url, filters), ALL)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert named in record.getMessage()
    assert unnamed not in record.getMessage()


def test_the_same_root_may_be_written_in_two_ways() -> None:
    assert Subject.of("HTTPS://ACME.mihu.ai/api/v1", {}) == SUBJECT
    one, other = ({"status": "Active", "search": "a"}, {"search": "a", "status": "Active"})
    assert Subject.of(ACME, one) == Subject.of(ACME, other)


def test_a_bookmark_that_contradicts_the_ranges_is_not_believed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    later = {"replication_key_value": "2030-01-01T00:00:00.000000Z"}
    assert read(STATE.to_state() | later) == STATE
    (record,) = caplog.records
    assert "replication_key_value" in record.getMessage()


# Other forms.

ABOUT: dict[str, dict[str, Any]] = {
    "a newer form": {"form": 2},
    "no form": {"form": None},
    "no workspace": {"workspace": None},
    "filters as they are": {"filters": {}},
    "a count that is text": {"contacts": "12"},
    "a count that is true": {"contacts": True},
    "a negative count": {"doubted": -1},
    "a moment in another form": {"counted_at": "2025-06-15"},
    "a start that is a number": {"start_date": 5},
    "undated that is null": {"undated": None},
    "undated that is short": {"undated": [None]},
    "something more": {"more": 1},
    "a round that is text": {"round": "open"},
    "a round that is empty": {"round": {}},
    "a round that began never": {"round": {**ROUND.to_state(), "began": None}},
    "a version that is true": {"round": {**ROUND.to_state(), "version": True}},
    "full that is a number": {"round": {**ROUND.to_state(), "full": 1}},
}


@pytest.mark.parametrize("change", ABOUT.values(), ids=ABOUT)
def test_a_form_that_is_unknown_is_refused_in_one_line(change: dict[str, Any]) -> None:
    given = STATE.to_state()
    given["ranges"][0] |= change
    with pytest.raises(MihuError, match="ranges") as error:
        read(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [None, [], {}, "text", 5, [1], [[]], [{}]], ids=str)
def test_what_is_no_list_of_ranges_is_refused(value: object) -> None:
    with pytest.raises(MihuError, match="ranges"):
        read({**STATE.to_state(), "ranges": value})


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
PARTS = [*STATE.to_state()["ranges"][0]]


@given(st.dictionaries(st.sampled_from(PARTS), any_json, min_size=1))
def test_one_that_was_edited_anyhow_is_read_or_refused(change: dict[str, Any]) -> None:
    given = STATE.to_state()
    given["ranges"][0] |= change
    try:
        state = read(given)
    except MihuError:
        return
    if state.subject == SUBJECT and state != NEW:
        assert state.to_state()["ranges"][0] == given["ranges"][0]


# A bookmark alone: the first edition's, or one that was written by hand.


def in_the_state(value: object, key: object = "updated_at") -> dict[str, Any]:
    return {"replication_key": key, "replication_key_value": value}


@pytest.mark.parametrize("more", [{}, {"filters": {}}])
@pytest.mark.parametrize(
    "value",
    ["2025-06-01", "2025-06-01T00:00:00Z", "2025-06-01T03:00:00+03:00", "2025-06-01 00:00:00"],
)
def test_a_bookmark_of_another_hand_is_understood(value: str, more: dict[str, Any]) -> None:
    state = read(in_the_state(value) | more)
    assert state == State.new(SUBJECT, ALL, "2025-06-01T00:00:00.000000Z")


def test_by_hand_it_counts_for_any_filters_by_the_first_edition_for_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = {"status": "Active"}
    assert read(in_the_state(MOMENT), chosen).bookmark == MOMENT
    assert read(in_the_state(MOMENT) | {"filters": chosen}, chosen).bookmark == MOMENT
    assert caplog.records == []
    assert read(in_the_state(MOMENT) | {"filters": {}}, chosen).bookmark is None
    (record,) = caplog.records
    assert "filters" in record.getMessage()


NO_BOOKMARK: dict[str, dict[str, Any]] = {
    "empty state": {},
    "null": in_the_state(None),
    "another key": in_the_state("2025-06-01T00:00:00Z", "created_at"),
    "another key with another value": in_the_state(17, "id"),
    "key that is none": in_the_state("2025-06-01T00:00:00Z", 5),
    "other parts alone": {"starting_replication_value": "2025-06-01", "scan": {}},
}


@pytest.mark.parametrize("given", NO_BOOKMARK.values(), ids=NO_BOOKMARK)
def test_there_is_no_bookmark(given: dict[str, Any]) -> None:
    assert read(given) == NEW


BAD_BOOKMARKS: dict[str, Any] = {
    "empty": "",
    "words": "yesterday",
    "zero date": "0000-00-00 00:00:00",
    "number": 1_750_000_000,
    "zero": 0,
    "true": True,
    "list": ["2025-06-01T00:00:00Z"],
    "object": {"date": "2025-06-01"},
}


@pytest.mark.parametrize("value", BAD_BOOKMARKS.values(), ids=BAD_BOOKMARKS)
def test_a_bookmark_that_is_no_timestamp_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(MihuError, match="replication_key_value") as error:
        read(in_the_state(value))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=36_500)])
def test_a_bookmark_from_the_future_is_refused_if_written_by_hand(ahead: timedelta) -> None:
    """It would say that nothing has changed until then."""
    bookmark = to_text(datetime.now(UTC) + ahead)
    with pytest.raises(MihuError, match="future"):
        read(in_the_state(bookmark))


@pytest.mark.parametrize("ahead", [timedelta(hours=14), timedelta(hours=26), timedelta(days=400)])
def test_what_the_tap_wrote_under_a_clock_that_is_ahead_is_not_refused(ahead: timedelta) -> None:
    bookmark = to_text(datetime.now(UTC) + ahead)
    assert read(in_the_state(bookmark) | {"filters": {}}).bookmark == bookmark
    state = State.new(SUBJECT, ALL, bookmark)
    assert read(state.to_state()) == state


@given(any_json, any_json)
def test_a_bookmark_edited_anyhow_is_read_or_refused(value: object, key: object) -> None:
    try:
        bookmark = read_bookmark(in_the_state(value, key), "updated_at", by_hand=True)
    except MihuError:
        return
    assert bookmark is None or isinstance(value, str)

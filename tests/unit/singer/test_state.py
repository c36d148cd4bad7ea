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
from tap_mihu.singer.beginning import read_stream_state
from tap_mihu.singer.inputs import read_state
from tap_mihu.singer.ranges import Mark
from tap_mihu.singer.state import Round, State, Subject
from tests.simulated.runs import merge

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
MOMENT = to_text(NOW)
ALL = DateRange(None, None)
ACME = "https://acme.mihu.ai/api/v1"
ACTIVE = {"status": "Active"}
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
    fields=("plan", "seats"),
)
LOGGER = logging.getLogger("test of the state")


def read(given: dict[str, Any], filters: dict[str, Any] | None = None, url: str = ACME) -> State:
    chosen = filters or {}
    return read_stream_state(
        given, ALL, Subject.of(url, chosen), filters=chosen, lookback_seconds=300, logger=LOGGER
    )


def test_a_merge_replaces_it_whole_and_it_survives_the_state_file() -> None:
    first_edition = {"filters": ACTIVE, "scan": {"since": None}}
    for old in ({}, STATE.to_state(), NEW.to_state(), first_edition):
        for new in (STATE, NEW):
            merged = merge(deepcopy(new.to_state()), deepcopy(old))
            assert read(json.loads(json.dumps(merged))) == new


def test_it_holds_no_filter_value() -> None:
    subject = Subject.of(ACME, {"search": "someone@example.test"})
    assert "someone" not in json.dumps(State.new(subject, ALL).to_state())


def test_the_bookmark_is_the_least_moment() -> None:
    assert NEW.bookmark is STATE.bookmark is None
    later = to_text(NOW + timedelta(hours=1))
    whole = replace(STATE, ranges=STATE.ranges.change_all(lambda _: Mark(MOMENT, later)))
    assert whole.bookmark == MOMENT


# Whose it is.


@pytest.mark.parametrize(
    ("filters", "host", "changed"),
    [
        (ACTIVE, "acme", "filters"),
        ({}, "globex", "workspace (subdomain or api_url)"),
        (ACTIVE, "globex", "workspace (subdomain or api_url) and filters"),
    ],
)
def test_a_state_of_another_is_not_used(
    filters: dict[str, Any], host: str, changed: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"https://{host}.mihu.ai/api/v1"
    assert read(STATE.to_state(), filters, url) == State.new(Subject.of(url, filters), ALL)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"changed since then: {changed}. " in record.getMessage()


def test_the_same_subject_may_be_written_in_two_ways() -> None:
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
    "filters as they are": {"filters": {}},
    "a count that is true": {"contacts": True},
    "a negative count": {"doubted": -1},
    "a moment in another form": {"counted_at": "2025-06-15"},
    "names that are numbers": {"fields": [1]},
    "a round that began never": {"round": {**ROUND.to_state(), "began": None}},
    "a version that is true": {"round": {**ROUND.to_state(), "version": True}},
    "full that is a number": {"round": {**ROUND.to_state(), "full": 1}},
    "a moment before that is none": {"round": {**ROUND.to_state(), "before": "yesterday"}},
    "fewer than none read": {"round": {**ROUND.to_state(), "read": -1}},
}


@pytest.mark.parametrize("change", ABOUT.values(), ids=ABOUT)
def test_a_form_that_is_unknown_is_refused_in_one_line(change: dict[str, Any]) -> None:
    given = STATE.to_state()
    given["ranges"][0] |= change
    with pytest.raises(MihuError, match="ranges") as error:
        read(given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [None, [], {}, "text", [1], [{}]], ids=str)
def test_what_is_no_list_of_ranges_is_refused(value: object) -> None:
    with pytest.raises(MihuError, match="ranges"):
        read({**STATE.to_state(), "ranges": value})


def test_a_state_from_before_the_names_of_fields_is_understood() -> None:
    given = STATE.to_state()
    del given["ranges"][0]["fields"]
    assert read(given) == replace(STATE, fields=None)


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

DAY_TEXT = "2025-06-01T00:00:00.000000Z"


def bookmark(value: object, key: object = "updated_at", **more: object) -> dict[str, Any]:
    return {"replication_key": key, "replication_key_value": value} | more


SCAN = {"since": "2025-05-31T23:55:00.000000Z"}
BOOKMARKS: dict[str, tuple[dict[str, Any], str | None]] = {
    "empty state": ({}, None),
    "null": (bookmark(None), None),
    "no key": ({"replication_key_value": DAY_TEXT}, DAY_TEXT),
    "a date": (bookmark("2025-06-01"), DAY_TEXT),
    "another zone": (bookmark("2025-06-01T03:00:00+03:00", filters={}), DAY_TEXT),
    "a space": (bookmark("2025-06-01 00:00:00"), DAY_TEXT),
    "another key": (bookmark(17, "id"), None),
    "what the SDK puts beside": (
        bookmark(DAY_TEXT, starting_replication_value=MOMENT, replication_key_signpost=7),
        DAY_TEXT,
    ),
    "a checkpoint from the bookmark": (bookmark(DAY_TEXT, filters={}, scan=SCAN), DAY_TEXT),
    "one of another run": (bookmark(DAY_TEXT, filters={}, scan={"since": None}), None),
    "one from a start date": (bookmark(DAY_TEXT, filters={}, scan={"since": DAY_TEXT}), None),
    "one that is none": (bookmark(DAY_TEXT, filters={}, scan=[SCAN]), None),
    "nothing in its place": (bookmark(DAY_TEXT, filters={}, scan=None), None),
}


@pytest.mark.parametrize("name", BOOKMARKS)
def test_a_bookmark_of_another_hand_is_understood(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Merged states of the first edition hold the checkpoint of one run beside another's."""
    given, until = BOOKMARKS[name]
    with caplog.at_level(logging.INFO):
        assert read(given) == State.new(SUBJECT, ALL, until)
    told = [record.levelname for record in caplog.records]
    assert told == ["INFO"] * ("scan" in given)


def test_by_hand_it_counts_for_any_filters_by_the_first_edition_for_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert read(bookmark(MOMENT), ACTIVE).bookmark == MOMENT
    assert read(bookmark(MOMENT, filters=ACTIVE), ACTIVE).bookmark == MOMENT
    assert caplog.records == []
    assert read(bookmark(MOMENT, filters={}), ACTIVE).bookmark is None
    (record,) = caplog.records
    assert "filters" in record.getMessage()


NO_TIMESTAMP = ["", "yesterday", "0000-00-00 00:00:00", "2025-13-01T00:00:00Z", 0, True, [MOMENT]]


@pytest.mark.parametrize("value", NO_TIMESTAMP, ids=repr)
def test_a_bookmark_that_is_no_timestamp_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(MihuError, match="replication_key_value") as error:
        read(bookmark(value))
    assert "\n" not in str(error.value)


def test_only_a_bookmark_written_by_hand_is_refused_if_it_lies_in_the_future() -> None:
    """It would say that nothing has changed until then; a server's clock may be ahead."""
    now = datetime.now(UTC)
    soon, ahead = (to_text(now + timedelta(hours=hours)) for hours in (23, 26))
    assert read(bookmark(soon)).bookmark == soon
    with pytest.raises(MihuError, match="future"):
        read(bookmark(ahead))
    assert read(bookmark(ahead, filters={})).bookmark == ahead
    state = State.new(SUBJECT, ALL, ahead)
    assert read(state.to_state()) == state


# What is around it.

KEPT = {"bookmarks": {"contacts": bookmark(MOMENT)}}


def test_a_state_inside_of_something_is_used() -> None:
    beside = {"currently_syncing": "contacts", **KEPT}
    for value in (KEPT, beside, {"type": "STATE", "value": KEPT}, {"singer_state": KEPT}):
        assert read_state(value) == KEPT
    assert read_state({}) == {"bookmarks": {}}
    assert read_state(None) is None


@pytest.mark.parametrize("name", ["progress_markers", "partitions"])
def test_what_the_sdk_cannot_read_is_left_out(name: str) -> None:
    odd: list[Any] = ["Note", None, 5, [1, 2]]
    for value in odd:
        given = {"bookmarks": {"contacts": bookmark(MOMENT, **{name: value}), "tickets": {}}}
        assert read_state(given) == KEPT | {"bookmarks": KEPT["bookmarks"] | {"tickets": {}}}
    sound = {"progress_markers": {"Note": ""}, "partitions": [{"context": {"a": 1}}]}
    assert read_state({"bookmarks": {"contacts": sound}}) == {"bookmarks": {"contacts": sound}}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"contacts": {}},
        {"bookmarks": None},
        {"bookmarks": [{"contacts": {}}]},
        {"bookmarks": {"contacts": None}},
        {"singer_state": {"contacts": {}}},
    ],
    ids=str,
)
def test_what_is_no_state_is_refused(value: object) -> None:
    with pytest.raises(MihuError, match="state"):
        read_state(value)

"""State: read without trust, whoever wrote it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.errors import MihuError
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.state import Checkpoint, read_bookmark, since

CHECKPOINT = Checkpoint(
    started_at="2025-06-15T12:00:00.000000Z",
    done_until="2025-05-31",
    replication_method="FULL_TABLE",
    since="2025-06-01T00:00:00.000000Z",
    version=1_750_000_000,
    max_updated_at="2025-06-15T11:59:59.000000Z",
)

# The checkpoint.


def test_a_checkpoint_survives_the_state_file() -> None:
    assert Checkpoint.from_state(json.loads(json.dumps(CHECKPOINT.to_state()))) == CHECKPOINT


@pytest.mark.parametrize("part", ["since", "version", "max_updated_at"])
def test_a_checkpoint_with_a_part_that_there_need_not_be(part: str) -> None:
    value = CHECKPOINT.to_state() | {part: None}
    checkpoint = Checkpoint.from_state(value)
    assert checkpoint is not None
    assert checkpoint.to_state() == value


def test_the_days_that_are_left_begin_behind_the_last() -> None:
    checkpoint = Checkpoint.from_state(CHECKPOINT.to_state() | {"done_until": "2024-02-28"})
    assert checkpoint is not None
    assert checkpoint.next_day == date(2024, 2, 29)


ANOTHER: dict[str, Any] = {
    "null": None,
    "text": "2025-05-31",
    "list": [],
    "number": 1,
    "true": True,
    "empty": {},
}
CHANGED: dict[str, dict[str, Any]] = {
    "a further part": {"page": 7},
    "start is null": {"started_at": None},
    "start is a number": {"started_at": 1_750_000_000},
    "start in another form": {"started_at": "2025-06-15 12:00:00"},
    "start with an offset": {"started_at": "2025-06-15T12:00:00.000000+00:00"},
    "start is no time": {"started_at": "soon"},
    "day is null": {"done_until": None},
    "day is a number": {"done_until": 20250531},
    "day is no day": {"done_until": "2025-02-30"},
    "day is a time": {"done_until": "2025-05-31T00:00:00Z"},
    "day without hyphens": {"done_until": "20250531"},
    "day of a week": {"done_until": "2025-W22-6"},
    "day in other digits": {"done_until": "２０２５-05-31"},  # noqa: RUF001 - the point
    "method is null": {"replication_method": None},
    "method is a number": {"replication_method": 1},
    "since is a number": {"since": 5},
    "since is empty": {"since": ""},
    "since in another form": {"since": "2025-06-01"},
    "version is text": {"version": "1750000000"},
    "version has a point": {"version": 1_750_000_000.0},
    "version is true": {"version": True},
    "version is zero": {"version": 0},
    "version is negative": {"version": -1},
    "greatest time is a list": {"max_updated_at": []},
    "greatest time in another form": {"max_updated_at": "2025-06-15T11:59:59Z"},
}


@pytest.mark.parametrize("value", ANOTHER.values(), ids=ANOTHER)
def test_what_is_no_checkpoint_is_refused(value: object) -> None:
    assert Checkpoint.from_state(value) is None


@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_a_checkpoint_of_an_unknown_form_is_refused(change: dict[str, Any]) -> None:
    assert Checkpoint.from_state(CHECKPOINT.to_state() | change) is None


@pytest.mark.parametrize("part", CHECKPOINT.to_state())
def test_a_checkpoint_that_lacks_a_part_is_refused(part: str) -> None:
    value = CHECKPOINT.to_state()
    del value[part]
    assert Checkpoint.from_state(value) is None


any_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from([*CHECKPOINT.to_state()]), any_json, min_size=1))
def test_a_checkpoint_edited_anyhow_is_read_or_refused(change: dict[str, Any]) -> None:
    value = CHECKPOINT.to_state() | change
    checkpoint = Checkpoint.from_state(value)
    if checkpoint is not None:
        assert checkpoint.to_state() == value
        assert checkpoint.next_day > date.fromisoformat(value["done_until"])


# The bookmark.


def in_the_state(value: object, key: object = "updated_at") -> dict[str, Any]:
    return {"replication_key": key, "replication_key_value": value}


def test_the_bookmark() -> None:
    bookmark = "2025-06-01T00:00:00.000000Z"
    assert read_bookmark(in_the_state(bookmark), "updated_at") == bookmark


@pytest.mark.parametrize(
    "value",
    ["2025-06-01", "2025-06-01T00:00:00Z", "2025-06-01T03:00:00+03:00", "2025-06-01 00:00:00"],
)
def test_a_bookmark_of_another_hand_is_understood(value: str) -> None:
    assert read_bookmark(in_the_state(value), "updated_at") == "2025-06-01T00:00:00.000000Z"


NO_BOOKMARK: dict[str, dict[str, Any]] = {
    "empty state": {},
    "null": in_the_state(None),
    "another key": in_the_state("2025-06-01T00:00:00Z", "created_at"),
    "another key with another value": in_the_state(17, "id"),
    "key that is none": in_the_state("2025-06-01T00:00:00Z", 5),
    "other parts alone": {"starting_replication_value": "2025-06-01", "scan": {}},
}


@pytest.mark.parametrize("state", NO_BOOKMARK.values(), ids=NO_BOOKMARK)
def test_there_is_no_bookmark(state: dict[str, Any]) -> None:
    assert read_bookmark(state, "updated_at") is None


def test_a_bookmark_that_names_no_key_is_ours() -> None:
    state = {"replication_key_value": "2025-06-01T00:00:00.000000Z"}
    assert read_bookmark(state, "updated_at") == "2025-06-01T00:00:00.000000Z"


BAD_BOOKMARKS: dict[str, Any] = {
    "empty": "",
    "words": "yesterday",
    "zero date": "0000-00-00 00:00:00",
    "number": 1_750_000_000,
    "zero": 0,
    "true": True,
    "false": False,
    "list": ["2025-06-01T00:00:00Z"],
    "object": {"date": "2025-06-01"},
}


@pytest.mark.parametrize("value", BAD_BOOKMARKS.values(), ids=BAD_BOOKMARKS)
def test_a_bookmark_that_is_no_timestamp_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(MihuError, match="replication_key_value") as error:
        read_bookmark(in_the_state(value), "updated_at")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=36_500)])
def test_a_bookmark_from_the_future_is_refused(ahead: timedelta) -> None:
    """It would say that nothing has changed until then."""
    bookmark = to_text(datetime.now(UTC) + ahead)
    with pytest.raises(MihuError, match="future"):
        read_bookmark(in_the_state(bookmark), "updated_at")


def test_a_server_whose_clock_is_hours_ahead_is_no_reason_to_refuse() -> None:
    bookmark = to_text(datetime.now(UTC) + timedelta(hours=14))
    assert read_bookmark(in_the_state(bookmark), "updated_at") == bookmark


@given(any_json, any_json)
def test_a_bookmark_edited_anyhow_is_read_or_refused(value: object, key: object) -> None:
    try:
        bookmark = read_bookmark(in_the_state(value, key), "updated_at")
    except MihuError:
        return
    assert bookmark is None or isinstance(value, str)


# From when on contacts are due.

BOOKMARK = "2025-06-15T12:00:00.000000Z"
DUE: dict[str, tuple[str | None, int, str | None, str | None]] = {
    "neither": (None, 300, None, None),
    "first run": (None, 300, "2025-06-01", "2025-06-01T00:00:00.000000Z"),
    "start date in another zone": (
        None,
        300,
        "2025-06-01T00:00:00+03:00",
        "2025-05-31T21:00:00.000000Z",
    ),
    "bookmark alone": (BOOKMARK, 0, None, BOOKMARK),
    "lookback": (BOOKMARK, 300, None, "2025-06-15T11:55:00.000000Z"),
    "lookback over midnight": (BOOKMARK, 86_400, None, "2025-06-14T12:00:00.000000Z"),
    "start date long ago": (BOOKMARK, 300, "2020-01-01", "2025-06-15T11:55:00.000000Z"),
    "start date within lookback": (
        BOOKMARK,
        300,
        "2025-06-15T11:57:00Z",
        "2025-06-15T11:57:00.000000Z",
    ),
    "start date after bookmark": (BOOKMARK, 300, "2025-07-01", "2025-07-01T00:00:00.000000Z"),
    "lookback beyond the first year": (BOOKMARK, 10**11, None, None),
    "lookback beyond all numbers": (BOOKMARK, 10**30, None, None),
    "endless lookback from a start date": (
        BOOKMARK,
        10**30,
        "2025-06-01",
        "2025-06-01T00:00:00.000000Z",
    ),
}


@pytest.mark.parametrize(("bookmark", "lookback", "start", "due"), DUE.values(), ids=DUE)
def test_due(bookmark: str | None, lookback: int, start: str | None, due: str | None) -> None:
    assert since(bookmark, lookback_seconds=lookback, start_date=start) == due


moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(moments, moments | st.none(), st.integers(0, 10**9))
def test_nothing_after_bookmark_and_start_is_left_out(
    bookmark: datetime, start: datetime | None, lookback: int
) -> None:
    start_date = None if start is None else start.isoformat()
    due = since(to_text(bookmark), lookback_seconds=lookback, start_date=start_date)
    assert due is not None
    assert due <= to_text(max(bookmark, start or bookmark))
    assert start is None or due >= to_text(start)

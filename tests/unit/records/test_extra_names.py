"""Extra names: whatever way a page takes, each name on it is noted, as long as they are names."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.extra_names import MOST_EXTRAS, ExtraNames
from tap_mihu.records.shaping import Shaper
from tap_mihu.singer.lines import LineFormat
from tap_mihu.singer.schema import stream_schema
from tests.sandbox.clock import NOON as NOW

NAMES = ("plan", "seats", "süß", "tab\tin it", "")
ITEM = {"uuid": "00000000-0000-4000-8000-000000000000", "name": "Ada", "tags": []}


def met(
    pages: list[list[dict[str, Any]]], columns: tuple[str, ...] = (), *, typed: bool = True
) -> frozenset[str] | None:
    """Decode pages of such extra fields one after the other."""
    names = ExtraNames()
    shaper = Shaper(
        stream_schema("contacts", columns), extra_fields="custom_fields", columns=columns
    )
    decoder = PageDecoder(shaper, row_format=LineFormat("contacts"), extra_names=names, typed=typed)
    for items in pages:
        listing: dict[str, Any] = {"current_page": 1, "last_page": 1, "total": len(items)}
        listing["data"] = [ITEM | extra for extra in items]
        body = json.dumps({"success": True, "data": listing}).encode()
        decoder.page(body, 1, served_at=NOW, received_at=NOW)
    return names.met


EXTRAS = st.dictionaries(st.sampled_from(NAMES), st.one_of(st.none(), st.integers(), st.text()))


@given(
    st.lists(st.lists(EXTRAS, max_size=3), max_size=6),
    st.lists(st.sampled_from(["plan", "seats"]), unique=True),
    st.booleans(),
)
def test_all_names_are_met_and_no_others(
    pages: list[list[dict[str, Any]]],
    columns: list[str],
    typed: bool,  # noqa: FBT001 - drawn
) -> None:
    there = frozenset(name for items in pages for extra in items for name in extra)
    assert met(pages, tuple(columns), typed=typed) == there


MANY = [{f"field {number}": 1} for number in range(MOST_EXTRAS + 1)]


def test_so_many_names_are_kept() -> None:
    assert len(met([MANY[1:]], typed=False) or ()) == MOST_EXTRAS


@pytest.mark.parametrize(
    "pages",
    [[MANY], [[extra] for extra in MANY], [[{"k" * 201: 1}], [{"plan": 1}]]],
    ids=["on one page", "page by page", "too long"],
)
def test_keys_that_are_data_are_no_names(pages: list[list[dict[str, Any]]]) -> None:
    assert met(pages, typed=False) is None

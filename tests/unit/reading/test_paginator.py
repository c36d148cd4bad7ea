"""The paginator: each page once, and only `last_page` ends a listing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.errors import EnvelopeError
from tap_mihu.reading.paginator import PageNumberPaginator


@given(st.lists(st.integers(0, 300), min_size=1))
def test_each_page_up_to_the_last_ever_told_is_asked_for_once(said: list[int]) -> None:
    paginator = PageNumberPaginator()
    asked = [number for last_page in said for number in paginator.follow(last_page, 0)]
    assert [1, *asked] == [*range(1, max(1, *said) + 1)] == [*range(1, paginator.last_page + 1)]


def test_a_listing_without_end_is_reported() -> None:
    paginator = PageNumberPaginator()
    paginator.follow(1010, 5)
    with pytest.raises(EnvelopeError, match=r"last_page is 1011: .* without end"):
        paginator.follow(1011, 10_000)

"""The paginator: each page once, and only `last_page` ends a listing."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_mihu.errors import EnvelopeError
from tap_mihu.reading.paginator import PageNumberPaginator


@given(st.lists(st.integers(0, 300), min_size=1, max_size=300))
@example([2000] * 1500 + [5000])
def test_each_page_up_to_the_last_ever_told_is_asked_for_once(said: list[int]) -> None:
    paginator, asked, heard = PageNumberPaginator(), list[int](), list[int]()
    while (number := paginator.next_page()) is not None:
        asked.append(number)
        heard.append(said[min(number, len(said)) - 1])
        paginator.learn(heard[-1])
    assert not paginator.remaining
    assert asked == [*range(1, max(1, *heard) + 1)]


@pytest.mark.parametrize("step", [1, 10, 100])
def test_a_listing_without_end_is_reported(step: int) -> None:
    paginator = PageNumberPaginator()
    with pytest.raises(EnvelopeError, match="without end"):  # noqa: PT012 - whenever it is
        for number in range(1, 2000):
            paginator.learn(number + step)


def test_more_pages_than_twice_the_items_are_not_followed() -> None:
    paginator = PageNumberPaginator()
    paginator.learn(1010, total=5)
    with pytest.raises(EnvelopeError, match="last_page is 1011"):
        paginator.learn(1011)

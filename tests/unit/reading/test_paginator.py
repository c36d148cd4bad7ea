"""The paginator: each page once, and only `last_page` ends a listing."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.errors import EnvelopeError
from tap_mihu.reading.paginator import PageNumberPaginator


def walk(last_page_of: Callable[[int], int], most: int = 10_000) -> list[int]:
    """Ask page after page of a server that says this of its last page."""
    paginator = PageNumberPaginator()
    asked: list[int] = []
    while (number := paginator.next_page()) is not None:
        asked.append(number)
        assert len(asked) <= most, "it is followed for ever"
        paginator.learn(last_page_of(number))
    assert not paginator.remaining
    return asked


LISTINGS: dict[str, tuple[Callable[[int], int], int]] = {
    "one page": (lambda _: 1, 1),
    "nothing": (lambda _: 0, 1),
    "some pages": (lambda _: 4, 4),
    "grows while reading": (lambda number: 4 if number < 3 else 6, 6),
    "grows on the last page": (lambda number: 4 if number < 4 else 5, 5),
    "grows from one page": (lambda number: min(number + 1, 9), 9),
    "shrinks while reading": (lambda number: 6 if number < 3 else 4, 6),
    "shrinks to nothing": (lambda number: 6 if number < 2 else 0, 6),
    "goes up and down": (lambda number: 5 + number % 2 * 2, 7),
    "grows by as much as it may": (lambda number: 2000 if number < 1500 else 5000, 5000),
}


@pytest.mark.parametrize(("last_page_of", "last"), LISTINGS.values(), ids=LISTINGS)
def test_each_page_is_asked_once_up_to_the_last_ever_named(
    last_page_of: Callable[[int], int], last: int
) -> None:
    assert walk(last_page_of) == [*range(1, last + 1)]


@given(st.lists(st.integers(0, 300), min_size=1, max_size=300))
def test_whatever_is_said_each_page_is_asked_once(said: list[int]) -> None:
    asked = walk(lambda number: said[min(number, len(said)) - 1])
    heard = [said[min(number, len(said)) - 1] for number in asked]
    assert asked == [*range(1, max(1, *heard) + 1)]


def test_no_page_is_handed_out_before_it_is_known_of() -> None:
    paginator = PageNumberPaginator()
    assert paginator.next_page() == 1
    assert paginator.next_page() is None
    assert not paginator.remaining
    paginator.learn(3)
    assert [paginator.next_page() for _ in range(3)] == [2, 3, None]
    paginator.learn(4)
    assert paginator.remaining
    assert paginator.next_page() == 4


@pytest.mark.parametrize("step", [1, 10, 100])
def test_a_listing_without_end_is_reported(step: int) -> None:
    with pytest.raises(EnvelopeError, match="without end"):
        walk(lambda number: number + step)

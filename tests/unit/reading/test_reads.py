"""A read: what it says of itself."""

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.reading.evidence import Read
from tests.simulated.steps import page

# What a read says of itself: how many more it counts than it reads, whether it is hollow, and
# how often its total fell.
READS = {
    "whole": (Read(pages=[page(1, "a b", 3), page(2, "c", 3)]), (0, False, 0)),
    "one less": (Read(pages=[page(1, "a b", 4), page(2, "c", 4)]), (1, False, 0)),
    "one more": (Read(pages=[page(1, "a b", 2), page(2, "c", 2)]), (-1, False, 0)),
    "a twin": (Read(pages=[page(1, "a a", 3), page(2, "c", 3)]), (0, False, 0)),
    "not at its end": (Read(pages=[page(1, "a b", 4)], left=[2]), (0, False, 0)),
    "a page refused": (
        Read(pages=[page(1, "a b", 4)], refused={2: RefusedError("no")}),
        (0, False, 0),
    ),
    "total moves": (Read(pages=[page(1, "a b", 4), page(2, "c", 5)]), (0, False, 0)),
    "total falls and rises": (
        Read(pages=[page(n, "a", total) for n, total in enumerate([5, 4, 4, 5, 3], 1)]),
        (0, False, 2),
    ),
    "empty from a page on": (
        Read(pages=[page(1, "a b", 6), page(2, "c d", 6), page(3, "", 6)]),
        (2, True, 0),
    ),
    "empty in between": (
        Read(pages=[page(1, "a b", 6), page(2, "", 6), page(3, "c d", 6)]),
        (2, False, 0),
    ),
    "half a page before the empty": (
        Read(pages=[page(1, "a b", 6), page(2, "c", 6), page(3, "", 6)]),
        (3, False, 0),
    ),
    "an empty page too many": (
        Read(pages=[page(1, "a b", 4), page(2, "c d", 4), page(3, "", 4)]),
        (0, False, 0),
    ),
}


@pytest.mark.parametrize(("read", "told"), READS.values(), ids=READS)
def test_what_a_read_says_of_itself(read: Read, told: tuple[int, bool, int]) -> None:
    assert (read.contradiction, read.hollow, read.drops) == told


def test_pages_that_get_more_are_asked_for_once_and_all_though_they_get_fewer() -> None:
    read = Read()
    for last_page in (3, 2, 5, 4):
        read.expect(last_page)
    assert (read.left, read.last_page) == ([2, 3, 4, 5], 5)

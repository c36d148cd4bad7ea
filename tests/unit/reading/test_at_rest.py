"""The scan where nothing moves: what it proves, and what that costs."""

from itertools import product
from typing import Any

import pytest

from tests.simulated.oddities import Order
from tests.simulated.reading import check, read
from tests.simulated.server import EVERYTHING, Shape, SimulatedServer

# Of days that fit on a page, so that not even a server without a stable order hides anything.
SPARSE = [Shape.EVEN, Shape.GROWING, Shape.GAP]
UNDATED = {Shape.UNDATED, Shape.ONE_UNDATED}
STABLE = [order for order in Order if order is not Order.UNSTABLE]
ONE_WINDOW = 500


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("order", STABLE)
def test_all_is_proven_and_few_pages_cost_a_plain_walk_and_one_or_two_doubts(
    order: Order, shape: Shape
) -> None:
    """Several pages are compared with their older half; a full last page with the one behind it.

    Where it ignores dates, that it counts more in the older half makes its other end be asked for.
    """
    for size, ignores_dates in product((1, 11, 470, 475, 901), (False, True)):
        server = SimulatedServer(size=size, order=order, shape=shape, ignores_dates=ignores_dates)
        reading = read(server)
        check(server, reading)
        # Where many without creation date follow the others, they look as if dates were obeyed.
        assert reading.proven or (ignores_dates and shape is Shape.UNDATED)
        if size > ONE_WINDOW or shape in UNDATED:
            continue
        pages = server.pages()
        if shape is Shape.TODAY:
            # Those created a moment before may have come late: some is read once more.
            assert len(server.requests) <= 1.5 * pages + 2
            continue
        assert server.requests[:pages] == [(EVERYTHING, page) for page in range(1, pages + 1)]
        doubts = server.requests[pages:]
        behind = [(EVERYTHING, pages + 1)] * (size % server.page_size == 0)
        assert doubts[: len(behind)] == behind
        assert len(doubts) - len(behind) <= (1 + ignores_dates) * (pages > 1)


def test_nothing_at_all_is_asked_for_twice() -> None:
    server = SimulatedServer(size=0)
    assert read(server).proven
    assert server.requests == [(EVERYTHING, 1)] * 2


@pytest.mark.parametrize("size", [500, 1000])
def test_a_total_that_looks_like_a_limit_is_compared_with_its_parts(size: int) -> None:
    server = SimulatedServer(size=size, page_size=20)
    reading = read(server)
    assert reading.proven
    assert reading.uuids == server.throughout()
    assert len(server.requests) <= server.pages() + 12
    assert len({dates for dates, _ in server.requests}) > 2


PROVEN: list[dict[str, Any]] = [
    *({"page_size": 30, "order": Order.UNSTABLE, "shape": shape} for shape in SPARSE),
    {"page_size": 100, "page_cap": 15},
]


@pytest.mark.parametrize("options", PROVEN, ids=str)
@pytest.mark.parametrize("size", [300, 1501])
def test_neither_an_unstable_order_nor_other_pages_than_asked_for_hinder_proof(
    size: int, options: dict[str, Any]
) -> None:
    server = SimulatedServer(size=size, **options)
    reading = read(server)
    check(server, reading)
    assert reading.proven


@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.GROWING])
def test_a_thousand_pages_cost_eight_percent_more_at_most(shape: Shape) -> None:
    server = SimulatedServer(size=5000, page_size=5, shape=shape)
    assert read(server).proven
    assert len(server.requests) <= 1.08 * server.pages()

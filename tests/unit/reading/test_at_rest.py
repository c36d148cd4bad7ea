"""The scan where nothing moves: what it proves, and what that costs."""

import pytest

from tests.simulated.oddities import Larger, Order, Paging
from tests.simulated.reading import check, read
from tests.simulated.server import EVERYTHING, Shape, SimulatedServer

# Of days that fit on a page, so that not even a server without a stable order hides anything.
SPARSE = [Shape.EVEN, Shape.GROWING, Shape.GAP]
DATED = [shape for shape in Shape if shape not in {Shape.UNDATED, Shape.ONE_UNDATED}]
STABLE = [order for order in Order if order is not Order.UNSTABLE]


@pytest.mark.parametrize("ignores_dates", [False, True])
@pytest.mark.parametrize("shape", DATED)
@pytest.mark.parametrize("order", STABLE)
def test_at_rest_few_pages_cost_a_plain_walk_and_one_or_two_doubts(
    order: Order, shape: Shape, *, ignores_dates: bool
) -> None:
    """Several pages are compared with their older half; a full last page with the one behind it.

    Where it ignores dates, that it counts more in the older half makes its other end be asked for.
    """
    for size in (1, 11, 470, 475):
        server = SimulatedServer(size=size, order=order, shape=shape, ignores_dates=ignores_dates)
        reading = read(server)
        assert reading.proven
        assert reading.uuids == server.throughout()
        pages = server.pages()
        if shape is Shape.TODAY:
            # Those created a moment before may have come late: some is read once more.
            assert len(server.requests) <= 1.5 * pages + 2
            continue
        walk = [(EVERYTHING, page) for page in range(1, pages + 1)]
        assert server.requests[:pages] == walk
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


@pytest.mark.parametrize("ignores_dates", [False, True])
@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("order", STABLE)
def test_at_rest_all_is_proven(order: Order, shape: Shape, *, ignores_dates: bool) -> None:
    # Where many without creation date follow the others, they look as if dates were obeyed.
    may_fail = ignores_dates and shape is Shape.UNDATED
    for size in (200, 1501):
        server = SimulatedServer(size=size, order=order, shape=shape, ignores_dates=ignores_dates)
        reading = read(server)
        check(server, reading)
        assert reading.proven or may_fail


@pytest.mark.parametrize("size", [300, 1501])
@pytest.mark.parametrize("shape", SPARSE)
def test_at_rest_an_unstable_order_is_proven(shape: Shape, size: int) -> None:
    server = SimulatedServer(size=size, page_size=30, order=Order.UNSTABLE, shape=shape)
    reading = read(server)
    check(server, reading)
    assert reading.proven


def test_a_page_size_that_is_not_obeyed_changes_nothing() -> None:
    server = SimulatedServer(size=1000, page_size=100, page_cap=15)
    reading = read(server)
    check(server, reading)
    assert reading.proven


@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.GROWING])
def test_a_thousand_pages_cost_eight_percent_more_at_most(shape: Shape) -> None:
    server = SimulatedServer(size=20_000, page_size=20, shape=shape)
    assert read(server).proven
    assert len(server.requests) <= 1.08 * server.pages()


@pytest.mark.parametrize("size", [1, 200, 1000])
@pytest.mark.parametrize("miscounts", [-1, 1])
def test_a_server_that_miscounts_is_not_believed(size: int, miscounts: int) -> None:
    server = SimulatedServer(size=size, miscounts=miscounts)
    reading = read(server)
    assert not reading.proven
    assert reading.uuids == server.throughout()


@pytest.mark.parametrize("size", [200, 1000])
def test_a_last_page_that_is_kept_from_us_is_missed(size: int) -> None:
    """Where pages are as large as that, a window is one page, which is not kept from us."""
    server = SimulatedServer(size=size, paging=Paging(hides_pages=1), larger=Larger.REFUSED)
    assert not read(server).proven

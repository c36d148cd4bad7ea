"""Reading a listing that takes no dates: creation times prove it, or two equal reads."""

from itertools import product

import pytest

from tests.simulated.families import timeless
from tests.simulated.oddities import Larger
from tests.simulated.reading import Outcome, Reading, read, read_into
from tests.simulated.server import EVERYTHING, QUIET, Change, Order, SimulatedServer, churn

BUSY = churn({Change.EDIT: 0.5, Change.INSERT: 0.1, Change.DELETE: 0.05, Change.SWAP: 0.02})
CALM = churn({Change.EDIT: 0.3, Change.INSERT: 0.02, Change.DELETE: 0.01})
SEEDS = range(12)


def server(seed: int, order: Order = Order.ID, size: int = 150, **more: object) -> SimulatedServer:
    return SimulatedServer(seed=seed, size=size, order=order, changes=BUSY, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", [Order.ID, Order.UPDATED_NEWEST])
@pytest.mark.parametrize("larger_pages", [None, False])
def test_nothing_is_lost_in_silence_while_it_changes(
    order: Order,
    larger_pages: bool | None,  # noqa: FBT001
) -> None:
    larger = Larger.OBEYED if larger_pages is None else Larger.REFUSED
    outcomes = []
    for seed, concurrency in product(SEEDS, (1, 4)):
        listing = server(seed, order, larger=larger)
        reading = read(listing, concurrency=concurrency, by_date=False, larger_pages=larger_pages)
        assert reading.twice == 0
        assert reading.requests <= reading.most_requests
        outcomes.append(reading.outcome)
    assert set(outcomes) <= {Outcome.COMPLETE, Outcome.UNPROVEN}
    assert outcomes.count(Outcome.COMPLETE) > len(outcomes) / 2


def test_what_only_grows_is_proven_by_one_read_of_pages_that_it_allows() -> None:
    growing = churn({Change.EDIT: 0.5, Change.INSERT: 0.2})
    for seed in SEEDS:
        listing = SimulatedServer(seed=seed, size=1200, changes=growing)
        reading = read(listing, concurrency=4, by_date=False, larger_pages=False)
        assert reading.outcome is Outcome.COMPLETE
        assert len(listing.requests) <= reading.pages + 20
        assert {dates for dates, _ in listing.requests} == {EVERYTHING}
        assert {*listing.asked_sizes} == {listing.page_size}


def test_at_rest_it_takes_a_request_a_page() -> None:
    listing = SimulatedServer(size=205, changes=QUIET)
    assert read(listing, by_date=False).outcome is Outcome.COMPLETE
    assert len(listing.requests) == 21


def test_without_creation_times_it_takes_two_equal_reads() -> None:
    listing = SimulatedServer(size=205, changes=QUIET, larger=Larger.REFUSED)
    reading = Reading()
    read_into(reading, timeless(listing.fetch), by_date=False, larger_pages=False)
    assert reading.proven
    assert len(listing.requests) == 2 * 21


def test_without_creation_times_nothing_is_lost_in_silence() -> None:
    proven = 0
    for seed in SEEDS:
        listing = SimulatedServer(seed=seed, size=60, changes=CALM)
        reading = Reading()
        read_into(reading, timeless(listing.fetch), by_date=False, larger_pages=False)
        proven += reading.proven
        if reading.proven:
            assert listing.throughout() <= reading.uuids
    assert proven


@pytest.mark.parametrize(("size", "proven"), [(1000, True), (10_000, False)])
def test_a_round_total_is_doubted_only_where_search_engines_stop(
    size: int, *, proven: bool
) -> None:
    listing = SimulatedServer(size=size, page_size=100, changes=QUIET)
    reading = read(listing, by_date=False, larger_pages=False)
    assert reading.proven is proven

"""Reading a listing that takes no dates: creation times prove it, or two equal reads."""

from itertools import product

import pytest

from tests.simulated.oddities import Larger
from tests.simulated.reading import Outcome, read
from tests.simulated.server import EVERYTHING, QUIET, Change, Order, SimulatedServer, churn

BUSY = churn({Change.EDIT: 0.5, Change.INSERT: 0.1, Change.DELETE: 0.05, Change.SWAP: 0.02})
CALM = churn({Change.EDIT: 0.3, Change.INSERT: 0.02, Change.DELETE: 0.01})
GROWING = churn({Change.EDIT: 0.5, Change.INSERT: 0.2})
SEEDS = range(6)


@pytest.mark.parametrize("order", [Order.ID, Order.UPDATED_NEWEST])
@pytest.mark.parametrize("larger", [Larger.OBEYED, Larger.REFUSED])
def test_nothing_is_lost_in_silence_while_it_changes(order: Order, larger: Larger) -> None:
    outcomes = []
    known = None if larger is Larger.OBEYED else False
    for seed, concurrency in product(SEEDS, (1, 4)):
        server = SimulatedServer(seed=seed, size=150, order=order, changes=BUSY, larger=larger)
        reading = read(server, concurrency=concurrency, by_date=False, larger_pages=known)
        assert reading.twice == 0
        assert reading.requests <= reading.most_requests
        outcomes.append(reading.outcome)
    assert set(outcomes) <= {Outcome.COMPLETE, Outcome.UNPROVEN}
    assert outcomes.count(Outcome.COMPLETE) > len(outcomes) / 2


def test_what_only_grows_is_proven_by_one_read_of_pages_that_it_allows() -> None:
    for seed in SEEDS:
        server = SimulatedServer(seed=seed, size=600, changes=GROWING)
        reading = read(server, concurrency=4, by_date=False, larger_pages=False)
        assert reading.outcome is Outcome.COMPLETE
        assert len(server.requests) <= reading.pages + 20
        assert {dates for dates, _ in server.requests} == {EVERYTHING}
        assert {*server.asked_sizes} == {server.page_size}


def test_at_rest_it_takes_one_read_or_without_creation_times_two_equal_ones() -> None:
    server = SimulatedServer(size=205, changes=QUIET, larger=Larger.REFUSED)
    assert read(server, by_date=False).outcome is Outcome.COMPLETE
    assert len(server.requests) == 21
    server.timeless = True
    assert read(server, by_date=False, larger_pages=False).proven
    assert len(server.requests) == 3 * 21


def test_without_creation_times_nothing_is_lost_in_silence() -> None:
    proven = 0
    for seed in SEEDS:
        server = SimulatedServer(seed=seed, size=60, changes=CALM, timeless=True)
        reading = read(server, by_date=False, larger_pages=False)
        proven += reading.proven
        assert not reading.proven or server.throughout() <= reading.uuids
    assert proven


@pytest.mark.parametrize(("size", "proven"), [(1000, True), (10_000, False)])
def test_a_round_total_is_doubted_only_where_search_engines_stop(
    size: int, *, proven: bool
) -> None:
    server = SimulatedServer(size=size, page_size=100, changes=QUIET)
    assert read(server, by_date=False, larger_pages=False).proven is proven

"""Whatever a server lies about: nothing is lost in silence or comes twice, and it costs little."""

from itertools import product

import pytest

from tests.simulated.changes import churn
from tests.simulated.lies import BUSY, CHURNS, LIES, TWO_LIES, is_declared, liar
from tests.simulated.oddities import Larger, Oddities, Order
from tests.simulated.reading import Outcome, read
from tests.simulated.server import SimulatedServer

PLACES = {lie: place for place, lie in enumerate(LIES)}
SEEDS = {TWO_LIES: 12}


def seeds(lie: str, churn: str) -> range:
    """The seed decides on the order of the server, too: all orders have their turn."""
    first = PLACES.get(lie, 0) + [*CHURNS].index(churn)
    return range(first, first + SEEDS.get(lie, 1))


@pytest.mark.parametrize("churn", CHURNS)
@pytest.mark.parametrize("lie", [*LIES, TWO_LIES])
def test_nothing_is_lost_in_silence_or_comes_twice_and_the_cost_is_bounded(
    lie: str, churn: str
) -> None:
    for seed, obeys in product(seeds(lie, churn), (True, False)):
        server = liar(lie, churn, seed, obeys=obeys)
        reading = read(server)
        about = (
            f"seed {seed}: {server.size} contacts, {server.shape}, order {server.order}, "
            f"larger pages {server.larger}: {reading.outcome}, {len(reading.missing)} missing"
        )
        assert is_declared(lie, obeys=obeys) or reading.outcome is not Outcome.LOST, about
        assert not reading.twice, about
        assert reading.requests <= reading.most_requests, about


@pytest.mark.parametrize("larger", [Larger.IGNORED, Larger.REFUSED, Larger.FAILING])
def test_larger_pages_that_are_not_obeyed_are_asked_for_once(larger: Larger) -> None:
    for order in Order:
        server = SimulatedServer(
            size=1500, page_size=20, order=order, larger=larger, changes=churn(BUSY)
        )
        read(server)
        assert sum(size > 20 for size in server.asked_sizes) <= 1


# What a reader can make good, where dates are spread and nothing moves.

MADE_GOOD = [
    "none",
    "date_to means its midnight",
    "zone +5:30",
    "zone +13:45",
    "zone -11",
    "all dates ignored",
    "total cached for a minute",
    "pages beyond 20 refused",
    "pages beyond 60 refused",
    "rows beyond 500 empty",
    "later pages half as large",
    "page beyond the last is page 1",
    "last_page of half the page size",
    "pages cached for a minute",
    "one undated",
    "30 undated",
    "one zero date",
    "ids without order",
    "whole seconds",
    "visible up to 30 s late",
    "responses up to 10 s old",
    "two replicas, one 10 s behind",
    "Date 5 s ahead",
    "Date 5 s behind",
    "Date 1 h ahead",
    "Date 1 h behind",
    "local time without zone, UTC-5",
    "local time without zone, UTC+3",
    "local time without zone, days UTC",
    "first response empty",
]


@pytest.mark.parametrize("obeys", [True, False], ids=["larger pages", "equal pages"])
@pytest.mark.parametrize("lie", MADE_GOOD)
def test_all_is_proven_at_rest_although(lie: str, *, obeys: bool) -> None:
    larger = Larger.OBEYED if obeys else Larger.REFUSED
    for size in (90, 900, 1900):
        server = SimulatedServer(size=size, page_size=20, larger=larger, **LIES[lie].options)
        assert read(server).outcome is Outcome.COMPLETE


@pytest.mark.parametrize("obeys", [True, False], ids=["larger pages", "equal pages"])
@pytest.mark.parametrize("size", [300, 900, 1900])
def test_one_poisoned_contact_costs_no_more_than_its_day(size: int, *, obeys: bool) -> None:
    larger = Larger.OBEYED if obeys else Larger.REFUSED
    server = SimulatedServer(size=size, page_size=5, larger=larger, odd=Oddities(poisoned=1))
    reading = read(server)
    (poisoned,) = server.poisoned
    assert reading.outcome is Outcome.FAILED
    assert poisoned in reading.missing
    assert {server.day_of(uuid) for uuid in reading.missing} == {server.day_of(poisoned)}

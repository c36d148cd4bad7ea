"""Whatever a server lies about: nothing is lost in silence or comes twice, and it costs little."""

import re
from itertools import product

import pytest

from tests.simulated.lies import CHURNS, LIES, TWO_LIES, is_declared, liar
from tests.simulated.oddities import Oddities
from tests.simulated.paging import Larger
from tests.simulated.reading import Outcome, read
from tests.simulated.server import SimulatedServer

PLACES = {lie: place for place, lie in enumerate(LIES)}
SEEDS = {TWO_LIES: 8}
# What no reader can make good where dates are spread and nothing moves.
BEYOND = re.compile(
    "ends|too|capped|counted|twice|hidden|filtered|poisoned|one uuid|every response|invisible"
)


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
        larger = sum(size > server.page_size for size in server.asked_sizes)
        assert larger <= 1 or obeys or lie != "none", "what is not obeyed is asked for again"


@pytest.mark.parametrize("larger", [Larger.OBEYED, Larger.REFUSED])
@pytest.mark.parametrize("lie", [lie for lie in LIES if not BEYOND.search(lie)])
def test_all_is_proven_at_rest_although(lie: str, larger: Larger) -> None:
    for size in (90, 400, 1300):
        server = SimulatedServer(size=size, page_size=20, larger=larger, **LIES[lie].options)
        assert read(server).outcome is Outcome.COMPLETE


@pytest.mark.parametrize("larger", [Larger.OBEYED, Larger.REFUSED])
@pytest.mark.parametrize("size", [300, 900, 1900])
def test_one_poisoned_contact_costs_no_more_than_its_day(size: int, larger: Larger) -> None:
    server = SimulatedServer(size=size, page_size=5, larger=larger, odd=Oddities(poisoned=1))
    reading = read(server)
    (poisoned,) = server.poisoned
    assert reading.outcome is Outcome.FAILED
    assert poisoned in reading.missing
    assert {server.day_of(uuid) for uuid in reading.missing} == {server.day_of(poisoned)}

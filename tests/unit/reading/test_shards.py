"""Shards: together the whole, about equal, and cheap to find."""

from datetime import datetime
from itertools import pairwise

import pytest

from tap_mihu.reading.shards import (
    REQUESTS_A_SHARD,
    REQUESTS_AT_THE_TOP,
    CutError,
    Shard,
    cut_into_shards,
)
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON
from tests.simulated.server import (
    DAY,
    EVERYTHING,
    Change,
    Order,
    Shape,
    SimulatedServer,
    churn,
)

SIZE = 5000
TODAY = NOON.date()
SPREAD = (Shape.EVEN, Shape.GROWING, Shape.GAP)
UNDATED = (Shape.UNDATED, Shape.ONE_UNDATED)
DATED = [shape for shape in Shape if shape not in UNDATED]


def check_cover(shards: list[Shard], within: DateRange = EVERYTHING) -> None:
    """No gap, no overlap, open where the dates are open; the days not over are in the last."""
    assert (shards[0].dates.first, shards[-1].dates.last) == (within.first, within.last)
    for earlier, later in pairwise(shards):
        assert earlier.dates.last is not None
        assert later.dates.first == earlier.dates.last + DAY
        assert later.dates.first <= TODAY - DAY


@pytest.mark.parametrize("number", [2, 8, 40])
@pytest.mark.parametrize("shape", DATED)
def test_shards_are_the_whole_and_cost_little(shape: Shape, number: int) -> None:
    order = {2: Order.ID, 8: Order.UPDATED_NEWEST, 40: Order.UNSTABLE}[number]
    server = SimulatedServer(size=SIZE, shape=shape, order=order)
    shards = cut_into_shards(server.fetch, EVERYTHING, number, concurrency=1)
    assert len(server.requests) <= REQUESTS_AT_THE_TOP + REQUESTS_A_SHARD * number
    assert len(shards) <= number
    check_cover(shards)
    for shard in shards:
        assert shard.contacts == len(server.throughout(shard.dates))
        assert shard.contacts > 0
    assert sum(shard.contacts for shard in shards) == SIZE


@pytest.mark.parametrize("number", [2, 8, 16])
@pytest.mark.parametrize("shape", SPREAD)
def test_the_largest_has_at_most_one_and_a_half_even_shares(shape: Shape, number: int) -> None:
    server = SimulatedServer(size=SIZE, shape=shape)
    shards = cut_into_shards(server.fetch, EVERYTHING, number, concurrency=1)
    assert len(shards) == number
    assert max(shard.contacts for shard in shards) <= 1.5 * SIZE / number


class Imports(SimulatedServer):
    """All of it was imported on a few days, years apart."""

    def _creation_times(self) -> list[datetime | None]:
        return [self._within(NOON - (40 + 457 * (n % 8)) * DAY) for n in range(self.size)]


@pytest.mark.parametrize("number", [2, 8, 16])
def test_days_that_are_hard_to_find_do_not_cost_more(number: int) -> None:
    server = Imports(size=SIZE)
    shards = cut_into_shards(server.fetch, EVERYTHING, number, concurrency=1)
    assert len(server.requests) <= REQUESTS_AT_THE_TOP + REQUESTS_A_SHARD * number
    check_cover(shards)


def test_the_days_that_are_not_over_stay_together() -> None:
    server = SimulatedServer(size=SIZE)
    shards = cut_into_shards(server.fetch, EVERYTHING, 300, concurrency=1)
    assert shards[-1].dates.first == TODAY - DAY
    assert shards[-1].contacts > SIZE / 300


@pytest.mark.parametrize("shape", [Shape.IMPORT, Shape.TIES])
def test_only_a_single_day_makes_a_shard_larger(shape: Shape) -> None:
    server = SimulatedServer(size=SIZE, shape=shape)
    for shard in cut_into_shards(server.fetch, EVERYTHING, 10, concurrency=1):
        of_days: dict[object, int] = {}
        for uuid in server.throughout(shard.dates):
            day = server.day_of(uuid)
            of_days[day] = of_days.get(day, 0) + 1
        assert shard.contacts - max(of_days.values()) <= 1.5 * SIZE / 10


@pytest.mark.parametrize(
    ("within", "most"),
    [
        (DateRange(TODAY - 100 * DAY, TODAY - 50 * DAY), 4),
        (DateRange(TODAY - 100 * DAY, None), 4),
        (DateRange(None, TODAY), 4),
        (DateRange(TODAY - 51 * DAY, TODAY - 50 * DAY), 2),
        (DateRange(TODAY - 50 * DAY, TODAY - 50 * DAY), 1),
        (DateRange(TODAY - DAY, None), 1),
    ],
    ids=str,
)
def test_between_given_dates(within: DateRange, most: int) -> None:
    server = SimulatedServer(size=SIZE)
    shards = cut_into_shards(server.fetch, within, 4, concurrency=1)
    assert len(shards) == most
    check_cover(shards, within)
    assert sum(shard.contacts for shard in shards) == len(server.throughout(within))


def test_one_shard_costs_one_request() -> None:
    server = SimulatedServer(size=SIZE)
    assert cut_into_shards(server.fetch, EVERYTHING, 1, concurrency=1) == [Shard(EVERYTHING, SIZE)]
    assert len(server.requests) == 1


def test_an_empty_workspace_is_one_shard() -> None:
    server = SimulatedServer(size=0)
    assert cut_into_shards(server.fetch, EVERYTHING, 8, concurrency=1) == [Shard(EVERYTHING, 0)]


@pytest.mark.parametrize(
    "server",
    [
        SimulatedServer(size=SIZE, ignores_dates=True),
        *(SimulatedServer(size=SIZE, shape=shape) for shape in UNDATED),
    ],
    ids=["ignores dates", *UNDATED],
)
def test_what_is_not_the_sum_of_its_parts_is_not_cut(server: SimulatedServer) -> None:
    with pytest.raises(CutError):
        cut_into_shards(server.fetch, EVERYTHING, 8, concurrency=1)
    assert len(server.requests) <= REQUESTS_AT_THE_TOP


@pytest.mark.parametrize("seed", range(5))
def test_while_contacts_come_and_go(seed: int) -> None:
    changes = churn({Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05})
    server = SimulatedServer(seed=seed, size=SIZE, changes=changes)
    shards = cut_into_shards(server.fetch, EVERYTHING, 8, concurrency=1)
    check_cover(shards)
    assert len(shards) == 8
    held = [uuid for shard in shards for uuid in server.throughout(shard.dates)]
    assert sorted(held) == sorted(server.throughout())


def test_requests_go_side_by_side() -> None:
    server = SimulatedServer(size=SIZE, latency=0.002)
    cut_into_shards(server.fetch, EVERYTHING, 8, concurrency=4)
    assert 2 <= server.most_in_flight <= 4

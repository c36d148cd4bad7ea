"""Shards: together the whole, about equal, and cheap to find."""

from collections import Counter
from datetime import date, datetime
from itertools import pairwise

import pytest

from tap_mihu.reading.shards import REQUESTS_A_SHARD, REQUESTS_AT_THE_TOP, Shard, cut_into_shards
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON
from tests.simulated.server import DAY, EVERYTHING, Change, Order, Shape, SimulatedServer, churn

SIZE = 2500
TODAY = NOON.date()
SPREAD = {Shape.EVEN, Shape.GROWING, Shape.GAP}
DATED = [shape for shape in Shape if shape not in {Shape.UNDATED, Shape.ONE_UNDATED}]
ORDERS = {2: Order.ID, 8: Order.UPDATED_NEWEST, 16: Order.CREATED_NEWEST, 40: Order.UNSTABLE}


def cut(server: SimulatedServer, number: int, within: DateRange = EVERYTHING) -> list[Shard]:
    """Cut, and see that the cost is bounded, and that the shards hold all, none of it twice."""
    shards = cut_into_shards(server.fetch, within, number, concurrency=1)
    assert len(server.requests) <= REQUESTS_AT_THE_TOP + REQUESTS_A_SHARD * number
    assert len(shards) <= number
    assert (shards[0].dates.first, shards[-1].dates.last) == (within.first, within.last)
    for earlier, later in pairwise(shards):
        assert earlier.dates.last is not None
        assert later.dates.first == earlier.dates.last + DAY
        assert later.dates.first <= TODAY - DAY, "the days that are not over stay together"
    return shards


@pytest.mark.parametrize("number", ORDERS)
@pytest.mark.parametrize("shape", DATED)
def test_shards_are_the_whole_and_about_equal(shape: Shape, number: int) -> None:
    server = SimulatedServer(size=SIZE, page_size=5, shape=shape, order=ORDERS[number])
    shards = cut(server, number)
    assert sum(shard.contacts for shard in shards) == SIZE
    for shard in shards:
        held = server.throughout(shard.dates)
        assert shard.contacts == len(held) > 0
        # Only a single day makes a shard larger, and the days that are not over count as one.
        largest = Counter(min(server.day_of(uuid) or TODAY, TODAY - DAY) for uuid in held)
        assert number == 40 or shard.contacts - max(largest.values()) <= 1.5 * SIZE / number
    if shape in SPREAD and number <= 16:
        assert len(shards) == number
        assert max(shard.contacts for shard in shards) <= 1.5 * SIZE / number


class Imports(SimulatedServer):
    """All of it was imported on a few days, years apart, which are hard to find."""

    def _creation_times(self) -> list[datetime | None]:
        return [self._within(NOON - (40 + 457 * (n % 8)) * DAY) for n in range(self.size)]


@pytest.mark.parametrize("number", [2, 8, 16])
def test_days_that_are_hard_to_find_do_not_cost_more(number: int) -> None:
    cut(Imports(size=SIZE), number)


BETWEEN = {
    (TODAY - 100 * DAY, TODAY - 50 * DAY): 4,
    (TODAY - 100 * DAY, None): 4,
    (None, TODAY): 4,
    (TODAY - 51 * DAY, TODAY - 50 * DAY): 2,
    (TODAY - 50 * DAY, TODAY - 50 * DAY): 1,
    (TODAY - DAY, None): 1,
}


@pytest.mark.parametrize(("within", "most"), BETWEEN.items())
def test_between_given_dates(within: tuple[date | None, date | None], most: int) -> None:
    server, dates = SimulatedServer(size=SIZE), DateRange(*within)
    shards = cut(server, 4, dates)
    assert len(shards) == most
    assert sum(shard.contacts for shard in shards) == len(server.throughout(dates))


@pytest.mark.parametrize(("size", "number"), [(SIZE, 1), (0, 8)])
def test_one_shard_or_an_empty_workspace_is_not_cut(size: int, number: int) -> None:
    server = SimulatedServer(size=size)
    assert cut(server, number) == [Shard(EVERYTHING, size)]
    assert number > 1 or len(server.requests) == 1


@pytest.mark.parametrize("seed", range(5))
def test_while_contacts_come_and_go(seed: int) -> None:
    changes = churn({Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05})
    server = SimulatedServer(seed=seed, size=SIZE, page_size=5, changes=changes)
    assert len(cut(server, 8)) == 8

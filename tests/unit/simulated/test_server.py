"""The simulated server tells every lie, and knows who was there from beginning to end."""

from itertools import product

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON
from tests.simulated.bounds import DAY, EVERYTHING
from tests.simulated.lies import BUSY, LIES
from tests.simulated.oddities import Oddities
from tests.simulated.server import Change, Shape, SimulatedServer, churn

TODAY = NOON.date()


def interrogate(lie: str) -> list[object]:
    """All that a curious reader sees of a busy server that tells this lie."""
    changes = churn(BUSY | LIES[lie].rates)
    options = LIES[lie].options
    server = SimulatedServer(
        size=1500, page_size=20, shape=Shape.GROWING, changes=changes, **options
    )
    dates = [DateRange(*ends) for ends in product([None, TODAY - 30 * DAY, TODAY - DAY], repeat=2)]
    questions = [*product([EVERYTHING], range(1, server.pages() + 10)), *product(dates, [1])]
    seen: list[object] = []
    for question in questions:
        try:
            seen.append(server.fetch(*question))
        except RefusedError as refusal:
            seen.append(str(refusal))
    return seen


HONEST = interrogate("none")


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "none"])
def test_every_lie_is_told(lie: str) -> None:
    assert interrogate(lie) != HONEST


def test_who_leaves_and_comes_back_was_not_there_throughout() -> None:
    rates = {Change.JOIN: 2, Change.LEAVE: 2}
    server = SimulatedServer(size=40, changes=churn(rates), odd=Oddities(outside=10))
    pages = [{row.uuid for row in server.fetch(EVERYTHING, 1, 100).rows} for _ in range(31)]
    assert server.throughout() == set.intersection(*pages) < pages[-1]

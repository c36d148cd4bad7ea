"""The simulated server does what the tests of the scan rest on: it lies, and keeps its past."""

from itertools import product
from random import Random

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON
from tests.simulated.bounds import ALL, DAY, EVERYTHING, UNDATED, ZERO_DATE
from tests.simulated.changes import Change, churn
from tests.simulated.lies import BUSY, LIES
from tests.simulated.oddities import Larger, Oddities, Order
from tests.simulated.server import FailedError, Shape, SimulatedServer
from tests.simulated.world import History, Version

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


def test_the_past_is_as_it_was() -> None:
    rng = Random(0)
    history, living = History([]), dict[int, Version]()
    intervals = [ALL, range(200, 600), range(ZERO_DATE, 300), range(500, UNDATED)]
    seen: list[tuple[int, range, list[str]]] = []
    for moment in range(250):
        # Now and then much happens at once.
        for _ in range(1 if rng.random() < 0.9 else 60):
            number = rng.randrange(300)
            old, new = living.pop(number, None), None
            if old is None or rng.random() < 0.6:
                created = rng.choice([UNDATED, rng.randrange(1000)])
                key = rng.randrange(1000) << 20 | number
                new = living[number] = Version(number, f"{number} {moment}", created, moment, key)
            history.note(moment, old, new)
        interval = rng.choice(intervals)
        there = [one for one in living.values() if one.created in interval]
        uuids = [one.uuid for one in sorted(there, key=lambda one: one.key)]
        seen.append((moment, interval, uuids))
        for then, asked, shown in rng.sample(seen, min(2, len(seen))):
            assert [one.uuid for one in history.listing(asked, then)] == shown


@pytest.mark.parametrize(
    ("larger", "expected"),
    [
        (Larger.OBEYED, (100, 3, 11)),
        (Larger.IGNORED, (10, 25, 2)),
        (Larger.REFUSED, RefusedError),
        (Larger.FAILING, FailedError),
    ],
)
def test_larger_pages_take_longer_or_are_not_to_be_had(larger: Larger, expected: object) -> None:
    server = SimulatedServer(size=250, larger=larger, step=2)
    before = server.fetch(EVERYTHING, 1).served_at
    try:
        page = server.fetch(EVERYTHING, 1, 1000)
        answer: object = len(page.rows), page.last_page, (page.served_at - before).seconds
    except RefusedError as refusal:
        answer = type(refusal)
    assert answer == expected
    assert len(server.fetch(EVERYTHING, 1).rows) == 10


@pytest.mark.parametrize("order", Order)
def test_at_rest_a_plain_walk_in_a_stable_order_finds_all(order: Order) -> None:
    server = SimulatedServer(size=95, order=order, odd=Oddities(undated=3, zero_dated=3))
    walked = [row.uuid for page in range(1, 11) for row in server.fetch(EVERYTHING, page).rows]
    assert len(walked) == 95
    if order is not Order.UNSTABLE:
        assert {*walked} == server.throughout()


def test_who_leaves_and_comes_back_was_not_there_throughout() -> None:
    rates = {Change.JOIN: 2, Change.LEAVE: 2}
    server = SimulatedServer(size=40, changes=churn(rates), odd=Oddities(outside=10))
    pages = [{row.uuid for row in server.fetch(EVERYTHING, 1, 100).rows} for _ in range(31)]
    assert server.throughout() == set.intersection(*pages) < pages[-1]

"""The simulated server does what the tests of the scan rest on: it lies, and keeps its past."""

from datetime import timedelta
from itertools import product
from random import Random

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON
from tests.simulated.bounds import EVERYTHING, Interval
from tests.simulated.changes import Change, churn
from tests.simulated.freshness import Freshness
from tests.simulated.history import History, Version
from tests.simulated.lies import BUSY, LIES
from tests.simulated.moments import DAY
from tests.simulated.oddities import Oddities
from tests.simulated.orders import Order
from tests.simulated.paging import Larger
from tests.simulated.server import SimulatedServer
from tests.simulated.shapes import Shape

TODAY = NOON.date()


def interrogate(lie: str) -> list[object]:
    """All that a curious reader sees of a busy server that tells this lie."""
    told = LIES[lie]
    rates = {**BUSY, **told.rates}
    server = SimulatedServer(
        size=1500, page_size=20, shape=Shape.GROWING, changes=churn(rates), **told.options
    )
    borders = [TODAY - 30 * DAY, TODAY - DAY]
    questions = [(EVERYTHING, number) for number in range(1, server.pages() + 10)]
    questions += [
        (DateRange(first, last), 1) for first, last in product([None, *borders], repeat=2)
    ]
    seen: list[object] = []
    for dates, number in questions:
        try:
            seen.append(server.fetch(dates, number))
        except RefusedError as refusal:
            seen.append(str(refusal))
    return seen


HONEST = interrogate("none")


@pytest.mark.parametrize("lie", [lie for lie in LIES if lie != "none"])
def test_every_lie_is_told(lie: str) -> None:
    assert interrogate(lie) != HONEST


def test_the_past_is_as_it_was() -> None:
    rng = Random(0)
    history, living = History(), dict[int, Version]()
    intervals = [Interval(None, None), Interval(200, 600), Interval(None, 300), Interval(500, None)]
    seen: list[tuple[int, Interval, list[str]]] = []
    for moment in range(250):
        # Now and then so much happens that the listings are made anew.
        for _ in range(1 if rng.random() < 0.9 else 60):
            number = rng.randrange(300)
            old = living.pop(number, None)
            new = None
            if old is None or rng.random() < 0.6:
                created = rng.choice([None, rng.randrange(1000)])
                key = rng.randrange(1000) << 20 | number
                new = living[number] = Version(number, f"{number} {moment}", created, moment, key)
            history.note(moment, old, new)
        interval = rng.choice(intervals)
        there = [one for one in living.values() if interval.holds(one.created)]
        uuids = [one.uuid for one in sorted(there, key=lambda one: one.key)]
        seen.append((moment, interval, uuids))
        for then, asked, shown in rng.sample(seen, min(2, len(seen))):
            assert [one.uuid for one in history.listing(asked, then)] == shown


def test_two_replicas_show_now_or_ten_seconds_ago() -> None:
    freshness = Freshness(lag=10, two_replicas=True)
    server = SimulatedServer(
        size=20, changes=churn({Change.INSERT: 1}), step=1, freshness=freshness
    )
    honest = SimulatedServer(size=20, changes=churn({Change.INSERT: 1}), step=1)
    totals = [honest.fetch(EVERYTHING, 1).total for _ in range(60)]
    lagging = [server.fetch(EVERYTHING, 1).total for _ in range(60)]
    late = [20] * 10 + totals
    assert all(
        shown in {now, then} for shown, now, then in zip(lagging, totals, late, strict=False)
    )
    assert {shown == now for shown, now in zip(lagging, totals, strict=True)} == {True, False}


@pytest.mark.parametrize(("larger", "rows"), [(Larger.OBEYED, 100), (Larger.IGNORED, 10)])
def test_larger_pages(larger: Larger, rows: int) -> None:
    server = SimulatedServer(size=250, larger=larger)
    page = server.fetch(EVERYTHING, 1, 1000)
    assert (len(page.rows), page.last_page) == (rows, 250 // rows + (250 % rows > 0))


@pytest.mark.parametrize("larger", [Larger.REFUSED, Larger.FAILING])
def test_larger_pages_are_refused_alone(larger: Larger) -> None:
    server = SimulatedServer(size=250, larger=larger)
    with pytest.raises(RefusedError):
        server.fetch(EVERYTHING, 1, 1000)
    assert len(server.fetch(EVERYTHING, 1).rows) == 10


def test_a_larger_page_takes_longer() -> None:
    def after(per_page: int | None) -> timedelta:
        server = SimulatedServer(size=250, step=2)
        began = server.fetch(EVERYTHING, 1).served_at
        return server.fetch(EVERYTHING, 1, per_page).served_at - began

    assert after(None) == timedelta(seconds=2)
    assert after(1000) == timedelta(seconds=11)


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
    always = {row.uuid for row in server.fetch(EVERYTHING, 1, 100).rows}
    for _ in range(30):
        always &= {row.uuid for row in server.fetch(EVERYTHING, 1, 100).rows}
    assert server.throughout() == always
    assert len(always) < len(server.fetch(EVERYTHING, 1, 100).rows)

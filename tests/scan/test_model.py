"""The promise of the scan, against a server whose data moves: nothing is lost in silence."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_mihu.pagination import Page
from tap_mihu.scan import Done, Rows, scan
from tap_mihu.windows import DateRange
from tests.scan.model import (
    DAY,
    EVERYTHING,
    NOON,
    Change,
    Event,
    Order,
    Shape,
    SimulatedServer,
    churn,
    script,
)
from tests.scan.reading import Reading, check, lost, read

MODERATE = churn({Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05})
CHURNS = {
    "moderate": MODERATE,
    "deletes": churn({Change.DELETE: 0.3}),
    "swaps": churn({Change.SWAP: 0.3}),
    "imports": churn({Change.IMPORT: 0.3, Change.EDIT: 1}),
    "storms": churn({Change.STORM: 0.03, Change.INSERT: 0.3}),
    "all": churn(
        {
            Change.EDIT: 2,
            Change.INSERT: 0.3,
            Change.DELETE: 0.1,
            Change.SWAP: 0.1,
            Change.IMPORT: 0.05,
            Change.STORM: 0.01,
        }
    ),
}
# Any time of day: the day may change during a scan.
STARTS = [NOON, NOON - timedelta(hours=11, minutes=59), NOON + timedelta(hours=11, minutes=59)]
ZONES = [timedelta(hours=hours) for hours in (0, 0, 3, -8, 13)]


def a_server(order: Order, shape: Shape, changes: str, seed: int) -> SimulatedServer:
    """A server of few or many pages; what is not given is left to the seed."""
    rng = Random(f"{order} {shape} {changes} {seed}")
    page_size = rng.randint(5, 20)
    return SimulatedServer(
        seed=seed,
        size=rng.randint(200, 3000) if rng.random() < 0.5 else page_size * rng.randint(5, 50),
        page_size=page_size,
        order=order,
        shape=shape,
        changes=CHURNS[changes],
        start=rng.choice(STARTS),
        step=rng.choice([0.05, 0.3, 1, 2]),
        delay=rng.choice([0, 0, 0.5]),
        zone=rng.choice(ZONES),
        ignores_dates=rng.random() < 0.1,
    )


# Nothing is lost in silence.


@pytest.mark.parametrize("changes", CHURNS)
@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("order", Order)
def test_every_contact_once_or_a_word(order: Order, shape: Shape, changes: str) -> None:
    for seed in range(2):
        server = a_server(order, shape, changes, seed)
        check(server, read(server))


@pytest.mark.parametrize("order", Order)
def test_between_the_users_own_dates(order: Order) -> None:
    for seed, shape in product(range(3), Shape):
        server = a_server(order, shape, "all", seed)
        first, last = NOON.date() - (90 - seed) * DAY, NOON.date() - (seed % 2) * 20 * DAY
        for within in (DateRange(first, last), DateRange(None, last), DateRange(first, None)):
            check(server, read(server, within), within)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("step", [0.1, 1])
def test_moderate_churn_is_proven(order: Order, step: float) -> None:
    runs = 10
    proven = 0
    for seed in range(runs):
        server = SimulatedServer(
            seed=seed, size=5000, page_size=100, order=order, changes=MODERATE, step=step
        )
        reading = read(server)
        check(server, reading)
        proven += reading.proven
    assert proven >= 0.95 * runs


def plain_walk(fetch: Callable[[DateRange, int], Page]) -> set[str]:
    """What other taps do."""
    uuids: set[str] = set()
    number, last = 0, 1
    while number < last:
        number += 1
        page = fetch(EVERYTHING, number)
        last = page.last_page
        uuids.update(row.uuid for row in page.rows)
    return uuids


@pytest.mark.parametrize("order", Order)
def test_a_plain_walk_loses_contacts(order: Order) -> None:
    """Why all this is needed: the same data, read page after page."""
    losses = 0
    for seed in range(5):
        server = SimulatedServer(
            seed=seed, size=5000, page_size=100, order=order, changes=MODERATE, step=1
        )
        losses += len(server.throughout() - plain_walk(server.fetch))
    assert losses


changes_between_requests = st.dictionaries(
    st.integers(1, 120),
    st.lists(st.builds(Event, st.sampled_from(Change), st.integers(0, 200)), max_size=4),
    max_size=12,
)


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    size=st.integers(0, 130),
    page_size=st.integers(1, 4),
    order=st.sampled_from(Order),
    shape=st.sampled_from(Shape),
    changes=changes_between_requests,
    start=st.sampled_from(STARTS),
    step=st.sampled_from([0.05, 1, 30]),
    ignores_dates=st.booleans(),
)
def test_whatever_happens(  # noqa: PLR0913
    *,
    size: int,
    page_size: int,
    order: Order,
    shape: Shape,
    changes: dict[int, list[Event]],
    start: datetime,
    step: float,
    ignores_dates: bool,
) -> None:
    server = SimulatedServer(
        size=size,
        page_size=page_size,
        order=order,
        shape=shape,
        changes=script(changes),
        start=start,
        step=step,
        ignores_dates=ignores_dates,
    )
    check(server, read(server))

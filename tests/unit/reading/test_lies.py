"""Whatever a server lies about: nothing is lost in silence or comes twice, and it costs little."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.simulated.lies import CHURNS, LIES, TWO_LIES, liar
from tests.simulated.reading import Outcome, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulated.reading import Reading

RUNS = {TWO_LIES: 20}  # of each kind, where larger pages are obeyed and where not; else two
PLACES = {lie: place for place, lie in enumerate(LIES)}

UNDECLARED = [*(name for name, lie in LIES.items() if not lie.declared), TWO_LIES]

all_lies = pytest.mark.parametrize("lie", [*LIES, TWO_LIES])
undeclared_lies = pytest.mark.parametrize("lie", UNDECLARED)
churns = pytest.mark.parametrize("churn", CHURNS)


@cache
def readings(lie: str, churn: str) -> dict[str, Reading]:
    """A few readings of a server, by what is to be known of them when they fail."""
    found = {}
    # The seed decides on the order of the server, too: all orders have their turn.
    first = PLACES.get(lie, 0)
    for seed in range(first, first + RUNS.get(lie, 2)):
        for obeys in (True, False):
            server = liar(lie, CHURNS[churn], seed, obeys=obeys)
            reading = read(server)
            name = (
                f"seed {seed}: {server.size} contacts, {server.shape}, order {server.order}, "
                f"larger pages {server.larger}: {reading.outcome}, {len(reading.missing)} missing, "
                f"{reading.requests} requests for {reading.pages} pages"
            )
            reading.emitted.clear()
            found[name] = reading
    return found


def found(lie: str, churn: str, wrong: Callable[[Reading], bool]) -> list[str]:
    return [name for name, reading in readings(lie, churn).items() if wrong(reading)]


@churns
@undeclared_lies
def test_nothing_is_lost_in_silence(lie: str, churn: str) -> None:
    assert not found(lie, churn, lambda reading: reading.outcome is Outcome.LOST)


@churns
@all_lies
def test_nothing_comes_twice(lie: str, churn: str) -> None:
    assert not found(lie, churn, lambda reading: reading.twice > 0)


@churns
@all_lies
def test_the_cost_is_bounded(lie: str, churn: str) -> None:
    assert not found(lie, churn, lambda reading: reading.requests > reading.most_requests)

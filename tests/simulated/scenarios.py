"""Named scenarios, and what must be reached in them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.simulated.changes import Change, churn
from tests.simulated.lies import (
    BUSY,
    CHURNS,
    LIES,
    MODERATE,
    REST,
    TWO_LIES,
    Rates,
    is_declared,
    liar,
)
from tests.simulated.oddities import Oddities
from tests.simulated.orders import UNTOUCHED_ORDERS, Order
from tests.simulated.paging import Larger, Paging
from tests.simulated.server import SimulatedServer
from tests.simulated.shapes import Shape

STABLE = [order for order in Order if order is not Order.UNSTABLE]
UPDATED = [Order.UPDATED_OLDEST, Order.UPDATED_NEWEST]
ANY = [*Order]


@dataclass(frozen=True)
class Goal:
    """What must be reached over all runs of a scenario, beside the bound of the cost."""

    proven: float = 0
    """The share of runs, at least."""
    floor: float = 0
    """Likewise, but a measured figure: chance may explain what is missing of it."""
    median: float | None = None
    """Requests for each page, at most."""
    worst: float | None = None
    extra: int | None = None
    """Requests at most beyond the number of pages, in any run."""
    missing: float | None = None
    """The share of the contacts of all unproven runs, at most."""
    missing_stable: float | None = None
    """Likewise of those runs whose order no edit changes."""


@dataclass(frozen=True)
class Scenario:
    """Servers of one kind, one for each seed."""

    name: str
    server: Callable[[int], SimulatedServer]
    goal: Goal = Goal()
    declared: bool = False
    """Whether losses are a declared limit."""


def all_scenarios() -> dict[str, list[Scenario]]:
    """Return the scenarios, by subject."""
    return {
        "lies": [*_lies()],
        "repair": [*_repairs()],
        "goals": [*_goals()],
    }


def _lies() -> Iterator[Scenario]:
    for lie in [*LIES, TWO_LIES]:
        for churning in CHURNS:
            for obeys in (True, False):
                yield Scenario(
                    f"{lie}, {churning}{_obeyed(obeys)}",
                    _liar(lie, churning, obeys=obeys),
                    declared=is_declared(lie, obeys=obeys),
                )


def _liar(lie: str, churning: str, *, obeys: bool) -> Callable[[int], SimulatedServer]:
    return lambda seed: liar(lie, churning, seed, obeys=obeys)


def _obeyed(obeys: bool) -> str:  # noqa: FBT001
    return "" if obeys else ", larger pages not obeyed"


def _server(
    orders: Sequence[Order],
    rates: Rates,
    *,
    obeys: bool,
    **options: Any,  # noqa: ANN401
) -> Callable[[int], SimulatedServer]:
    def make(seed: int) -> SimulatedServer:
        return SimulatedServer(
            **{"seed": seed, "page_size": 20, **options},
            order=orders[seed % len(orders)],
            changes=churn(rates),
            larger=Larger.OBEYED if obeys else Larger.IGNORED,
        )

    return make


def times(rates: Rates, factor: float) -> Rates:
    """Return rates of as many changes, times a factor."""
    return {change: rate * factor for change, rate in rates.items()}


LOW = times(MODERATE, 0.1)
EDITS: Rates = {**MODERATE, Change.EDIT: 5}
STORM: Rates = {Change.DELETE: 1, Change.GALE: 1}


def _repairs() -> Iterator[Scenario]:
    """Return the scenarios in which windows do not settle at once.

    Each with the share of runs that must be proven at least where larger pages are not obeyed:
    what cutting and reading again came to before there were other repairs.
    """
    yield from _repair("spread, quiet", 150, STABLE, REST, 1)
    yield from _repair("spread, moderate", 150, STABLE, MODERATE, 0.9)
    yield from _repair("spread, moderate", 40, STABLE, MODERATE, 1)
    yield from _repair("unstable ties, moderate", 150, [Order.UNSTABLE], MODERATE, 0.25)
    yield from _repair("half on one old day, moderate", 150, STABLE, MODERATE, 0.35, Shape.IMPORT)
    yield from _repair("90 % today, moderate", 150, STABLE, MODERATE, 0.08, Shape.RECENT)
    yield from _repair("90 % today, low", 150, STABLE, LOW, 1, Shape.RECENT)
    yield from _repair("1 undated, moderate", 150, STABLE, MODERATE, 0, odd=Oddities(undated=1))
    yield from _repair("1 undated, busy", 150, STABLE, BUSY, 0, odd=Oddities(undated=1))
    yield from _repair("30 undated, moderate", 150, STABLE, MODERATE, 0, odd=Oddities(undated=30))
    few, many = Oddities(soft_deleted=0.01), Oddities(soft_deleted=0.1)
    yield from _repair("1 % soft-deleted, quiet", 150, STABLE, REST, 0, odd=few)
    yield from _repair("10 % soft-deleted, quiet", 40, STABLE, REST, 0, odd=many)
    yield from _repair("outlier, by update, moderate", 40, UPDATED, MODERATE, 1, Shape.OUTLIER)
    unstable = [Order.UNSTABLE]
    # All were proven at 10 requests a page, which the bound forbids.
    yield from _repair("outlier, unstable ties, moderate", 40, unstable, MODERATE, 0, Shape.OUTLIER)
    yield from _repair("two old days, by update", 40, UPDATED, MODERATE, 0.68, Shape.TWO_DAYS)
    yield from _repair("5 edits a request, by update", 150, UPDATED, EDITS, 0.88)
    limit = Paging(deepest_row=400)
    yield from _repair("offset limit, quiet", 40, STABLE, REST, 1, paging=limit)


def _repair(
    name: str,
    pages: int,
    orders: Sequence[Order],
    rates: Rates,
    floor: float,
    shape: Shape = Shape.EVEN,
    **options: Any,  # noqa: ANN401 - what the server takes
) -> Iterator[Scenario]:
    for obeys in (True, False):
        server = _server(orders, rates, obeys=obeys, size=20 * pages, shape=shape, **options)
        goal = Goal(floor=0 if obeys else floor, missing_stable=0.001)
        yield Scenario(f"{name}, {pages} pages{_obeyed(obeys)}", server, goal)


def _goals() -> Iterator[Scenario]:
    large: dict[str, Any] = {"size": 20_000, "page_size": 100}
    for shape in (Shape.EVEN, Shape.GROWING, Shape.GAP, Shape.TIES, Shape.ONE_UNDATED):
        for obeys in (True, False):
            yield Scenario(
                f"20,000 contacts, {shape}, moderate{_obeyed(obeys)}",
                _server(STABLE, MODERATE, obeys=obeys, shape=shape, **large),
                Goal(proven=0.95, missing_stable=0.001),
            )
    for shape in (Shape.IMPORT, Shape.TODAY):
        for obeys in (True, False):
            yield Scenario(
                f"20,000 contacts, {shape}, low{_obeyed(obeys)}",
                _server(STABLE, LOW, obeys=obeys, shape=shape, **large),
                Goal(proven=0.95 if obeys else 0, missing_stable=0.001),
            )
    costs: list[tuple[str, Sequence[Order], bool, float]] = [
        ("any order", ANY, True, 1.2),
        ("stable order", UNTOUCHED_ORDERS, False, 1.6),
        ("by update", UPDATED, False, 2.5),
    ]
    for name, orders, obeys, median in costs:
        for size in (800, 3000, 10_000):
            yield Scenario(
                f"{size // 20} pages, moderate, {name}{_obeyed(obeys)}",
                _server(orders, MODERATE, obeys=obeys, size=size),
                Goal(median=median),
            )
    for obeys in (True, False):
        yield Scenario(
            f"storm{_obeyed(obeys)}",
            _server(ANY, STORM, obeys=obeys, size=3000),
            Goal(missing=0.01),
        )
    # A full last page costs the page behind it, and a round total is cut rather than believed.
    for size, extra in ((20, 0), (410, 1), (990, 1), (400, 2), (1000, 7)):
        yield Scenario(
            f"{size} contacts at rest",
            _server(STABLE, REST, obeys=True, size=size),
            Goal(proven=1, extra=extra),
        )
    for shape in (Shape.EVEN, Shape.GROWING):
        yield Scenario(
            f"1,000 pages at rest, {shape}",
            _server(STABLE, REST, obeys=False, size=20_000, shape=shape),
            Goal(proven=1, worst=1.08),
        )

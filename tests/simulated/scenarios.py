"""Named scenarios, and what must be reached in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from statistics import fmean, median
from typing import Any, NamedTuple

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
from tests.simulated.oddities import UNTOUCHED_ORDERS, Larger, Oddities, Order, Paging
from tests.simulated.reading import Outcome, Reading
from tests.simulated.server import Change, Shape, SimulatedServer, churn


class Result(NamedTuple):
    """What one run came to."""

    seed: int
    reading: Reading
    contacts: int
    stable: bool  # whether no edit changes the server's order


def _unproven(results: Iterable[Result]) -> float:
    return fmean(one.reading.outcome is not Outcome.COMPLETE for one in results)


def _missing(results: Iterable[Result]) -> float:
    """Return the share of contacts that unproven runs missed."""
    unproven = [one for one in results if one.reading.outcome is Outcome.UNPROVEN]
    missed = sum(len(one.reading.missing) for one in unproven)
    return missed / max(1, sum(one.contacts for one in unproven))


FIGURES: dict[str, Callable[[Sequence[Result]], float]] = {
    "unproven": _unproven,
    "LOST": lambda runs: sum(one.reading.outcome is Outcome.LOST for one in runs),
    "twice": lambda runs: sum(one.reading.twice > 0 for one in runs),
    "over": lambda runs: sum(one.reading.requests > one.reading.most_requests for one in runs),
    "missing": _missing,
    "stable": lambda runs: _missing(one for one in runs if one.stable),
    "cost": lambda runs: median(one.reading.cost for one in runs),
    "max": lambda runs: max(one.reading.cost for one in runs),
    "extra": lambda runs: max(one.reading.requests - one.reading.pages for one in runs),
}


class Scenario(NamedTuple):
    """Servers of one kind, one for each seed."""

    name: str
    server: Callable[[int], SimulatedServer]
    goals: Mapping[str, float]  # what the figures may come to at the most

    @property
    def declared(self) -> bool:
        """Whether losses are a declared limit."""
        return "LOST" not in self.goals

    def misses(self, runs: Sequence[Result]) -> Iterator[str]:
        """Say where a goal is missed."""
        for name, most in self.goals.items():
            if (figure := FIGURES[name](runs)) > most:
                yield f"{name} {figure:.3g}, not {most:.3g}"


STABLE = [order for order in Order if order is not Order.UNSTABLE]
UPDATED = [Order.UPDATED_OLDEST, Order.UPDATED_NEWEST]
UNSTABLE = [Order.UNSTABLE]
LOW = {change: rate * 0.1 for change, rate in MODERATE.items()}
EDITS: Rates = {**MODERATE, Change.EDIT: 5}
STORM: Rates = {Change.DELETE: 1, Change.GALE: 1}
ALWAYS = {"twice": 0, "over": 0}
FEW_MISSING = {"stable": 0.001}
MOST_PROVEN = {"stable": 0.001, "unproven": 0.05}


def _obeyed(obeys: bool) -> str:
    return "" if obeys else ", larger pages not obeyed"


def _lies() -> Iterator[Scenario]:
    for lie, churning, obeys in product([*LIES, TWO_LIES], CHURNS, (True, False)):
        server = partial(liar, lie, churning, obeys=obeys)
        goals = ALWAYS if is_declared(lie, obeys=obeys) else ALWAYS | {"LOST": 0}
        yield Scenario(f"{lie}, {churning}{_obeyed(obeys)}", server, goals)


def _scenario(
    name: str,
    orders: Sequence[Order],
    rates: Rates,
    goals: Mapping[str, float],
    *,
    obeys: bool = True,
    **options: Any,
) -> Scenario:
    def server(seed: int) -> SimulatedServer:
        return SimulatedServer(
            **{"seed": seed, "page_size": 20, **options},
            order=orders[seed % len(orders)],
            changes=churn(rates),
            larger=Larger.OBEYED if obeys else Larger.IGNORED,
        )

    return Scenario(f"{name}{_obeyed(obeys)}", server, {**ALWAYS, "LOST": 0, **goals})


def _repairs() -> Iterator[Scenario]:
    """Return the scenarios in which windows do not settle at once."""
    rows: list[tuple[str, int, Sequence[Order], Rates, dict[str, Any]]] = [
        ("unstable ties, moderate", 150, UNSTABLE, MODERATE, {}),
        ("half on one old day, moderate", 150, STABLE, MODERATE, {"shape": Shape.IMPORT}),
        ("90 % today, moderate", 150, STABLE, MODERATE, {"shape": Shape.RECENT}),
        ("1 undated, busy", 150, STABLE, BUSY, {"odd": Oddities(undated=1)}),
        ("30 undated, moderate", 150, STABLE, MODERATE, {"odd": Oddities(undated=30)}),
        ("10 % soft-deleted, quiet", 40, STABLE, REST, {"odd": Oddities(soft_deleted=0.1)}),
        ("outlier, by update, moderate", 40, UPDATED, MODERATE, {"shape": Shape.OUTLIER}),
        ("outlier, unstable ties, moderate", 40, UNSTABLE, MODERATE, {"shape": Shape.OUTLIER}),
        ("two old days, by update", 40, UPDATED, MODERATE, {"shape": Shape.TWO_DAYS}),
        ("5 edits a request, by update", 150, UPDATED, EDITS, {}),
        ("offset limit, quiet", 40, STABLE, REST, {"paging": Paging(deepest_row=400)}),
    ]
    for (name, pages, orders, rates, options), obeys in product(rows, (True, False)):
        options |= {"size": 20 * pages}
        full = f"{name}, {pages} pages"
        yield _scenario(full, orders, rates, FEW_MISSING, obeys=obeys, **options)


def _goals() -> Iterator[Scenario]:
    large: dict[str, Any] = {"size": 20_000, "page_size": 100}
    shapes = (Shape.EVEN, Shape.GROWING, Shape.GAP, Shape.TIES, Shape.ONE_UNDATED)
    for shape, obeys in product(shapes, (True, False)):
        name = f"20,000 contacts, {shape}, moderate"
        yield _scenario(name, STABLE, MODERATE, MOST_PROVEN, obeys=obeys, shape=shape, **large)
    for shape, obeys in product((Shape.IMPORT, Shape.TODAY), (True, False)):
        goals = MOST_PROVEN if obeys else FEW_MISSING
        name = f"20,000 contacts, {shape}, low"
        yield _scenario(name, STABLE, LOW, goals, obeys=obeys, shape=shape, **large)
    costs: list[tuple[str, Sequence[Order], bool, float]] = [
        ("any order", [*Order], True, 1.2),
        ("stable order", UNTOUCHED_ORDERS, False, 1.6),
        ("by update", UPDATED, False, 2.5),
    ]
    for (order, orders, obeys, most), size in product(costs, (800, 3000, 10_000)):
        name = f"{size // 20} pages, moderate, {order}"
        yield _scenario(name, orders, MODERATE, {"cost": most}, obeys=obeys, size=size)
    for obeys in (True, False):
        yield _scenario("storm", [*Order], STORM, {"missing": 0.01}, obeys=obeys, size=3000)
    # A full last page costs the page behind it, and a round total is cut rather than believed.
    for size, extra in ((20, 0), (410, 1), (990, 1), (400, 2), (1000, 7)):
        goals = {"unproven": 0, "extra": extra}
        yield _scenario(f"{size} contacts at rest", STABLE, REST, goals, size=size)
    for shape in (Shape.EVEN, Shape.GROWING):
        goals, name = {"unproven": 0, "max": 1.08}, f"1,000 pages at rest, {shape}"
        yield _scenario(name, STABLE, REST, goals, obeys=False, size=20_000, shape=shape)


SUBJECTS = {"lies": [*_lies()], "repair": [*_repairs()], "goals": [*_goals()]}

"""The figures of a scenario's runs, and where they miss their goal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt
from statistics import median

from tests.simulated.reading import Outcome
from tests.simulated.scenarios import Goal


@dataclass(frozen=True)
class Result:
    """What one run came to."""

    seed: int
    outcome: Outcome
    stable: bool
    """Whether no edit changes the server's order."""
    contacts: int
    missing: int
    twice: int
    requests: int
    pages: int
    most_requests: int

    @property
    def cost(self) -> float:
        """Requests for each page."""
        return self.requests / self.pages


@dataclass
class Figures:
    """The results of a scenario."""

    results: list[Result] = field(default_factory=list)

    def count(self, outcome: Outcome) -> int:
        """Return how many runs came to this."""
        return sum(result.outcome is outcome for result in self.results)

    def seeds(self, outcome: Outcome) -> str:
        """Name the runs that came to this."""
        return ", ".join(str(result.seed) for result in self.results if result.outcome is outcome)

    @property
    def costs(self) -> list[float]:
        """Requests for each page, of each run."""
        return [result.cost for result in self.results]

    @property
    def over(self) -> int:
        """How many runs cost more than they may."""
        return sum(result.requests > result.most_requests for result in self.results)

    @property
    def twice(self) -> int:
        """How many runs emitted a contact twice."""
        return sum(result.twice > 0 for result in self.results)

    def missing(self, *, stable: bool = False) -> float:
        """Return the share of contacts that unproven runs missed, of all or of stable orders."""
        unproven = [
            one
            for one in self.results
            if one.outcome is Outcome.UNPROVEN and (one.stable or not stable)
        ]
        return sum(one.missing for one in unproven) / max(1, sum(one.contacts for one in unproven))

    @property
    def most_missing(self) -> int:
        """How many contacts an unproven run missed at most."""
        unproven = [one for one in self.results if one.outcome is Outcome.UNPROVEN]
        return max((one.missing for one in unproven), default=0)

    def misses(self, goal: Goal) -> Iterator[str]:
        """Say where the goal is missed."""
        proven = self.count(Outcome.COMPLETE) / len(self.results)
        if proven < goal.proven:
            yield f"proven {proven:.0%}, not {goal.proven:.0%}"
        chance = 2 * sqrt(goal.floor * (1 - goal.floor) / len(self.results))
        if proven + chance < goal.floor:
            yield f"proven {proven:.0%}, once it was {goal.floor:.0%}"
        if goal.median is not None and median(self.costs) > goal.median:
            yield f"median cost {median(self.costs):.2f}, not {goal.median}"
        if goal.worst is not None and max(self.costs) > goal.worst:
            yield f"worst cost {max(self.costs):.2f}, not {goal.worst}"
        extra = max(result.requests - result.pages for result in self.results)
        if goal.extra is not None and extra > goal.extra:
            yield f"{extra} requests beyond the pages, not {goal.extra}"
        for most, missing in (
            (goal.missing, self.missing()),
            (goal.missing_stable, self.missing(stable=True)),
        ):
            if most is not None and missing > most:
                yield f"missing {1000 * missing:.1f} in 1,000, not {1000 * most:g}"
        if self.over:
            yield f"{self.over} of {len(self.results)} runs cost too much"
        if self.twice:
            yield f"{self.twice} of {len(self.results)} runs emitted a contact twice"

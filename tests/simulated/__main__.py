"""Measures the reading core: lying servers, windows that do not settle, and what must be reached.

Usage: python -m tests.simulated [--runs N] [--only NAME ...] [--jobs N]
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from multiprocessing import Pool
from statistics import median

from tests.simulated.figures import Figures, Result
from tests.simulated.orders import UNTOUCHED_ORDERS
from tests.simulated.reading import Outcome, Reading, read
from tests.simulated.scenarios import Scenario, all_scenarios

SUBJECTS = all_scenarios()
SCENARIOS = {scenario.name: scenario for group in SUBJECTS.values() for scenario in group}
COLUMNS = " runs  compl  unpr  fail  endl  LOST  twice  over  missing  most   cost    max"


def main() -> int:
    """Run the scenarios asked for; 1 where a goal is missed or a contact lost."""
    asked = _arguments()
    chosen = {
        subject: [one for one in scenarios if _is_asked_for(one, subject, asked.only)]
        for subject, scenarios in SUBJECTS.items()
    }
    names = [scenario.name for group in chosen.values() for scenario in group]
    tasks = [(name, asked.first + seed) for name in names for seed in range(asked.runs)]
    if not names:
        _say("no scenario has such a name")
        return 2
    width = max(map(len, names))
    summary = _Summary()
    with Pool(asked.jobs) as pool:
        figures = _in_order(pool.imap(_run, tasks, chunksize=4), asked.runs)
        for subject, scenarios in chosen.items():
            if scenarios:
                _say(f"\n{subject:{width}} {COLUMNS}")
            for scenario in scenarios:
                _say(summary.line(scenario, next(figures), width))
    return summary.conclude()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulated", description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="of each scenario")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first run")
    parser.add_argument("--only", nargs="+", default=[], help="parts of names, or subjects")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def _is_asked_for(scenario: Scenario, subject: str, only: list[str]) -> bool:
    return not only or any(name == subject or name in scenario.name for name in only)


def _run(task: tuple[str, int]) -> Result:
    name, seed = task
    server = SCENARIOS[name].server(seed)
    try:
        reading = read(server)
        outcome = reading.outcome
    except Exception as error:  # noqa: BLE001 - the other runs go on
        reading, outcome = Reading(), Outcome.CRASHED
        _say(f"{name}, seed {seed}: {error!r}")
    return Result(
        seed=seed,
        outcome=outcome,
        stable=server.order in UNTOUCHED_ORDERS,
        contacts=len(server.throughout()),
        missing=len(reading.missing),
        twice=reading.twice,
        requests=reading.requests,
        pages=reading.pages,
        most_requests=reading.most_requests,
    )


def _in_order(results: Iterable[Result], runs: int) -> Iterator[Figures]:
    results = iter(results)
    while True:
        yield Figures([next(results) for _ in range(runs)])


class _Summary:
    """What is to be said at the end."""

    def __init__(self) -> None:
        self._runs = 0
        self._lost: dict[bool, int] = defaultdict(int)  # by whether that is declared
        self._worst = (0.0, "nothing")
        self._misses: list[str] = []

    def line(self, scenario: Scenario, figures: Figures, width: int) -> str:
        """Take the figures of a scenario in; return its line."""
        lost = figures.count(Outcome.LOST)
        self._runs += len(figures.results)
        self._lost[scenario.declared] += lost
        self._worst = max(self._worst, (max(figures.costs), scenario.name))
        misses = [*figures.misses(scenario.goal)]
        if lost and not scenario.declared:
            misses.append(f"LOST {lost} (seeds {figures.seeds(Outcome.LOST)})")
        if figures.count(Outcome.CRASHED):
            misses.append(f"crashed (seeds {figures.seeds(Outcome.CRASHED)})")
        self._misses += [f"{scenario.name}: {miss}" for miss in misses]
        return (
            f"{scenario.name:{width}} {len(figures.results):5}"
            f" {figures.count(Outcome.COMPLETE):6} {figures.count(Outcome.UNPROVEN):5}"
            f" {figures.count(Outcome.FAILED):5} {figures.count(Outcome.ENDLESS):5} {lost:5}"
            f" {figures.twice:6} {figures.over:5} {1000 * figures.missing():7.1f}‰"
            f" {figures.most_missing:5} {median(figures.costs):6.2f} {max(figures.costs):6.2f}"
            + (f"  {'; '.join(misses)}" if misses else "")
        )

    def conclude(self) -> int:
        """Say what it comes to; return the exit status."""
        _say("")
        for miss in self._misses:
            _say(f"MISSED  {miss}")
        cost, name = self._worst
        _say(
            f"{self._runs} runs: LOST {self._lost[False]} (and {self._lost[True]} by declared"
            f" limits), goals missed {len(self._misses)}, worst cost {cost:.2f} a page ({name})"
        )
        return int(bool(self._misses))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

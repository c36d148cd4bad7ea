"""Measures the reading core: lying servers, windows that do not settle, and what must be reached.

Usage: python -m tests.simulated [--runs N] [--only NAME ...] [--jobs N]
"""

# ruff: noqa: T201

import argparse
import sys
from itertools import islice
from multiprocessing import Pool

from tests.simulated.oddities import UNTOUCHED_ORDERS
from tests.simulated.reading import Outcome, read
from tests.simulated.scenarios import FIGURES, SUBJECTS, Result

SCENARIOS = {scenario.name: scenario for group in SUBJECTS.values() for scenario in group}
COLUMNS = ["unproven", "LOST", "missing", "cost", "max"]


def main() -> int:
    """Run the scenarios asked for; 1 where a goal is missed or a contact lost."""
    asked, names = _asked()
    width = max(map(len, names))
    missed: list[str] = []
    lost = {False: 0, True: 0}  # by whether that is declared
    print(f"{'':{width}}" + "".join(f"{name:>10}" for name in COLUMNS))
    tasks = [(name, asked.first + seed) for name in names for seed in range(asked.runs)]
    with Pool(asked.jobs) as pool:
        results = pool.imap(_run, tasks, chunksize=4)
        for name in names:
            scenario, runs = SCENARIOS[name], [*islice(results, asked.runs)]
            figures = {column: FIGURES[column](runs) for column in COLUMNS}
            seeds = [one.seed for one in runs if one.reading.outcome is Outcome.LOST]
            print(
                f"{name:{width}}"
                + "".join(f"{figures[column]:10.3g}" for column in COLUMNS)
                + (f"  LOST with the seeds {seeds}" if seeds else ""),
                flush=True,
            )
            lost[scenario.declared] += len(seeds)
            missed += [f"{name}: {miss}" for miss in scenario.misses(runs)]
    print("".join(f"\nMISSED  {miss}" for miss in missed))
    print(
        f"{len(tasks)} runs: LOST {lost[False]} (and {lost[True]} by declared limits),"
        f" goals missed {len(missed)}"
    )
    return int(bool(missed))


def _asked() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(prog="python -m tests.simulated", description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="of each scenario")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first run")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of names, or subjects")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    names = [
        scenario.name
        for subject, group in SUBJECTS.items()
        for scenario in group
        if any(part == subject or part in scenario.name for part in asked.only)
    ]
    return asked, names or parser.error("no scenario has such a name")


def _run(task: tuple[str, int]) -> Result:
    name, seed = task
    server = SCENARIOS[name].server(seed)
    try:
        reading = read(server)
    except Exception as error:
        error.add_note(f"{name}, seed {seed}")
        raise
    reading.emitted.clear()  # it would have to come from one process to the other
    return Result(seed, reading, len(server.throughout()), server.order in UNTOUCHED_ORDERS)


if __name__ == "__main__":
    sys.exit(main())

"""The command that measures the reading core: what it runs, counts and finds missed."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.readme import PAGES
from tests.simulated.__main__ import COLUMNS
from tests.simulated.figures import Figures, Result
from tests.simulated.lies import CHURNS, LIES
from tests.simulated.reading import Outcome
from tests.simulated.scenarios import Goal, all_scenarios

ROOT = Path(__file__).parents[3]

GOOD = Result(
    seed=0,
    outcome=Outcome.COMPLETE,
    stable=True,
    contacts=1000,
    missing=0,
    twice=0,
    requests=102,
    pages=100,
    most_requests=550,
)
UNPROVEN = replace(GOOD, outcome=Outcome.UNPROVEN, missing=5)

MISSED = {
    "proven": (UNPROVEN, Goal(proven=0.95), "proven 0%, not 95%"),
    "floor": (UNPROVEN, Goal(floor=1), "proven 0%, once it was 100%"),
    "median": (GOOD, Goal(median=1.0), "median cost 1.02, not 1.0"),
    "worst": (GOOD, Goal(worst=1.01), "worst cost 1.02, not 1.01"),
    "extra": (GOOD, Goal(extra=1), "2 requests beyond the pages, not 1"),
    "missing": (UNPROVEN, Goal(missing=0.001), "missing 5.0 in 1,000, not 1"),
    "missing, stable": (UNPROVEN, Goal(missing_stable=0.001), "missing 5.0 in 1,000, not 1"),
    "bound": (replace(GOOD, requests=551), Goal(), "1 of 1 runs cost too much"),
    "twice": (replace(GOOD, twice=1), Goal(), "1 of 1 runs emitted a contact twice"),
}


@pytest.mark.parametrize(("result", "goal", "said"), MISSED.values(), ids=MISSED)
def test_a_missed_goal_is_said(result: Result, goal: Goal, said: str) -> None:
    assert [*Figures([result]).misses(goal)] == [said]


def test_a_reached_goal_is_not_mentioned() -> None:
    goal = Goal(proven=1, floor=1, median=1.1, worst=1.1, extra=2, missing=0, missing_stable=0)
    assert not [*Figures([GOOD, GOOD]).misses(goal)]


def test_only_stable_orders_count_where_it_says_so() -> None:
    assert not [*Figures([replace(UNPROVEN, stable=False)]).misses(Goal(missing_stable=0.001))]


def test_every_lie_is_measured() -> None:
    names = {scenario.name for scenario in all_scenarios()["lies"]}
    assert {f"{lie}, {churn}" for lie in LIES for churn in CHURNS} <= names


def test_names_are_unique() -> None:
    names = [scenario.name for group in all_scenarios().values() for scenario in group]
    assert len(names) == len(set(names))


def test_the_page_shows_every_option_and_column() -> None:
    text = PAGES["docs/replication.md"].split("\n## How to measure it\n")[1]
    shown = {
        name
        for cell in re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
        for name in re.findall(r"`(\S+?)[ `]", cell)
    }
    command = [sys.executable, "-m", "tests.simulated", "--help"]
    help_ = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    options = {*re.findall(r"^  (--\w+)", help_, flags=re.MULTILINE)}
    assert options
    assert shown == options | {*COLUMNS.split()}


def test_the_command_says_what_came_of_it() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.simulated",
        "--runs",
        "2",
        "--only",
        "20 contacts at rest",
    ]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " LOST 0 (and 0 by declared limits), goals missed 0" in run.stdout.splitlines()[-1]

"""The command that measures the reading core: what it runs, counts and finds missed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.readme import PAGES
from tests.simulated.__main__ import COLUMNS
from tests.simulated.lies import CHURNS, LIES
from tests.simulated.reading import Outcome
from tests.simulated.scenarios import SUBJECTS, Goal, Result

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
UNPROVEN = GOOD._replace(outcome=Outcome.UNPROVEN, missing=5)

MISSED = {
    "proven": (UNPROVEN, Goal(proven=0.95), "proven 0%, not 95%"),
    "floor": (UNPROVEN, Goal(floor=1), "proven 0%, not 100%"),
    "median": (GOOD, Goal(median=1.0), "median cost 1.02, not 1"),
    "worst": (GOOD, Goal(worst=1.01), "worst cost 1.02, not 1.01"),
    "extra": (GOOD, Goal(extra=1), "further requests 2, not 1"),
    "missing": (UNPROVEN, Goal(missing=0.001), "missing 0.005, not 0.001"),
    "missing, stable": (UNPROVEN, Goal(missing_stable=0.001), "missing 0.005, not 0.001"),
    "bound": (GOOD._replace(requests=551), Goal(), "runs that cost too much 1, not 0"),
    "twice": (GOOD._replace(twice=1), Goal(), "runs that emitted a contact twice 1, not 0"),
}


@pytest.mark.parametrize(("result", "goal", "said"), MISSED.values(), ids=MISSED)
def test_a_missed_goal_is_said(result: Result, goal: Goal, said: str) -> None:
    assert [*goal.misses([result])] == [said]


def test_a_reached_goal_is_not_mentioned() -> None:
    assert not [*Goal(1, 1, 1.1, 1.1, 2, 0, 0).misses([GOOD, GOOD])]
    assert not [*Goal(missing_stable=0).misses([UNPROVEN._replace(stable=False)])]


def test_every_lie_is_measured_under_a_name_of_its_own() -> None:
    names = [scenario.name for group in SUBJECTS.values() for scenario in group]
    assert {f"{lie}, {churn}" for lie in LIES for churn in CHURNS} <= {*names}
    assert len(names) == len({*names})


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.simulated", *arguments]
    root = Path(__file__).parents[3]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


def test_the_page_shows_every_option_and_column() -> None:
    text = PAGES["docs/replication.md"].split("\n## How to measure it\n")[1]
    cells = re.findall(r"^\| (`.+?) \|", text, flags=re.MULTILINE)
    options = {*re.findall(r"^  (--\w+)", run("--help"), flags=re.MULTILINE)}
    assert options
    assert {*re.findall(r"`(\S+?)[ `]", " ".join(cells))} == options | {*COLUMNS.split()}


def test_the_command_says_what_came_of_it() -> None:
    last = run("--runs", "2", "--only", "20 contacts at rest").splitlines()[-1]
    assert last.endswith("runs: LOST 0 (and 0 by declared limits), goals missed 0")

"""The command that measures the reading core: what it runs, counts and finds missed."""

import re
import subprocess
import sys
from pathlib import Path

from tap_mihu.reading.scan import Done
from tests.readme import PAGES
from tests.simulated.__main__ import COLUMNS
from tests.simulated.bounds import EVERYTHING
from tests.simulated.lies import CHURNS, LIES
from tests.simulated.reading import Reading
from tests.simulated.scenarios import SUBJECTS, Goal, Result

GOOD = Reading(pages=100, requests=102, most_requests=550)
UNPROVEN = Reading(pages=100, requests=702, most_requests=550, missing={*"12345"}, twice=1)
UNPROVEN.done.append(Done(EVERYTHING, proven=False))


def misses(goal: Goal, reading: Reading, *, stable: bool = True) -> list[str]:
    return [*goal.misses([Result(0, reading, contacts=1000, stable=stable)])]


def test_a_missed_goal_is_said() -> None:
    goal = Goal(proven=0.95, median=1, worst=2, extra=1, missing=0.001, missing_stable=0.002)
    assert misses(goal, UNPROVEN) == [
        "proven 0%, not 95%",
        "median cost 7.02, not 1",
        "worst cost 7.02, not 2",
        "further requests 602, not 1",
        "missing 0.005, not 0.001",
        "missing 0.005, not 0.002",
        "too dear runs 1, not 0",
        "runs that send one twice 1, not 0",
    ]
    assert misses(Goal(floor=1), UNPROVEN)[0] == "proven 0%, not 100%"


def test_a_reached_goal_is_not_mentioned() -> None:
    goal = Goal(1, 1, median=1.02, worst=1.02, extra=2, missing=0, missing_stable=0)
    assert not misses(goal, GOOD)
    assert "missing" not in str(misses(Goal(missing_stable=0), UNPROVEN, stable=False))
    assert "proven" not in str(misses(Goal(floor=0.3), UNPROVEN)), "that may be chance"


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

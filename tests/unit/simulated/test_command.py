"""The command that measures the reading core: what it runs, counts and finds missed."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tap_mihu.reading.scan import Done
from tests.readme import PAGES
from tests.simulated.__main__ import COLUMNS
from tests.simulated.bounds import EVERYTHING
from tests.simulated.lies import CHURNS, LIES
from tests.simulated.reading import Reading
from tests.simulated.scenarios import FEW_MISSING, FIGURES, SUBJECTS, Result, Scenario
from tests.simulated.server import SimulatedServer

GOOD = Reading(pages=100, requests=102, most_requests=550)
LOST = replace(GOOD, missing={*"12345"}, twice=1, requests=702)
UNPROVEN = replace(LOST, done=[Done(EVERYTHING, proven=False)])


def misses(reading: Reading, goals: dict[str, float], *, stable: bool = True) -> list[str]:
    scenario = Scenario("", lambda _seed: SimulatedServer(size=1), goals)
    return [*scenario.misses([Result(0, reading, 1000, stable)])]


def test_a_missed_goal_is_said() -> None:
    goals = {"unproven": 0.05, "missing": 0.001, "stable": 0.002, "cost": 1, "max": 7, "extra": 1}
    assert misses(UNPROVEN, goals) == [
        "unproven 1, not 0.05",
        "missing 0.005, not 0.001",
        "stable 0.005, not 0.002",
        "cost 7.02, not 1",
        "max 7.02, not 7",
        "extra 602, not 1",
    ]
    always = misses(LOST, {"LOST": 0, "twice": 0, "over": 0})
    assert always == ["LOST 1, not 0", "twice 1, not 0", "over 1, not 0"]


def test_a_reached_goal_is_not_mentioned() -> None:
    figures = {**dict.fromkeys(FIGURES, 0.0), "cost": 1.02, "max": 1.02, "extra": 2}
    assert misses(GOOD, figures) == []
    assert misses(UNPROVEN, FEW_MISSING, stable=False) == []


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
    assert {*re.findall(r"`(\S+?)[ `]", " ".join(cells))} == options | {*COLUMNS}


def test_the_command_says_what_came_of_it() -> None:
    last = run("--runs", "2", "--only", "20 contacts at rest").splitlines()[-1]
    assert last.endswith("runs: LOST 0 (and 0 by declared limits), goals missed 0")

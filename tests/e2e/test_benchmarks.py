"""The benchmarks run and their programs read everything; no time is judged here."""

import re
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.field import CONTENDERS
from tests.demo import ROOT
from tests.e2e.running import environment
from tests.readme import blocks

DRAWN = "throughput", "warehouse"
"""The scenarios with a chart; all others take as long again."""
TABLES = 9


def test_the_charts_show_everything_that_is_installed(tmp_path: Path) -> None:
    options = ("--smoke", "--charts", str(tmp_path), "--only", *DRAWN)
    command = [sys.executable, "-m", "tests.benchmarks", *options]
    done = subprocess.run(command, cwd=ROOT, env=environment(), stdout=PIPE, check=True, text=True)
    for drawn, table in zip(DRAWN, done.stdout.split("### ")[1:], strict=True):
        measured_here = re.findall(r"^\| (\w.*?) \| [\d.]", table, re.MULTILINE)
        chart = ET.parse(tmp_path / f"{drawn}.svg")  # noqa: S314 - our own
        texts = {element.text for element in chart.iter() if element.tag.endswith("text")}
        assert any("tap-mihu" in name for name in measured_here)
        assert set(measured_here) <= texts


@pytest.mark.large
def test_the_commands_of_the_page_measure_every_scenario_and_every_peer(tmp_path: Path) -> None:
    (script,) = blocks("sh", "Speed")
    script = script.replace(".venv-benchmarks", str(tmp_path)).strip()
    command = ["sh", "-euc", f"{script} --smoke"]
    done = subprocess.run(command, cwd=ROOT, stdout=PIPE, check=True, text=True)
    assert "Not installed" not in done.stdout
    assert all(f"| {contender.title} |" in done.stdout for contender in CONTENDERS)
    tables = done.stdout.split("### ")[1:]
    assert len({table.splitlines()[0] for table in tables}) == len(tables) == TABLES
    assert all(re.search(r"^\| .*\d", table, re.MULTILINE) for table in tables)

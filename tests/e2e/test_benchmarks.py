"""The benchmarks run and their programs read everything; no time is judged here."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.field import CONTENDERS
from tests.demo import ROOT
from tests.e2e.running import environment
from tests.readme import blocks

NUMBER = r"[\d,]+"
DRAWN = "throughput", "warehouse"
"""The scenarios with a chart; all others take as long again."""
SCENARIOS = (
    f"{NUMBER} contacts, no latency",
    f"{NUMBER} contacts, no latency, custom fields",
    f"{NUMBER} contacts, no latency, whole seconds",
    f"{NUMBER} contacts, no latency, null tags",
    f"{NUMBER} contacts, {NUMBER} ms latency, tap-mihu with {NUMBER} requests at a time",
    f"{NUMBER} ms latency, {NUMBER} requests at a time, against the ideal",
    f"{NUMBER} contacts into a target, {NUMBER} ms latency",
    f"{NUMBER} contacts into files",
    rf"{NUMBER} contacts into warehouses \(\* without its database calls\)",
    f"Memory of tap-mihu, {NUMBER} requests at a time",
    "Start-up",
    "Requests of tap-mihu beyond those of a plain walk",
)


def measured(folder: Path, *options: str) -> list[str]:
    """Run scenarios on a few hundred contacts, and return their tables."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--smoke", "--charts", folder, *options],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return done.stdout.split("### ")[1:]


@pytest.mark.large
def test_every_scenario_has_a_table_with_figures(tmp_path: Path) -> None:
    for pattern, table in zip(SCENARIOS, measured(tmp_path), strict=True):
        title, *rows = table.strip().splitlines()
        assert re.fullmatch(pattern, title)
        assert any(re.search(r"\d", row) for row in rows)


def test_the_charts_show_everything_that_is_installed(tmp_path: Path) -> None:
    for drawn, table in zip(DRAWN, measured(tmp_path, "--only", *DRAWN), strict=True):
        measured_here = re.findall(r"^\| (\w.*?) \| [\d.]", table, re.MULTILINE)
        chart = ET.parse(tmp_path / f"{drawn}.svg")  # noqa: S314 - our own
        texts = {element.text for element in chart.iter() if element.tag.endswith("text")}
        assert any("tap-mihu" in name for name in measured_here)
        assert set(measured_here) <= texts


@pytest.mark.large
def test_the_commands_of_the_readme_measure_every_peer(tmp_path: Path) -> None:
    (script,) = blocks("sh", "Speed")
    script = script.replace(".venv-benchmarks", str(tmp_path))
    done = subprocess.run(
        ["sh", "-euc", f"{script.strip()} --smoke --only throughput"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    assert "Not installed" not in done.stdout
    assert all(f"| {contender.title} |" in done.stdout for contender in CONTENDERS)

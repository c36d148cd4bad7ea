"""The benchmarks run and their programs read everything; no time is judged here."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.benchmarks.field import CONTENDERS
from tests.demo import ROOT
from tests.e2e.running import environment
from tests.readme import blocks

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = r"[\d,]+"
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run all scenarios on a few hundred contacts."""
    folder = tmp_path_factory.mktemp("benchmarks")
    with (folder / "tables.md").open("wb") as tables:
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks", "--smoke", "--charts", folder],
            cwd=ROOT,
            env=environment(),
            stdout=tables,
            check=True,
        )
    return folder


def test_every_scenario_has_a_table_with_figures(folder: Path) -> None:
    tables = (folder / "tables.md").read_text("utf-8").split("### ")[1:]
    for pattern, table in zip(SCENARIOS, tables, strict=True):
        title, *rows = table.strip().splitlines()
        assert re.fullmatch(pattern, title)
        assert any(re.search(r"\d", row) for row in rows)


def test_the_chart_shows_every_program_that_is_installed(folder: Path) -> None:
    throughput = (folder / "tables.md").read_text("utf-8").split("### ")[1]
    programs = re.findall(r"^\| (\w.*?) \| [\d.]", throughput, re.MULTILINE)
    chart = ET.parse(folder / "throughput.svg")  # noqa: S314 - our own
    texts = {element.text for element in chart.iter() if element.tag.endswith("text")}
    assert "tap-mihu" in programs
    assert set(programs) <= texts


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

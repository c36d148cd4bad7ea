"""The demonstration says what is true, and leaves the checkout as it was."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.demo import CONTACTS, EDITS, OUTPUT, ROOT
from tests.readme import blocks

ROWS = re.compile(r"(\d+) (?:more )?rows in (\S+\.jsonl)")


def run(*args: str, **settings: str) -> tuple[int, str, str]:
    """Run Python in the checkout, and give its exit status, output and errors."""
    done = subprocess.run(
        [sys.executable, *args],
        cwd=ROOT,
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def shown() -> str:
    """Run it among settings and after an earlier run, which must not show."""
    earlier = ROOT / OUTPUT / "contacts.jsonl"
    earlier.parent.mkdir(parents=True, exist_ok=True)
    earlier.write_text("{}\n", encoding="utf-8")
    status, output, errors = run(
        "-m",
        "tests.demo",
        MELTANO_ENVIRONMENT="none",
        TAP_MIHU_FILTERS='{"status": "Inactive"}',
        TARGET_JSONL_CUSTOM_NAME="elsewhere",
    )
    assert status == 0, output + errors
    return output


def test_the_first_run_loads_everyone_and_the_second_what_changed(shown: str) -> None:
    path = str(OUTPUT / "contacts.jsonl")
    assert ROWS.findall(shown) == [(str(CONTACTS), path), (str(EDITS + 1), path)]
    assert f"{EDITS} were edited, 1 was not" in shown


def test_the_rows_are_where_it_says(shown: str) -> None:
    (path,) = {path for _, path in ROWS.findall(shown)}
    lines = (ROOT / path).read_text("utf-8").splitlines()
    uuids = [json.loads(line)["uuid"] for line in lines]
    assert len(uuids) == CONTACTS + EDITS + 1
    assert len(set(uuids)) == CONTACTS


def test_it_shows_a_few_rows_shortened(shown: str) -> None:
    rows = re.findall(r"^  \d{4}-\d\d-\d\dT.*$", shown, re.MULTILINE)
    assert len(rows) == 3 + EDITS + 1
    assert max(map(len, rows)) <= 102


def test_it_prints_what_the_readme_shows(shown: str) -> None:
    """Only which of the made-up contacts it shows differs from day to day."""
    (block,) = blocks("text", "Try it")
    row = re.compile(r"^  \d{4}-\d\d-\d\dT[\d:.]+Z, .+$", flags=re.MULTILINE)
    assert row.findall(block)
    assert row.findall(shown)
    assert {*row.sub("", block).splitlines()} <= {*shown.splitlines()}


def test_a_failure_is_told_in_one_line_after_the_end_of_the_log() -> None:
    broken = "from tests import demo; demo.COMMAND = ('meltano', 'run', 'tap-nil'); demo.main()"
    status, output, errors = run("-c", broken)
    assert status == 1
    assert "tap-nil" in output.splitlines()[-1]
    assert errors == (
        "The demonstration failed: Meltano ended with status 1, after the lines above.\n"
    )


def test_the_same_into_a_real_database() -> None:
    status, output, errors = run("-m", "tests.demo_postgres", TARGET_POSTGRES_HOST="elsewhere")
    assert status == 0, output + errors
    assert output.count(f"{CONTACTS} rows in the table") == 2
    assert len(re.findall(r"^  \d{4}-\d\d-\d\d .*$", output, re.MULTILINE)) == 2 * EDITS

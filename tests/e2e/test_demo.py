"""The demonstration says what is true, and leaves the checkout as it was."""

import json
import os
import re
import subprocess
import sys

from tests.demo import CONTACTS, EDITS, OUTPUT, ROOT
from tests.readme import blocks


def shown(module: str, **settings: str) -> str:
    """Run a demonstration in the checkout, and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def test_it_loads_everyone_then_what_changed_and_prints_what_the_readme_shows() -> None:
    """Also among settings and after an earlier run, which must not show."""
    path = ROOT / OUTPUT / "contacts.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n", encoding="utf-8")
    output = shown(
        "tests.demo",
        MELTANO_ENVIRONMENT="none",
        TAP_MIHU_FILTERS='{"status": "Inactive"}',
        TARGET_JSONL_CUSTOM_NAME="elsewhere",
    )
    counts = re.findall(r"(\d+) (?:more )?rows in (\S+\.jsonl)", output)
    assert counts == [(str(number), str(OUTPUT / path.name)) for number in (CONTACTS, EDITS + 1)]
    assert f"{EDITS} were edited, 1 was not" in output
    uuids = [json.loads(line)["uuid"] for line in path.read_text("utf-8").splitlines()]
    assert (len(uuids), len({*uuids})) == (CONTACTS + EDITS + 1, CONTACTS)

    row = re.compile(r"^  \d{4}-\d\d-\d\dT[\d:.]+Z, .+$", flags=re.MULTILINE)
    assert len(row.findall(output)) == 3 + EDITS + 1
    assert max(map(len, row.findall(output))) <= 102
    # Only which of the made-up contacts it shows differs from day to day.
    (block,) = blocks("text", "Try it")
    assert row.findall(block)
    assert {*row.sub("", block).splitlines()} <= {*output.splitlines()}


def test_the_same_into_a_real_database() -> None:
    output = shown("tests.demo_postgres", TARGET_POSTGRES_HOST="elsewhere")
    assert output.count(f"{CONTACTS} rows in the table") == 2
    assert len(re.findall(r"^  \d{4}-\d\d-\d\d .*$", output, re.MULTILINE)) == 2 * EDITS

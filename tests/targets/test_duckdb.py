"""`meltano run tap-mihu target-duckdb`, with the DuckDB that the project's file pins."""

import json
import re
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.demo import ROOT
from tests.projects import Project, yaml
from tests.sandbox import Contact, Sandbox
from tests.sandbox.data import STANDARD_FIELDS, TEXT_FIELDS
from tests.targets.contacts import as_row, by_uuid, varied_workspace
from tests.targets.databases import parsed

# Run by the target's own Python: no other DuckDB need read the file.
QUERY = """
import duckdb, json, sys
cursor = duckdb.connect("warehouse.duckdb", read_only=True).execute(sys.argv[1])
names = [column[0] for column in cursor.description]
for row in cursor.fetchall():
    print(json.dumps(dict(zip(names, row)), default=str))
"""

SETTINGS = {"TARGET_DUCKDB_BATCH_SIZE_ROWS": "100", "TZ": "Asia/Tokyo"}


def wanted(contact: Contact) -> dict[str, Any]:
    """Say what a contact's row is to be: loaded by way of CSV, where empty text is null."""
    row = as_row(contact)
    return row | {name: row[name] or None for name in TEXT_FIELDS}


@pytest.mark.large
def test_two_runs_one_after_the_other(tmp_path: Path) -> None:
    venv = tmp_path / ".meltano" / "loaders" / "target-duckdb" / "venv"

    def query(sql: str) -> list[dict[str, Any]]:
        command = [str(venv / "bin" / "python"), "-c", QUERY, sql]
        done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    with Sandbox(varied_workspace(250)) as sandbox:
        workspace = sandbox.workspace
        project = Project(tmp_path, sandbox).put()
        before: set[str] = set()
        for _ in range(2):
            project.run("tap-mihu", "target-duckdb", **SETTINGS)
            rows = parsed(query("FROM tap_mihu.contacts"))
            assert by_uuid(rows) == by_uuid(map(wanted, workspace.contacts()))
            sent = {row["_sdc_batched_at"] for row in rows} - before
            before |= sent
            workspace.edit_some(Random(0), 5)
            workspace.insert()
        new = [row for row in rows if row["_sdc_batched_at"] in sent]
        assert len(new) < 30, "the second run sends what changed"

    columns = query("DESCRIBE tap_mihu.contacts")
    types = {column["column_name"]: column["column_type"] for column in columns}
    assert {name: types[name] for name in (*STANDARD_FIELDS, "custom_fields")} == {
        **dict.fromkeys(STANDARD_FIELDS, "VARCHAR"),
        **dict.fromkeys(("created_at", "updated_at"), "TIMESTAMP"),
        **dict.fromkeys(("tags", "custom_fields"), "JSON"),
    }

    tagged = "list_contains(json_extract_string(tags, '$[*].name'), 'vip')"
    (counted,) = query(f"SELECT count(*) n FROM tap_mihu.contacts WHERE {tagged}")  # noqa: S608
    vip = [row for row in rows if "vip" in str(row["tags"])]
    assert counted["n"] == len(vip) > 0

    # The target lists its settings nowhere, but reads them all alike.
    (folder,) = venv.glob("lib/python*/site-packages/target_duckdb")
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    known = re.findall(r'config\.get\(\s*"(\w+)"', sources)
    loaders = yaml.load(ROOT / "meltano.yml")["plugins"]["loaders"]
    (loader,) = (loader for loader in loaders if loader["name"] == "target-duckdb")
    assert {setting["name"] for setting in loader["settings"]} <= {*known}

"""A Meltano project with recipes in its file, the database it loads into, and a workspace."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from ruamel.yaml import YAML

from tests.demo import ROOT, environment
from tests.projects import Done, Project
from tests.readme import blocks
from tests.sandbox import Workspace, contacts
from tests.sandbox.clock import NOON

yaml = YAML(typ="safe")
yaml.width = 1000
RECIPES = {
    "Everything every night, changes every hour": "yaml",
    "Deleted contacts": "yaml",
    "Large workspace into Snowflake or Postgres": "yaml",
    "True at every hour": "yaml",
    "Several workspaces": "yaml",
    "Personal data": "yaml",
    "All custom fields but some": "yaml",
    "Custom fields as columns": "yaml",
    "Contacts of one campaign, pool or tag": "yaml",
    "Backfill": "sh",
    "Changed settings and old rows": "sh",
    "Several runs at once": "yaml",
    "Where the state lives": "sh",
    "State without Meltano": "sh",
    '"Not proven that none is missing"': "sh",
}


def recipe(heading: str) -> str:
    """The recipe's only block."""
    (block,) = blocks(RECIPES[heading], heading)
    return block


def merged(base: Any, more: Any) -> Any:  # noqa: ANN401 - any YAML
    """Put a block into a project's file, as a person would."""
    if isinstance(base, dict) and isinstance(more, dict):
        return base | {key: merged(base.get(key), value) for key, value in more.items()}
    if isinstance(base, list) and isinstance(more, list):
        if not all(isinstance(one, dict) for one in base):
            return [*dict.fromkeys([*base, *more])]
        old = {one["name"]: one for one in base}
        new = {one["name"]: merged(old.get(one["name"]), one) for one in more}
        return [*(old | new).values()]
    return more


@dataclass(frozen=True)
class Warehouse(Project):
    """A project that loads into PostgreSQL; the plugins are those installed beside the tests."""

    database: str = ""

    def put(self, *headings: str, block: str = "") -> Warehouse:
        """Write the project's file, with recipes and with another page's block in it."""
        project = yaml.load(ROOT / "meltano.yml")
        for plugin in (*project["plugins"]["extractors"], *project["plugins"]["loaders"]):
            if plugin["name"] in {"tap-mihu", "target-postgres"}:
                del plugin["pip_url"]
                plugin["executable"] = str(Path(sys.executable).with_name(plugin["name"]))
            if plugin["name"] == "target-postgres" and self.database:
                plugin["config"] = {"sqlalchemy_url": self.sqlalchemy_url}
        for heading in headings:
            project = merged(project, yaml.load(recipe(heading)))
        if block:
            project = merged(project, yaml.load(block))
        yaml.dump(project, self.folder / "meltano.yml")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database, as target-postgres wants it named."""
        return self.database.replace("postgresql:", "postgresql+psycopg:")

    def run(self, *args: str, **settings: str) -> Done:
        done = self.meltano("run", *args, **settings)
        assert done.status == 0, done.log
        return done

    def shell(self, script: str, **settings: str) -> str:
        """Run a block of the documentation."""
        path = f"{Path(sys.executable).parent}:{environment(self.sandbox)['PATH']}"
        return subprocess.run(
            ["sh", "-euc", script],
            cwd=self.folder,
            env=environment(
                self.sandbox, MELTANO_HUB_URL="http://127.0.0.1:1", PATH=path, **settings
            ),
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ).stdout

    def state(self, state_id: str, **settings: str) -> dict[str, Any]:
        """The stream's state in Meltano's store."""
        done = self.meltano("state", "get", state_id, **settings)
        stream: dict[str, Any] = json.loads(done.stdout)["singer_state"]["bookmarks"]["contacts"]
        return stream


def rows(database: str, schema: str = "tap_mihu") -> dict[str, dict[str, Any]]:
    with psycopg.connect(database, row_factory=dict_row) as connection:
        found = connection.execute(
            f'select * from "{schema}".contacts'  # noqa: S608 - our own names
        ).fetchall()
    return {row["uuid"]: row for row in found}


def uuids(workspace: Workspace) -> set[str]:
    return {contact["uuid"] for contact in workspace.contacts()}


def some(count: int = 250, **options: Any) -> Workspace:  # noqa: ANN401
    return Workspace(contacts(count, until=NOON, **options))

"""Meltano projects like those of the tap's users, made of the project's own meltano.yml."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from ruamel.yaml import YAML

from tests.demo import ROOT, environment
from tests.forks import forked
from tests.postgres import ask
from tests.sandbox import Sandbox

__all__ = ["Done", "Project", "yaml"]

yaml = YAML(typ="safe")
yaml.width = 1000
_BIN = Path(sys.executable).parent


def _merged(base: Any, more: Any) -> Any:
    """Put a block into a project's file, as a person would."""
    if isinstance(base, dict) and isinstance(more, dict):
        return base | {key: _merged(base.get(key), value) for key, value in more.items()}
    if isinstance(base, list) and isinstance(more, list):
        if not all(isinstance(one, dict) for one in base):
            return [*dict.fromkeys([*base, *more])]
        old = {one["name"]: one for one in base}
        new = {one["name"]: _merged(old.get(one["name"]), one) for one in more}
        return [*(old | new).values()]
    return more


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    stdout: str
    log: str


@dataclass(frozen=True)
class Project:
    """A project whose extractor reads a sandbox, and the PostgreSQL that it may load into."""

    folder: Path
    sandbox: Sandbox
    database: str = ""

    def put(self, *blocks: str) -> Self:
        """Write the project's file, with blocks of YAML in it.

        The tap and target-postgres are those installed beside the tests.
        """
        project = yaml.load(ROOT / "meltano.yml")
        for plugin in (*project["plugins"]["extractors"], *project["plugins"]["loaders"]):
            if plugin["name"] in {"tap-mihu", "target-postgres"}:
                del plugin["pip_url"]
                plugin["executable"] = str(_BIN / plugin["name"])
            if plugin["name"] == "target-postgres" and self.database:
                plugin["config"] = {"sqlalchemy_url": self.sqlalchemy_url}
        for block in blocks:
            project = _merged(project, yaml.load(block))
        yaml.dump(project, self.folder / "meltano.yml")
        return self

    @property
    def sqlalchemy_url(self) -> str:
        """The database, as target-postgres wants it named."""
        return self.database.replace("postgresql:", "postgresql+psycopg:")

    def environment(self, **settings: str) -> dict[str, str]:
        """What Meltano and a shell have in their environment: no way to the Hub."""
        path = f"{_BIN}:{environment(self.sandbox)['PATH']}"
        settings = {"MELTANO_HUB_URL": "http://127.0.0.1:1", "PATH": path} | settings
        return environment(self.sandbox, **settings)

    def meltano(self, *args: str, **settings: str) -> Done:
        with TemporaryDirectory(prefix="meltano-") as name:
            stdout, log = Path(name, "stdout"), Path(name, "stderr")
            status = forked(
                "meltano.cli:main",
                [str(_BIN / "meltano"), *args],
                folder=self.folder,
                env=self.environment(**settings),
                stdout=stdout,
                stderr=log,
            ).wait()
            return Done(status, stdout.read_text("utf-8"), log.read_text("utf-8"))

    def run(self, *args: str, **settings: str) -> str:
        """Run pipelines, which must succeed; return the log."""
        done = self.meltano("run", *args, **settings)
        assert done.status == 0, done.log
        return done.log

    def shell(self, script: str, **settings: str) -> str:
        """Run a block of the documentation; return what it prints."""
        return subprocess.run(
            ["sh", "-euc", script],
            cwd=self.folder,
            env=self.environment(**settings),
            check=True,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        ).stdout

    def state(self, name: str = "tap-mihu-to-target-postgres") -> dict[str, Any]:
        """What Meltano keeps of the contacts after a run that succeeded."""
        with closing(sqlite3.connect(self.folder / ".meltano" / "meltano.db")) as connection:
            query = "SELECT completed_state FROM state WHERE state_id = ?"
            (text,) = connection.execute(query, [f"dev:{name}"]).fetchone()
        stream: dict[str, Any] = json.loads(text)["singer_state"]["bookmarks"]["contacts"]
        return stream

    def ask(self, query: str) -> list[dict[str, Any]]:
        return ask(self.database, query)

    def rows(self, schema: str = "tap_mihu", table: str = "contacts") -> list[dict[str, Any]]:
        return self.ask(f'SELECT * FROM "{schema}"."{table}"')  # noqa: S608 - our own names

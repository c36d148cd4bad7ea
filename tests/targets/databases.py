"""The databases that tests load into, each by its real target."""

import io
import json
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from target_postgres.target import TargetPostgres  # type: ignore[import-untyped]

from tests.demo import ROOT
from tests.e2e.in_process import signals_kept
from tests.e2e.running import environment
from tests.environments import own_environment
from tests.postgres import ask

__all__ = ["REQUIREMENTS", "Postgres", "Row", "Snowflake", "fake_snowflake", "parsed"]

Row = dict[str, Any]
REQUIREMENTS = Path(__file__).with_name("snowflake-requirements.txt")


@dataclass
class Postgres:
    """A real PostgreSQL, whose target runs in this process."""

    uri: str
    schema: str

    def load(self, messages: bytes, **settings: bool | int) -> None:
        config = {
            "sqlalchemy_url": self.uri.replace("postgresql:", "postgresql+psycopg:"),
            "default_target_schema": self.schema,
            **settings,
        }
        with signals_kept(), warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")  # They are the target's.
            TargetPostgres(config=config).listen(io.StringIO(messages.decode()))

    def rows(self) -> list[Row]:
        return ask(self.uri, f"SELECT * FROM {self.schema}.contacts")  # noqa: S608 - our own name


def parsed(rows: list[Row]) -> list[Row]:
    """Understand rows that were printed as JSON, by a database that has no arrays."""
    rows = [{name.lower(): value for name, value in row.items()} for row in rows]
    for row in rows:
        row |= {name: json.loads(row[name]) for name in ("tags", "custom_fields")}
        for name in ("created_at", "updated_at", "_sdc_extracted_at", "_sdc_deleted_at"):
            row[name] = row.get(name) and datetime.fromisoformat(row[name])
    return rows


@dataclass
class Snowflake:
    """A fake one, in a process with an environment of its own: see `on_fakesnow.py`."""

    process: subprocess.Popen[str]
    folder: Path
    schema: str = ""
    table: list[Row] = field(default_factory=list)

    def load(self, messages: bytes, **settings: bool | int) -> None:
        path = self.folder / "messages.singer"
        path.write_bytes(messages)
        login = {"account": "acme", "user": "loader", "password": "secret", "database": "WAREHOUSE"}
        config = login | {"default_target_schema": self.schema} | settings
        assert self.process.stdin
        self.process.stdin.write(f"{json.dumps([str(path), config])}\n")
        self.process.stdin.flush()
        self.table = parsed(self.answer())

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.log()
        return json.loads(line)

    def rows(self) -> list[Row]:
        return self.table

    def log(self) -> str:
        """All statements so far."""
        return (self.folder / "log").read_text("utf-8")


@contextmanager
def fake_snowflake(folder: Path) -> Iterator[Snowflake]:
    settings = {
        "FAKESNOW_DEBUG": "snowflake",  # logs all statements
        "TMPDIR": str(folder),  # fakesnow leaves files
        "TZ": "Asia/Tokyo",  # must not matter
    }
    python = own_environment("snowflake", REQUIREMENTS)
    with (
        (folder / "log").open("w") as stderr,
        subprocess.Popen(
            [python, "-m", "tests.targets.on_fakesnow", folder],
            cwd=ROOT,
            env=environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
        ) as process,
    ):
        yield Snowflake(process, folder)

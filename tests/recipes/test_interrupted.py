"""The page about the state, through Meltano into PostgreSQL: refreshes, merges and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

from tests.demo import ROOT, environment
from tests.e2e.running import wait_until
from tests.postgres import postgres
from tests.projects import Project
from tests.readme import blocks
from tests.sandbox import RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault

yaml = YAML(typ="safe")
RUN = ("run", "tap-mihu", "target-postgres")
SMALL_PAGES = {"TAP_MIHU_PAGE_SIZE": "3", "TAP_MIHU_MAX_CONCURRENT_REQUESTS": "1"}


@dataclass(frozen=True)
class Pipeline(Project):
    """A project that loads into PostgreSQL with the plugins installed beside the tests."""

    database: str

    def put(self) -> Pipeline:
        project = yaml.load(ROOT / "meltano.yml")
        plugins = project["plugins"]
        for plugin in (*plugins["extractors"], *plugins["loaders"]):
            if plugin["name"] in {"tap-mihu", "target-postgres"}:
                del plugin["pip_url"]
                plugin["executable"] = str(Path(sys.executable).with_name(plugin["name"]))
            if plugin["name"] == "target-postgres":
                url = self.database.replace("postgresql:", "postgresql+psycopg:")
                plugin["config"] = {"sqlalchemy_url": url}
        plugins["extractors"].append({"name": "tap-mihu--other", "inherit_from": "tap-mihu"})
        yaml.dump(project, self.folder / "meltano.yml")
        return self

    def start(self, *args: str, **settings: str) -> subprocess.Popen[bytes]:
        """Start a command that somebody will interrupt, or that runs beside others."""
        return subprocess.Popen(
            [Path(sys.executable).with_name("meltano"), *args],
            cwd=self.folder,
            env=environment(self.sandbox, MELTANO_HUB_URL="http://127.0.0.1:1", **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, *more: str, **settings: str) -> str:
        done = self.meltano(*RUN, *more, **(SMALL_PAGES | settings))
        assert done.status == 0, done.log
        return done.log

    def fail(self, *more: str) -> str:
        done = self.meltano(*RUN, *more, **SMALL_PAGES)
        assert done.status != 0
        return done.log

    def state(self) -> dict[str, Any]:
        """What the page's command prints of the stream."""
        (command,) = blocks("sh", "What is kept")
        _, *args = command.split()
        printed = self.meltano(*args).stdout
        stream: dict[str, Any] = json.loads(printed)["singer_state"]["bookmarks"]["contacts"]
        return stream

    def rows(self, schema: str = "tap_mihu") -> int:
        """What the page's query counts."""
        (query,) = blocks("sql", "Checking the table")
        with psycopg.connect(self.database, autocommit=True) as connection:
            found = connection.execute(query.replace("tap_mihu", schema).encode()).fetchone()
        assert found is not None
        return int(found[0])

    def execute(self, statement: bytes) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as uri:
        yield uri


@pytest.fixture
def pipeline(tmp_path: Path, database: str) -> Iterator[Pipeline]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with Sandbox(Workspace(contacts(600, until=yesterday))) as sandbox:
        made = Pipeline(tmp_path, sandbox, database).put()
        made.execute(b'drop schema if exists "tap_mihu" cascade')
        made.execute(b'drop schema if exists "tap_mihu__other" cascade')
        yield made


def failing_after(sandbox: Sandbox, count: int) -> None:
    """Let the token expire after so many requests."""
    first = len(sandbox.requests) + count

    def script(info: RequestInfo) -> Fault | None:
        return faults.status(401) if info.number >= first else None

    sandbox.faults = script


def test_an_interrupted_full_refresh_of_an_emptied_table(pipeline: Pipeline) -> None:
    """What is kept is merged into the old state: checking the table shows what came of it."""
    pipeline.run()
    assert pipeline.rows() == pipeline.state()["ranges"][0]["contacts"] == 600
    pipeline.execute(b"truncate tap_mihu.contacts")
    failing_after(pipeline.sandbox, 120)
    pipeline.fail("--full-refresh")
    pipeline.sandbox.faults = faults.never
    assert pipeline.rows() < 600
    log = pipeline.run()
    assert "Resuming" in log
    assert pipeline.rows() == pipeline.state()["ranges"][0]["contacts"] == 600


def test_states_that_are_merged_in_every_run(pipeline: Pipeline) -> None:
    filtered = {"TAP_MIHU_FILTERS_STATUS": "Inactive"}
    merging = "--state-strategy=merge"
    pipeline.run(merging, **filtered)
    some = pipeline.rows()
    assert 0 < some < 600
    failing_after(pipeline.sandbox, 120)
    assert "changed since then: filters" in pipeline.fail(merging)
    pipeline.sandbox.faults = faults.never
    pipeline.run(merging)
    assert pipeline.rows() == pipeline.state()["ranges"][0]["contacts"] == 600


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_signals(pipeline: Pipeline, signum: signal.Signals) -> None:
    """Whatever was kept, the next run makes up for it."""
    hang = faults.hang()
    pipeline.sandbox.faults = lambda info: hang if info.number >= 150 else None
    running = pipeline.start(*RUN, **SMALL_PAGES)
    try:
        wait_until(lambda: len(pipeline.sandbox.requests) >= 150)
        if signum == signal.SIGINT:
            os.killpg(running.pid, signum)  # as a terminal does
        else:
            running.send_signal(signum)
        running.wait(30)
    finally:
        with suppress(ProcessLookupError):
            running.kill()
    pipeline.sandbox.faults = faults.never
    pipeline.run()
    assert pipeline.rows() == 600


def test_two_plugin_names_at_once(pipeline: Pipeline) -> None:
    other = ("run", "tap-mihu--other", "target-postgres")
    assert pipeline.meltano("state", "list").status == 0  # it creates Meltano's own database
    both = [pipeline.start(*args, **SMALL_PAGES) for args in (RUN, other)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert pipeline.rows() == 600
    assert pipeline.rows("tap_mihu__other") == 600

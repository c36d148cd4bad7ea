"""The page about the state, through Meltano into PostgreSQL: signals, refreshes and merges."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.running import wait_until
from tests.postgres import postgres
from tests.projects import Project
from tests.readme import blocks
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault, Script

RUN = ("run", "tap-mihu", "target-postgres")
SMALL_PAGES = {"TAP_MIHU_PAGE_SIZE": "3", "TAP_MIHU_MAX_CONCURRENT_REQUESTS": "1"}
CONTACTS = 360
HALF_WAY = 100


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made = Workspace(contacts(CONTACTS, until=yesterday))
    with postgres() as database, Sandbox(made) as sandbox:
        yield Project(tmp_path, sandbox, database).put()


def rows(project: Project) -> int:
    """What the page's query counts."""
    (query,) = blocks("sql", "Checking the table")
    (row,) = project.ask(query)
    return int(row["count"])


def half_way(fault: Fault) -> Script:
    seen = count()
    return lambda _: fault if next(seen) >= HALF_WAY else None


def interrupt(project: Project, signum: signal.Signals) -> None:
    sandbox = project.sandbox
    before = len(sandbox.requests)
    sandbox.faults = half_way(faults.hang())
    running = subprocess.Popen(
        ["meltano", *RUN],
        cwd=project.folder,
        env=project.environment(**SMALL_PAGES),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(sandbox.requests) - before >= HALF_WAY)
        if signum == signal.SIGINT:
            os.killpg(running.pid, signum)  # as a terminal does
        else:
            running.send_signal(signum)
        running.wait(30)
    finally:
        with suppress(ProcessLookupError):
            running.kill()
    sandbox.faults = faults.never


def test_whatever_ends_a_run_the_next_one_makes_up_for_it(project: Project) -> None:
    """Two signals, a refresh of an emptied table, and states that are merged: each in its turn."""
    sandbox = project.sandbox
    interrupt(project, signal.SIGTERM)
    interrupt(project, signal.SIGINT)
    project.run(*RUN[1:], **SMALL_PAGES)
    assert rows(project) == CONTACTS

    project.ask("truncate tap_mihu.contacts")
    sandbox.faults = half_way(faults.status(401))
    assert project.meltano(*RUN, "--full-refresh", **SMALL_PAGES).status != 0
    sandbox.faults = faults.never
    assert rows(project) < CONTACTS
    assert "Resuming" in project.run(*RUN[1:], **SMALL_PAGES)
    (command,) = blocks("sh", "What is kept")
    kept = json.loads(project.shell(command))["singer_state"]["bookmarks"]["contacts"]
    assert rows(project) == kept["ranges"][0]["contacts"] == CONTACTS
    assert kept == project.state()

    project.ask("truncate tap_mihu.contacts")
    filtered = {"TAP_MIHU_FILTERS_DATE_FROM": "2000-01-01"}
    merging = "--state-strategy=merge"
    sandbox.faults = half_way(faults.status(401))
    failed = project.meltano(*RUN, merging, **SMALL_PAGES, **filtered)
    assert failed.status != 0
    assert "changed since then: filters" in failed.log
    sandbox.faults = faults.never
    assert 0 < rows(project) < CONTACTS
    project.run(*RUN[1:], merging, **SMALL_PAGES)
    assert rows(project) == project.state()["ranges"][0]["contacts"] == CONTACTS

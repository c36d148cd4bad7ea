"""A workspace read by several runs: as the docs say, and by Airflow's own local tooling."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest

from tap_mihu.reading.shards import Shard
from tap_mihu.records.pages import DateRange
from tests.demo import environment
from tests.environments import own_environment
from tests.postgres import postgres
from tests.readme import blocks
from tests.recipes.warehouse import Warehouse, rows, some, uuids
from tests.sandbox import Sandbox
from tests.sandbox.clock import NOON

EXAMPLE = Path(__file__).with_name("airflow_dag.py")
REQUIREMENTS = Path(__file__).with_name("airflow-requirements.txt")


@pytest.fixture
def database() -> Iterator[str]:
    with postgres() as uri:
        yield uri


def test_the_commands_of_the_documentation(tmp_path: Path, database: str) -> None:
    (script,) = blocks("sh", "Beyond one machine")
    with Sandbox(some(days=1000)) as sandbox:
        project = Warehouse(tmp_path, sandbox, database).put()
        project.shell(script)
        shown = Shard(DateRange(None, date(2024, 3, 31)), 0).as_json({})
        assert f"TAP_MIHU_FILTERS='{json.dumps(shown['filters'])}'" in script
        assert f"--state-id-suffix={shown['state_id_suffix']} " in script
        oldest = {c["uuid"] for c in sandbox.workspace.contacts() if c["created_at"] < "2024-04"}
        assert rows(database).keys() == oldest

        shards = json.loads((tmp_path / "plan.json").read_text("utf-8"))
        assert len(shards) == 8
        last = shards[-1]
        suffix = last["state_id_suffix"]
        project.run(
            *("tap-mihu", "target-postgres", "--state-id-suffix", suffix),
            TAP_MIHU_FILTERS=json.dumps(last["filters"]),
        )
        assert len(rows(database)) == len(oldest) + last["contacts"]
        state = project.state(f"dev:tap-mihu-to-target-postgres:{suffix}")
        assert state["replication_key_value"]


def test_the_plan_and_activate_version_exclude_each_other(tmp_path: Path) -> None:
    with Sandbox(some()) as sandbox:
        project = Warehouse(tmp_path, sandbox).put()
        done = project.meltano(
            "invoke", "tap-mihu", "--plan=8", TAP_MIHU_EMIT_ACTIVATE_VERSION_MESSAGES="true"
        )
    assert done.status == 1
    assert done.stdout == ""
    assert "emit_activate_version_messages" in done.log
    assert '"EMIT_ACTIVATE_VERSION_MESSAGES"] = "false"' in EXAMPLE.read_text("utf-8")


class _Stub(ModuleType):
    """An Airflow whose DAGs do nothing."""

    def __getattr__(self, _: str) -> Any:  # noqa: ANN401
        return lambda **_options: lambda _function: lambda: None


@pytest.mark.large
def test_runs_of_the_example_do_not_disturb_each_other(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, of the same extractor, in one project."""
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", _Stub("airflow.sdk"))
    with Sandbox(some(days=1000), latency=0.05) as sandbox, ThreadPoolExecutor(2) as pool:
        project = Warehouse(tmp_path, sandbox, database).put()
        for name, value in meltano_environment(project).items():
            monkeypatch.setenv(name, value)
        meltano = runpy.run_path(str(EXAMPLE))["meltano"]
        shards = json.loads(meltano("tap-mihu", "invoke", "tap-mihu", "--plan", "2"))
        run = ("tap-mihu", "run", "tap-mihu", "target-postgres", "--state-id-suffix")
        # The table is made first, or both would make it.
        meltano(*run, "none", FILTERS='{"date_from": "2999-01-01"}')

        def load(shard: dict[str, Any]) -> str:
            filters = json.dumps(shard["filters"])
            return str(meltano(*run, shard["state_id_suffix"], FILTERS=filters))

        assert [*pool.map(load, shards)] == ["", ""]
        assert rows(database).keys() == uuids(sandbox.workspace)
        for shard in shards:
            state_id = f"dev:tap-mihu-to-target-postgres:{shard['state_id_suffix']}"
            state = project.state(state_id, MELTANO_STATE_BACKEND_URI=state_backend(project))
            assert state["replication_key_value"]


def state_backend(project: Warehouse) -> str:
    """Where the runs of the example keep their state."""
    return f"file://{project.folder}/state"


def meltano_environment(project: Warehouse) -> dict[str, str]:
    """What a worker of the example has in its environment."""
    return environment(
        project.sandbox,
        MELTANO_HUB_URL="http://127.0.0.1:1",
        MELTANO_PROJECT_ROOT=str(project.folder),
        MELTANO_STATE_BACKEND_URI=state_backend(project),
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    )


class Airflow:
    """An Airflow of its own, with the example among its DAGs and a project that it runs."""

    def __init__(self, home: Path, project: Warehouse) -> None:
        self._command = own_environment("airflow", REQUIREMENTS).with_name("airflow")
        (home / "dags").mkdir(parents=True)
        shutil.copy(EXAMPLE, home / "dags")
        self.project = project
        self._environment = meltano_environment(project) | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        }
        assert self.run("db", "migrate").returncode == 0

    def run(self, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._command, *args],
            env=self._environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    def run_example(self, **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run("dags", "test", "mihu_contacts", **settings)

    def plan(self) -> list[dict[str, Any]]:
        """The plan that the example keeps."""
        plan: list[dict[str, Any]] = json.loads(
            self.run("variables", "get", "mihu_plan_tap-mihu").stdout
        )
        return plan


@pytest.fixture
def airflow(tmp_path: Path, database: str) -> Iterator[Airflow]:
    """Start from nothing: no plan, no rows."""
    (tmp_path / "project").mkdir()
    with Sandbox(some(1000)) as sandbox:
        project = Warehouse(tmp_path / "project", sandbox, database).put()
        yield Airflow(tmp_path / "airflow", project)


@pytest.mark.large
def test_the_example_for_airflow(airflow: Airflow, database: str) -> None:
    sandbox = airflow.project.sandbox
    workspace = sandbox.workspace
    done = airflow.run_example(TAP_MIHU_PAGE_SIZE="0")
    assert done.returncode != 0, "a plan that cannot be made fails the DAG"

    done = airflow.run_example()
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.token not in done.stdout + done.stderr
    plan = airflow.plan()
    assert len(plan) == 8
    assert sum(shard["contacts"] for shard in plan) == 1000
    assert rows(database).keys() == uuids(workspace)
    assert loaded(database) == 1000, "each contact once"
    for shard in plan:
        suffix = shard["state_id_suffix"]
        state = airflow.project.state(
            f"dev:tap-mihu-to-target-postgres:{suffix}",
            MELTANO_STATE_BACKEND_URI=state_backend(airflow.project),
        )
        assert state["replication_key_value"]

    workspace.insert()
    workspace.insert(created_at=NOON - timedelta(days=100))
    before = len(sandbox.requests)
    done = airflow.run_example()
    assert done.returncode == 0, done.stdout + done.stderr
    assert airflow.plan() == plan, "made once, and kept"
    asked = {(r.query.get("date_from"), r.query.get("date_to")) for r in sandbox.requests[before:]}
    assert (None, None) not in asked, "nobody read the whole"
    assert rows(database).keys() == uuids(workspace)


def loaded(database: str) -> int:
    """Count the rows, whatever their keys."""
    with psycopg.connect(database) as connection:
        (count,) = connection.execute("select count(*) from tap_mihu.contacts").fetchone() or (0,)
    return int(count)

"""A workspace read by several runs: as the docs say, and by Airflow's own local tooling."""

import json
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

import pytest

from tap_mihu.reading.shards import Shard
from tap_mihu.records.pages import DateRange
from tests.environments import own_environment
from tests.postgres import postgres
from tests.projects import Project
from tests.readme import blocks
from tests.recipes.warehouse import some, uuids
from tests.sandbox import Sandbox
from tests.sandbox.clock import NOON

EXAMPLE = Path(__file__).with_name("airflow_dag.py")
REQUIREMENTS = Path(__file__).with_name("airflow-requirements.txt")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    with postgres() as database, Sandbox(some(250, days=1000)) as sandbox:
        yield Project(folder, sandbox, database).put()


def loaded(project: Project) -> list[str]:
    """The keys in the table, however often they are there."""
    return [row["uuid"] for row in project.rows()]


def test_the_commands_of_the_documentation(project: Project) -> None:
    (script,) = blocks("sh", "Beyond one machine")
    project.shell(script)
    shown = Shard(DateRange(None, date(2024, 3, 31)), 0).as_json({})
    assert f"TAP_MIHU_FILTERS='{json.dumps(shown['filters'])}'" in script
    assert f"--state-id-suffix={shown['state_id_suffix']} " in script
    contacts = project.sandbox.workspace.contacts()
    oldest = {contact["uuid"] for contact in contacts if contact["created_at"] < "2024-04"}
    assert {*loaded(project)} == oldest

    shards = json.loads((project.folder / "plan.json").read_text("utf-8"))
    assert len(shards) == 8
    last = shards[-1]
    suffix = last["state_id_suffix"]
    project.run(
        *("tap-mihu", "target-postgres", "--state-id-suffix", suffix),
        TAP_MIHU_FILTERS=json.dumps(last["filters"]),
    )
    assert len(loaded(project)) == len(oldest) + last["contacts"]
    assert project.state(f"tap-mihu-to-target-postgres:{suffix}")["replication_key_value"]
    # A plan is refused without this, as tests/e2e/test_plan.py shows.
    assert '"EMIT_ACTIVATE_VERSION_MESSAGES"] = "false"' in EXAMPLE.read_text("utf-8")


def worker(project: Project) -> dict[str, str]:
    """What a worker of the example has in its environment."""
    return project.environment(
        MELTANO_PROJECT_ROOT=str(project.folder),
        MELTANO_STATE_BACKEND_URI=f"file://{project.folder}/state",
    )


def assert_all_have_a_state(project: Project, shards: list[dict[str, Any]]) -> None:
    backend = f"file://{project.folder}/state"
    for shard in shards:
        state_id = f"dev:tap-mihu-to-target-postgres:{shard['state_id_suffix']}"
        done = project.meltano("state", "get", state_id, MELTANO_STATE_BACKEND_URI=backend)
        (stream,) = json.loads(done.stdout)["singer_state"]["bookmarks"].values()
        assert stream["replication_key_value"]


class _Stub(ModuleType):
    """An Airflow whose DAGs do nothing."""

    def __getattr__(self, _: str) -> Any:
        return lambda **_options: lambda _function: lambda: None


@pytest.mark.large
def test_runs_of_the_example_do_not_disturb_each_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, of the same extractor, in one project."""
    monkeypatch.setitem(sys.modules, "airflow", ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", _Stub("airflow.sdk"))
    for name, value in worker(project).items():
        monkeypatch.setenv(name, value)
    project.sandbox.latency = 0.05
    meltano = runpy.run_path(str(EXAMPLE))["meltano"]
    shards = json.loads(meltano("tap-mihu", "invoke", "tap-mihu", "--plan", "2"))
    run = ("tap-mihu", "run", "tap-mihu", "target-postgres", "--state-id-suffix")
    # The table is made first, or both would make it.
    meltano(*run, "none", FILTERS='{"date_from": "2999-01-01"}')

    def load(shard: dict[str, Any]) -> str:
        filters = json.dumps(shard["filters"])
        return str(meltano(*run, shard["state_id_suffix"], FILTERS=filters))

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(load, shards)] == ["", ""]
    assert {*loaded(project)} == uuids(project.sandbox.workspace)
    assert_all_have_a_state(project, shards)


@pytest.mark.large
def test_the_example_for_airflow(project: Project, tmp_path: Path) -> None:
    command = own_environment("airflow", REQUIREMENTS).with_name("airflow")
    (tmp_path / "airflow" / "dags").mkdir(parents=True)
    shutil.copy(EXAMPLE, tmp_path / "airflow" / "dags")
    home = {"AIRFLOW_HOME": str(tmp_path / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "false"}

    def airflow(*args: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command, *args],
            env=worker(project) | home | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    example = ("dags", "test", "mihu_contacts")
    plan_kept = ("variables", "get", "mihu_plan_tap-mihu")
    sandbox, workspace = project.sandbox, project.sandbox.workspace
    assert airflow("db", "migrate").returncode == 0
    done = airflow(*example, TAP_MIHU_PAGE_SIZE="0")
    assert done.returncode != 0, "a plan that cannot be made fails the DAG"

    done = airflow(*example)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sandbox.token not in done.stdout + done.stderr
    plan = json.loads(airflow(*plan_kept).stdout)
    assert len(plan) == 8
    assert sum(shard["contacts"] for shard in plan) == 250
    assert sorted(loaded(project)) == sorted(uuids(workspace)), "each contact once"
    assert_all_have_a_state(project, plan)

    workspace.insert()
    workspace.insert(created_at=NOON - timedelta(days=100))
    before = len(sandbox.requests)
    done = airflow(*example)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(airflow(*plan_kept).stdout) == plan, "made once, and kept"
    asked = {(r.query.get("date_from"), r.query.get("date_to")) for r in sandbox.requests[before:]}
    assert (None, None) not in asked, "nobody read the whole"
    assert {*loaded(project)} == uuids(workspace)

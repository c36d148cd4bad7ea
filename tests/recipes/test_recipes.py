"""Every recipe of the docs, run as it stands there, against a sandbox and a real PostgreSQL."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import postgres
from tests.readme import all_blocks, blocks, headings
from tests.recipes.warehouse import RECIPES, Warehouse, recipe, rows, some, uuids, yaml
from tests.sandbox import Sandbox, Workspace, contacts, faults

LARGE = "Large workspace into Snowflake or Postgres"
HOURLY, NIGHTLY = "tap-mihu", "tap-mihu--nightly"


def test_every_recipe_is_here() -> None:
    assert headings("docs/recipes.md") == ["Recipes", *RECIPES]
    shown = [block.heading for block in all_blocks() if block.page == "docs/recipes.md"]
    assert shown == [*RECIPES]


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres() as uri:
        yield uri


@pytest.fixture
def folder(tmp_path: Path, database: str) -> Path:
    with psycopg.connect(database, autocommit=True) as connection:
        rows = connection.execute("select nspname from pg_namespace where nspname ~ '^tap_mihu'")
        for (schema,) in rows.fetchall():
            connection.execute(f'drop schema "{schema}" cascade')
    return tmp_path


def living(table: dict[str, dict[str, Any]]) -> set[str]:
    return {uuid for uuid, row in table.items() if row["_sdc_deleted_at"] is None}


def test_everything_every_night_and_changes_every_hour(folder: Path, database: str) -> None:
    workspace = some()
    first, tagged, doomed, edited, *_ = sorted(uuids(workspace))
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put(
            "Everything every night, changes every hour"
        )
        listed = json.loads(project.meltano("schedule", "list", "--format=json").stdout)
        jobs = {one["name"]: one["cron_interval"] for one in listed["schedules"]["job"]}
        assert jobs["mihu-hourly"] == "0 6-23 * * *"
        assert jobs["mihu-nightly"] == "0 0 * * *"

        done = project.meltano("schedule", "run", "mihu-hourly")
        assert done.status == 0, done.log
        project.run("mihu-nightly")
        bookmark = project.state(f"dev:{HOURLY}-to-target-postgres")["replication_key_value"]
        assert project.state(f"dev:{NIGHTLY}-to-target-postgres")["replication_key_value"]

        workspace.delete(doomed)
        workspace.edit(tagged, touch=False, tags=[{"uuid": first, "name": "untouched"}])
        workspace.edit(edited, surname="Edited")
        project.run("mihu-hourly")
        table = rows(database)
        assert table[edited]["surname"] == "Edited"
        assert living(table) == uuids(workspace) | {doomed}
        assert "untouched" not in str(table[tagged]["tags"])

        project.run("mihu-nightly")
        table = rows(database)
        assert living(table) == uuids(workspace)
        assert doomed in table
        assert "untouched" in str(table[tagged]["tags"])
        assert project.state(f"dev:{HOURLY}-to-target-postgres")["replication_key_value"] > bookmark


def test_deleted_contacts(folder: Path, database: str) -> None:
    workspace = some()
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put(
            "Everything every night, changes every hour", "Deleted contacts"
        )
        project.run("mihu-nightly")
        before = uuids(workspace)
        workspace.delete(min(before))

        sandbox.faults = lambda info: faults.status(403) if info.page == 2 else None
        assert project.meltano("run", "mihu-nightly").status != 0
        assert rows(database).keys() == before

        sandbox.faults = faults.always(faults.lying(total=251))
        assert "not proven that none is missing" in project.run("mihu-nightly").log
        assert rows(database).keys() == before

        sandbox.faults = faults.never
        project.run("mihu-nightly")
        assert rows(database).keys() == uuids(workspace) < before


def test_batches_and_true_at_every_hour(folder: Path, database: str) -> None:
    workspace = some()
    tagged, doomed, *_ = sorted(uuids(workspace))
    files = folder / "output" / "batches"
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put(LARGE)
        assert "0 records, 1 batch manifests" in project.run("mihu-large").log
        assert rows(database).keys() == uuids(workspace)
        assert [*files.iterdir()] == []

        project.put(LARGE, "True at every hour")
        workspace.delete(doomed)
        workspace.edit(tagged, touch=False, tags=[{"uuid": tagged, "name": "untouched"}])
        done = project.meltano("schedule", "run", "mihu-true")
        assert done.status == 0, done.log
    table = rows(database)
    assert living(table) == uuids(workspace) == table.keys() - {doomed}
    assert "untouched" in str(table[tagged]["tags"])
    assert [*files.iterdir()] == []


def test_several_workspaces(folder: Path, database: str) -> None:
    with (
        Sandbox(some(30, seed=1), token="of-acme") as acme,  # noqa: S106
        Sandbox(some(20, seed=2), token="of-globex") as globex,  # noqa: S106
    ):
        project = Warehouse(folder, acme, database).put("Several workspaces")
        # The project's own token is set too, and does not count.
        project.run(
            "mihu-workspaces",
            TAP_MIHU__ACME_API_URL=acme.url,
            TAP_MIHU__ACME_AUTH_TOKEN=acme.token,
            TAP_MIHU__GLOBEX_API_URL=globex.url,
            TAP_MIHU__GLOBEX_AUTH_TOKEN=globex.token,
        )
        for name, sandbox in (("acme", acme), ("globex", globex)):
            assert rows(database, f"tap_mihu__{name}").keys() == uuids(sandbox.workspace)
            state = project.state(f"dev:tap-mihu--{name}-to-target-postgres")
            assert state["replication_key_value"]


ODD = ("gold", "", 0, False, None, 1.5, [1, "a"], {"of": None}, "7", " 7", "\u0663", "\u00b2", 42)
"""What may stand in a custom field."""


def with_odd_values(*fields: str) -> Workspace:
    """A workspace with each of the odd values once in each of these custom fields."""
    workspace = some(len(ODD), custom_fields=fields)
    for contact, value in zip(workspace.contacts(), ODD, strict=True):
        workspace.edit(contact["uuid"], **dict.fromkeys(fields, value))
    return workspace


def as_text(value: object) -> str | None:
    """A custom field as its column holds it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def test_personal_data(folder: Path, database: str) -> None:
    workspace = with_odd_values("plan", "ssn")
    with Sandbox(workspace) as sandbox:
        Warehouse(folder, sandbox, database).put("Personal data").run(
            "tap-mihu--private", "target-postgres", MIHU_SALT="grain"
        )
    table = rows(database, "tap_mihu__private")
    hidden = {"name", "surname", "phone_number", "custom_fields", "ssn"}
    assert not hidden & {*next(iter(table.values()))}
    for contact in workspace.contacts():
        row, email = table[contact["uuid"]], contact["email"]
        assert row["email"] == (email and sha256(f"grain{email}".encode()).hexdigest())
        assert row["plan"] == as_text(contact["plan"])


def test_all_custom_fields_but_some(folder: Path, database: str) -> None:
    workspace = with_odd_values("plan", "ssn", "iban")
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put("All custom fields but some")
        project.run("tap-mihu--careful", "target-postgres")
        stored = {
            uuid: row["custom_fields"] for uuid, row in rows(database, "tap_mihu__careful").items()
        }
        assert stored == {c["uuid"]: {"plan": c["plan"]} for c in workspace.contacts()}

        workspace.active = ()  # The fields are deactivated.
        project.run("tap-mihu--careful", "target-postgres", "--full-refresh")
    assert all(not row["custom_fields"] for row in rows(database, "tap_mihu__careful").values())


def test_custom_fields_as_columns(folder: Path, database: str) -> None:
    workspace = with_odd_values("plan", "seats")
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put("Custom fields as columns")
        project.run("tap-mihu--columns", "target-postgres")
        table = rows(database, "tap_mihu__columns")
        whole = {"0": 0, "7": 7, "\u0663": 3, "42": 42}
        for contact in workspace.contacts():
            row = table[contact["uuid"]]
            assert row["plan"] == as_text(contact["plan"])
            assert row["seats"] == whole.get(as_text(contact["seats"]) or "")
            assert row["custom_fields"] == {name: contact[name] for name in ("plan", "seats")}

        workspace.active = ()  # The fields are deactivated.
        project.run("tap-mihu--columns", "target-postgres", "--full-refresh")
    for row in rows(database, "tap_mihu__columns").values():
        assert (row["plan"], row["seats"]) == (None, None)


def test_changed_settings_and_old_rows(folder: Path, database: str) -> None:
    workspace = some(20, custom_fields=("plan",))
    run = ("tap-mihu", "target-postgres")
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put()
        project.run(*run)
        workspace.edit(max(uuids(workspace)), surname="Edited")
        columns = {"TAP_MIHU_CUSTOM_FIELD_COLUMNS": '["plan"]'}
        project.run(*run, **columns)
        plans = {row["plan"] for row in rows(database).values()}
        assert None in plans, "a row that was not sent again"
        project.shell(recipe("Changed settings and old rows"), **columns)
    assert {uuid: row["plan"] for uuid, row in rows(database).items()} == {
        contact["uuid"]: contact["plan"] for contact in workspace.contacts()
    }


def test_several_runs_at_once(folder: Path, database: str) -> None:
    workspace = some()
    names = ("tap-mihu--active", "tap-mihu--inactive")
    with Sandbox(workspace, latency=0.05) as sandbox, ThreadPoolExecutor(len(names)) as pool:
        project = Warehouse(folder, sandbox, database).put("Several runs at once")
        # Or both would make the table, and one would fail.
        project.run(names[0], "target-postgres", TAP_MIHU_FILTERS_DATE_FROM="2999-01-01")
        runs = [
            pool.submit(project.run, name, "target-postgres", "--full-refresh") for name in names
        ]
        logs = [one.result().log for one in runs]
    assert not any("[warning" in log for log in logs), "no variable is taken for a slip"
    assert rows(database).keys() == {
        contact["uuid"]
        for contact in workspace.contacts()
        if contact["status"] in {"Active", "Inactive"}
    }


def test_where_the_state_lives(folder: Path, database: str) -> None:
    with Sandbox(some(20)) as sandbox:
        project = Warehouse(folder, sandbox, database).put()
        project.run("tap-mihu", "target-postgres")
        printed = project.shell(recipe("Where the state lives"))
    assert json.loads(printed)["singer_state"]["bookmarks"]["contacts"]["replication_key_value"]
    assert [*folder.glob(".meltano/**/*.db")]


def test_the_state_without_meltano(folder: Path, database: str) -> None:
    workspace = some(20)
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database)
        settings = {
            "TARGET_POSTGRES_SQLALCHEMY_URL": project.sqlalchemy_url,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "tap_mihu",
            "PGTZ": "UTC",
        }
        script = recipe("State without Meltano")
        project.shell(script, **settings)
        first = json.loads((folder / "state.json").read_text("utf-8"))
        edited = max(uuids(workspace))
        workspace.edit(edited, surname="Edited")
        project.shell(script, **settings)
        second = json.loads((folder / "state.json").read_text("utf-8"))
    assert rows(database).keys() == uuids(workspace)
    assert rows(database)[edited]["surname"] == "Edited"
    bookmarks = [one["bookmarks"]["contacts"]["replication_key_value"] for one in (first, second)]
    assert bookmarks[0] < bookmarks[1]


def test_the_query_of_your_workspace(folder: Path, database: str) -> None:
    """The README's."""
    workspace = some(50, custom_fields=("plan",))
    with Sandbox(workspace) as sandbox:
        Warehouse(folder, sandbox, database).put().run("tap-mihu", "target-postgres")
    (query,) = blocks("sql", "Your workspace")
    with psycopg.connect(database) as connection:
        found = connection.execute(query.encode()).fetchall()
    assert sum(count for _, count, *_ in found) == 50
    assert sum(with_plan for *_, with_plan in found) == 50


def test_the_contacts_of_one_campaign(folder: Path, database: str) -> None:
    workspace = some()
    heading = "Contacts of one campaign, pool or tag"
    (extractor,) = yaml.load(recipe(heading))["plugins"]["extractors"]
    with Sandbox(workspace) as sandbox:
        Warehouse(folder, sandbox, database).put(heading).run(
            "tap-mihu--campaign", "target-postgres"
        )
    selected = {row.contact["uuid"] for row in workspace.select(extractor["config"]["filters"])}
    assert rows(database, "tap_mihu__campaign").keys() == selected
    assert 0 < len(selected) < 250


def test_backfill(folder: Path, database: str) -> None:
    workspace = some(days=900)
    run = ("tap-mihu", "target-postgres")
    start = "2025-03-01T00:00:00Z"
    due = {c["uuid"] for c in workspace.contacts() if c["updated_at"] >= start[:10]}
    everything, years = recipe("Backfill").split("\n", 1)
    with Sandbox(workspace) as sandbox:
        project = Warehouse(folder, sandbox, database).put()
        project.run(*run, TAP_MIHU_START_DATE=start)
        assert rows(database).keys() == due < uuids(workspace)
        project.run(*run, TAP_MIHU_START_DATE="2000-01-01T00:00:00Z")
        assert rows(database).keys() == due

        project.shell(everything)
        assert rows(database).keys() == uuids(workspace)
        before = project.state("dev:tap-mihu-to-target-postgres")

        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("truncate tap_mihu.contacts")
        project.shell(years)
        assert rows(database).keys() == {
            contact["uuid"]
            for contact in workspace.contacts()
            if "2023" <= contact["created_at"][:4] <= "2024"
        }
        assert project.state("dev:tap-mihu-to-target-postgres") == before


def test_what_to_do_when_a_run_is_unproven(folder: Path, database: str) -> None:
    workspace = Workspace(contacts(300, until=datetime.now(UTC), days=0.4))

    def churn(number: int, workspace: Workspace) -> None:
        # All over the pages, so that many die before they are read.
        workspace.delete(workspace.contacts()[number * 97 % 300]["uuid"])
        workspace.insert()

    # In larger pages, all of it would be one response, and proven.
    with Sandbox(workspace, caps_per_page=20) as sandbox:
        project = Warehouse(folder, sandbox, database).put()
        project.run("tap-mihu", "target-postgres")
        before = project.state("dev:tap-mihu-to-target-postgres")["replication_key_value"]
        workspace.edit(max(uuids(workspace)), updated_at=datetime.now(UTC) + timedelta(seconds=1))

        sandbox.before_request = churn
        unproven = project.run("tap-mihu", "target-postgres")
        assert "not proven that none is missing" in unproven.log
        after = project.state("dev:tap-mihu-to-target-postgres")["replication_key_value"]
        assert after == before

        sandbox.before_request = lambda _, __: None
        printed = project.shell(recipe('"Not proven that none is missing"'))
        stream = json.loads(printed[printed.index("{") :])["singer_state"]["bookmarks"]["contacts"]
        assert stream["replication_key_value"] > before
        assert uuids(workspace) <= rows(database).keys()

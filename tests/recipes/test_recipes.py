"""Every recipe of the docs, run as it stands there, against a sandbox and a real PostgreSQL."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import another_database, postgres
from tests.projects import Project, yaml
from tests.readme import all_blocks, blocks
from tests.recipes.warehouse import some, uuids
from tests.sandbox import Sandbox, faults

Rows = dict[str, dict[str, Any]]
PAGE = "docs/recipes.md"
NIGHT = "Everything every night, changes every hour"
LARGE = "Large workspace into Snowflake or Postgres"


def recipe(heading: str) -> str:
    """The recipe's only block."""
    (block,) = (one for one in all_blocks() if (one.page, one.heading) == (PAGE, heading))
    return block.text


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as uri:
        yield uri


@pytest.fixture
def database(server: str) -> str:
    return another_database(server)


def table(project: Project, schema: str = "tap_mihu") -> Rows:
    return {row["uuid"]: row for row in project.rows(schema)}


def living(rows: Rows) -> set[str]:
    return {uuid for uuid, row in rows.items() if row["_sdc_deleted_at"] is None}


def test_everything_every_night_and_changes_every_hour(tmp_path: Path, database: str) -> None:
    workspace = some(custom_fields=("plan",))
    first, tagged, doomed, edited, *_ = sorted(uuids(workspace))
    nightly = "tap-mihu--nightly-to-target-postgres"
    with Sandbox(workspace) as sandbox:
        project = Project(tmp_path, sandbox, database).put(recipe(NIGHT))
        done = project.meltano("schedule", "run", "mihu-hourly")
        assert done.status == 0, done.log
        bookmark = project.state()["replication_key_value"]

        workspace.delete(doomed)
        workspace.edit(tagged, touch=False, tags=[{"uuid": first, "name": "untouched"}])
        workspace.edit(edited, surname="Edited")
        project.run("mihu-hourly")
        rows = table(project)
        assert rows[edited]["surname"] == "Edited"
        assert living(rows) == uuids(workspace) | {doomed}
        assert "untouched" not in str(rows[tagged]["tags"])
        hourly = project.state()
        assert hourly["replication_key_value"] > bookmark

        project.run("mihu-nightly")
        rows = table(project)
        assert living(rows) == uuids(workspace) == rows.keys() - {doomed}
        assert "untouched" in str(rows[tagged]["tags"])
        assert project.state() == hourly
        assert project.state(nightly)["replication_key_value"]

        # The README's query.
        (query,) = blocks("sql", "Your workspace")
        found = project.ask(query)
        counts = {row["status"]: (row["count"], row["with_plan"]) for row in found}
        assert sum(of for of, _ in counts.values()) == 99
        assert all(of == with_plan for of, with_plan in counts.values())

        project.put(recipe(NIGHT), recipe("Deleted contacts"))
        project.run("mihu-nightly")
        assert table(project).keys() == uuids(workspace)


def test_batches_and_true_at_every_hour(tmp_path: Path, database: str) -> None:
    workspace = some()
    tagged, doomed, *_ = sorted(uuids(workspace))
    files = tmp_path / "output" / "batches"
    with Sandbox(workspace) as sandbox:
        project = Project(tmp_path, sandbox, database).put(recipe(LARGE))
        assert "0 records, 1 batch manifests" in project.run("mihu-large")
        assert table(project).keys() == uuids(workspace)
        assert [*files.iterdir()] == []

        project.put(recipe(LARGE), recipe("True at every hour"))
        workspace.delete(doomed)
        workspace.edit(tagged, touch=False, tags=[{"uuid": tagged, "name": "untouched"}])
        project.run("mihu-true")
        rows = table(project)
    assert living(rows) == uuids(workspace) == rows.keys() - {doomed}
    assert "untouched" in str(rows[tagged]["tags"])
    assert [*files.iterdir()] == []


# Extractors beside others: loaded by one command.

ODD = ("gold", "", 0, False, None, 1.5, [1, "a"], {"of": None}, "7", " 7", "\u0663", "\u00b2", 42)
"""What may stand in a custom field."""
CUSTOM_FIELDS = ("plan", "seats", "ssn", "iban")
CAMPAIGN = "Contacts of one campaign, pool or tag"
BESIDE = (
    "Several workspaces",
    "Personal data",
    "All custom fields but some",
    "Custom fields as columns",
    CAMPAIGN,
    "Several runs at once",
)


def as_text(value: object) -> str | None:
    """A custom field as its column holds it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, server: str) -> Iterator[Project]:
    workspace = some(custom_fields=CUSTOM_FIELDS)
    for contact, value in zip(workspace.contacts(), ODD, strict=False):
        workspace.edit(contact["uuid"], **dict.fromkeys(CUSTOM_FIELDS, value))
    with (
        Sandbox(workspace) as sandbox,
        Sandbox(some(30, seed=1), token="of-acme") as acme,  # noqa: S106
        Sandbox(some(20, seed=2), token="of-globex") as globex,  # noqa: S106
    ):
        project = Project(tmp_path_factory.mktemp("project"), sandbox, server)
        names = ("private", "careful", "columns", "campaign")
        project.put(*map(recipe, BESIDE)).run(
            "mihu-workspaces",
            *(part for name in names for part in (f"tap-mihu--{name}", "target-postgres")),
            MIHU_SALT="grain",
            # The project's own token is set too, and does not count.
            TAP_MIHU__ACME_API_URL=acme.url,
            TAP_MIHU__ACME_AUTH_TOKEN=acme.token,
            TAP_MIHU__GLOBEX_API_URL=globex.url,
            TAP_MIHU__GLOBEX_AUTH_TOKEN=globex.token,
        )
        for name, one in (("acme", acme), ("globex", globex)):
            assert table(project, f"tap_mihu__{name}").keys() == uuids(one.workspace)
        yield project


def test_several_workspaces(loaded: Project) -> None:
    """Their rows are looked at in the beginning, while there are their sandboxes."""
    for name in ("acme", "globex"):
        assert loaded.state(f"tap-mihu--{name}-to-target-postgres")["replication_key_value"]


def test_personal_data(loaded: Project) -> None:
    rows = table(loaded, "tap_mihu__private")
    hidden = {"name", "surname", "phone_number", "custom_fields", "ssn"}
    assert not hidden & {*next(iter(rows.values()))}
    for contact in loaded.sandbox.workspace.contacts():
        row, email = rows[contact["uuid"]], contact["email"]
        assert row["email"] == (email and sha256(f"grain{email}".encode()).hexdigest())
        assert row["plan"] == as_text(contact["plan"])


def test_all_custom_fields_but_some(loaded: Project) -> None:
    rows = table(loaded, "tap_mihu__careful")
    assert {uuid: row["custom_fields"] for uuid, row in rows.items()} == {
        contact["uuid"]: {name: contact[name] for name in ("plan", "seats")}
        for contact in loaded.sandbox.workspace.contacts()
    }


def test_custom_fields_as_columns(loaded: Project) -> None:
    rows = table(loaded, "tap_mihu__columns")
    whole = {"0": 0, "7": 7, "\u0663": 3, "42": 42}
    for contact in loaded.sandbox.workspace.contacts():
        row = rows[contact["uuid"]]
        assert row["plan"] == as_text(contact["plan"])
        assert row["seats"] == whole.get(as_text(contact["seats"]) or "")
        assert row["custom_fields"] == {name: contact[name] for name in CUSTOM_FIELDS}


def test_the_contacts_of_one_campaign(loaded: Project) -> None:
    (extractor,) = yaml.load(recipe(CAMPAIGN))["plugins"]["extractors"]
    selected = loaded.sandbox.workspace.select(extractor["config"]["filters"])
    found = table(loaded, "tap_mihu__campaign").keys()
    assert found == {row.contact["uuid"] for row in selected}
    assert 0 < len(found) < 100


def test_several_runs_at_once(loaded: Project) -> None:
    # Or both would make the table, and one would fail.
    loaded.ask("create schema tap_mihu")
    like = "like tap_mihu__columns.contacts including all"
    loaded.ask(f"create table tap_mihu.contacts ({like})")
    names = ("tap-mihu--active", "tap-mihu--inactive")
    since = "2025-01-01"
    with ThreadPoolExecutor(len(names)) as pool:
        runs = [
            pool.submit(
                loaded.run,
                *(name, "target-postgres"),
                TAP_MIHU_FILTERS='{"search": "does not count"}',
                TAP_MIHU_FILTERS_DATE_FROM=since,
            )
            for name in names
        ]
        logs = "".join(one.result() for one in runs)
    warnings = [line for line in logs.splitlines() if "[warning  ] tap-mihu" in line]
    assert warnings == [], "no variable is taken for a slip"
    sent = loaded.sandbox.workspace.contacts()
    assert table(loaded).keys() == {one["uuid"] for one in sent if one["created_at"] >= since}
    assert all(loaded.state(f"{name}-to-target-postgres") for name in names)


# States.


def bookmark(printed: str) -> str:
    """The bookmark that `meltano state get` prints."""
    state = json.loads(printed[printed.index("{") :])["singer_state"]
    return str(state["bookmarks"]["contacts"]["replication_key_value"])


def test_sending_again_and_what_to_do_when_a_run_is_unproven(tmp_path: Path, database: str) -> None:
    workspace = some(days=900, custom_fields=("plan",))
    run = ("tap-mihu", "target-postgres")
    start = "2025-03-01T00:00:00Z"
    due = {c["uuid"] for c in workspace.contacts() if c["updated_at"] >= start[:10]}
    everything, years = recipe("Backfill").split("\n", 1)
    columns = {"TAP_MIHU_CUSTOM_FIELD_COLUMNS": '["plan"]'}
    with Sandbox(workspace) as sandbox:
        project = Project(tmp_path, sandbox, database).put()
        project.run(*run, TAP_MIHU_START_DATE=start)
        project.run(*run, TAP_MIHU_START_DATE="2000-01-01T00:00:00Z", **columns)
        rows = table(project)
        assert rows.keys() == due < uuids(workspace)
        assert None in {row["plan"] for row in rows.values()}, "a row that was not sent again"

        assert recipe("Changed settings and old rows") == f"{everything}\n"
        project.shell(everything, **columns)
        assert {uuid: row["plan"] for uuid, row in table(project).items()} == {
            contact["uuid"]: contact["plan"] for contact in workspace.contacts()
        }

        project.ask("truncate tap_mihu.contacts")
        project.shell(years)
        assert table(project).keys() == {
            contact["uuid"]
            for contact in workspace.contacts()
            if "2023" <= contact["created_at"][:4] <= "2024"
        }
        before = bookmark(project.shell(recipe("Where the state lives")))
        assert [*tmp_path.glob(".meltano/**/*.db")]

        workspace.edit(max(uuids(workspace)), updated_at=datetime.now(UTC) + timedelta(seconds=1))
        sandbox.faults = faults.always(faults.lying(total=101))
        assert "not proven that none is missing" in project.run(*run)
        assert project.state()["replication_key_value"] == before
        sandbox.faults = faults.never
        printed = project.shell(recipe('"Not proven that none is missing"'))
        assert bookmark(printed) > before


def test_the_state_without_meltano(tmp_path: Path, database: str) -> None:
    workspace = some(20)
    edited = max(uuids(workspace))
    states = []
    with Sandbox(workspace) as sandbox:
        project = Project(tmp_path, sandbox, database)
        for name in ("as it was", "Edited"):
            workspace.edit(edited, surname=name)
            project.shell(
                recipe("State without Meltano"),
                TARGET_POSTGRES_SQLALCHEMY_URL=project.sqlalchemy_url,
                TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA="tap_mihu",
                PGTZ="UTC",
            )
            states.append(json.loads((tmp_path / "state.json").read_text("utf-8")))
            rows = table(project)
            assert rows.keys() == uuids(workspace)
            assert rows[edited]["surname"] == name
    first, second = (one["bookmarks"]["contacts"]["replication_key_value"] for one in states)
    assert first < second

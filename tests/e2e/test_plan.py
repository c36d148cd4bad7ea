"""`--plan`: a workspace read by several runs, each of a part, none knowing of the others."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.e2e.expected import as_record
from tests.e2e.in_process import in_process
from tests.e2e.log import the_error
from tests.e2e.running import Run, run_tap
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

REJECTED = {"auth_token": "rejected"}


def plan(sandbox: Sandbox, number: int, **config: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """Make a plan, and nothing else."""
    run = run_tap(sandbox.config(**config), "--plan", str(number))
    assert run.status == 0, run.log
    assert run.errors == run.warnings == []
    made: list[dict[str, Any]] = json.loads(run.stdout)
    return made


def read_shards(
    sandbox: Sandbox, shards: list[dict[str, Any]], states: Mapping[str, Any] | None = None
) -> dict[str, Run]:
    """Run the tap for each shard of a plan."""
    runs = {}
    for shard in shards:
        name = shard["state_id_suffix"]
        config = sandbox.config(filters=shard["filters"], page_size=20)
        runs[name] = in_process(config, state=(states or {}).get(name))
        assert runs[name].status == 0, runs[name].log
        assert runs[name].warnings == []
    assert len(runs) == len(shards), "each has a state of its own"
    return runs


def records(runs: Mapping[str, Run]) -> dict[str, dict[str, Any]]:
    """All contacts of several runs, each of which came once."""
    everything = [record for run in runs.values() for record in run.records]
    twice = [uuid for uuid, n in Counter(r["uuid"] for r in everything).items() if n > 1]
    assert twice == []
    return {record["uuid"]: record for record in everything}


def as_records(workspace: Workspace) -> dict[str, dict[str, Any]]:
    return {contact["uuid"]: as_record(contact) for contact in workspace.contacts()}


def test_a_plan_says_how_to_read_each_shard() -> None:
    with Sandbox(workspace_of(1000, days=100)) as sandbox:
        shards = plan(sandbox, 3, filters={"status": "Active"})
        assert plan(sandbox, 3, filters={"status": "Active"}) == shards
    active = [c for c in sandbox.workspace.contacts() if c["status"] == "Active"]
    first, second, third = shards
    to, since = first["filters"]["date_to"], third["filters"]["date_from"]
    assert first["state_id_suffix"] == f"until-{to}"
    assert first["filters"] == {"status": "Active", "date_to": to}
    dates = second["filters"]["date_from"], second["filters"]["date_to"]
    assert second["state_id_suffix"] == "{}-to-{}".format(*dates)
    assert third["state_id_suffix"] == f"from-{since}"
    assert third["filters"] == {"status": "Active", "date_from": since}
    assert sum(shard["contacts"] for shard in shards) == len(active)
    assert max(shard["contacts"] for shard in shards) <= 1.5 * len(active) / 3


def test_shards_stay_within_the_users_own_dates() -> None:
    dates = {"date_from": "2025-03-01", "date_to": "2025-05-31"}
    with Sandbox(workspace_of(1000)) as sandbox:
        shards = plan(sandbox, 2, filters=dates)
    assert shards[0]["filters"]["date_from"] == dates["date_from"]
    assert shards[0]["state_id_suffix"].startswith("2025-03-01-to-")
    assert shards[-1]["filters"]["date_to"] == dates["date_to"]


@pytest.mark.parametrize(("number", "suffix"), [(1, "all-dates"), (5, "2025-06-15")])
def test_what_cannot_be_cut_is_one_range(number: int, suffix: str) -> None:
    filters = {"date_from": suffix, "date_to": suffix} if number > 1 else {}
    with Sandbox(workspace_of(50)) as sandbox:
        (only,) = plan(sandbox, number, filters=filters)
    assert only["state_id_suffix"] == suffix
    assert only["filters"] == filters


def test_the_runs_of_a_plan_are_the_whole_workspace() -> None:
    """Also what is added and edited between plan and runs, and between one run and the next."""
    with Sandbox(workspace_of(600)) as sandbox:
        workspace = sandbox.workspace
        shards = plan(sandbox, 4)
        assert len(shards) == 4
        for days in (0, 0.5, 3, 200, 2000):
            workspace.clock.advance(3600)
            workspace.insert(created_at=NOON - timedelta(days=days))
        workspace.clock.advance(3 * 86400)
        workspace.insert()
        runs = read_shards(sandbox, shards)
        assert records(runs) == as_records(workspace)

        workspace.clock.advance(86400)
        changed = {workspace.insert(), *(workspace.contacts()[i]["uuid"] for i in (0, 300))}
        for uuid in changed:
            workspace.edit(uuid, name="edited")
        states = {name: run.state for name, run in runs.items()}
        again = records(read_shards(sandbox, shards, states))
    assert changed <= again.keys()
    assert len(again) <= len(changed) + len(shards), "each shard goes on from its own bookmark"


def without_date(place: int) -> Sandbox:
    """A workspace in which one contact has no creation date."""
    made = contacts(500)
    made[place]["created_at"] = None
    return Sandbox(Workspace(made))


UNCUTTABLE: dict[str, Callable[[], Sandbox]] = {
    "some contacts have no creation date": lambda: without_date(250),
    "the numbers of contacts by creation date do not add up": lambda: Sandbox(
        workspace_of(500), supports_dates=False
    ),
}


@pytest.mark.parametrize("cause", UNCUTTABLE)
def test_what_cannot_be_cut_soundly_is_one_range_with_a_warning(cause: str) -> None:
    with UNCUTTABLE[cause]() as sandbox:
        run = run_tap(sandbox.config(), "--plan", "4")
    assert run.status == 0, run.log
    assert json.loads(run.stdout) == [
        {"state_id_suffix": "all-dates", "filters": {}, "contacts": 500}
    ]
    assert len(run.warnings) == 1
    assert run.warnings[0].endswith(f"contacts: one range only, for {cause}")


def test_as_many_requests_as_said_and_no_contact_in_the_log() -> None:
    workspace = workspace_of(3000, days=200)
    with Sandbox(workspace, latency=0.005) as sandbox:
        plan(sandbox, 8, max_concurrent_requests=3)
        assert len(sandbox.requests) <= 22 + 12 * 8
        assert len(sandbox.requests) <= 22 + 4 * 8, "on spread-out dates"
        assert sandbox.peak_in_flight <= 3


# Errors.


@pytest.mark.parametrize("number", ["0", "1001", "-3", "2.5", "many", ""])
def test_a_number_that_makes_no_plan(number: str) -> None:
    run = run_tap({"subdomain": "acme", "auth_token": "secret"}, "--plan", number)
    assert run.status == 2
    assert run.stdout == b""
    assert "--plan" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log


FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "activate version": ({"emit_activate_version_messages": True}, "emit_activate_version"),
    "bad setting": ({"page_size": 0}, "page_size"),
    "bad filter": ({"filters": {"status": "active"}}, "filters.status"),
    "token": (REJECTED, "401"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_is_one_line_and_prints_nothing(case: str) -> None:
    settings, word = FAILURES[case]
    with Sandbox(workspace_of(50)) as sandbox:
        run = run_tap(sandbox.config() | settings, "--plan", "4")
        assert word in the_error(run)
        assert run.stdout == b""
        assert len(sandbox.requests) == (case == "token")


def test_a_server_that_fails_in_the_middle() -> None:
    fails = lambda info: faults.status(403) if info.number >= 12 else None  # noqa: E731
    with Sandbox(workspace_of(1000), faults=fails) as sandbox:
        run = run_tap(sandbox.config(), "--plan", "8")
    assert "403" in the_error(run)
    assert run.stdout == b""


def test_help_describes_it() -> None:
    run = run_tap(None, "--help")
    assert b"--plan N" in run.stdout

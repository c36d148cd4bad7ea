"""`--plan`: a workspace read by several runs, each of a part, none knowing of the others."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tap_mihu.reading.shards import Shard
from tap_mihu.records.pages import DateRange
from tap_mihu.singer import planning
from tap_mihu.streams import ContactsStream
from tap_mihu.tap import TapMihu
from tests.e2e.expected import source
from tests.e2e.in_process import in_process, signals_kept
from tests.e2e.log import the_error
from tests.e2e.running import Run, run_tap
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.workspaces import workspace_of

Shards = list[dict[str, Any]]


def plan(sandbox: Sandbox, number: int, **config: Any) -> Shards:
    """Make a plan, as the option does."""
    with signals_kept():
        return planning.plan(ContactsStream(TapMihu(config=sandbox.config(**config))), number)


def read_shards(
    sandbox: Sandbox, shards: Shards, states: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Run the tap for each shard of a plan: the states, and all contacts, each of which came once.

    So no run asks for anything beyond its own dates, though it cuts them into windows.
    """
    runs: dict[str, Run] = {}
    for shard in shards:
        name, filters, before = shard["state_id_suffix"], shard["filters"], len(sandbox.requests)
        config = sandbox.config(filters=filters, page_size=2)
        runs[name] = in_process(config, state=states.get(name))
        assert runs[name].status == 0, runs[name].log
        assert runs[name].warnings == []
        asked = {request.query.get("date_from") for request in sandbox.requests[before:]}
        assert len(asked) > 1, "there are windows"
    assert len(runs) == len(shards), "each has a state of its own"
    everything = [record for run in runs.values() for record in run.records]
    assert set(Counter(record["uuid"] for record in everything).values()) <= {1}
    states = {name: run.state for name, run in runs.items()}
    return states, {record["uuid"]: record for record in everything}


def test_a_plan_says_how_to_read_each_shard() -> None:
    filters = {"status": "Active"}
    with Sandbox(workspace_of(1000, days=100)) as sandbox:
        run = run_tap(sandbox.config(filters=filters), "--plan", "3")
    assert run.status == 0, run.log
    assert run.errors == run.warnings == []
    first, second, third = shards = json.loads(run.stdout)
    to, since = first["filters"]["date_to"], third["filters"]["date_from"]
    dates = second["filters"]["date_from"], second["filters"]["date_to"]
    assert first["filters"] == filters | {"date_to": to}
    assert third["filters"] == filters | {"date_from": since}
    names = [shard["state_id_suffix"] for shard in shards]
    assert names == [f"until-{to}", "{}-to-{}".format(*dates), f"from-{since}"]
    active = sum(c["status"] == "Active" for c in sandbox.workspace.contacts())
    assert sum(shard["contacts"] for shard in shards) == active
    assert max(shard["contacts"] for shard in shards) <= 1.5 * active / 3


def test_the_runs_of_a_plan_are_the_whole_workspace() -> None:
    """Also what is added and edited between plan and runs, and between one run and the next.

    The plan takes as many requests as it says, and no more of them at once than are set.
    """
    with Sandbox(workspace_of(800), latency=0.002) as sandbox:
        workspace = sandbox.workspace
        shards = plan(sandbox, 4, max_concurrent_requests=3)
        assert len(shards) == 4
        assert len(sandbox.requests) <= 22 + 4 * 4, "on spread-out dates"
        assert sandbox.peak_in_flight <= 3
        for days in (0, 0.5, 3, 200, 2000):
            workspace.clock.advance(3600)
            workspace.insert(created_at=NOON - timedelta(days=days))
        workspace.clock.advance(3 * 86400)
        workspace.insert()
        states, found = read_shards(sandbox, shards, {})
        assert found == source(workspace)

        workspace.clock.advance(86400)
        changed = {workspace.insert(), *(workspace.contacts()[i]["uuid"] for i in (0, 300))}
        for uuid in changed:
            workspace.edit(uuid, name="edited")
        _, again = read_shards(sandbox, shards, states)
    assert changed <= again.keys()
    assert len(again) <= len(changed) + len(shards), "each shard goes on from its own bookmark"


def test_a_shard_of_one_day_is_named_by_it() -> None:
    day = NOON.date()
    assert Shard(DateRange(day, day), 1).state_id_suffix == "2025-06-15"


@pytest.mark.parametrize("dated", [False, True])
def test_what_cannot_be_cut_soundly_is_one_range_with_a_warning(
    caplog: pytest.LogCaptureFixture, *, dated: bool
) -> None:
    made = contacts(500)
    made[250]["created_at"] = made[250]["created_at"] if dated else None
    with Sandbox(Workspace(made), supports_dates=not dated) as sandbox:
        only = {"state_id_suffix": "all-dates", "filters": {}, "contacts": 500}
        assert plan(sandbox, 4) == [only]
    cause = "the numbers of contacts by creation date do not add up"
    cause = cause if dated else "some contacts have no creation date"
    assert caplog.messages == [f"contacts: one range only, for {cause}"]


@pytest.mark.parametrize("number", ["0", "1001", "2.5"])
def test_a_number_that_makes_no_plan(number: str) -> None:
    run = run_tap({"subdomain": "acme", "auth_token": "secret"}, "--plan", number)
    assert run.status == 2
    assert run.stdout == b""
    assert "--plan" in run.log.splitlines()[-1]
    assert "Traceback" not in run.log


@pytest.mark.parametrize("setting", ["emit_activate_version_messages", None])
def test_a_failure_is_one_line_and_prints_nothing(setting: str | None) -> None:
    """A setting that would have the runs delete each other's rows, or a server that fails."""
    fails = lambda info: faults.status(403) if info.number >= 12 else None  # noqa: E731
    with Sandbox(workspace_of(1000), faults=fails) as sandbox:
        run = run_tap(sandbox.config(**({setting: True} if setting else {})), "--plan", "8")
        assert (setting or "403") in the_error(run)
        assert run.stdout == b""
        assert (sandbox.requests == []) == (setting is not None)

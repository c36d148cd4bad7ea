"""Reading completely, over HTTP: a workspace that moves while several requests are under way."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from tests.e2e.expected import source
from tests.e2e.in_process import in_process
from tests.e2e.running import Run, full_table
from tests.e2e.states import moved_to
from tests.e2e.target import Target
from tests.sandbox import Churn, Clock, Contact, RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.clock import NOON
from tests.sandbox.faults import Fault
from tests.sandbox.workspace import Order

ORDERS = get_args(Order)
CONCURRENCIES = (1, 4, 16)

CHURNS: dict[str, Callable[[int], Churn]] = {
    "moderate": lambda seed: Churn(seed=seed),
    "swaps": lambda seed: Churn(edits=0.5, inserts=0, deletes=0, swap=0.1, seed=seed),
    "imports": lambda seed: Churn(edits=1, inserts=0.2, deletes=0, backdated=0.3, seed=seed),
}


@dataclass(frozen=True)
class Reading:
    """A run, and what was there from its beginning to its end."""

    run: Run
    throughout: set[str]
    sandbox: Sandbox

    @property
    def proven(self) -> bool:
        return not any("not proven" in line for line in self.run.warnings)

    def check(self, concurrency: int) -> None:
        """The promise: each contact once, and all of them or a word about it."""
        run = self.run
        assert run.status == 0, run.log
        assert run.errors == []
        assert len(run.warnings) == (not self.proven)
        assert [uuid for uuid, times in Counter(run.uuids).items() if times > 1] == []
        if self.proven:
            assert self.throughout <= set(run.uuids)
        assert self.sandbox.peak_in_flight <= concurrency


def read(
    order: Order,
    churn: Churn,
    concurrency: int,
    *,
    count: int,
    days: float = 365,
    catalog: Mapping[str, Any] | None = None,
    **config: Any,  # noqa: ANN401
) -> Reading:
    """Read a workspace that changes before each request, half a second apart by its clock."""
    # Imported twelve at a time: ties wider than a page.
    made = contacts(count, until=NOON, days=days, batch=12)
    workspace = Workspace(made, order=order, clock=Clock(NOON), seed=churn.seed)
    first = {contact["uuid"] for contact in workspace.contacts()}

    def before_request(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(0.5)
        churn(number, workspace)

    with Sandbox(workspace, before_request=before_request, latency=0.002) as sandbox:
        run = in_process(
            sandbox.config(page_size=10, max_concurrent_requests=concurrency, **config),
            catalog=catalog,
        )
        last = {contact["uuid"] for contact in workspace.contacts()}
    return Reading(run, first & last, sandbox)


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
def test_a_large_workspace_that_moves(concurrency: int) -> None:
    """Whatever the order; and moderate changes do not keep it from being proven."""
    readings = []
    for seed, order in enumerate(ORDERS):
        reading = read(order, Churn(seed=10 * concurrency + seed), concurrency, count=560)
        reading.check(concurrency)
        assert reading.sandbox.peak_in_flight >= min(concurrency, 2)
        readings.append(reading)
    assert sum(reading.proven for reading in readings) >= len(readings) - 1


@pytest.mark.parametrize("changes", CHURNS)
@pytest.mark.parametrize("concurrency", [1, 16])
@pytest.mark.parametrize("order", ORDERS)
def test_a_small_workspace_that_moves(order: Order, concurrency: int, changes: str) -> None:
    """Read in one go, until something shows."""
    churn = CHURNS[changes](concurrency)
    read(order, churn, concurrency, count=150).check(concurrency)


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
@pytest.mark.parametrize("order", ORDERS)
def test_a_day_that_moves(order: Order, concurrency: int) -> None:
    """All of it was created today, so that nothing can be cut."""
    churn = Churn(swap=0.05, seed=concurrency)
    read(order, churn, concurrency, count=150, days=0.4).check(concurrency)


@pytest.mark.parametrize("seed", [1005, 1006, 1011, 1021, 1022, 1030])
def test_a_day_that_moves_newest_first(seed: int) -> None:
    """Who is born meanwhile comes on the first page of the next read."""
    churn = Churn(edits=0.5, inserts=0, deletes=0, swap=0.1, seed=seed)
    read("unstable", churn, 1, count=150, days=0.4).check(1)


def test_a_contact_born_since_stands_for_no_other() -> None:
    """Two reads miss the same contact; meanwhile another one goes and a new one comes."""
    workspace = Workspace(contacts(4, until=NOON, days=0.4), clock=Clock(NOON))
    a, b, c, d = workspace.contacts()
    born: list[Contact] = []

    def before_request(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(5)
        if number == 3:
            workspace.delete(a["uuid"])
            born.append(workspace.get(workspace.insert()))

    def script(info: RequestInfo) -> Fault | None:
        reads = {1: [a, b], 2: [a, c], 3: [*born, b], 4: [c, b]}
        rows = reads.get(info.number)
        return None if rows is None else faults.lying(data=rows)

    today = str(NOON.date())
    with Sandbox(workspace, before_request=before_request, faults=script) as sandbox:
        config = sandbox.config(page_size=2, max_concurrent_requests=1)
        run = in_process(config | {"filters": {"date_from": today, "date_to": today}})
    assert run.status == 0
    assert d["uuid"] in run.uuids or run.warnings


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
@pytest.mark.parametrize("order", ["id", "updated_desc"])
def test_a_quiet_second_run_makes_the_target_equal(order: Order, concurrency: int) -> None:
    target = Target()
    reading = read(order, Churn(edits=2, deletes=0, seed=7), concurrency, count=600)
    reading.check(concurrency)
    target.load(reading.run)
    workspace = reading.sandbox.workspace
    with Sandbox(workspace) as quiet:
        config = quiet.config(max_concurrent_requests=concurrency)
        second = in_process(config, state=moved_to(config, reading.run.state))
        target.load(second)
        assert quiet.peak_in_flight <= concurrency
    assert target.table == source(workspace)
    if reading.proven:
        assert len(second.uuids) < 600


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
def test_a_full_table_retires_only_what_is_gone(concurrency: int) -> None:
    activate = {"emit_activate_version_messages": True}
    churn = Churn(deletes=0.2, seed=3)
    reading = read("updated_asc", churn, concurrency, count=600, catalog=full_table(), **activate)
    reading.check(concurrency)
    activated = reading.run.of_type("ACTIVATE_VERSION")
    assert len(activated) == reading.proven
    target = Target()
    # What an earlier run had loaded, with an older version.
    target.rows = {uuid: (1, {}) for uuid in reading.throughout}
    target.load(reading.run)
    assert reading.throughout <= target.table.keys()


@pytest.mark.parametrize("concurrency", [1, 2, 3, 8, 16, 32])
def test_no_more_requests_in_flight_than_set(concurrency: int) -> None:
    """While it plans, too; and no fewer, where there is enough to ask for."""
    workspace = Workspace(contacts(1000, until=NOON), clock=Clock(NOON))
    with Sandbox(workspace, latency=0.02) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=concurrency))
        assert len(set(run.uuids)) == 1000
        assert sandbox.peak_in_flight <= concurrency
        assert sandbox.peak_in_flight >= min(concurrency, 8)

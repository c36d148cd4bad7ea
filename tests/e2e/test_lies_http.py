"""Lying servers over HTTP: no run says that it is complete, or empties a table, when it is not."""

import pytest

from tests.e2e.forks import run_forked
from tests.e2e.running import full_table
from tests.sandbox import Clock, Sandbox, Workspace
from tests.sandbox.clock import NOON
from tests.simulated.changes import churn
from tests.simulated.lies import LIES, MODERATE
from tests.simulated.orders import Order
from tests.simulated.over_http import serving
from tests.simulated.paging import Larger
from tests.simulated.server import SimulatedServer

SIZE = 1200  # more than one window
PAGE_SIZE = 20


@pytest.mark.parametrize("lie", [name for name, lie in LIES.items() if not lie.declared])
def test_a_run_is_complete_or_says_so(lie: str) -> None:
    seed = [*LIES].index(lie)
    told = LIES[lie]
    server = SimulatedServer(
        seed=seed,
        size=SIZE,
        page_size=PAGE_SIZE,
        order=[*Order][seed % len(Order)],
        larger=[*Larger][seed // 2 % len(Larger)],
        changes=churn({**MODERATE, **told.rates}),
        **told.options,
    )
    filters = {"filters": {"status": "Active"}} if server.filtered else {}
    with Sandbox(Workspace(clock=Clock(NOON)), faults=serving(server)) as sandbox:
        config = sandbox.config(
            page_size=PAGE_SIZE, max_retries=0, emit_activate_version_messages=True, **filters
        )
        run = run_forked(config, catalog=full_table())
    missing = server.throughout() - {uuid.lower() for uuid in run.uuids}
    told_so = run.status != 0 or any("not proven" in line for line in run.warnings)
    assert len(run.uuids) == len(set(run.uuids))
    assert run.status in {0, 1}
    assert not missing or told_so
    assert len(run.of_type("ACTIVATE_VERSION")) == (not told_so)
    a_page = 5 if server.larger is Larger.OBEYED else 8
    assert len(server.requests) <= a_page * server.pages() + 50

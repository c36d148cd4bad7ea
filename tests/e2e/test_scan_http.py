"""Reading completely, over HTTP: a workspace that moves while several requests are under way."""

from collections.abc import Callable
from typing import get_args

import pytest

from tests.e2e.in_process import in_process
from tests.sandbox import Churn, Clock, Sandbox, Workspace, contacts
from tests.sandbox.clock import NOON
from tests.sandbox.workspace import Order

ORDERS = get_args(Order)
CHURNS: dict[str, Callable[[int], Churn]] = {
    "moderate": lambda seed: Churn(seed=seed),
    "swaps": lambda seed: Churn(edits=0.5, inserts=0, deletes=0, swap=0.1, seed=seed),
    "imports": lambda seed: Churn(edits=1, inserts=0.2, deletes=0, backdated=0.3, seed=seed),
}


def check(
    order: Order, churn: Churn, concurrency: int, *, count: int = 150, days: float = 365
) -> bool:
    """Read a workspace that changes before each request, half a second apart by its clock.

    The promise: each contact once, and all of them or a word about it. Returns whether it is
    proven.
    """
    # Imported twelve at a time: ties wider than a page.
    made = contacts(count, until=NOON, days=days, batch=12)
    workspace = Workspace(made, order=order, clock=Clock(NOON), seed=churn.seed)
    first = {contact["uuid"] for contact in workspace.contacts()}

    def before_request(number: int, workspace: Workspace) -> None:
        workspace.clock.advance(0.5)
        churn(number, workspace)

    with Sandbox(workspace, before_request=before_request, latency=0.002) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=concurrency))
        throughout = first & {contact["uuid"] for contact in workspace.contacts()}
        assert min(concurrency, 2) <= sandbox.peak_in_flight <= concurrency
    assert (run.status, run.errors) == (0, []), run.log
    proven = not any("not proven" in line for line in run.warnings)
    assert len(run.warnings) == (not proven)
    assert len(run.uuids) == len({*run.uuids})
    assert not proven or throughout <= {*run.uuids}
    return proven


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_large_workspace_that_moves(concurrency: int) -> None:
    """Whatever the order; and moderate changes do not keep it from being proven."""
    proven = [
        check(order, Churn(seed=10 * concurrency + seed), concurrency, count=560)
        for seed, order in enumerate(ORDERS)
    ]
    assert sum(proven) >= len(proven) - 1


@pytest.mark.parametrize("changes", CHURNS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_small_workspace_that_moves(order: Order, changes: str) -> None:
    """Read in one go, until something shows; of one day nothing can be cut, either."""
    for concurrency, days in ((1, 365), (16, 365), (4, 0.4)):
        check(order, CHURNS[changes](concurrency), concurrency, days=days)


@pytest.mark.parametrize("concurrency", [1, 3, 32])
def test_no_more_requests_in_flight_than_set(concurrency: int) -> None:
    """While it plans, too; and no fewer, where there is enough to ask for."""
    workspace = Workspace(contacts(600, until=NOON), clock=Clock(NOON))
    with Sandbox(workspace, latency=0.02) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=concurrency))
        assert len({*run.uuids}) == 600
        assert min(concurrency, 8) <= sandbox.peak_in_flight <= concurrency

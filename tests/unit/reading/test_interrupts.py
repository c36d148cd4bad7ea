"""A scan that was stopped goes on after its last proven window, and nothing is missing."""

from collections.abc import Generator
from itertools import islice, product, takewhile

import pytest

from tap_mihu.reading.scan import scan
from tap_mihu.records.pages import DateRange
from tests.simulated.reading import Reading, check, read
from tests.simulated.server import (
    DAY,
    EVERYTHING,
    QUIET,
    Change,
    Changes,
    Order,
    Shape,
    SimulatedServer,
    churn,
)

CHURN = churn({Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05, Change.SWAP: 0.05})
PAGES = 120


def left(reading: Reading) -> DateRange | None:
    """What is left to read: the days after the windows that were proven one after the other."""
    proven = [*takewhile(lambda window: window.proven, reading.done)]
    if not proven:
        return EVERYTHING
    last = proven[-1].dates and proven[-1].dates.last
    return DateRange(last + DAY, None) if last else None


WHERE = [
    *product(Order, [Shape.EVEN, Shape.IMPORT, Shape.TIES, Shape.UNDATED], [CHURN]),
    *product([Order.ID, Order.UPDATED_NEWEST], [Shape.EVEN, Shape.GROWING, Shape.GAP], [QUIET]),
]


@pytest.mark.parametrize(("order", "shape", "changes"), WHERE)
def test_stopped_after_windows_and_rows_only_the_rest_is_read(
    order: Order, shape: Shape, changes: Changes
) -> None:
    boundaries = 0
    for items in range(1, PAGES, 4):
        server = SimulatedServer(
            size=5 * PAGES, page_size=5, order=order, shape=shape, changes=changes
        )
        first, scanning = Reading(), scan(server.fetch, EVERYTHING, concurrency=1)
        assert isinstance(scanning, Generator)
        for item in islice(scanning, items):
            first.add(item)
        rest = left(first)
        if rest is None or not next(scanning, None):
            break
        scanning.close()
        boundaries += bool(first.done)
        asked = len(server.requests)
        for _ in range(20):
            server.pass_time()
        second = read(server, rest)
        check(server, second, rest)
        if second.proven:
            # Contacts without creation date come last, where a scan of the whole ends.
            dated = {uuid for uuid in server.throughout() if server.day_of(uuid)}
            wanted = server.throughout() if rest == EVERYTHING else dated
            assert wanted <= first.uuids | second.uuids
        if rest.first:
            asked_for = {dates.first for dates, _ in server.requests[asked:]}
            assert all(day and day >= rest.first for day in asked_for)
        if changes is QUIET:
            assert second.proven
            assert second.uuids == server.throughout(rest)
            assert len(server.requests) - asked <= 1.15 * server.pages(rest) + 5
    assert boundaries or changes is CHURN

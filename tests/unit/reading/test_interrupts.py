"""A scan that was stopped goes on after its last proven window, and nothing is missing."""

from collections.abc import Generator
from itertools import islice, takewhile

import pytest

from tap_mihu.reading.scan import Done, scan
from tap_mihu.records.pages import DateRange
from tests.simulated.oddities import Larger
from tests.simulated.reading import Boom, Reading, check, failing, read, read_into
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


def a_server(
    order: Order, shape: Shape, changes: Changes, *, obeys: bool = True
) -> SimulatedServer:
    """One of 120 pages."""
    return SimulatedServer(
        size=600,
        page_size=5,
        order=order,
        shape=shape,
        changes=changes,
        larger=Larger.OBEYED if obeys else Larger.REFUSED,
    )


def read_until(server: SimulatedServer, items: int) -> Reading:
    """Read, and stop after so many windows and lots of rows."""
    scanning = scan(server.fetch, EVERYTHING, concurrency=1)
    assert isinstance(scanning, Generator)
    reading = Reading()
    for item in islice(scanning, items):
        reading.add(item)
    scanning.close()
    return reading


def left(reading: Reading) -> DateRange:
    """What is left to read: the days after the windows that were proven one after the other."""
    proven = [*takewhile(lambda window: window.proven, reading.done)]
    if not proven:
        return EVERYTHING
    last = proven[-1].dates and proven[-1].dates.last
    assert last, "it was not stopped before the end of the days"
    return DateRange(last + DAY, None)


def go_on(server: SimulatedServer, first: Reading) -> Reading:
    """Read the rest, and see to it that nothing is missing and nothing was asked for in vain."""
    rest, asked = left(first), len(server.requests)
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
    return second


def stops(server: SimulatedServer) -> range:
    """After how many items to stop: after each, or after five of them where there are many.

    After the last of the days no day is left.
    """
    emitted = [*scan(server.fetch, EVERYTHING, concurrency=1)]
    items = max(
        place for place, item in enumerate(emitted) if isinstance(item, Done) and item.dates
    )
    return range(1, items + 1, max(1, items // 5))


@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.GROWING, Shape.GAP])
@pytest.mark.parametrize("order", [Order.ID, Order.UPDATED_NEWEST])
def test_at_rest_only_the_rest_is_read(order: Order, shape: Shape) -> None:
    boundaries = 0
    for items in stops(a_server(order, shape, QUIET)):
        server = a_server(order, shape, QUIET)
        first = read_until(server, items)
        asked = len(server.requests)
        second = go_on(server, first)
        boundaries += bool(first.done)
        assert second.proven
        assert second.uuids == server.throughout(left(first))
        assert len(server.requests) - asked <= 1.15 * server.pages(left(first)) + 5
    assert boundaries > 1


@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.IMPORT, Shape.TIES, Shape.UNDATED])
@pytest.mark.parametrize("order", Order)
def test_stopped_after_any_window_or_rows(order: Order, shape: Shape) -> None:
    for items in stops(a_server(order, shape, CHURN)):
        server = a_server(order, shape, CHURN)
        first = read_until(server, items)
        for _ in range(20):
            server.pass_time()
        go_on(server, first)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("concurrency", [1, 4])
def test_stopped_by_a_failing_request(order: Order, concurrency: int) -> None:
    for fails_at in range(0, 120, 29):
        server = a_server(order, Shape.EVEN, CHURN, obeys=False)
        first = Reading()
        with pytest.raises(Boom):
            read_into(first, failing(server.fetch, fails_at), concurrency=concurrency)
        go_on(server, first)

"""Several requests at a time: the same promise, no request too many, no thread left behind."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from itertools import count, islice

import pytest

from tap_mihu.reading.entry import Entry
from tap_mihu.reading.questions import Question
from tap_mihu.reading.scan import Rows, scan
from tap_mihu.records.pages import DateRange, Page
from tests.simulated.oddities import Larger
from tests.simulated.reading import Boom, Reading, check, failing, read, read_into
from tests.simulated.server import EVERYTHING, Change, Order, Shape, SimulatedServer, churn

PATIENCE = 30  # seconds until a test that hangs is given up
CHURN = churn({Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05, Change.SWAP: 0.05})


@pytest.fixture(autouse=True)
def workers_end() -> Iterator[Callable[[], None]]:
    """Wait until the threads that the test began have ended: there, and after every test."""
    before = set(threading.enumerate())

    def wait() -> None:
        for thread in set(threading.enumerate()) - before:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    yield wait
    wait()


@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.IMPORT, Shape.TODAY])
@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("concurrency", [4, 16])
def test_every_contact_comes_once_or_the_scan_says_so(
    concurrency: int, order: Order, shape: Shape
) -> None:
    for seed, size in enumerate([400, 1600]):
        server = SimulatedServer(
            seed=seed, size=size, order=order, shape=shape, changes=CHURN, latency=0.0002
        )
        check(server, read(server, concurrency=concurrency))
        assert len(server.threads) <= concurrency
        assert server.most_in_flight <= concurrency


@pytest.mark.parametrize("concurrency", [4, 16])
def test_as_many_requests_at_a_time_as_allowed(concurrency: int) -> None:
    server = SimulatedServer(size=400)
    arrivals = count(1)
    enough = threading.Event()

    def fetch(
        dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        if number > 1:
            if next(arrivals) == concurrency:
                enough.set()
            assert enough.wait(PATIENCE), "no further request came while these were under way"
        return server.fetch(dates, number, per_page)

    assert [*scan(fetch, EVERYTHING, concurrency=concurrency)]


@pytest.mark.parametrize("size", [400, 1600])
@pytest.mark.parametrize("fails_at", [0, 1, 3, 7, 30])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_an_error_ends_the_scan(concurrency: int, fails_at: int, size: int) -> None:
    server = SimulatedServer(size=size, changes=CHURN, larger=Larger.REFUSED)
    with pytest.raises(Boom):
        read_into(Reading(), failing(server.fetch, fails_at), concurrency=concurrency)
    assert all(thread.daemon for thread in server.threads)
    # Workers that are not told yet may begin one more each.
    assert len(server.requests) < fails_at + 2 * concurrency


def test_an_error_waits_for_no_other_request(workers_end: Callable[[], None]) -> None:
    """Three requests hang while the fourth fails; what was queued behind them is not sent."""
    server = SimulatedServer(size=400)
    arrivals = count(1)
    release = threading.Event()
    came_back: list[int] = []

    def fetch(
        dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        arrival = next(arrivals)
        if arrival == 13:
            raise Boom
        if arrival >= 10:
            release.wait(PATIENCE)
            came_back.append(arrival)
        return server.fetch(dates, number, per_page)

    with pytest.raises(Boom):
        read_into(Reading(), fetch, concurrency=4)
    assert not came_back
    release.set()
    workers_end()
    # The worker that failed may have begun one more before the scan heard of it.
    assert set(came_back) - {14} == {10, 11, 12}


class Busy:
    """A server of many windows that tells how many requests came."""

    def __init__(self, *, ignores_dates: bool = False) -> None:
        self.server = SimulatedServer(size=10_000, page_size=50, ignores_dates=ignores_dates)
        self.fails = False
        self.failed = threading.Event()
        self._came = 0
        self._arrived = threading.Condition()

    def fetch(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        page = self.server.fetch(dates, number, per_page)
        with self._arrived:
            self._came += 1
            self._arrived.notify_all()
            if self.fails:
                self.failed.set()
                raise Boom
        return page

    def more_came(self, than: int) -> int:
        """Wait until more than so many came; give how many there are by now."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self._came > than, PATIENCE), "nothing is read"
            return self._came


def test_reading_goes_on_while_rows_are_written() -> None:
    """A target that takes its time takes none of the reader's."""
    busy, came = Busy(), 0
    scanning = scan(busy.fetch, EVERYTHING, concurrency=1)
    assert isinstance(scanning, Generator)
    with closing(scanning):
        for item in islice(scanning, 5):
            assert isinstance(item, Rows), "all of the first window"
            came = busy.more_came(came)


def test_a_window_that_cannot_be_held_is_read_no_faster_than_it_is_written() -> None:
    busy, came, written = Busy(ignores_dates=True), 0, 0
    batch = 16 * 50
    for item in scan(busy.fetch, EVERYTHING, concurrency=2):
        if isinstance(item, Rows):
            # Of the next batch some pages come at once, and no others before this one is written.
            if written % batch == 0 and written + batch < 10_000:
                came = busy.more_came(came)
            written += len(item.rows)
            assert 50 * came <= written + 2 * batch
    assert written == 10_000


def test_what_is_settled_is_written_though_a_request_fails_meanwhile() -> None:
    undisturbed, reading, busy = Reading(), Reading(), Busy()
    read_into(undisturbed, busy.fetch)

    def read_on() -> None:
        for item in scan(busy.fetch, EVERYTHING, concurrency=1):
            reading.add(item)
            assert not busy.fails or busy.failed.wait(PATIENCE)
            busy.fails = True

    with pytest.raises(Boom):
        read_on()
    assert reading.rows_before == undisturbed.rows_before[:1]


@pytest.mark.parametrize("size", [400, 1600])
@pytest.mark.parametrize("items", [1, 2, 3])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_scan_closed_early_asks_no_further(
    concurrency: int, items: int, size: int, workers_end: Callable[[], None]
) -> None:
    server = SimulatedServer(size=size)
    scanning = scan(server.fetch, EVERYTHING, concurrency=concurrency)
    assert isinstance(scanning, Generator)
    assert [*islice(scanning, items)]
    scanning.close()
    workers_end()
    asked = len(server.requests)
    assert not [*scanning]
    assert len(server.requests) == asked


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_response_knows_what_had_come_when_it_was_asked_for(
    concurrency: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[Page] = []
    take = Entry.take

    def taken(self: Entry, question: Question, reply: Page) -> bool:
        came.append(reply)
        return take(self, question, reply)

    monkeypatch.setattr(Entry, "take", taken)
    server = SimulatedServer(size=400, latency=0.0002)
    assert [*scan(server.fetch, EVERYTHING, concurrency=concurrency)]
    assert sorted(page.came_as for page in came) == [*range(1, len(came) + 1)]
    others = [page.came_as - 1 - page.asked_after for page in came]
    assert min(others) == 0
    assert (max(others) > 0) == (concurrency > 1)

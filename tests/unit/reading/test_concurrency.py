"""Several requests at a time: no request too many, no thread left behind."""

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any

import pytest

from tap_mihu.reading import workers
from tap_mihu.reading.entry import Entry
from tap_mihu.reading.questions import Question
from tap_mihu.reading.scan import Rows, scan
from tap_mihu.reading.workers import Workers
from tap_mihu.records.pages import DateRange, Page
from tests.simulated.server import EVERYTHING, SimulatedServer

PATIENCE = 30  # seconds until a test that hangs is given up


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


# The scan.


class Busy:
    """A server of many windows that tells how many requests came."""

    def __init__(self, *, ignores_dates: bool = False) -> None:
        self.server = SimulatedServer(size=10_000, page_size=50, ignores_dates=ignores_dates)
        self._came = 0
        self._arrived = threading.Condition()

    def fetch(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        page = self.server.fetch(dates, number, per_page)
        with self._arrived:
            self._came += 1
            self._arrived.notify_all()
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


@pytest.mark.parametrize("items", [1, 3])
@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_scan_closed_early_asks_no_further(
    concurrency: int, items: int, workers_end: Callable[[], None]
) -> None:
    server = SimulatedServer(size=1600)
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


# Its workers.


class Held:
    """A task that tells when it begins, and ends when it may."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()

    def __call__(self) -> threading.Thread:
        self.began.set()
        assert self.may_end.wait(PATIENCE)
        return threading.current_thread()


def finish(*tasks: Held) -> None:
    for task in tasks:
        task.may_end.set()


def test_tasks_run_side_by_side_each_worker_with_one_waiting_and_no_more_than_workers() -> None:
    tasks = [Held() for _ in range(6)]
    with Workers[int, threading.Thread](3) as crew:
        for number, task in enumerate(tasks):
            assert crew.has_room
            crew.submit(number, task)
        assert not crew.has_room
        for task in tasks[:3]:
            assert task.began.wait(PATIENCE)
        assert not crew.ready
        # Results come as they are ready.
        finish(tasks[2])
        first = crew.result()
        assert first[0] == 2
        assert crew.has_room
        assert crew.outstanding == 5
        finish(*tasks)
        done = dict([first, *(crew.result() for _ in range(5))])
    assert done.keys() == {*range(6)}
    assert len({*done.values()}) == 3
    assert all(thread.daemon for thread in done.values()), "a signal would wait for them"


def test_a_result_that_would_never_come_is_not_waited_for() -> None:
    with Workers[int, int](1) as crew, pytest.raises(RuntimeError):
        crew.result()


@pytest.mark.parametrize("waiting", [0, 3])
def test_an_error_is_raised_and_no_waiting_task_begins_after_it(waiting: int) -> None:
    begun: list[int] = []
    with Workers[int, object](1) as crew:
        crew.submit(0, partial(divmod, 1, 0))
        for number in range(1, waiting + 1):
            crew.submit(number, partial(begun.append, number))
        with pytest.raises(ZeroDivisionError):
            crew.result()
        assert not crew.ready
    assert begun == []


class Impatient(SimpleQueue[Any]):
    """A queue at which the main thread must not wait: a worker may take the last task."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        return super().get(block, timeout)


def test_at_the_end_waiting_tasks_are_let_go_and_nothing_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, waiting = Held(), Held()
    monkeypatch.setattr(workers, "SimpleQueue", Impatient)
    with Workers[int, threading.Thread](1) as crew:
        crew.submit(1, running)
        crew.submit(2, waiting)
        assert running.began.wait(PATIENCE)
    assert not running.may_end.is_set()
    finish(running, waiting)
    # It is one thread: had it begun the second task, it would have done so before it ended.
    (thread,) = (one for one in threading.enumerate() if one.name.startswith("tap-mihu-worker"))
    thread.join(PATIENCE)
    assert not waiting.began.is_set()


def test_signals_are_left_to_the_main_thread() -> None:
    def blocked() -> set[Any]:
        return {*signal.pthread_sigmask(signal.SIG_BLOCK, ())}

    with Workers[int, set[Any]](1) as crew:
        crew.submit(1, blocked)
        assert crew.result()[1] >= {signal.SIGINT, signal.SIGTERM}

"""Workers: so many tasks at a time, results as they come, and nobody left behind at the end."""

import signal
import threading
from collections.abc import Iterator
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest

from tap_mihu.reading import workers
from tap_mihu.reading.workers import Workers

PATIENCE = 20  # seconds until a test that hangs is given up


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = {*threading.enumerate()}
    yield
    for thread in {*threading.enumerate()} - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


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


def fail() -> None:
    raise ZeroDivisionError


def test_tasks_run_side_by_side_and_no_more_of_them_than_workers() -> None:
    tasks = [Held() for _ in range(5)]
    with Workers[int, threading.Thread](3) as crew:
        for number, task in enumerate(tasks):
            assert crew.has_room
            crew.submit(number, task)
        for task in tasks[:3]:
            assert task.began.wait(PATIENCE)
        finish(*tasks[:3])
        done = dict(crew.result() for _ in range(3))
        assert len({*done.values()}) == 3
        assert all(thread.daemon for thread in done.values()), "a signal would wait for them"
        finish(*tasks[3:])
        done |= dict(crew.result() for _ in range(2))
    assert done.keys() == {*range(5)}
    assert len({*done.values()}) == 3


def test_each_worker_may_have_one_task_waiting() -> None:
    task = Held()
    with Workers[int, threading.Thread](2) as crew:
        for number in range(4):
            assert crew.has_room
            crew.submit(number, task)
        assert not crew.has_room
        finish(task)
        crew.result()
        assert crew.has_room
        assert crew.outstanding == 3


def test_one_worker_is_one_thread_however_many_tasks() -> None:
    with Workers[int, threading.Thread](1) as crew:
        threads = []
        for number in range(20):
            crew.submit(number, threading.current_thread)
            threads.append(crew.result()[1])
    assert len({*threads}) == 1


def test_no_thread_is_started_that_no_task_needs() -> None:
    before = threading.active_count()
    with Workers[int, threading.Thread](8) as crew:
        assert threading.active_count() == before
        for number in range(3):
            crew.submit(number, threading.current_thread)
            crew.result()
        assert threading.active_count() == before + 1


def test_results_come_as_they_are_ready() -> None:
    slow, quick = Held(), Held()
    with Workers[str, threading.Thread](2) as crew:
        crew.submit("slow", slow)
        crew.submit("quick", quick)
        assert not crew.ready
        finish(quick)
        assert crew.result()[0] == "quick"
        finish(slow)
        assert crew.result()[0] == "slow"


def test_a_result_that_would_never_come_is_not_waited_for() -> None:
    with Workers[int, int](1) as crew, pytest.raises(RuntimeError):
        crew.result()


@pytest.mark.parametrize("waiting", [0, 3])
def test_an_error_is_raised_and_no_waiting_task_begins_after_it(waiting: int) -> None:
    begun: list[int] = []
    with Workers[int, None](1) as crew:
        crew.submit(0, fail)
        for number in range(1, waiting + 1):
            crew.submit(number, partial(begun.append, number))
        with pytest.raises(ZeroDivisionError):
            crew.result()
        assert not crew.ready
    assert begun == []


def test_at_the_end_waiting_tasks_are_let_go_and_the_rest_is_not_waited_for() -> None:
    running, waiting = Held(), Held()
    with Workers[int, threading.Thread](1) as crew:
        crew.submit(1, running)
        crew.submit(2, waiting)
        assert running.began.wait(PATIENCE)
    assert not running.may_end.is_set()
    finish(running, waiting)
    # It is one thread: had it begun the second task, it would have done so before it ended.
    assert crew.result()[0] == 1
    assert not waiting.began.is_set()


def test_a_worker_that_takes_the_last_task_at_the_end_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever asks whether tasks are left learns what is not so any more."""
    running, last = Held(), Held()

    class Contested(SimpleQueue[Any]):
        def empty(self) -> bool:
            was_empty = super().empty()
            if not was_empty:
                finish(running)
                assert last.began.wait(PATIENCE)
            return was_empty

    monkeypatch.setattr(workers, "SimpleQueue", Contested)
    crew = Workers[int, threading.Thread](1)

    def leave() -> None:
        with crew:
            crew.submit(1, running)
            assert running.began.wait(PATIENCE)
            crew.submit(2, last)

    leaving = threading.Thread(target=leave, daemon=True)
    leaving.start()
    leaving.join(5)
    hangs = leaving.is_alive()
    crew.submit(3, threading.current_thread)  # wakes it
    finish(running, last)
    assert not hangs


def test_signals_are_left_to_the_main_thread() -> None:
    def blocked() -> set[Any]:
        return {*signal.pthread_sigmask(signal.SIG_BLOCK, ())}

    with Workers[int, set[Any]](1) as crew:
        crew.submit(1, blocked)
        assert crew.result()[1] >= {signal.SIGINT, signal.SIGTERM}

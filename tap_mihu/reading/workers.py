"""Workers: daemon threads that fetch, and one thread that waits for what they bring.

Daemon threads with two queues rather than an executor: an executor joins its threads at exit,
and so holds up a signal for as long as the slowest request takes.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["Workers"]

_Key = TypeVar("_Key")
_Result = TypeVar("_Result")
_Task = tuple[_Key, "Callable[[], _Result]"]


class Workers(Generic[_Key, _Result]):
    """At most `count` tasks at a time, side by side; results come as they are ready."""

    def __init__(self, count: int) -> None:
        """Start no thread before there is work for it."""
        self._count = count
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[tuple[_Key, Callable[[], _Result]] | None] = SimpleQueue()
        self._results: SimpleQueue[tuple[_Key, _Result | BaseException]] = SimpleQueue()
        self._failed = False
        self.outstanding = 0
        """Tasks submitted whose results were not taken yet."""

    def __enter__(self) -> Workers[_Key, _Result]:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take waiting tasks back; each thread ends after the task it is at."""
        # Not while `empty` says no: a worker may take the last task before `get`, which then waits.
        with contextlib.suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in self._threads:
            self._tasks.put(None)

    @property
    def has_room(self) -> bool:
        """Whether a further task would soon find a worker: each may have one waiting."""
        return self.outstanding < 2 * self._count

    @property
    def ready(self) -> bool:
        """Whether a result can be had at once; none can after a failure."""
        return not (self._failed or self._results.empty())

    def submit(self, key: _Key, task: Callable[[], _Result]) -> None:
        """Hand a task in; `key` comes back with its result."""
        self.outstanding += 1
        self._tasks.put((key, task))
        if len(self._threads) < min(self._count, self.outstanding):
            name = f"tap-mihu-worker-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def result(self) -> tuple[_Key, _Result]:
        """Wait for the next result.

        Raises:
            BaseException: What the task raised.
            RuntimeError: No task is under way, so none would ever come.
        """
        if not self.outstanding:
            raise RuntimeError("no task is under way")
        key, result = self._results.get()
        self.outstanding -= 1
        if isinstance(result, BaseException):
            raise result
        return key, result

    def _work(self) -> None:
        # They are for the main thread, which would not wake for one that came here.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        while (task := self._tasks.get()) is not None and not self._failed:
            key, run = task
            try:
                result: _Result | BaseException = run()
            except BaseException as error:  # noqa: BLE001 - the waiting thread raises it
                # Before the error is known elsewhere, so that no further task begins.
                self._failed = True
                result = error
            self._results.put((key, result))

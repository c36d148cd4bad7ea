"""The throttle gate, by a clock that moves only when somebody waits."""

import threading
import time
from threading import Event

import pytest
from typing_extensions import override

from tap_mihu.api.retry import throttle_seconds
from tap_mihu.api.throttle import ThrottleGate
from tap_mihu.errors import MihuError, StoppedError


class Clock(Event):
    """The end of a run, for which one can wait without time passing."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self._moving = threading.Lock()

    @override
    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        with self._moving:
            self.now += timeout
        return self.is_set()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def gate(clock: Clock) -> ThrottleGate:
    return ThrottleGate(clock)


def throttled_for_good(gate: ThrottleGate, told_seconds: float | None) -> None:
    """Ask until the gate loses patience."""
    for _ in range(100_000):
        gate.shut(told_seconds, gate.wait())


def test_it_is_open_at_first(gate: ThrottleGate, clock: Clock) -> None:
    assert gate.wait() == clock.now == 1000


def test_a_told_time_is_waited_by_all(gate: ThrottleGate, clock: Clock) -> None:
    assert gate.shut(30, gate.wait()) == 30
    times: list[float] = []
    workers = [threading.Thread(target=lambda: times.append(gate.wait())) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(times) == 8
    assert min(times) >= 1030
    assert gate.wait() == clock.now


def test_untold_times_grow_from_try_to_try(gate: ThrottleGate) -> None:
    waits = [gate.shut(None, gate.wait()) for _ in range(9)]
    assert waits == [throttle_seconds(streak) for streak in range(1, 10)]
    assert (waits[0], waits[-1]) == (1, 60)


def test_a_good_answer_ends_the_growth(gate: ThrottleGate) -> None:
    for _ in range(5):
        gate.shut(None, gate.wait())
    gate.wait()
    gate.good_answer()
    assert gate.shut(None, gate.wait()) == 1


def test_told_times_do_not_make_later_untold_ones_longer(gate: ThrottleGate) -> None:
    for told in (None, None, *[1] * 8):
        gate.shut(told, gate.wait())
    assert [gate.shut(None, gate.wait()) for _ in range(3)] == [1, 2, 4]


def test_requests_that_were_under_way_make_one_wait(gate: ThrottleGate, clock: Clock) -> None:
    """Eight workers throttled at once are told once."""
    sent = [gate.wait() for _ in range(8)]
    clock.now += 0.5
    waits = [gate.shut(None, sent_at) for sent_at in sent]
    assert waits == [1, 0, 0, 0, 0, 0, 0, 0]
    assert gate.wait() == 1001.5


def test_of_told_times_the_latest_counts(gate: ThrottleGate, clock: Clock) -> None:
    sent = [gate.wait() for _ in range(3)]
    for told, sent_at in zip([5, 60, 20], sent, strict=True):
        clock.now += 1
        gate.shut(told, sent_at)
    assert gate.wait() == 1062


def test_a_told_time_counts_over_an_untold_one(gate: ThrottleGate, clock: Clock) -> None:
    first, second = gate.wait(), gate.wait()
    gate.shut(None, first)
    clock.now += 0.5
    gate.shut(45, second)
    assert gate.wait() == 1045.5


def test_an_untold_answer_does_not_cut_a_told_wait_short(gate: ThrottleGate) -> None:
    first, second = gate.wait(), gate.wait()
    gate.shut(45, first)
    gate.shut(None, second)
    assert gate.wait() == 1045


def test_ten_minutes_without_a_good_answer_are_enough(gate: ThrottleGate, clock: Clock) -> None:
    with pytest.raises(MihuError, match="throttled"):
        throttled_for_good(gate, None)
    assert 540 <= clock.now - 1000 <= 660


def test_a_good_answer_now_and_then_is_patience_enough(gate: ThrottleGate, clock: Clock) -> None:
    while clock.now < 20_000:
        for _ in range(10):
            gate.shut(None, gate.wait())
        gate.wait()
        gate.good_answer()


def test_quiet_hours_do_not_count_as_throttling(gate: ThrottleGate, clock: Clock) -> None:
    gate.shut(None, gate.wait())
    gate.wait()
    gate.good_answer()
    clock.now += 10_000
    assert gate.shut(None, gate.wait()) == 1


def test_told_waits_of_more_than_ten_minutes_are_waited(gate: ThrottleGate, clock: Clock) -> None:
    for _ in range(3):
        assert gate.shut(900, gate.wait()) == 900
    assert gate.wait() == clock.now == 3700


def test_being_told_to_wait_for_ever_ends_too(gate: ThrottleGate) -> None:
    with pytest.raises(MihuError, match="throttled"):
        throttled_for_good(gate, 60)


def test_an_hour_is_waited(gate: ThrottleGate, clock: Clock) -> None:
    assert gate.shut(3600, gate.wait()) == 3600
    assert gate.wait() == clock.now == 4600


@pytest.mark.parametrize("told", [3601, 7200, 10**11])
def test_more_than_an_hour_ends_the_run(gate: ThrottleGate, told: int) -> None:
    with pytest.raises(MihuError, match=rf"{told} seconds.*Retry-After.*3600"):
        gate.shut(told, gate.wait())


def test_the_end_of_the_run_ends_every_wait(gate: ThrottleGate, clock: Clock) -> None:
    clock.set()
    with pytest.raises(StoppedError):
        gate.wait()
    gate.shut(60, 1000)
    with pytest.raises(StoppedError):
        gate.wait()
    with pytest.raises(StoppedError):
        gate.pause(60)


def test_a_waiting_worker_is_woken_by_the_end_of_the_run() -> None:
    stopped = Event()
    gate = ThrottleGate(stopped)
    gate.shut(3600, gate.wait())
    woken = Event()

    def work() -> None:
        try:
            gate.wait()
        except StoppedError:
            woken.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    stopped.set()
    worker.join(10)
    assert woken.is_set()

"""The throttle gate, by a clock that moves only when somebody waits."""

import time
from threading import Event

import pytest
from typing_extensions import override

from tap_mihu.api.throttle import ThrottleGate
from tap_mihu.errors import MihuError


class Clock(Event):
    """The end of a run, for which one can wait without time passing."""

    now = 1000.0

    @override
    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now += timeout
        return self.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def gate(clock: Clock) -> ThrottleGate:
    return ThrottleGate(clock)


@pytest.mark.parametrize(
    ("told", "waits", "opens"),
    [
        ([], [], 1000),
        ([3600], [3600], 4601),
        # Workers throttled at once are told once.
        ([None, None], [1, 0], 1002),
        # The latest end counts, and an end that is hardly later is no news.
        ([5, 60, 20], [5, 60, 0], 1062),
        ([60, 59.5, 62], [60, 0, 62], 1065),
        ([None, 45], [1, 45], 1047),
        ([45, None], [45, 0], 1046),
    ],
    ids=str,
)
def test_what_all_wait_for(
    gate: ThrottleGate, clock: Clock, told: list[float | None], waits: list[float], opens: float
) -> None:
    """Requests sent at once, whose refusals come second by second."""
    sent = [gate.wait() for _ in told]
    for seconds, sent_at, wait in zip(told, sent, waits, strict=True):
        clock.now += 1
        assert gate.shut(seconds, sent_at) == wait
    assert gate.wait() == gate.wait() == clock.now == opens
    assert gate.paused_seconds == max(0, opens - 1001)


def test_untold_waits_grow_from_the_last_good_answer_or_told_wait(gate: ThrottleGate) -> None:
    def shut(*told: float | None) -> list[float]:
        return [gate.shut(seconds, gate.wait()) for seconds in told]

    assert shut(*[None] * 9) == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    gate.good_answer()
    assert shut(None, None, 1, 1, None, None) == [1, 2, 1, 1, 1, 2]


@pytest.mark.parametrize(("told", "patience"), [(None, 600), (60, 7200), (900, 7200)])
def test_patience_without_one_good_answer_comes_to_an_end(
    gate: ThrottleGate, clock: Clock, told: float | None, patience: float
) -> None:
    gate.shut(None, gate.wait())
    gate.good_answer()
    clock.now += 10_000  # Quiet hours do not count as throttling.
    began = clock.now
    with pytest.raises(MihuError, match=r"^The API has throttled every request for"):  # noqa: PT012 - whenever it is
        for _ in range(1000):
            gate.shut(told, gate.wait())
    assert patience < clock.now - began <= patience + max(60, told or 0)


def test_a_good_answer_now_and_then_is_patience_enough(gate: ThrottleGate, clock: Clock) -> None:
    while clock.now < 20_000:
        for _ in range(10):
            gate.shut(None, gate.wait())
        gate.good_answer()

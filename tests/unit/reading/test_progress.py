"""Progress, by a clock of its own: the time left is right on a steady server, pauses or not."""

import time
from collections.abc import Iterator

import pytest

from tap_mihu.reading.progress import Progress


class Clock:
    """A monotonic clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = 5000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    return clock


def read_steadily(progress: Progress, clock: Clock, contacts: int, every: float) -> Iterator[None]:
    """Read page by page; yields at each."""
    progress.total = contacts
    progress.begin_reading()
    for _ in range(contacts // 100):
        clock.now += every
        progress.passed_on += 100
        yield


def read_in_bursts(progress: Progress, clock: Clock, contacts: int) -> Iterator[None]:
    """Read six pages at once, then be told to wait for a minute, as Laravel tells it."""
    progress.total = contacts
    progress.begin_reading()
    for page in range(contacts // 100):
        if page and page % 6 == 0:
            progress.note_pause(59)
            for _ in range(59):
                clock.now += 1
                yield
        clock.now += 1 / 6
        progress.passed_on += 100
        yield


@pytest.mark.parametrize("how", ["steadily", "slowly", "in bursts"])
def test_the_time_left_is_right_from_a_tenth_of_the_run_on(clock: Clock, how: str) -> None:
    progress, began = Progress(), clock.now
    contacts = 10_000
    reading = (
        read_in_bursts(progress, clock, contacts)
        if how == "in bursts"
        else read_steadily(progress, clock, contacts, 8.0 if how == "slowly" else 0.05)
    )
    told = []
    for _ in reading:
        left = progress.seconds_left()
        assert left is not None
        told.append((clock.now, left))
    ended = clock.now
    later = [(at, left) for at, left in told if at - began >= (ended - began) / 10]
    wrong = [
        (at - began, left, ended - at)
        for at, left in later
        if abs(left - (ended - at)) > 0.3 * (ended - at) + 1
    ]
    assert wrong == []


def test_there_is_no_time_left_before_there_is_a_rate(clock: Clock) -> None:
    progress = Progress(total=1000)
    clock.now += 100
    assert (progress.rate(), progress.seconds_left()) == (None, None)
    progress.begin_reading()
    clock.now += 10
    assert (progress.rate(), progress.seconds_left()) == (None, None)
    progress.passed_on = 100
    assert progress.rate() == 10
    assert progress.seconds_left() == pytest.approx(90)


def test_planning_counts_for_nothing(clock: Clock) -> None:
    progress = Progress(total=1000)
    assert progress.planning
    clock.now += 500
    progress.begin_reading()
    assert not progress.planning
    clock.now += 10
    progress.passed_on = 500
    assert progress.seconds_left() == pytest.approx(10)


def test_what_is_read_counts_before_it_is_passed_on(clock: Clock) -> None:
    progress = Progress(total=1000, passed_on=100, held=lambda: 300)
    assert progress.read == 400
    progress.total = 350
    assert progress.read == 350


def test_a_pause_is_forgotten_when_the_run_goes_on_without_pauses(clock: Clock) -> None:
    progress = Progress(total=100_000)
    progress.begin_reading()
    clock.now += 1
    progress.passed_on = 100
    progress.note_pause(9)
    clock.now += 9
    assert progress.rate() == 10
    for _ in range(90):
        clock.now += 1
        progress.passed_on += 100
    assert progress.rate() == pytest.approx(91)


def test_nothing_is_left_at_the_end(clock: Clock) -> None:
    progress = Progress(total=100)
    progress.begin_reading()
    clock.now += 1
    progress.passed_on = 100
    assert progress.seconds_left() == 0

"""Progress, by a clock of its own: the time left is right on a steady server, pauses or not."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tap_mihu.reading.progress import Progress
from tap_mihu.reading.scan import scan
from tap_mihu.records.pages import DateRange, Page
from tests.sandbox.clock import NOON
from tests.simulated.server import EVERYTHING, Shape, SimulatedServer

A_MINUTE = 60.0
DAY = timedelta(days=1)
MIDDLE = (NOON - 60 * DAY).date()


class Steady:
    """A server that takes as long for each response, told by a clock that only it moves."""

    def __init__(self, server: SimulatedServer, latency: float, a_minute: int | None) -> None:
        self._server = server
        self._latency = latency
        self._a_minute = a_minute
        self._window_ends = 0.0
        self._left = 0
        self.now = 0.0
        self.progress = Progress()
        self.told: list[tuple[float, int, float | None]] = []

    def fetch(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        if self._a_minute is not None:
            if self._left == 0 and self.now < self._window_ends:
                self.progress.note_pause(self._window_ends - self.now)
                self._pass(self._window_ends - self.now)
            if self.now >= self._window_ends:
                self._window_ends, self._left = self.now + A_MINUTE, self._a_minute
            self._left -= 1
        self._pass(self._latency)
        return self._server.fetch(dates, number, per_page)

    def _pass(self, seconds: float) -> None:
        """Let time pass, and note now and then what is told."""
        for _ in range(5):
            self.now += seconds / 5
            left = None if self.progress.planning else self.progress.seconds_left()
            self.told.append((self.now, self.progress.read, left))


@pytest.mark.parametrize("a_minute", [None, 20], ids=["steady", "throttled"])
@pytest.mark.parametrize("pages", [30, 200, 400])
@pytest.mark.parametrize("shape", [Shape.EVEN, Shape.IMPORT])
def test_the_time_left_is_right_from_a_tenth_of_the_reading_on(
    monkeypatch: pytest.MonkeyPatch, shape: Shape, pages: int, a_minute: int | None
) -> None:
    latency = 8.0 if a_minute is None else 0.2
    steady = Steady(SimulatedServer(size=10 * pages, shape=shape), latency, a_minute)
    monkeypatch.setattr(time, "monotonic", lambda: steady.now)
    for _ in scan(steady.fetch, EVERYTHING, concurrency=1, progress=steady.progress):
        pass
    ended = steady.now
    told = [(at, left) for at, _, left in steady.told if left is not None]
    spare = 4 * latency if a_minute is None else A_MINUTE
    # What comes before the first pause tells little, for some of it is the plan.
    since = ended / 10 if a_minute is None else max(ended / 10, 2 * A_MINUTE)
    wrong = [
        (round(at), round(left), round(ended - at))
        for at, left in told
        if at >= since and abs(left - (ended - at)) > 0.3 * (ended - at) + spare
    ]
    assert wrong == []
    read = [read for _, read, left in steady.told if left is not None]
    assert read == sorted(read)


def test_the_contacts_of_several_scans_add_up() -> None:
    """A run that reads some ranges of dates only reads each by a scan."""
    server, progress = SimulatedServer(size=300), Progress()
    past, since = DateRange(None, MIDDLE), DateRange(MIDDLE + DAY, None)
    counted = [server.fetch(dates, 1).total for dates in (past, since)]
    for number, dates in enumerate((past, since), 1):
        for _ in scan(server.fetch, dates, concurrency=1, progress=progress):
            assert progress.read <= progress.total == sum(counted[:number])
        assert progress.read == progress.total
        assert progress.counted == counted[number - 1]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A monotonic clock that moves only when it is told to."""
    clock = SimpleNamespace(now=5000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_the_rate_counts_from_when_the_planning_ends_and_the_first_contacts_come(
    clock: SimpleNamespace,
) -> None:
    progress = Progress(total=1000)
    assert progress.planning
    for _ in range(2):
        clock.now += 100
        assert (progress.rate(), progress.seconds_left()) == (None, None)
        progress.begin_reading()
    assert not progress.planning
    progress.pass_on(100)
    assert progress.rate() == 1
    assert progress.seconds_left() == 900
    progress.pass_on(900)
    assert progress.seconds_left() == 0


def test_a_pause_is_forgotten_when_the_run_goes_on_without_pauses(clock: SimpleNamespace) -> None:
    progress = Progress(total=100_000)
    progress.begin_reading()
    clock.now += 1
    progress.pass_on(100)
    progress.note_pause(9)
    clock.now += 9
    assert progress.rate() == 10
    clock.now += 90
    progress.pass_on(9000)
    assert progress.rate() == 91

"""A contact server in memory whose data moves while it is read, and which may lie about it."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange, Page, Row
from tests.sandbox.clock import NOON
from tests.simulated.bounds import (
    DAY,
    DAY_LONG,
    EVERYTHING,
    SECOND,
    SPAN,
    UNDATED,
    Bounds,
    includes,
    microseconds,
    moment,
    number,
)
from tests.simulated.oddities import Freshness, Larger, Oddities, Order, Paging, Withholding
from tests.simulated.world import (
    QUIET,
    Change,
    Changes,
    Event,
    Version,
    World,
    churn,
    script,
    shuffled_slice,
)

__all__ = ["DAY", "EVERYTHING", "QUIET", "Change", "Changes", "Event", "Order", "churn", "script"]

# A page of ten times the rows takes five and a half times as long.
_TIME_PER_ROW = 0.5
_PATIENCE_STEPS = 60


class Shape(StrEnum):
    """How creation dates are spread before the scan begins."""

    EVEN = "even"
    GROWING = "growing"
    GAP = "gap"  # half of it ten years old
    IMPORT = "import"  # half of it on one old day
    TIES = "ties"  # in runs of one creation time, each longer than a page
    TWO_DAYS = "two days"  # nine tenths on two old days
    TODAY = "today"
    RECENT = "recent"  # nine tenths yesterday and today
    ASLEEP = "asleep"  # nobody was created in the last ten days
    OUTLIER = "outlier"  # one contact forty years old
    UNDATED = "undated"  # a tenth has no creation date
    ONE_UNDATED = "one undated"


def creation_times(  # noqa: C901, PLR0911 - one case for each shape
    shape: Shape, size: int, page_size: int, start: datetime, zone: timedelta, rng: Random
) -> Sequence[datetime | None]:
    """Draw so many creation times, in no order."""
    recent = start - timedelta(minutes=1)
    today = datetime.combine((start + zone).date(), datetime.min.time(), UTC) - zone
    spread = [recent - SPAN * rng.random() for _ in range(size)]
    half, most = size // 2, size * 9 // 10
    old_day = today - 40 * DAY
    match shape:
        case Shape.EVEN:
            return spread
        case Shape.GROWING:
            return [recent - SPAN * (1 - math.sqrt(rng.random())) for _ in spread]
        case Shape.GAP:
            return [time - 3650 * DAY for time in spread[:half]] + spread[half:]
        case Shape.IMPORT:
            return [within(old_day, rng) for _ in range(half)] + spread[half:]
        case Shape.TIES:
            run = 2 * page_size + 1
            return [spread[place - place % run] for place in range(size)]
        case Shape.TWO_DAYS:
            days = [old_day, old_day - 47 * DAY]
            return [within(rng.choice(days), rng) for _ in range(most)] + spread[most:]
        case Shape.TODAY:
            return [today + (recent - today) * rng.random() for _ in spread]
        case Shape.RECENT:
            length = recent - today + DAY
            return [recent - length * rng.random() for _ in range(most)] + spread[most:]
        case Shape.ASLEEP:
            return [time - 10 * DAY for time in spread]
        case Shape.OUTLIER:
            return [start - 40 * 365 * DAY, *spread[1:]]
        case Shape.UNDATED:
            return [None if rng.random() < 0.1 else time for time in spread]
        case Shape.ONE_UNDATED:
            return [None, *spread[1:]]


def within(midnight: datetime, rng: Random) -> datetime:
    """Draw a moment of a day."""
    return midnight + DAY * rng.random()


class FailedError(RefusedError):
    """The server breaks down on a request, where it might as well refuse it."""


@dataclass(eq=False, kw_only=True)
class SimulatedServer:
    """Answers `fetch` like the API; between any two answers the clock moves and data changes."""

    seed: int = 0
    size: int
    page_size: int = 10
    order: Order = Order.ID
    shape: Shape = Shape.EVEN
    changes: Changes = QUIET
    start: datetime = NOON
    step: float = 0.5  # seconds from one request to the next
    delay: float = 0  # seconds at most from a contact's creation time until it can be seen
    zone: timedelta = timedelta()  # of the days that date filters mean
    larger: Larger = Larger.OBEYED
    page_cap: int | None = None  # of any page; ten times the page size unless it is given
    ignores_dates: bool = False
    miscounts: int = 0  # added to every total, but not to what last_page is made of
    latency: float = 0  # real seconds at most that an answer is on its way, to let others overtake
    filtered: bool = False  # whether the reader has set filters other than dates
    bounds: Bounds = field(default_factory=Bounds)
    paging: Paging = field(default_factory=Paging)
    freshness: Freshness = field(default_factory=Freshness)
    withholding: Withholding = field(default_factory=Withholding)
    odd: Oddities = field(default_factory=Oddities)
    timeless: bool = False  # whether no row tells when it was created
    varies_case: float = 0  # the share of rows whose uuid is in upper case

    requests: list[tuple[DateRange, int]] = field(default_factory=list, init=False)
    asked_at: list[int] = field(default_factory=list, init=False)
    asked_sizes: list[int] = field(default_factory=list, init=False)  # of pages, request by request

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        self._odd_rng = Random(f"odd {self.seed}")
        self._turn = threading.Condition()
        self._now = number(self.start)
        if self.ignores_dates:
            self.bounds = Bounds(ignores_from=True, ignores_to=True)
        odd = replace(self.odd, delay=self.delay or self.odd.delay)
        times = _numbers(self._creation_times())
        outside = _numbers(self._drawn(Shape.EVEN, odd.outside, self._odd_rng))
        zone = microseconds(self.zone)
        self._world = World(self._rng, self.order, self._now, zone, odd, times, outside)
        self.poisoned = self._world.poisoned  # the contacts on which every response fails
        self._totals: dict[range, tuple[int, int]] = {}
        self._pages: dict[tuple[DateRange, int, int], tuple[int, Page]] = {}

    def _creation_times(self) -> Sequence[datetime | None]:
        return self._drawn(self.shape, self.size, self._rng)

    def _drawn(self, shape: Shape, size: int, rng: Random) -> Sequence[datetime | None]:
        return creation_times(shape, size, self.page_size, self.start, self.zone, rng)

    def _within(self, midnight: datetime) -> datetime:
        return within(midnight, self._rng)

    # What a reader sees.

    def fetch(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        """Answer with a page, of the run's size unless another is asked for, or refuse to."""
        with self._turn:
            try:
                return self._answer(dates, number, per_page or self.page_size)
            finally:
                if self.latency:
                    self._turn.wait(self.latency * self._rng.random())

    def _answer(self, dates: DateRange, number: int, per_page: int) -> Page:
        size = self._obeyed(per_page)
        if self.requests:
            larger = max(0, size / self.page_size - 1)
            self.pass_time(1 + _TIME_PER_ROW * larger if size else _PATIENCE_STEPS)
        self.requests.append((dates, number))
        self.asked_at.append(self._now)
        self.asked_sizes.append(per_page)
        if not size:
            text = "no larger pages"
            raise FailedError(text) if self.larger is Larger.FAILING else RefusedError(text)
        if number > self.paging.deepest_page:
            raise RefusedError("no page is so deep")
        served_at = moment(self._now + microseconds(self.freshness.ahead)).replace(microsecond=0)
        share = self.withholding.share
        if len(self.requests) <= self.withholding.first or (
            share and self._odd_rng.random() < share
        ):
            return Page(number, [], 0, 1, served_at)
        then, page = self._pages.get((dates, number, size), (0, None))
        if page is None or self._age(then) >= self.freshness.caches_pages:
            page = self._page(dates, number, size, served_at)
            self._pages[dates, number, size] = self._now, page
        return replace(page, served_at=served_at)

    def _obeyed(self, per_page: int) -> int:
        """Return how many rows a page gets; 0 where the server does not answer."""
        if per_page > self.page_size:
            if self.larger in {Larger.REFUSED, Larger.FAILING}:
                return 0
            if self.larger is Larger.IGNORED:
                per_page = self.page_size
        return min(per_page, self.page_cap or 10 * self.page_size)

    def _page(self, dates: DateRange, number: int, size: int, served_at: datetime) -> Page:
        interval = self.bounds.interval(dates, self.zone)
        lag, rng = self.freshness.lag, self._odd_rng
        if lag:
            lag *= rng.randrange(2) if self.freshness.two_replicas else rng.random()
        found = self._found(interval, lag)
        total, last_page, rows = self.paging.cut(self._count(interval, found), number, size)
        if self.order is Order.UNSTABLE:
            shown = shuffled_slice(found, rows.start, rows.stop, self._rng.getrandbits(32) | 1)
        else:
            shown = found[rows]
        if self.poisoned and any(one.uuid in self.poisoned for one in shown):
            raise FailedError("the server fails on this page")
        visible = [self._row(one) for one in shown if not self._world.hides(one)]
        return Page(number, visible, total + self.miscounts, last_page, served_at)

    def _found(self, interval: range, lag: float) -> list[Version]:
        then = self._now - int(lag * SECOND) if lag else None
        found = self._world.history.listing(interval, then)
        requests = len(self.requests)
        if requests > self.withholding.blind_after:
            found = [one for one in found if not self.withholding.withholds(one.number, requests)]
        return found

    def _count(self, interval: range, found: list[Version]) -> int:
        then, total = self._totals.get(interval, (None, 0))
        if then is not None and self._age(then) < self.freshness.caches_total:
            return total
        if self.freshness.count_lag:
            found = self._found(interval, self.freshness.count_lag * self._odd_rng.random())
        total = len(found) + self._world.soft_deleted(interval)
        self._totals[interval] = self._now, total
        return total

    def _age(self, then: int) -> float:
        return (self._now - then) / SECOND

    def _row(self, version: Version) -> Row:
        row = version.row
        if self.timeless:
            return Row(row.uuid, None, row.updated_at, row.payload)
        if self.varies_case and self._odd_rng.random() < self.varies_case:
            return Row(row.uuid.upper(), row.created_at, row.updated_at, row.payload)
        return row

    # What a test sees.

    def throughout(self, within: DateRange = EVERYTHING) -> set[str]:
        """Return the contacts in these dates that could be seen from the start until now."""
        world, requests = self._world, len(self.requests)
        return {
            one.uuid
            for one in world.history.listing(self.bounds.interval(within, self.zone))
            if one.uuid in world.at_first
            and one.uuid not in world.gone
            and not world.hides(one)
            and not self.withholding.withholds(one.number, requests)
        }

    def day_of(self, uuid: str) -> date | None:
        """The day of creation of a contact that was there from the start."""
        return self._world.day(self._world.at_first[uuid].version)

    def was_one_replaced(self, dates: DateRange, since: int, until: int) -> bool:
        """Whether one of these dates was deleted and one imported between the moments."""
        deleted = imported = False
        for then, removed, added in self._world.history.steps:
            changed = added or removed
            if since <= then <= until and changed and includes(dates, self._world.day(changed)):
                deleted |= added is None
                imported |= removed is None and changed.updated - changed.created > DAY_LONG
        return deleted and imported

    def pages(self, within: DateRange = EVERYTHING) -> int:
        """How many pages a plain walk has, now."""
        there = self._world.history.listing(self.bounds.interval(within, self.zone))
        return max(1, math.ceil(len(there) / self._obeyed(self.page_size)))

    # What happens meanwhile.

    def pass_time(self, steps: float = 1) -> None:
        """Let the time of so many usual requests pass, with its changes."""
        before = self._now
        self._now += int(steps * self.step * SECOND)
        events = [*self.changes(len(self.requests), self._rng, steps)]
        passed = sorted(self._rng.random() for _ in events)
        for event, part in zip(events, passed, strict=True):
            self._world.happen(event, before + int((self._now - before) * part))


def _numbers(times: Sequence[datetime | None]) -> list[int]:
    return [UNDATED if time is None else number(time) for time in times]

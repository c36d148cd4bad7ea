"""The lies a simulated server can tell, each by itself, for any data that move or do not."""

from datetime import timedelta
from random import Random
from typing import Any

from tests.sandbox.clock import NOON
from tests.simulated.bounds import DAY, Bounds
from tests.simulated.oddities import Freshness, Larger, Oddities, Order, Paging, Withholding
from tests.simulated.server import Change, Shape, SimulatedServer, churn

Rates = dict[Change, float]
HOUR = timedelta(hours=1)

REST: Rates = {}
MODERATE: Rates = {Change.EDIT: 1, Change.INSERT: 0.2, Change.DELETE: 0.05}
BUSY: Rates = {
    Change.EDIT: 2,
    Change.INSERT: 0.8,
    Change.DELETE: 0.1,
    Change.SWAP: 0.05,
    Change.RECENT_EDIT: 0.5,
    Change.RECENT_DELETE: 0.1,
}
TODAY: Rates = {  # where what is lost in silence is lost most often
    Change.EDIT: 0.3,
    Change.INSERT: 0.3,
    Change.RECENT_EDIT: 0.2,
    Change.RECENT_DELETE: 0.1,
}
CHURNS = {"at rest": REST, "moderate": MODERATE, "busy": BUSY, "today": TODAY}


class Lie:
    """What a server is made with, and what happens on top of all that happens anyway."""

    def __init__(
        self,
        rates: Rates = REST,
        *,
        declared: bool = False,  # no reader is safe from it, and the documentation says so
        late: bool = False,  # without larger pages, two seconds of slack do not tell it
        **options: Any,
    ) -> None:
        self.rates, self.declared, self.late, self.options = rates, declared, late, options


LIES = {
    "none": Lie(),
    # Bounds of dates.
    "date_to means its midnight": Lie(bounds=Bounds(to_later=-DAY)),
    "date_from means from the next day": Lie(bounds=Bounds(from_later=DAY)),
    "both dates mean noon": Lie(bounds=Bounds(from_later=DAY / 2, to_later=-DAY / 2)),
    "date_to is a day too far": Lie(bounds=Bounds(to_later=DAY)),
    "date_to ends 3 h late": Lie(bounds=Bounds(to_later=3 * HOUR)),
    "date_to ends 3 h early": Lie(bounds=Bounds(to_later=-3 * HOUR)),
    "date_to ends 11 h early": Lie(bounds=Bounds(to_later=-11 * HOUR)),
    "date_from ignored": Lie(bounds=Bounds(ignores_from=True)),
    "date_to ignored": Lie(bounds=Bounds(ignores_to=True)),
    "date_to ignored beside date_from": Lie(bounds=Bounds(ignores_to_beside_from=True)),
    "all dates ignored": Lie(bounds=Bounds(ignores_from=True, ignores_to=True)),
    "zone +5:30": Lie(zone=5.5 * HOUR),
    "zone +13:45": Lie(zone=13.75 * HOUR),
    "zone -11": Lie(zone=-11 * HOUR),
    # Totals.
    "total capped at 500, rows cut off": Lie(paging=Paging(cap=500, cuts_off=True)),
    "total capped at 500, rows beyond shown": Lie(paging=Paging(cap=500)),
    "total one too many": Lie(paging=Paging(off=1)),
    "total one too few": Lie(paging=Paging(off=-1)),
    "total one too many, last_page right": Lie(miscounts=1),
    "total one too few, last_page right": Lie(miscounts=-1),
    "1 % soft-deleted counted": Lie(odd=Oddities(soft_deleted=0.01)),
    "10 % soft-deleted counted": Lie(odd=Oddities(soft_deleted=0.1)),
    "total cached for a minute": Lie(freshness=Freshness(caches_total=60), late=True),
    "total of another moment than the rows": Lie(freshness=Freshness(count_lag=10), declared=True),
    # Pages.
    "pages beyond 20 refused": Lie(paging=Paging(deepest_page=20)),
    "pages beyond 60 refused": Lie(paging=Paging(deepest_page=60)),
    "rows beyond 500 empty": Lie(paging=Paging(deepest_row=500)),
    "later pages half as large": Lie(paging=Paging(shrinks_after=3)),
    "page beyond the last is page 1": Lie(paging=Paging(first_beyond_last=True)),
    "last_page of half the page size": Lie(paging=Paging(last_page_by=0.5)),
    "last_page of twice the page size": Lie(paging=Paging(last_page_by=2)),
    "last page hidden": Lie(paging=Paging(hides_pages=1)),
    "pages cached for a minute": Lie(freshness=Freshness(caches_pages=60), late=True),
    "1 % filtered after paging": Lie(odd=Oddities(hidden=0.01)),
    # Contacts.
    "one poisoned": Lie(odd=Oddities(poisoned=1)),
    "one twice": Lie(odd=Oddities(twice=1)),
    "two with one uuid": Lie(odd=Oddities(namesakes=1)),
    "uuid case varies": Lie(varies_case=0.01),
    "one undated": Lie(odd=Oddities(undated=1)),
    "30 undated": Lie(odd=Oddities(undated=30)),
    "one zero date": Lie(odd=Oddities(zero_dated=1)),
    "150 zero dates": Lie(odd=Oddities(zero_dated=150)),
    "150 zero dates, and one contact twice": Lie(odd=Oddities(zero_dated=150, twice=1)),
    "ids without order": Lie(odd=Oddities(shuffled=True)),
    "whole seconds": Lie(odd=Oddities(whole_seconds=True)),
    "visible up to 30 s late": Lie(odd=Oddities(delay=30), late=True),
    "imports of 5, up to 30 s late": Lie(odd=Oddities(delay=30, batch=5), late=True),
    "created_at edited": Lie({Change.REDATE: 0.01}, declared=True),
    "filters, 20 in and 20 out a minute": Lie(
        {Change.JOIN: 1 / 6, Change.LEAVE: 1 / 6}, filtered=True, odd=Oddities(outside=300)
    ),
    # Moments.
    "responses up to 10 s old": Lie(freshness=Freshness(lag=10), late=True),
    "two replicas, one 10 s behind": Lie(freshness=Freshness(lag=10, two_replicas=True), late=True),
    "Date 5 s ahead": Lie(freshness=Freshness(ahead=timedelta(seconds=5))),
    "Date 5 s behind": Lie(freshness=Freshness(ahead=timedelta(seconds=-5))),
    "Date 1 h ahead": Lie(freshness=Freshness(ahead=HOUR)),
    "Date 1 h behind": Lie(freshness=Freshness(ahead=-HOUR)),
    "local time without zone, UTC-5": Lie(freshness=Freshness(ahead=5 * HOUR)),
    "local time without zone, UTC+3": Lie(freshness=Freshness(ahead=-3 * HOUR)),
    "local time without zone, days UTC": Lie(freshness=Freshness(ahead=5 * HOUR), zone=5 * HOUR),
    # Too little with status 200.
    "first response empty": Lie(withholding=Withholding(first=1)),
    "every response empty": Lie(withholding=Withholding(share=1)),
    "1 % of responses empty": Lie(withholding=Withholding(share=0.01)),
    "half invisible from the 12th response on": Lie(withholding=Withholding(blind_after=11)),
}

TWO_LIES = "two lies at once"


def is_declared(lie: str, *, obeys: bool) -> bool:
    """Whether losses are a declared limit, where larger pages are obeyed or not."""
    return lie != TWO_LIES and (LIES[lie].declared or (LIES[lie].late and not obeys))


def _two_at_once(rng: Random) -> Lie:
    """Join two lies of different kinds."""
    while True:
        one, other = rng.sample([lie for lie in LIES.values() if not lie.declared], 2)
        if one.options.keys().isdisjoint(other.options):
            return Lie(one.rates | other.rates, **(one.options | other.options))


_SHAPES = [
    Shape.EVEN,
    Shape.GROWING,
    Shape.ASLEEP,
    Shape.RECENT,
    Shape.IMPORT,
    Shape.GAP,
    Shape.TIES,
    Shape.OUTLIER,
    Shape.TWO_DAYS,
]
_STARTS = [NOON, NOON, NOON + timedelta(hours=11, minutes=59, seconds=30)]
NOT_OBEYED = [Larger.IGNORED, Larger.REFUSED, Larger.FAILING]


def liar(lie: str, churning: str, seed: int, *, obeys: bool) -> SimulatedServer:
    """A server that tells one of `LIES`, or two, meanwhile one of `CHURNS` happens.

    It obeys the request for larger pages or not; all that is not given depends on the seed.
    """
    rng = Random(f"{lie} {seed}")
    it = _two_at_once(rng) if lie == TWO_LIES else LIES[lie]
    rates = CHURNS[churning]
    sizes = [rng.randint(40, 400), rng.randint(600, 1000), rng.randint(1100, 1800)]
    few_of_today = rates is TODAY and rng.random() < 0.7
    return SimulatedServer(
        size=sizes[0] if few_of_today else rng.choice(sizes),
        page_size=20,
        order=[*Order][seed % len(Order)],
        shape=Shape.RECENT if few_of_today else rng.choice(_SHAPES),
        start=rng.choice(_STARTS),
        step=rng.choice([0.3, 0.5, 1]),
        larger=Larger.OBEYED if obeys else NOT_OBEYED[seed % len(NOT_OBEYED)],
        seed=seed,
        changes=churn({**rates, **it.rates}),
        **it.options,
    )

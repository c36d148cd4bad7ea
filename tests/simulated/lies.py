"""The lies a simulated server can tell, each by itself, for any data that move or do not."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from tests.sandbox.clock import NOON
from tests.simulated.bounds import (
    FROM_NOON_TO_NOON,
    FROM_THE_NEXT_DAY,
    IGNORES_ALL,
    IGNORES_FROM,
    IGNORES_TO,
    IGNORES_TO_BESIDE_FROM,
    TO_A_DAY_TOO_FAR,
    TO_ITS_MIDNIGHT,
    zones_apart,
)
from tests.simulated.changes import Change, churn
from tests.simulated.freshness import Freshness
from tests.simulated.oddities import Oddities
from tests.simulated.orders import Order
from tests.simulated.paging import Larger, Paging
from tests.simulated.server import SimulatedServer
from tests.simulated.shapes import Shape
from tests.simulated.withholding import Withholding

Rates = dict[Change, float]

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


def hours(count: float) -> timedelta:
    """Return a time span."""
    return timedelta(hours=count)


@dataclass(frozen=True)
class Lie:
    """What a server is made with, and what happens on top of all that happens anyway."""

    options: dict[str, Any] = field(default_factory=dict)
    rates: Rates = field(default_factory=dict)
    declared: bool = False
    """No reader is safe from it, and the documentation says so."""


def bounded(**options: Any) -> Lie:  # noqa: ANN401 - what the server takes
    """A lie without changes of its own."""
    return Lie(options)


def odd(**oddities: Any) -> Lie:  # noqa: ANN401
    """Contacts that are odd."""
    return Lie({"odd": Oddities(**oddities)})


def paging(**rules: Any) -> Lie:  # noqa: ANN401
    """Pages by other rules."""
    return Lie({"paging": Paging(**rules)})


def freshness(**how: Any) -> Lie:  # noqa: ANN401
    """Responses of other moments."""
    return Lie({"freshness": Freshness(**how)})


def withholding(**what: Any) -> Lie:  # noqa: ANN401
    """Responses that show too little."""
    return Lie({"withholding": Withholding(**what)})


LIES = {
    "none": Lie(),
    # Bounds of dates.
    "date_to means its midnight": bounded(bounds=TO_ITS_MIDNIGHT),
    "date_from means from the next day": bounded(bounds=FROM_THE_NEXT_DAY),
    "both dates mean noon": bounded(bounds=FROM_NOON_TO_NOON),
    "date_to is a day too far": bounded(bounds=TO_A_DAY_TOO_FAR),
    "date_to ends 3 h late": bounded(bounds=zones_apart(3)),
    "date_to ends 3 h early": bounded(bounds=zones_apart(-3)),
    "date_to ends 11 h early": bounded(bounds=zones_apart(-11)),
    "date_from ignored": bounded(bounds=IGNORES_FROM),
    "date_to ignored": bounded(bounds=IGNORES_TO),
    "date_to ignored beside date_from": bounded(bounds=IGNORES_TO_BESIDE_FROM),
    "all dates ignored": bounded(bounds=IGNORES_ALL),
    "zone +5:30": bounded(zone=hours(5.5)),
    "zone +13:45": bounded(zone=hours(13.75)),
    "zone -11": bounded(zone=hours(-11)),
    # Totals.
    "total capped at 500, rows cut off": paging(cap=500, cuts_off=True),
    "total capped at 500, rows beyond shown": paging(cap=500),
    "total one too many": paging(off=1),
    "total one too few": paging(off=-1),
    "total one too many, last_page right": bounded(miscounts=1),
    "total one too few, last_page right": bounded(miscounts=-1),
    "1 % soft-deleted counted": odd(soft_deleted=0.01),
    "10 % soft-deleted counted": odd(soft_deleted=0.1),
    "total cached for a minute": freshness(caches_total=60),
    "total of another moment than the rows": Lie(
        {"freshness": Freshness(count_lag=10)}, declared=True
    ),
    # Pages.
    "pages beyond 20 refused": paging(deepest_page=20),
    "pages beyond 60 refused": paging(deepest_page=60),
    "rows beyond 500 empty": paging(deepest_row=500),
    "later pages half as large": paging(shrinks_after=3),
    "page beyond the last is page 1": paging(first_beyond_last=True),
    "last_page of half the page size": paging(last_page_by=0.5),
    "last_page of twice the page size": paging(last_page_by=2),
    "last page hidden": paging(hides_pages=1),
    "pages cached for a minute": freshness(caches_pages=60),
    "1 % filtered after paging": odd(hidden=0.01),
    # Contacts.
    "one poisoned": odd(poisoned=1),
    "one twice": odd(twice=1),
    "two with one uuid": odd(namesakes=1),
    "uuid case varies": bounded(varies_case=0.01),
    "one undated": odd(undated=1),
    "30 undated": odd(undated=30),
    "one zero date": odd(zero_dated=1),
    "150 zero dates": odd(zero_dated=150),
    "150 zero dates, and one contact twice": odd(zero_dated=150, twice=1),
    "ids without order": odd(shuffled=True),
    "whole seconds": odd(whole_seconds=True),
    "visible up to 30 s late": odd(delay=30),
    "imports of 5, up to 30 s late": odd(delay=30, batch=5),
    "created_at edited": Lie(rates={Change.REDATE: 0.01}, declared=True),
    "filters, 20 in and 20 out a minute": Lie(
        {"filtered": True, "odd": Oddities(outside=300)}, {Change.JOIN: 1 / 6, Change.LEAVE: 1 / 6}
    ),
    # Moments.
    "responses up to 10 s old": freshness(lag=10),
    "two replicas, one 10 s behind": freshness(lag=10, two_replicas=True),
    "Date 5 s ahead": freshness(ahead=timedelta(seconds=5)),
    "Date 5 s behind": freshness(ahead=timedelta(seconds=-5)),
    "Date 1 h ahead": freshness(ahead=hours(1)),
    "Date 1 h behind": freshness(ahead=hours(-1)),
    "local time without zone, UTC-5": freshness(ahead=hours(5)),
    "local time without zone, UTC+3": freshness(ahead=hours(-3)),
    "local time without zone, days UTC": Lie(
        {"freshness": Freshness(ahead=hours(5)), "zone": hours(5)}
    ),
    # Too little with status 200.
    "first response empty": withholding(first=1),
    "every response empty": withholding(share=1),
    "1 % of responses empty": withholding(share=0.01),
    "half invisible from the 12th response on": withholding(blind_after=11),
}

LATE_LIES = {
    "visible up to 30 s late",
    "imports of 5, up to 30 s late",
    "responses up to 10 s old",
    "two replicas, one 10 s behind",
    "total cached for a minute",
    "pages cached for a minute",
}
"""Where larger pages are not to be had, two seconds of slack do not tell these."""

TWO_LIES = "two lies at once"


def is_declared(lie: str, *, obeys: bool) -> bool:
    """Return whether losses are a declared limit of the proof.

    Args:
        lie: One of `LIES`, or `TWO_LIES`.
        obeys: Whether the server obeys the request for larger pages.
    """
    return lie != TWO_LIES and (LIES[lie].declared or (not obeys and lie in LATE_LIES))


def _two_at_once(rng: Random) -> Lie:
    """Join two lies of different kinds."""
    while True:
        one, other = rng.sample([lie for lie in LIES.values() if not lie.declared], 2)
        if one.options.keys().isdisjoint(other.options):
            return Lie(one.options | other.options, one.rates | other.rates)


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
_MOST = 0.7
NOT_OBEYED = [Larger.IGNORED, Larger.REFUSED, Larger.FAILING]


def liar(lie: str, churning: str, seed: int, *, obeys: bool) -> SimulatedServer:
    """A server that tells this lie; all that is not given depends on the seed.

    Args:
        lie: One of `LIES`, or `TWO_LIES`.
        churning: One of `CHURNS`: what happens meanwhile.
        seed: Whatever number.
        obeys: Whether the server obeys the request for larger pages.
    """
    rng = Random(f"{lie} {seed}")
    told = _two_at_once(rng) if lie == TWO_LIES else LIES[lie]
    rates = CHURNS[churning]
    sizes = [rng.randint(40, 400), rng.randint(600, 1000), rng.randint(1100, 1800)]
    few_of_today = rates is TODAY and rng.random() < _MOST
    options: dict[str, Any] = {
        "size": sizes[0] if few_of_today else rng.choice(sizes),
        "page_size": 20,
        "order": [*Order][seed % len(Order)],
        "shape": Shape.RECENT if few_of_today else rng.choice(_SHAPES),
        "start": rng.choice(_STARTS),
        "step": rng.choice([0.3, 0.5, 1]),
        "larger": Larger.OBEYED if obeys else NOT_OBEYED[seed % len(NOT_OBEYED)],
        "seed": seed,
    }
    return SimulatedServer(**options | told.options, changes=churn({**rates, **told.rates}))

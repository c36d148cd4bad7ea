"""What happens to a simulated server's contacts between two requests."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from random import Random
from typing import NamedTuple


class Change(StrEnum):
    """What happens between two requests."""

    EDIT = "edit"
    INSERT = "insert"
    DELETE = "delete"
    SWAP = "swap"  # a delete and an insert at once, so that the total stays
    IMPORT = "import"  # a new contact with an old creation date
    STORM = "storm"  # an edit of every tenth contact
    GALE = "gale"  # an edit of three contacts in a hundred
    RECENT_EDIT = "recent edit"  # of one created yesterday or today
    RECENT_DELETE = "recent delete"
    JOIN = "join"  # an edit by which an older contact comes into what the filters select
    LEAVE = "leave"  # and one by which it goes
    REDATE = "redate"  # an edit of the creation date


class Event(NamedTuple):
    """One change, and a number that decides whom it hits."""

    change: Change
    choice: int


Changes = Callable[[int, Random, float], Iterable[Event]]
"""The events before the request of a number, while so many usual requests would take place."""


def churn(rates: Mapping[Change, float]) -> Changes:
    """Changes at random, so many of each kind per usual request on average."""

    def events(_request: int, rng: Random, steps: float) -> Iterator[Event]:
        kinds = [kind for kind, rate in rates.items() for _ in range(_poisson(rate * steps, rng))]
        rng.shuffle(kinds)
        for kind in kinds:
            yield Event(kind, rng.randrange(1 << 32))

    return events


def script(changes: Mapping[int, list[Event]]) -> Changes:
    """Changes laid down beforehand, by the number of the request that they precede."""
    return lambda request, _rng, _steps: changes.get(request, [])


QUIET = script({})


def _poisson(mean: float, rng: Random) -> int:
    count, chance = 0, rng.random()
    while chance > math.exp(-mean):
        chance *= rng.random()
        count += 1
    return count

"""The orders in which a simulated server pages through its contacts."""

from bisect import bisect_left
from enum import StrEnum
from operator import attrgetter

from tests.simulated.history import Version
from tests.simulated.moments import ZERO_DATE, ordinal

_KEY = attrgetter("key")
_MASK = (1 << 32) - 1


class Order(StrEnum):
    """How the server sorts what it pages through."""

    ID = "id"
    CREATED_NEWEST = "created newest"
    UPDATED_OLDEST = "updated oldest"
    UPDATED_NEWEST = "updated newest"
    UNSTABLE = "unstable"  # newest day of creation first, shuffled within a day at every request


UNTOUCHED_ORDERS = [Order.ID, Order.CREATED_NEWEST]
"""Those in which an edit moves nothing."""


def sort_key(order: Order, number: int, created: int | None, updated: int, zone: int) -> int:
    """Return a contact's place; as in databases, no creation date is before all others."""
    if created is None:
        created = ZERO_DATE
    match order:
        case Order.ID:
            return number
        case Order.CREATED_NEWEST:
            return -(created << 20 | number)
        case Order.UPDATED_OLDEST:
            return updated << 20 | number
        case Order.UPDATED_NEWEST:
            return -(updated << 20 | number)
        case Order.UNSTABLE:
            day = 0 if created == ZERO_DATE else ordinal(created + zone)
            return -day << 32 | number


def shuffled_slice(versions: list[Version], start: int, stop: int, salt: int) -> list[Version]:
    """Return versions[start:stop] as it would be with every day shuffled."""
    if start >= len(versions) or start >= stop:
        return []
    stop = min(stop, len(versions))
    first, last = versions[start].key >> 32, versions[stop - 1].key >> 32
    begin = bisect_left(versions, first << 32, key=_KEY)
    end = bisect_left(versions, (last + 1) << 32, key=_KEY)
    days = versions[begin:end]
    days.sort(key=lambda one: (one.key >> 32, one.number * salt & _MASK))
    return days[start - begin : stop - begin]

"""The orders in which a simulated server pages through its contacts."""

from collections.abc import Callable
from enum import StrEnum

from tests.simulated.bounds import DAY_LONG


class Order(StrEnum):
    """How the server sorts what it pages through."""

    ID = "id"
    CREATED_NEWEST = "created newest"
    UPDATED_OLDEST = "updated oldest"
    UPDATED_NEWEST = "updated newest"
    UNSTABLE = "unstable"  # newest day of creation first, shuffled within a day at every request


UNTOUCHED_ORDERS = [Order.ID, Order.CREATED_NEWEST]
"""Those in which an edit moves nothing."""

KEYS: dict[Order, Callable[[int, int, int], int]] = {
    Order.ID: lambda number, _created, _updated: number,
    Order.CREATED_NEWEST: lambda number, created, _updated: -(created << 20 | number),
    Order.UPDATED_OLDEST: lambda number, _created, updated: updated << 20 | number,
    Order.UPDATED_NEWEST: lambda number, _created, updated: -(updated << 20 | number),
    Order.UNSTABLE: lambda number, created, _updated: -(created // DAY_LONG) << 32 | number,
}
"""A contact's place by its number, the moment of its creation and that of its last edit."""

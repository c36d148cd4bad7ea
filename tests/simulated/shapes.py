"""How creation dates are spread before a scan begins."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random

from tests.simulated.bounds import DAY, SPAN


class Shape(StrEnum):
    """How creation dates are spread before the scan begins."""

    EVEN = "even"
    GROWING = "growing"
    GAP = "gap"  # half of it ten years old
    IMPORT = "import"  # half of it on one old day
    TIES = "ties"  # in runs of one creation time, each longer than a page
    OLD_DAY = "old day"
    TWO_DAYS = "two days"  # nine tenths on two old days
    TODAY = "today"
    RECENT = "recent"  # nine tenths yesterday and today
    ASLEEP = "asleep"  # nobody was created in the last ten days
    OUTLIER = "outlier"  # one contact forty years old
    UNDATED = "undated"  # a tenth has no creation date
    ONE_UNDATED = "one undated"


def creation_times(  # noqa: C901, PLR0911, PLR0912 - one case for each shape
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
        case Shape.OLD_DAY:
            return [within(old_day, rng) for _ in spread]
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

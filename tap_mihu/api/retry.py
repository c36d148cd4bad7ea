"""Waits: how long before a request is sent again, by our own rules or by the server's word."""

from __future__ import annotations

import email.utils
import math
import re
from datetime import UTC, datetime

__all__ = [
    "LONGEST_TOLD_WAIT_SECONDS",
    "backoff_seconds",
    "parse_http_date",
    "retry_after_seconds",
    "throttle_seconds",
]

LONGEST_TOLD_WAIT_SECONDS = 3600
"""A server that asks for more patience than this ends the run."""

_FIRST_BACKOFF_SECONDS = 0.5
_LONGEST_BACKOFF_SECONDS = 60.0


def backoff_seconds(tries: int, jitter: float) -> float:
    """Return how long to wait after a number of failed tries.

    Args:
        tries: Tries that failed so far, from 1.
        jitter: A random number from 0 to 1; waits spread over the upper half of the range.
    """
    longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0 ** min(tries - 1, 10))
    return longest * (1 + jitter) / 2


def throttle_seconds(streak: int) -> float:
    """Return how long all wait after being throttled `streak` times (from 1) without being told."""
    longest: float = min(_LONGEST_BACKOFF_SECONDS, 2.0 ** min(streak - 1, 10))
    return longest


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header: seconds or an HTTP date.

    Args:
        value: The header, None where there is none.
        now: The time the date is compared with: the server's, where it says so.

    Returns:
        The seconds to wait; None where the header names no time that lies ahead.
    """
    text = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        moment = parse_http_date(text)
        seconds = (moment - now).total_seconds() if moment else 0.0
    return math.ceil(seconds) if seconds > 0 else None


def parse_http_date(value: str | None) -> datetime | None:
    """Read an HTTP date as an aware time in UTC; None where it is none."""
    try:
        moment = email.utils.parsedate_to_datetime(value or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None

"""The quota: what a response's headers tell of the rate limit, in any of the forms in use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Quota", "read_quota"]

_NUMBER = re.compile(r"[0-9]{1,12}")
# A reset that is larger is no number of seconds from now but a moment, in seconds since 1970.
_EPOCH = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Quota:
    """The state of a rate limit at one response."""

    limit: int
    """Requests in a window."""
    remaining: int
    """Requests left in this window, after this one."""
    resets_in: float | None = None
    """Seconds until the next window; None where that is not told."""
    window: float | None = None
    """Seconds of a window; None where that is not told."""


def read_quota(headers: Mapping[str, str], served_at: datetime) -> Quota | None:
    """Return the quota that headers tell of; None where they tell of none.

    Args:
        headers: `X-RateLimit-*`, `RateLimit-*`, or `RateLimit` and `RateLimit-Policy`; names in
            any case, as requests has them.
        served_at: The server's time of the response.
    """
    for prefix in ("X-RateLimit-", "RateLimit-"):
        limit = _number(headers.get(f"{prefix}Limit", "").partition(",")[0])
        remaining = _number(headers.get(f"{prefix}Remaining"))
        if limit and remaining is not None:
            reset = _number(headers.get(f"{prefix}Reset"))
            if reset is not None and reset >= _EPOCH:
                reset -= int(served_at.timestamp())
            window = _policies(headers.get("RateLimit-Policy", "")).get("w")
            return _quota(limit, remaining, reset, window)
    if "RateLimit" not in headers:
        return None
    told = _policies(headers["RateLimit"])
    policy = _policies(headers.get("RateLimit-Policy", ""))
    limit = told.get("limit") or policy.get("q")
    remaining = told.get("remaining", told.get("r"))
    if not limit or remaining is None:
        return None
    return _quota(limit, remaining, told.get("reset", told.get("t")), policy.get("w"))


def _quota(limit: int, remaining: int, reset: int | None, window: int | None) -> Quota:
    return Quota(
        limit,
        min(remaining, limit),
        None if reset is None or reset < 0 else float(reset),
        float(window) if window else None,
    )


def _policies(value: str) -> dict[str, int]:
    """Return the parameters of a header's tightest policy; the first of equal ones.

    Older drafts: `limit=60, remaining=59, reset=30` and `60;w=60`; newer ones:
    `"default";r=59;t=30` and `"default";q=60;w=60`.
    """
    if "=" in value.partition(",")[0].partition(";")[0]:
        return _parameters(value.replace(",", ";"))
    found = []
    for item in value.split(","):
        name, _, rest = item.partition(";")
        parameters = _parameters(rest)
        quota = _number(name)
        if quota is not None:
            parameters.setdefault("q", quota)
        found.append(parameters)
    return min(found, key=lambda one: one.get("r", one.get("q", _EPOCH)), default={})


def _parameters(text: str) -> dict[str, int]:
    pairs = (part.partition("=") for part in text.split(";"))
    numbers = {name.strip().lower(): _number(value) for name, _, value in pairs}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None

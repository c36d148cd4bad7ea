"""Laravel's throttle: so many requests in the minute that begins with the first."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.sandbox.answers import json_response

if TYPE_CHECKING:
    from flask import Response

_WINDOW = timedelta(minutes=1)


class Throttle:
    """Count requests by the server's clock."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._ends: datetime | None = None
        self._count = 0

    def refuse(self, now: datetime) -> Response | None:
        """Count a request; answer it when it is one too many."""
        if self._ends is None or now >= self._ends:
            self._ends = now + _WINDOW
            self._count = 0
        if self._count < self._per_minute:
            self._count += 1
            return None
        headers = {
            "Retry-After": str(math.ceil((self._ends - now).total_seconds())),
            "X-RateLimit-Reset": str(math.ceil(self._ends.timestamp())),
        }
        body = {"message": "Too Many Attempts."}
        return json_response(body, HTTPStatus.TOO_MANY_REQUESTS, headers)

    def headers(self) -> dict[str, str]:
        """Tell what is left."""
        return {
            "X-RateLimit-Limit": str(self._per_minute),
            "X-RateLimit-Remaining": str(self._per_minute - self._count),
        }

"""Laravel's throttle: so many requests in the window that begins with the first."""

import math
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Response

from tests.sandbox.answers import json_response


class Throttle:
    """Count requests by the server's clock."""

    def __init__(self, limit: int, seconds: float = 60.0, *, tells: bool = True) -> None:
        self._limit = limit
        self._window = timedelta(seconds=seconds)
        self._tells = tells
        self._ends: datetime | None = None
        self._count = 0

    def refuse(self, now: datetime) -> Response | None:
        """Count a request; answer it when it is one too many."""
        if self._ends is None or now >= self._ends:
            self._ends = now + self._window
            self._count = 0
        if self._count < self._limit:
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
        if not self._tells:
            return {}
        return {
            "X-RateLimit-Limit": str(self._limit),
            "X-RateLimit-Remaining": str(self._limit - self._count),
        }

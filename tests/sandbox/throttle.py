"""Laravel's throttle: so many requests in the window that begins with the first."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from werkzeug import Response

from tests.sandbox.answers import json_response


class Throttle:
    """Count requests by the server's clock; without a limit, let all pass."""

    def __init__(self, limit: int | None, seconds: float, *, tells: bool) -> None:
        self._limit, self._window, self._tells = limit, timedelta(seconds=seconds), tells
        self._ends: datetime | None = None
        self._count = 0

    def guard(self, now: datetime, answer: Callable[[], Response]) -> Response:
        """Answer, unless it is one request too many; tell what is left."""
        if self._limit is None:
            return answer()
        if self._ends is None or now >= self._ends:
            self._ends, self._count = now + self._window, 0
        if self._count < self._limit:
            self._count += 1
            response = answer()
        else:
            response = json_response(
                {"message": "Too Many Attempts."},
                HTTPStatus.TOO_MANY_REQUESTS,
                {
                    "Retry-After": str(math.ceil((self._ends - now).total_seconds())),
                    "X-RateLimit-Reset": str(math.ceil(self._ends.timestamp())),
                },
            )
        if self._tells:
            response.headers["X-RateLimit-Limit"] = str(self._limit)
            response.headers["X-RateLimit-Remaining"] = str(self._limit - self._count)
        return response

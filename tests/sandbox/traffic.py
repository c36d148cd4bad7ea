"""What the server was asked: every request, and how many were in flight at once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from flask import Request
from werkzeug.datastructures import Headers


@dataclass(frozen=True)
class RequestInfo:
    """A request; numbers count from 1, `at` is in seconds of the monotonic clock."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    client_port: int
    at: float

    @property
    def page(self) -> int | None:
        """The asked page; none when it is no number."""
        return _number(self.query.get("page", "1"))

    @property
    def per_page(self) -> int | None:
        """The asked size of a page, if any."""
        return _number(self.query.get("per_page", ""))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


class Traffic:
    """A record of requests, written by many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: list[RequestInfo] = []
        self._in_flight = 0
        self._peak_in_flight = 0

    @property
    def requests(self) -> list[RequestInfo]:
        """All requests so far."""
        with self._lock:
            return self._requests.copy()

    @property
    def peak_in_flight(self) -> int:
        """The most requests ever in flight at once."""
        with self._lock:
            return self._peak_in_flight

    def arrive(self, request: Request) -> RequestInfo:
        """Note a request."""
        with self._lock:
            info = RequestInfo(
                number=len(self._requests) + 1,
                method=request.method,
                path=request.path,
                query=request.args.to_dict(),
                headers=Headers(list(request.headers.items())),
                client_port=request.environ["REMOTE_PORT"],
                at=time.monotonic(),
            )
            self._requests.append(info)
            self._in_flight += 1
            self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
            return info

    def leave(self) -> None:
        """Note that a request is about to be answered."""
        with self._lock:
            self._in_flight -= 1

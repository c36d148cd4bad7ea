"""What the server was asked."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from werkzeug import Request
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
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, request: Request, number: int) -> "RequestInfo":
        return cls(
            number,
            request.method,
            request.path,
            request.args.to_dict(),
            Headers(list(request.headers.items())),
            request.environ["REMOTE_PORT"],
        )

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

"""The sandbox: a workspace behind a real HTTP server on the loopback interface."""

import hmac
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from secrets import token_urlsafe
from threading import Event
from typing import Any, Self

from flask import Response
from werkzeug import Request
from werkzeug.http import http_date

from tests.sandbox import answers
from tests.sandbox.faults import Fault, Script, never
from tests.sandbox.further import ordered
from tests.sandbox.parameters import DEFAULT_PER_PAGE, problems, understood
from tests.sandbox.wire import RequestInfo, Server, Wire
from tests.sandbox.workspace import Workspace

BASE = "/api/v1"
_CONTACTS = "contacts"


@dataclass
class Sandbox:
    """Serves a workspace while its `with` block runs; the options say in which ways it is odd."""

    workspace: Workspace = field(default_factory=Workspace)
    _: KW_ONLY
    faults: Script = never
    before_request: Callable[[int, Workspace], None] = lambda _number, _workspace: None
    token: str = field(default_factory=lambda: token_urlsafe(24))
    latency: float = 0.0
    throttle_per_minute: int | None = None
    throttle_seconds: float = 60.0  # of the window that begins with the first request
    throttle_tells: bool = True
    caps_per_page: int | None = None
    supports_dates: bool = True
    port: int = 0
    peak_in_flight: int = field(init=False, default=0)  # the most requests ever at once
    stopping: Event = field(init=False, default_factory=Event)
    _requests: list[RequestInfo] = field(init=False, default_factory=list)
    _in_flight: set[Request] = field(init=False, default_factory=set)
    _throttle_ends: datetime | None = field(init=False, default=None)
    _throttle_count: int = field(init=False, default=0)
    _server: Server = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self.stopping.clear()
        self._server = Server(self.answer, self.port, self.stopping)
        # Kept, so that a sandbox entered again is a server that came back.
        self.port = self._server.port
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The API's address, as the tap's `api_url`."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    def config(self, **more: Any) -> dict[str, Any]:
        """Give the tap's settings for this server."""
        return {"api_url": self.url, "auth_token": self.token, **more}

    @property
    def requests(self) -> list[RequestInfo]:
        """All requests so far, in the order they were answered in."""
        return self._requests.copy()

    def answer(self, request: Request) -> tuple[Response, Callable[[Wire], None]]:
        """Answer well or badly, under the workspace's lock, so that answers are consistent."""
        try:
            with self.workspace.lock:
                answer = self._spoiled(request)
            self.stopping.wait(self.latency)
            return answer
        finally:
            # Before the answer is out: its reader may ask again at once.
            self._in_flight.discard(request)

    def _spoiled(self, request: Request) -> tuple[Response, Callable[[Wire], None]]:
        info = RequestInfo.of(request, len(self._requests) + 1)
        self._requests.append(info)
        self._in_flight.add(request)
        self.peak_in_flight = max(self.peak_in_flight, len(self._in_flight))
        self.before_request(info.number, self.workspace)
        date = http_date(self.workspace.clock.now())
        honest = self._honest(request)
        honest.headers["Date"] = date
        fault = self.faults(info) or Fault("none")
        response = fault.alter(honest)
        if response is not honest:
            response.headers.setdefault("Date", date)
        return response, fault.send

    def _honest(self, request: Request) -> Response:
        path = request.path.removeprefix(f"{BASE}/")
        known = path == _CONTACTS or path in self.workspace.listings
        if not known or request.method != "GET":
            message = f"The route {request.path[1:]} could not be found."
            return answers.json_response({"message": message}, HTTPStatus.NOT_FOUND)
        if refusal := self._unauthorized(request):
            return refusal
        return self._throttled(self.throttle_per_minute, path, request)

    def _throttled(self, limit: int | None, path: str, request: Request) -> Response:
        """Answer, unless it is one request too many for Laravel's throttle; tell what is left."""
        if limit is None:
            return self._page(path, request)
        now = self.workspace.clock.now()
        if self._throttle_ends is None or now >= self._throttle_ends:
            self._throttle_ends = now + timedelta(seconds=self.throttle_seconds)
            self._throttle_count = 0
        if self._throttle_count < limit:
            self._throttle_count += 1
            response = self._page(path, request)
        else:
            message = {"message": "Too Many Attempts."}
            ends = self._throttle_ends
            told = {
                "Retry-After": str(math.ceil((ends - now).total_seconds())),
                "X-RateLimit-Reset": str(math.ceil(ends.timestamp())),
            }
            response = answers.json_response(message, HTTPStatus.TOO_MANY_REQUESTS, told)
        if self.throttle_tells:
            response.headers["X-RateLimit-Limit"] = str(limit)
            response.headers["X-RateLimit-Remaining"] = str(limit - self._throttle_count)
        return response

    def _unauthorized(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and token
        if known and hmac.compare_digest(token.encode(), self.token.encode()):
            return None
        first_accepted = request.headers.get("Accept", "").partition(",")[0]
        if "json" not in first_accepted:
            location = {"Location": f"{request.host_url}login"}
            return Response(
                answers.LOGIN_PAGE, HTTPStatus.FOUND, location, content_type=answers.HTML
            )
        code, message = (
            ("INVALID_AUTH_TOKEN", "Invalid authentication token")
            if known
            else ("MISSING_AUTH_TOKEN", "Authentication required")
        )
        return answers.documented_error(HTTPStatus.UNAUTHORIZED, code, message)

    def _page(self, path: str, request: Request) -> Response:
        asked = understood(path, request.args, dates=self.supports_dates)
        if errors := problems(path, asked):
            (message, *_), *_ = errors.values()
            refusal = {"message": message, "errors": errors}
            return answers.json_response(refusal, HTTPStatus.UNPROCESSABLE_ENTITY)
        page, per_page = int(asked.pop("page", 1)), int(asked.pop("per_page", DEFAULT_PER_PAGE))
        per_page = min(per_page, self.caps_per_page or per_page)
        shown = slice((page - 1) * per_page, page * per_page)
        rows: Sequence[Mapping[str, Any]]
        if path == _CONTACTS:
            selected = self.workspace.select(asked)
            total = len(selected)
            rows = [self.workspace.as_sent(row.contact) for row in selected[shown]]
        else:
            listed = ordered(self.workspace.listings[path], asked)
            total, rows = len(listed), listed[shown]
        body = answers.envelope(
            rows, page=page, per_page=per_page, total=total, path=request.base_url
        )
        return answers.json_response(body)

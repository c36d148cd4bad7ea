"""The API: each request is answered under the workspace's lock, so that answers are consistent."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from http import HTTPStatus
from secrets import token_urlsafe
from threading import Event
from typing import Any

from werkzeug import Request, Response
from werkzeug.http import http_date

from tests.sandbox import answers
from tests.sandbox.faults import Fault, Script, never
from tests.sandbox.further import ordered
from tests.sandbox.parameters import DEFAULT_PER_PAGE, problems, understood
from tests.sandbox.throttle import Throttle
from tests.sandbox.traffic import RequestInfo
from tests.sandbox.wire import Wire
from tests.sandbox.workspace import Workspace

BASE = "/api/v1"
_CONTACTS = "contacts"


@dataclass
class Api:
    """Answers requests; the options say in which ways it is odd."""

    workspace: Workspace = field(default_factory=Workspace)
    _: KW_ONLY
    faults: Script = never
    before_request: Callable[[int, Workspace], None] = lambda _number, _workspace: None
    token: str = field(default_factory=lambda: token_urlsafe(24))
    latency: float = 0.0
    throttle_per_minute: int | None = None
    throttle_seconds: float = 60.0
    """The throttle's minute."""
    throttle_tells: bool = True
    caps_per_page: int | None = None
    supports_dates: bool = True
    ignores_page: bool = False
    numbers_as_text: bool = False
    escapes_like_php: bool = True
    rejects_like_laravel: bool = False
    peak_in_flight: int = field(init=False, default=0)
    """The most requests ever in flight at once."""
    stopping: Event = field(init=False, default_factory=Event)
    _requests: list[RequestInfo] = field(init=False, default_factory=list)
    _in_flight: set[Request] = field(init=False, default_factory=set)
    _throttle: Throttle = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._throttle = Throttle(
            self.throttle_per_minute, self.throttle_seconds, tells=self.throttle_tells
        )

    @property
    def requests(self) -> list[RequestInfo]:
        """All requests so far, in the order they were answered in."""
        return self._requests.copy()

    def answer(self, request: Request) -> tuple[Response, Callable[[Wire], None]]:
        """Answer a request, well or badly."""
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
        page = partial(self._page, path, request)
        return self._throttle.guard(self.workspace.clock.now(), page)

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
        if self.rejects_like_laravel:
            return answers.json_response({"message": "Unauthenticated."}, HTTPStatus.UNAUTHORIZED)
        code, message = (
            ("INVALID_AUTH_TOKEN", "Invalid authentication token")
            if known
            else ("MISSING_AUTH_TOKEN", "Authentication required")
        )
        return answers.documented_error(HTTPStatus.UNAUTHORIZED, code, message)

    def _page(self, path: str, request: Request) -> Response:
        asked = understood(path, request.args, dates=self.supports_dates)
        if errors := problems(path, asked):
            return answers.invalid(errors)
        page, per_page = int(asked.pop("page", 1)), int(asked.pop("per_page", DEFAULT_PER_PAGE))
        page = 1 if self.ignores_page else page
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
        if self.numbers_as_text:
            body["data"] |= {
                key: str(body["data"][key]) for key in ("current_page", "last_page", "total")
            }
        encode = answers.php_json if self.escapes_like_php else answers.utf8_json
        return Response(encode(body), content_type=answers.JSON)

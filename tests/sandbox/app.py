"""The HTTP application: the API, and a back door that changes the workspace."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from random import Random
from threading import Lock
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.http import http_date

from tests.sandbox.answers import (
    HTML,
    JSON,
    LOGIN_PAGE,
    documented_error,
    envelope,
    invalid,
    json_response,
    php_json,
    utf8_json,
)
from tests.sandbox.further import ordered
from tests.sandbox.parameters import Invalid, validate, validate_further
from tests.sandbox.server import SEND
from tests.sandbox.throttle import Throttle

if TYPE_CHECKING:
    from tests.sandbox.sandbox import Sandbox

BASE = "/api/v1"
_CONTACTS = "contacts"
# Routes are made by way of `ast`, which fails now and then in several threads at once (gh-106905).
_making = Lock()


class _Api:
    """Answers requests, each under the workspace's lock so that its answer is consistent."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._workspace = sandbox.workspace
        self._throttle = None
        if sandbox.throttle_per_minute is not None:
            self._throttle = Throttle(
                sandbox.throttle_per_minute, sandbox.throttle_seconds, tells=sandbox.throttle_tells
            )
        self._encode = php_json if sandbox.escapes_like_php else utf8_json

    def answer(self, path: str) -> Response:
        """Answer the current request, well or badly."""
        del path  # in the request, too
        sandbox = self._sandbox
        with self._workspace.lock:
            info = sandbox.traffic.arrive(request)
            try:
                sandbox.before_request(info.number, self._workspace)
                date = http_date(self._workspace.clock.now())
                response = honest = self._honest()
                honest.headers["Date"] = date
                if fault := sandbox.faults(info):
                    response = fault.alter(honest)
                    request.environ[SEND] = fault.send
                if response is not honest:
                    response.headers.setdefault("Date", date)
            except BaseException:
                sandbox.traffic.leave()
                raise
        sandbox.stopping.wait(sandbox.latency)
        # Before the answer is out: its reader may ask again at once.
        sandbox.traffic.leave()
        return response

    def _honest(self) -> Response:
        path = request.path.removeprefix(f"{BASE}/")
        if path != _CONTACTS and path not in self._workspace.listings:
            message = f"The route {request.path[1:]} could not be found."
            return json_response({"message": message}, HTTPStatus.NOT_FOUND)
        if refusal := self._unauthorized():
            return refusal
        if not self._throttle:
            return self._page(path)
        response = self._throttle.refuse(self._workspace.clock.now()) or self._page(path)
        response.headers.update(self._throttle.headers())
        return response

    def _unauthorized(self) -> Response | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        known = scheme.lower() == "bearer" and token
        if known and hmac.compare_digest(token.encode(), self._sandbox.token.encode()):
            return None
        first_accepted = request.headers.get("Accept", "").partition(",")[0]
        if "json" not in first_accepted:
            location = {"Location": f"{request.host_url}login"}
            return Response(LOGIN_PAGE, HTTPStatus.FOUND, location, content_type=HTML)
        if self._sandbox.rejects_like_laravel:
            return json_response({"message": "Unauthenticated."}, HTTPStatus.UNAUTHORIZED)
        code, message = (
            ("INVALID_AUTH_TOKEN", "Invalid authentication token")
            if known
            else ("MISSING_AUTH_TOKEN", "Authentication required")
        )
        return documented_error(HTTPStatus.UNAUTHORIZED, code, message)

    def _page(self, path: str) -> Response:
        sandbox = self._sandbox
        workspace = self._workspace
        try:
            if path == _CONTACTS:
                asked = validate(request.args, supports_dates=sandbox.supports_dates)
            else:
                asked = validate_further(path, request.args)
        except Invalid as problem:
            return invalid(problem.errors)
        page = 1 if sandbox.ignores_page else asked.page
        per_page = min(asked.per_page, sandbox.caps_per_page or asked.per_page)
        shown = slice((page - 1) * per_page, page * per_page)
        if path == _CONTACTS:
            selected = workspace.select(asked.filters)
            total, rows = len(selected), [workspace.as_sent(row.contact) for row in selected[shown]]
        else:
            listed = ordered(workspace.listings[path], asked.filters)
            total, rows = len(listed), listed[shown]
        body = envelope(rows, page=page, per_page=per_page, total=total, path=request.base_url)
        if sandbox.numbers_as_text:
            for key in ("current_page", "last_page", "total"):
                body["data"][key] = str(body["data"][key])
        return Response(self._encode(body), content_type=JSON)


class _BackDoor:
    """Changes the workspace between two runs of a client."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._workspace = sandbox.workspace
        self._rng = Random(0)

    def change(self, kind: str) -> Response:
        """Make `count` changes, and tell which contacts they met."""
        count = request.args.get("count", 1, type=int)
        workspace = self._workspace
        with workspace.lock:
            if kind == "edit":
                uuids = workspace.edit_some(self._rng, count)
            elif kind == "delete":
                uuids = workspace.delete_some(self._rng, count)
            else:
                uuids = [workspace.insert() for _ in range(count)]
        return json_response({"uuids": uuids})


def make_app(sandbox: Sandbox) -> Flask:
    """Make the application of one sandbox."""
    app = Flask(__name__, static_folder=None)
    # A bug in a hook or a script shows as a traceback, not as an answer worth a retry.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with _making:
        app.add_url_rule("/<path:path>", view_func=_Api(sandbox).answer)
        app.add_url_rule("/login", "login", lambda: LOGIN_PAGE)
        app.add_url_rule(
            "/_sandbox/<any(edit, insert, delete):kind>",
            view_func=_BackDoor(sandbox).change,
            methods=["POST"],
        )
    return app

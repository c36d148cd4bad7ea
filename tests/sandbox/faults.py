"""What can go wrong between a server and its client, and when."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Response

from tests.sandbox.answers import HTML, JSON, LOGIN_PAGE, documented_error, json_response, php_json
from tests.sandbox.wire import RequestInfo, Wire


def _unaltered(response: Response) -> Response:
    return response


@dataclass(frozen=True)
class Fault:
    """A way to alter an answer, or to send it badly."""

    name: str
    alter: Callable[[Response], Response] = _unaltered
    send: Callable[[Wire], None] = Wire.send


# Answers of another kind.


def status(
    code: int, body: object = None, headers: Mapping[str, str] | None = None, *, html: bool = False
) -> Fault:
    """Answer with an error: of the documented shape, with this JSON, or with a page."""

    def alter(_: Response) -> Response:
        if html:
            response = Response(f"<html><h1>{code}</h1></html>", code, content_type=HTML)
        elif body is None:
            phrase = HTTPStatus(code).phrase
            response = documented_error(code, phrase.upper().replace(" ", "_"), phrase)
        else:
            response = json_response(body, code)
        response.headers.update(headers or {})
        return response

    return Fault(f"status {code}", alter)


def retry_after(value: object = 1, code: int = HTTPStatus.TOO_MANY_REQUESTS) -> Fault:
    """Throttle, and tell for how long: seconds, an HTTP date or nonsense."""
    throttled = code == HTTPStatus.TOO_MANY_REQUESTS
    message = "Too Many Attempts." if throttled else HTTPStatus(code).phrase
    return status(code, {"message": message}, {"Retry-After": str(value)})


def redirect(location: str = "/login", code: int = HTTPStatus.FOUND) -> Fault:
    to = {"Location": location}
    return Fault("redirect", lambda _: Response("", code, to, content_type=HTML))


def success_false(message: str = "Something went wrong") -> Fault:
    """Report a failure with status 200."""
    return Fault("success false", lambda _: documented_error(200, "SERVER_ERROR", message))


def html(text: str = LOGIN_PAGE) -> Fault:
    """Show a page to a human, with status 200."""
    return Fault("html", lambda _: Response(text, content_type=HTML))


def not_json(body: str | bytes = "no JSON") -> Fault:
    return Fault("not JSON", lambda _: Response(body, content_type=JSON))


empty = partial(not_json, "")


def wrong_envelope(value: object) -> Fault:
    return Fault("wrong envelope", lambda _: json_response(value))


# The true answer, altered.


def _edited(name: str, edit: Callable[[bytes], bytes]) -> Fault:
    def alter(response: Response) -> Response:
        response.set_data(edit(response.get_data()))
        return response

    return Fault(name, alter)


def lying(**fields: Any) -> Fault:
    """Send the true page with false fields beside its rows, or other rows: `lying(total=7)`."""

    def edit(body: bytes) -> bytes:
        answer = json.loads(body)
        answer["data"] |= fields
        return php_json(answer)

    return _edited("lying", edit)


def cut_json() -> Fault:
    return _edited("cut JSON", lambda body: body[: len(body) // 2])


def headers(changes: Mapping[str, str | None]) -> Fault:
    """Send other headers, or leave some out."""

    def alter(response: Response) -> Response:
        for name, value in changes.items():
            response.headers.remove(name)
            if value is not None:
                response.headers[name] = value
        return response

    return Fault("headers", alter)


# The true answer, badly sent.


def delay(seconds: float) -> Fault:
    def send(wire: Wire) -> None:
        wire.wait(seconds)
        wire.send()

    return Fault("delay", send=send)


def drip(seconds: float, pieces: int = 20) -> Fault:
    """Answer well, but so slowly that it takes that long."""

    def send(wire: Wire) -> None:
        data = wire.head + wire.body
        size = -(-len(data) // pieces)
        for start in range(0, len(data), size):
            wire.send(data[start : start + size])
            wire.wait(seconds / pieces)

    return Fault("drip", send=send)


def _broken(head: bool, end: Callable[[Wire], None], seconds: float = 60) -> Fault:
    """Send nothing or half the body, keep silent for some seconds, then end the connection."""

    def send(wire: Wire) -> None:
        if head:
            wire.send(wire.head + wire.body[: len(wire.body) // 2])
        wire.wait(seconds)
        end(wire)

    return Fault("broken", send=send)


close = partial(_broken, False, Wire.close, 0)
reset = partial(_broken, False, Wire.reset, 0)
cut_body = partial(_broken, True, Wire.close, 0)
reset_in_body = partial(_broken, True, Wire.reset, 0)
hang = partial(_broken, False, Wire.close)
hang_in_body = partial(_broken, True, Wire.close)


# When.

Script = Callable[[RequestInfo], Fault | None]
"""Chooses what goes wrong with a request; asked once for each, one at a time."""


def never(_: RequestInfo) -> Fault | None:
    return None


def always(fault: Fault) -> Script:
    return lambda _: fault


def at_request(number: int, fault: Fault) -> Script:
    return lambda info: fault if info.number == number else None


def at_page(page: int, fault: Fault, times: int = 1) -> Script:
    """Spoil the first so many requests for this page, whatever they filter by."""
    left = iter([fault] * times)
    return lambda info: next(left, None) if info.page == page else None


def in_turn(*faults: Fault | None) -> Script:
    """Spoil the first requests, one fault each, and none after them."""
    left = iter(faults)
    return lambda _: next(left, None)


def first_of(*scripts: Script) -> Script:
    """Ask all scripts; the first with a fault decides."""
    return lambda info: next(filter(None, [ask(info) for ask in scripts]), None)

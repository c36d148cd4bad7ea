"""What can go wrong between a server and its client, and when."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any

from flask import Response

from tests.sandbox.answers import HTML, JSON, LOGIN_PAGE, documented_error, json_response, php_json
from tests.sandbox.traffic import RequestInfo
from tests.sandbox.wire import Wire


def _unaltered(response: Response) -> Response:
    return response


@dataclass(frozen=True)
class Fault:
    """A way to alter an answer, or to send it badly."""

    name: str
    alter: Callable[[Response], Response] = _unaltered
    send: Callable[[Wire], None] = Wire.send


Script = Callable[[RequestInfo], Fault | None]
"""Chooses what goes wrong with a request; asked once for each, one at a time."""


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
    """Point elsewhere."""
    return Fault(
        "redirect", lambda _: Response("", code, {"Location": location}, content_type=HTML)
    )


def success_false(message: str = "Something went wrong") -> Fault:
    """Report a failure with status 200."""
    return Fault("success false", lambda _: documented_error(200, "SERVER_ERROR", message))


def html(text: str = LOGIN_PAGE) -> Fault:
    """Show a page to a human, with status 200."""
    return Fault("html", lambda _: Response(text, content_type=HTML))


def not_json(body: str | bytes = "no JSON") -> Fault:
    """Send this as if it were JSON, with status 200."""
    return Fault("not JSON", lambda _: Response(body, content_type=JSON))


def empty() -> Fault:
    """Send no body, with status 200."""
    return not_json("")


def wrong_envelope(value: object) -> Fault:
    """Send other JSON than the documented envelope."""
    return Fault("wrong envelope", lambda _: json_response(value))


def lying(**fields: Any) -> Fault:  # noqa: ANN401 - any JSON
    """Send the true page with false fields beside its rows, or other rows: `lying(total=7)`."""

    def alter(response: Response) -> Response:
        body = json.loads(response.get_data())
        body["data"] |= fields
        response.set_data(php_json(body))
        return response

    return Fault("lying", alter)


def headers(changes: Mapping[str, str | None]) -> Fault:
    """Send other headers, or leave some out."""

    def alter(response: Response) -> Response:
        for name, value in changes.items():
            if value is None:
                response.headers.remove(name)
            else:
                response.headers[name] = value
        return response

    return Fault("headers", alter)


def cut_json() -> Fault:
    """Send half the JSON in a sound HTTP answer."""

    def alter(response: Response) -> Response:
        body = response.get_data()
        response.set_data(body[: len(body) // 2])
        return response

    return Fault("cut JSON", alter)


# Answers badly sent.


def delay(seconds: float) -> Fault:
    """Answer well, but late."""

    def send(wire: Wire) -> None:
        wire.wait(seconds)
        wire.send()

    return Fault("delay", send=send)


def close() -> Fault:
    """Close the connection without an answer."""
    return Fault("close", send=Wire.close)


def reset() -> Fault:
    """Reset the connection without an answer."""
    return Fault("reset", send=Wire.reset)


def hang(seconds: float = 60) -> Fault:
    """Keep silent, then close."""

    def send(wire: Wire) -> None:
        wire.wait(seconds)
        wire.close()

    return Fault("hang", send=send)


def hang_in_body(seconds: float = 60) -> Fault:
    """Send half the body, keep silent, then close."""

    def send(wire: Wire) -> None:
        wire.send(wire.head + wire.body[: len(wire.body) // 2])
        wire.wait(seconds)
        wire.close()

    return Fault("hang in body", send=send)


def cut_body() -> Fault:
    """Send half the promised body, then close."""
    return Fault("cut body", send=hang_in_body(0).send)


def reset_in_body() -> Fault:
    """Send half the body, then reset the connection."""

    def send(wire: Wire) -> None:
        wire.send(wire.head + wire.body[: len(wire.body) // 2])
        wire.reset()

    return Fault("reset in body", send=send)


def drip(seconds: float, pieces: int = 20) -> Fault:
    """Answer well, but so slowly that it takes that long."""

    def send(wire: Wire) -> None:
        data = wire.head + wire.body
        size = -(-len(data) // pieces)
        for start in range(0, len(data), size):
            wire.send(data[start : start + size])
            wire.wait(seconds / pieces)

    return Fault("drip", send=send)


# When.


def never(_: RequestInfo) -> Fault | None:
    """Let everything go well."""
    return None


def always(fault: Fault) -> Script:
    """Spoil every request."""
    return lambda _: fault


def at_request(number: int, fault: Fault) -> Script:
    """Spoil the request with this number, from 1."""
    return lambda info: fault if info.number == number else None


def at_page(page: int, fault: Fault, times: int = 1) -> Script:
    """Spoil the first so many requests for this page, whatever they filter by."""
    left = times

    def script(info: RequestInfo) -> Fault | None:
        nonlocal left
        if info.page != page or not left:
            return None
        left -= 1
        return fault

    return script


def in_turn(*faults: Fault | None) -> Script:
    """Spoil the first requests, one fault each, and none after them."""
    left = iter(faults)
    return lambda _: next(left, None)


def sometimes(fault: Fault, share: float, seed: int = 0) -> Script:
    """Spoil a share of the requests at random."""
    rng = Random(seed)
    return lambda _: fault if rng.random() < share else None


def first_of(*scripts: Script) -> Script:
    """Ask all scripts; the first with a fault decides."""

    def script(info: RequestInfo) -> Fault | None:
        return next(filter(None, [ask(info) for ask in scripts]), None)

    return script

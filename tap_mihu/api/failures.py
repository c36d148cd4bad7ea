"""Failures: what an exception of the network means, whose fault it is, and what to check.

One exception of requests or urllib3 stands for many things, so the whole chain of causes is looked
at; of the rows of the table, the first that fits any cause is the answer.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

import requests
import urllib3.exceptions

from tap_mihu.api.deadlines import ResponseDeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FORESEEN", "Failure", "Scope", "explain"]

FORESEEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What sending a request may raise."""

_Cause = BaseException


class Scope(Enum):
    """What a failure ends."""

    RUN = auto()
    """The run, at once."""
    RUN_UNLESS_ANSWERED = auto()
    """The run at once if nothing was answered yet; later it may pass."""
    RUN_AT_LAST = auto()
    """The run, when every try failed: no other request would do better."""
    REQUEST = auto()
    """This request, when every try failed; another may do better."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure in words."""

    text: str
    """One line, without a final full stop."""
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Row:
    fits: Callable[[_Cause], object]
    words: Callable[[_Cause], str]
    """What happened; `{whom}` stands for the host, `{check}` for the settings to check."""
    scope: Scope


def _is(*kinds: type[_Cause]) -> Callable[[_Cause], bool]:
    return lambda cause: isinstance(cause, kinds)


def _says(text: str) -> Callable[[_Cause], bool]:
    return lambda cause: (
        isinstance(cause, OSError) and re.search(text, str(cause.args[:1])) is not None
    )


def _always(text: str) -> Callable[[_Cause], str]:
    return lambda _: text


def _tunnel_refused(cause: _Cause) -> str:
    status = re.search(r"failed: ([0-9]{3})", str(cause))
    code = f" (HTTP {status[1]})" if status else ""
    return f"{{whom}} refuses to connect to the API{code}: check {{check}}"


def _tls_failure(cause: _Cause) -> str:
    reason = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
    words = re.sub("[{}]", "", str(reason or "handshake failed"))
    return f"TLS failure ({words}): check {{tls}} and REQUESTS_CA_BUNDLE"


def _system_words(cause: _Cause) -> str:
    words = os.strerror(getattr(cause, "errno", 0)).lower()
    return f"{{at_proxy}}{words}"


_ROWS = (
    _Row(
        _says("CA certificate bundle"),
        _always("The CA file that REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) names is missing"),
        Scope.RUN,
    ),
    _Row(
        _says("Tunnel connection failed: 407"),
        _always("{whom} asks for a login (HTTP 407): check {check}"),
        Scope.RUN,
    ),
    _Row(
        _says("Tunnel connection failed: (408|425|429|5)"),
        _tunnel_refused,
        Scope.RUN_AT_LAST,
    ),
    _Row(_says("Tunnel connection failed"), _tunnel_refused, Scope.RUN_UNLESS_ANSWERED),
    _Row(
        lambda cause: isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN,
        _always("the name of {whom} cannot be resolved for the moment: check {check}"),
        Scope.RUN_AT_LAST,
    ),
    _Row(
        _is(socket.gaierror), _always("{whom} is unknown: check {check}"), Scope.RUN_UNLESS_ANSWERED
    ),
    _Row(_is(ssl.SSLCertVerificationError), _tls_failure, Scope.RUN),
    _Row(_is(ssl.SSLError), _tls_failure, Scope.RUN_UNLESS_ANSWERED),
    _Row(
        lambda cause: isinstance(cause, ValueError) and isinstance(cause, FORESEEN),
        lambda cause: (
            f"The request cannot be sent ({type(cause).__name__}): check api_url, the proxy "
            "variables and REQUESTS_CA_BUNDLE"
        ),
        Scope.RUN,
    ),
    _Row(
        _is(ResponseDeadlineError),
        _always("the response is still coming after twice request_timeout"),
        Scope.REQUEST,
    ),
    # The system's own word first: urllib3 counts a refused connection among its timeouts.
    _Row(
        lambda cause: isinstance(cause, ConnectionRefusedError) and cause.errno,
        _system_words,
        Scope.RUN_AT_LAST,
    ),
    _Row(
        lambda cause: (
            isinstance(cause, OSError) and cause.errno and not isinstance(cause, ConnectionError)
        ),
        _system_words,
        Scope.RUN_AT_LAST,
    ),
    _Row(lambda cause: isinstance(cause, OSError) and cause.errno, _system_words, Scope.REQUEST),
    _Row(
        _is(urllib3.exceptions.ConnectTimeoutError),
        _always("{at_proxy}no connection within request_timeout"),
        Scope.RUN_AT_LAST,
    ),
    _Row(
        _is(requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        _always("{at_proxy}no response within request_timeout"),
        Scope.REQUEST,
    ),
    _Row(_is(urllib3.exceptions.IncompleteRead), _always("the body is cut off"), Scope.REQUEST),
    _Row(
        lambda _: True,
        lambda cause: f"{{at_proxy}}connection failed ({type(cause).__name__})",
        Scope.REQUEST,
    ),
)


def explain(error: BaseException, *, proxy: str | None) -> Failure:
    """Return what an exception means, in words that hold no URL and no data.

    Args:
        error: One of `FORESEEN`.
        proxy: Host and port of the proxy that requests go by, None without one.
    """
    causes = list(_causes(error))
    row, cause = next((row, cause) for row in _ROWS for cause in causes if row.fits(cause))
    kinds = (urllib3.exceptions.ProxyError, requests.exceptions.ProxyError)
    at_proxy = proxy is not None and any(isinstance(one, kinds) for one in causes)
    name = f"the proxy {proxy}".rstrip()
    text = row.words(cause).format(
        whom=name if at_proxy else "the API's host",
        check="HTTP_PROXY, HTTPS_PROXY and NO_PROXY" if at_proxy else "subdomain or api_url",
        tls="HTTPS_PROXY" if at_proxy else "api_url",
        at_proxy=f"{name}: " if at_proxy else "",
    )
    return Failure(text, row.scope)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk from an error to what caused it; requests and urllib3 wrap in three ways."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        wrapped = [arg for arg in one.args if isinstance(arg, BaseException)]
        reason = getattr(one, "reason", None)
        if isinstance(reason, BaseException):
            wrapped.append(reason)
        pending += [*wrapped, one.__cause__, one.__context__]

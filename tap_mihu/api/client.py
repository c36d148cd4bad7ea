"""HTTP: sends requests, checks answers, tries again, and says in one line what went wrong.

What is logged and raised here names statuses, causes and settings, never a URL, a body or a
record: those hold personal data.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import requests
import urllib3.exceptions
from typing_extensions import override

from tap_mihu.api.deadlines import DeadlineAdapter, ResponseDeadlineError
from tap_mihu.api.retry import Verdict, backoff_seconds, judge, parse_http_date, retry_after_seconds
from tap_mihu.api.throttle import ThrottleGate
from tap_mihu.errors import MihuError, UnreadableBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.connectionpool import ConnectionPool

__all__ = ["Client", "Response", "root_url"]

_T = TypeVar("_T")
_HTTPResponse = requests.Response

_HINTS = {
    HTTPStatus.UNAUTHORIZED: "the token is missing, wrong or expired: check auth_token",
    HTTPStatus.FORBIDDEN: "the token's owner lacks the permission: check auth_token",
    HTTPStatus.NOT_FOUND: "there is no such workspace or path: check subdomain or api_url",
    HTTPStatus.UNPROCESSABLE_ENTITY: "the API refuses a parameter: check filters and page_size",
}
_REDIRECT_HINT = "redirects are not followed: check subdomain, api_url and auth_token"
_LONGEST_QUOTE = 300
_LARGEST_BODY_BYTES = 512 * 2**20
_CHUNK_BYTES = 2**20
_STREAMED = (True, None, None)  # stream, verify, cert

# urllib3 logs every URL, with the filters in it, at DEBUG, and some at WARNING.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Response:
    """A good answer's body, and when it was made and came."""

    body: bytes
    served_at: datetime
    """The server's clock (`Date`), the local one where it names none; UTC."""
    received_at: datetime
    """The local clock, UTC."""


class _RetryableError(Exception):
    """This try failed in a way that a further one may not."""


class _Adapter(DeadlineAdapter):
    """Sends to one host, always by the same way, which is worked out but once."""

    _pool: ConnectionPool | None = None

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool


class Client:
    """Reads one API with one token, from any number of threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        user_agent: str,
        timeout_seconds: float,
        max_retries: int,
        logger: logging.Logger,
    ) -> None:
        """Prepare what all requests share.

        Args:
            url: The API's root, `https://acme.mihu.ai/api/v1`.
            token: The API token.
            user_agent: The `User-Agent`.
            timeout_seconds: Without an answer for so long, a request has failed.
            max_retries: Tries after the first for a failing request; throttling does not count.
            logger: Is told of retries and waits.
        """
        self._url = url.rstrip("/")
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "Authorization": f"Bearer {token}",
            "Connection": "keep-alive",
            "User-Agent": user_agent,
        }
        self._timeout_seconds = timeout_seconds
        self._max_retries = max_retries
        self._logger = logger
        self._stopped = threading.Event()
        self._gate = ThrottleGate(self._stopped)
        self._local = threading.local()
        self._jitter = random.Random()  # noqa: S311 - no secret depends on it
        self._answered = False
        self._counting = threading.Lock()
        self._sessions: list[requests.Session] = []
        self.requests = 0
        """Requests sent so far."""
        self.retries = 0
        """How many of them repeated a failed one."""

    def close(self) -> None:
        """End every wait; requests under way end by themselves."""
        self._stopped.set()
        with self._counting:
            for session in self._sessions:
                session.close()

    def retry(self, attempt: Callable[[], _T]) -> _T:
        """Return the result of an attempt, made again while it fails in a passing way.

        Args:
            attempt: Calls `get` and reads the response; raises `UnreadableBodyError` where the
                body is worth asking for again.

        Raises:
            MihuError: The API refuses, or every try failed.
            StoppedError: `close` was called meanwhile.
        """
        failures = 0
        while True:
            try:
                result = attempt()
            except (_RetryableError, UnreadableBodyError) as error:
                failures += 1
                self._wait_before_retry(failures, str(error))
            else:
                self._gate.good_answer()
                return result

    def get(self, path: str, params: Mapping[str, Any]) -> Response:
        """Send one request, anew as long as the API throttles; to be called within `retry`.

        Args:
            path: Below the API's root.
            params: The query.

        Raises:
            MihuError: The API refuses.
            StoppedError: `close` was called meanwhile.
        """
        while True:
            response = self._send(path, params, self._gate.wait())
            if response is not None:
                return response

    def _wait_before_retry(self, failures: int, cause: str) -> None:
        if failures > self._max_retries:
            tries = "once" if failures == 1 else f"{failures} times"
            text = f"The API could not be read: {cause} (tried {tries}, see max_retries)."
            raise MihuError(text)
        seconds = backoff_seconds(failures, self._jitter.random())
        self._logger.info(
            "Trying again in %.1f s (%d of %d): %s", seconds, failures, self._max_retries, cause
        )
        with self._counting:
            self.retries += 1
        self._gate.pause(seconds)

    def _send(self, path: str, params: Mapping[str, Any], sent_at: float) -> Response | None:
        """Send one request; None stands for one that was throttled."""
        with self._counting:
            self.requests += 1
        with _foreseen(certain=not self._answered):
            response = self._response(path, params)
            with contextlib.closing(response):
                self._answered = True
                served_at = _served_at(response.headers.get("Date"))
                status = response.status_code
                told = retry_after_seconds(response.headers.get("Retry-After"), served_at)
                verdict = judge(status, retry_after=told is not None)
                body = self._body(response) if verdict is not Verdict.THROTTLE else b""
        if verdict is Verdict.READ:
            return Response(body, served_at, datetime.now(UTC))
        if verdict is Verdict.RETRY:
            text = f"HTTP {status}"
            raise _RetryableError(text)
        if verdict is Verdict.THROTTLE:
            seconds = self._gate.shut(told, sent_at)
            if seconds:
                self._logger.info("HTTP %d: all requests wait %.0f s", status, seconds)
            return None
        raise MihuError(_refusal(status, body))

    def _response(self, path: str, params: Mapping[str, Any]) -> _HTTPResponse:
        try:
            send = self._local.send
        except AttributeError:
            send = self._local.send = self._open_session()
        response: _HTTPResponse = send(f"{self._url}{path}?{urlencode(params)}")
        return response

    def _open_session(self) -> Callable[[str], _HTTPResponse]:
        """Make the current thread's session: one connection, prepared once.

        The adapter is called directly. A session's own `send` would follow up redirects and, in
        preparing, replace our token with a login from `.netrc`.
        """
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        with self._counting:
            self._sessions.append(session)
        prepared = requests.Request("GET", self._url, headers=self._headers).prepare()
        # Proxies, NO_PROXY and REQUESTS_CA_BUNDLE apply only where they are passed on.
        environment: Any = session.merge_environment_settings(self._url, {}, *_STREAMED)
        adapter_send = session.get_adapter(self._url).send

        def send(url: str) -> _HTTPResponse:
            prepared.url = url
            return adapter_send(prepared, timeout=self._timeout_seconds, **environment)

        return send

    @staticmethod
    def _body(response: _HTTPResponse) -> bytes:
        """Read a body within the size a body may have."""
        chunks = []
        size = 0
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > _LARGEST_BODY_BYTES:
                text = f"The answer exceeds {_LARGEST_BODY_BYTES >> 20} MiB: lower page_size."
                raise MihuError(text)
        return b"".join(chunks)


@lru_cache(maxsize=16)
def _parsed_date(value: str) -> datetime | None:
    return parse_http_date(value)


def _served_at(value: str | None) -> datetime:
    return (_parsed_date(value) if value else None) or datetime.now(UTC)


@contextlib.contextmanager
def _foreseen(*, certain: bool) -> Iterator[None]:
    """Turn what the network does into our words.

    Args:
        certain: No answer has come yet, so that a failing TLS handshake is no passing fault.
    """
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        causes = list(_causes(error))
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            text = "The API's host is unknown: check subdomain or api_url."
            raise MihuError(text) from None
        tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
        if tls is not None and (certain or isinstance(tls, ssl.SSLCertVerificationError)):
            reason = getattr(tls, "verify_message", None) or tls.reason or "handshake failed"
            text = f"TLS failure ({reason}): check api_url and REQUESTS_CA_BUNDLE."
            raise MihuError(text) from None
        if isinstance(error, ValueError) or any(
            isinstance(cause, OSError) and "CA certificate bundle" in str(cause) for cause in causes
        ):
            text = (
                f"The request cannot be sent ({type(error).__name__}): check api_url, the proxy "
                "variables and REQUESTS_CA_BUNDLE."
            )
            raise MihuError(text) from None
        raise _RetryableError(_named(causes)) from None


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


def _named(causes: list[BaseException]) -> str:
    # The system's own word first: urllib3 counts a refused connection among its timeouts.
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno:
            return os.strerror(cause.errno).lower()
    if any(isinstance(cause, ResponseDeadlineError) for cause in causes):
        return "the answer is still coming after twice request_timeout"
    kinds = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    if any(isinstance(cause, kinds) for cause in causes):
        return "no answer within request_timeout"
    if any(isinstance(cause, urllib3.exceptions.IncompleteRead) for cause in causes):
        return "the body is cut off"
    return f"connection failed ({type(causes[0]).__name__})"


def _refusal(status: int, body: bytes) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"HTTP {status}: {_REDIRECT_HINT}."
    hint = _HINTS.get(HTTPStatus(status)) if status in list(HTTPStatus) else None
    text = f"HTTP {status}: {hint or 'the API refuses the request'}."
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        text += _validation_text(body)
    return text


def _validation_text(body: bytes) -> str:
    """Quote what the API's own validation says, in one line."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    errors = answer.get("errors")
    texts = [answer.get("message")]
    if isinstance(errors, dict):
        texts += [text for of in errors.values() for text in (of if isinstance(of, list) else [of])]
    said = dict.fromkeys(text for text in texts if isinstance(text, str))
    quote = " ".join(" ".join(said).split())[:_LONGEST_QUOTE]
    return f" It says: {quote}" if quote else ""


def root_url(config: Mapping[str, Any]) -> str:
    """Return the API's root for a checked configuration."""
    url: str = config.get("api_url") or f"https://{config['subdomain']}.mihu.ai/api/v1"
    return url.rstrip("/")

"""The client: sends requests to one API, tries again, and waits where it is told to.

What is logged and raised here names statuses, causes and settings, never a URL, a body or a
record: those hold personal data.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from tap_mihu.api.connections import Connections
from tap_mihu.api.failures import FORESEEN, Scope, explain
from tap_mihu.api.quota import read_quota
from tap_mihu.api.quotes import quoted
from tap_mihu.api.refusals import Rule, Verdict, judge, refusal
from tap_mihu.api.responses import Response, body_of, served_at_of
from tap_mihu.api.retry import backoff_seconds, retry_after_seconds
from tap_mihu.api.throttle import ThrottleGate
from tap_mihu.errors import MihuError, RefusedError, UnreadableBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_mihu.api.quota import Quota
    from tap_mihu.api.rate_limit import RateLimit
    from tap_mihu.log import Log

__all__ = ["Client", "Response", "root_url"]

_T = TypeVar("_T")

# One page or another may be refused; a server that refuses so many in a row refuses all of them.
_MOST_REFUSED_IN_A_ROW = 20
# A page of which every try failed has taken minutes: the fourth in a row is the last.
_GIVEN_UP_COUNTS = 7

# urllib3 logs every URL, with the filters in it, at DEBUG, and some at WARNING.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class _PassingError(Exception):
    """This try failed in a way that a further one may not."""

    def __init__(self, cause: str, *, scope: Scope = Scope.REQUEST) -> None:
        super().__init__(cause)
        self.scope = scope


class _GivenUpError(RefusedError):
    """Every try of a request failed."""


class _DoubtfulError(Exception):
    """A refusal that counts only if it comes again."""

    def __init__(self, cause: str, refusal: MihuError) -> None:
        super().__init__(cause)
        self.refusal = refusal


def _headers(token: str, user_agent: str) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": f"Bearer {token}",
        "Connection": "keep-alive",
        "User-Agent": user_agent,
    }


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
        logger: Log,
        rate_limit: RateLimit | None = None,
    ) -> None:
        """Prepare what all requests share.

        Args:
            url: The API's root, `https://acme.mihu.ai/api/v1`.
            token: The API token.
            user_agent: The `User-Agent`.
            timeout_seconds: Without a response for so long, a request has failed.
            max_retries: Tries after the first for a failing request; throttling does not count.
            logger: Is told of retries and waits.
            rate_limit: Spreads the requests; None for as fast as the API lets them in.
        """
        self._token = token
        headers = _headers(token, user_agent)
        self._connections = Connections(url.rstrip("/"), headers, timeout_seconds)
        self._max_retries = max_retries
        self._logger = logger
        self._stopped = threading.Event()
        self._gate = ThrottleGate(self._stopped, rate_limit)
        self._jitter = random.Random()  # noqa: S311 - no secret depends on it
        self._read_once = False
        self._refused_in_a_row = 0
        self._counting = threading.Lock()
        self.on_pause: Callable[[float], None] = lambda _seconds: None
        """Is told for how many seconds all requests pause from now."""
        self.answered = False
        """Whether any response has come."""
        self.requests = 0
        """Requests sent so far."""
        self.retries = 0
        """How many of them repeated a failed one."""
        self.request_seconds = 0.0
        """How long they took, all together."""

    @property
    def paused_seconds(self) -> float:
        """For how long all requests were paused so far, because the API asked for it."""
        return self._gate.paused_seconds

    def close(self) -> None:
        """End every wait; requests under way end by themselves."""
        self._stopped.set()
        self._connections.close()

    def retry(self, attempt: Callable[[], _T], *, patient: bool = True) -> _T:
        """Return the result of an attempt, made again while it fails in a passing way.

        Args:
            attempt: Calls `get` and reads the response; raises `UnreadableBodyError` where the
                body is worth asking for again.
            patient: Whether the attempt is made again; without it, the first failure counts.

        Raises:
            RefusedError: The API refuses this request, or every try of it failed.
            MihuError: No request would be answered, or many in a row were refused.
            StoppedError: `close` was called meanwhile.
        """
        in_a_row = self._refused_in_a_row
        try:
            result = self._tried(attempt, patient=patient)
        except RefusedError as error:
            # Those that were under way side by side count as one.
            if in_a_row == self._refused_in_a_row:
                given_up = patient and isinstance(error, _GivenUpError)
                self._refused_in_a_row += _GIVEN_UP_COUNTS if given_up else 1
            if in_a_row >= _MOST_REFUSED_IN_A_ROW:
                raise MihuError(str(error)) from None
            raise
        self._refused_in_a_row = 0
        return result

    def _tried(self, attempt: Callable[[], _T], *, patient: bool) -> _T:
        failures = 0
        doubted = False
        most = self._max_retries if patient else 0
        while True:
            try:
                result = attempt()
            except (_PassingError, UnreadableBodyError) as error:
                failures += 1
                if failures > most:
                    raise _given_up(error, failures) from None
                self._wait_before_retry(failures, most, str(error))
            except _DoubtfulError as error:
                refused = isinstance(error.refusal, RefusedError)
                if doubted or (refused and not patient):
                    raise error.refusal from None
                doubted = True
                self._wait_before_retry(1, 1, str(error))
            else:
                self._read_once = True
                self._gate.good_answer()
                return result

    def get(self, path: str, params: Mapping[str, Any]) -> Response:
        """Send one request, anew as long as the API throttles; to be called within `retry`.

        Args:
            path: Below the API's root.
            params: The query.

        Raises:
            RefusedError: The API refuses this request.
            MihuError: The API refuses the run, or cannot be reached.
            StoppedError: `close` was called meanwhile.
        """
        while True:
            response = self._send(path, params, self._gate.wait())
            if response is not None:
                return response

    def quoted(self, text: str, params: Mapping[str, Any]) -> str:
        """Return what the server says, without the token and the query's values."""
        return quoted(text, self._secrets(params))

    def _secrets(self, params: Mapping[str, Any]) -> list[str]:
        return [self._token, *(value for value in params.values() if isinstance(value, str))]

    def _wait_before_retry(self, failures: int, most: int, cause: str) -> None:
        seconds = backoff_seconds(failures, self._jitter.random())
        self._logger.info("Trying again in %.1f s (%d of %d): %s", seconds, failures, most, cause)
        with self._counting:
            self.retries += 1
        self._gate.pause(seconds)

    def _send(self, path: str, params: Mapping[str, Any], sent_at: float) -> Response | None:
        """Send one request; None stands for one that was throttled."""
        with self._counting:
            self.requests += 1
        try:
            with self._connections.get(f"{path}?{urlencode(params)}") as got:
                self.answered = True
                served_at = served_at_of(got)
                told = retry_after_seconds(got.headers.get("Retry-After"), served_at)
                self._note_quota(read_quota(got.headers, served_at), sent_at)
                rule = judge(got.status_code, retry_after=told is not None)
                body = body_of(got) if rule.verdict is not Verdict.THROTTLE else b""
        except FORESEEN as error:
            raise self._failure(error) from None
        finally:
            with self._counting:
                self.request_seconds += time.monotonic() - sent_at
        if rule.verdict is Verdict.READ:
            return Response(body, served_at, datetime.now(UTC))
        if rule.verdict is Verdict.THROTTLE:
            self._pause_all(got.status_code, told, sent_at)
            return None
        raise self._refusal(got.status_code, body, rule, params)

    def _note_quota(self, quota: Quota | None, sent_at: float) -> None:
        most = self._gate.note_quota(quota, sent_at)
        if most is not None and quota is not None:
            self._logger.info(
                "the API's rate limit is %d requests a window: using at most %d of them",
                quota.limit,
                most,
            )

    def _pause_all(self, status: int, told_seconds: float | None, sent_at: float) -> None:
        seconds = self._gate.shut(told_seconds, sent_at)
        if seconds:
            self.on_pause(seconds)
            self._logger.info(
                "rate limited (HTTP %d): pausing all requests for %.0f s", status, seconds
            )

    def _refusal(
        self, status: int, body: bytes, rule: Rule, params: Mapping[str, Any]
    ) -> Exception:
        if rule.verdict is Verdict.RETRY:
            return _PassingError(f"HTTP {status}")
        error = refusal(status, body, rule, self._secrets(params))
        if rule.doubtful and self._read_once:
            return _DoubtfulError(f"HTTP {status}, after good responses", error)
        return error

    def _failure(self, error: BaseException) -> Exception:
        failure = explain(error, proxy=self._connections.proxy)
        at_once = failure.scope is Scope.RUN or (
            failure.scope is Scope.RUN_UNLESS_ANSWERED and not self.answered
        )
        if at_once:
            return MihuError(f"{failure.text[:1].upper()}{failure.text[1:]}.")
        return _PassingError(failure.text, scope=failure.scope)


def _given_up(error: Exception, failures: int) -> MihuError:
    """Return the error for a request of which every try failed."""
    tries = "once" if failures == 1 else f"{failures} times"
    text = f"The API could not be read: {error} (tried {tries}, see max_retries)."
    other_may_do = getattr(error, "scope", Scope.REQUEST) is Scope.REQUEST
    return _GivenUpError(text) if other_may_do else MihuError(text)


def root_url(config: Mapping[str, Any]) -> str:
    """Return the API's root for a checked configuration."""
    url: str = config.get("api_url") or f"https://{config['subdomain']}.mihu.ai/api/v1"
    return url.rstrip("/")

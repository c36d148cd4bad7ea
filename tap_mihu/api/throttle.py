"""The throttle gate: when one worker is told to wait, no worker sends; nor sooner than is fair."""

from __future__ import annotations

import time
from threading import Event, Lock
from typing import TYPE_CHECKING

from tap_mihu.api.rate_limit import RateLimit
from tap_mihu.api.retry import LONGEST_TOLD_WAIT_SECONDS, throttle_seconds
from tap_mihu.errors import MihuError, StoppedError

if TYPE_CHECKING:
    from tap_mihu.api.quota import Quota

__all__ = ["ThrottleGate"]

_SHORTEST_PAUSE_SECONDS = 0.001
# A wait that grows by less is not told again.
_NEWS_SECONDS = 1.0


class ThrottleGate:
    """One time, under a lock, before which nobody sends."""

    # A server that throttles for longer without one good answer is not going to let us in.
    _UNTOLD_PATIENCE_SECONDS = 600.0
    _TOLD_PATIENCE_SECONDS = 2.0 * LONGEST_TOLD_WAIT_SECONDS

    def __init__(self, stopped: Event, rate_limit: RateLimit | None = None) -> None:
        """Start open.

        Args:
            stopped: Ends every wait.
            rate_limit: Spreads the requests; None for as fast as can be.
        """
        self._stopped = stopped
        self._rate_limit = rate_limit or RateLimit()
        self._lock = Lock()
        self._opens_at = 0.0
        self._shut_at = 0.0
        self._streak = 0
        self._throttled_since: float | None = None
        self.paused_seconds = 0.0
        """For how long all requests were paused so far, because the API asked for it."""

    def wait(self) -> float:
        """Wait until sending is allowed.

        Returns:
            The monotonic time, for `shut`.

        Raises:
            StoppedError: The run is over.
        """
        while True:
            now = time.monotonic()
            with self._lock:
                seconds = max(self._opens_at, self._rate_limit.earliest(now)) - now
                if seconds <= 0 and not self._stopped.is_set():
                    self._rate_limit.note_sent(now)
                    return now
            self.pause(max(seconds, _SHORTEST_PAUSE_SECONDS))

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run.

        Raises:
            StoppedError: The run is over.
        """
        if self._stopped.wait(seconds):
            raise StoppedError

    def shut(self, told_seconds: float | None, sent_at: float) -> float:
        """Keep all from sending after a throttled answer.

        Args:
            told_seconds: How long the server said, None where it did not say.
            sent_at: When the throttled request was sent, by `wait`.

        Returns:
            Seconds that all wait now; 0 where that is no news, for they wait as long already.

        Raises:
            MihuError: The server asks for more patience than there is.
        """
        if told_seconds is not None and told_seconds > LONGEST_TOLD_WAIT_SECONDS:
            raise MihuError(
                f"The API asks to wait {told_seconds:.0f} seconds (Retry-After), more than the "
                f"{LONGEST_TOLD_WAIT_SECONDS} that a run waits: start it again later."
            )
        now = time.monotonic()
        with self._lock:
            self._rate_limit.note_refusal(told_seconds, now)
            if told_seconds is None and sent_at < self._shut_at:
                return 0.0
            if self._throttled_since is None:
                self._throttled_since = now
            patience = (
                self._UNTOLD_PATIENCE_SECONDS
                if told_seconds is None
                else self._TOLD_PATIENCE_SECONDS
            )
            if now - self._throttled_since > patience:
                raise MihuError(
                    f"The API has throttled every request for {now - self._throttled_since:.0f} "
                    "seconds (HTTP 429): lower max_concurrent_requests or start again later."
                )
            # Waits that are not told count from the last one that was.
            self._streak = self._streak + 1 if told_seconds is None else 0
            seconds = throttle_seconds(self._streak) if told_seconds is None else told_seconds
            self._shut_at = now
            longer = now + seconds - max(self._opens_at, now)
            is_news = self._opens_at <= now or longer > _NEWS_SECONDS
            self._opens_at = max(self._opens_at, now + seconds)
            self.paused_seconds += max(0.0, longer)
            return seconds if is_news else 0.0

    def note_quota(self, quota: Quota | None, sent_at: float) -> int | None:
        """Learn from a response what the API's rate limit is.

        Args:
            quota: What the response tells of it.
            sent_at: When its request was sent, by `wait`.

        Returns:
            How many requests of each window may be used, if that is news; else None.
        """
        if quota is None:
            return None
        with self._lock:
            before = self._rate_limit.limit
            self._rate_limit.note_response(quota, sent_at, time.monotonic())
            return None if self._rate_limit.limit == before else self._rate_limit.most

    def good_answer(self) -> None:
        """Forget earlier throttling: the server answers again."""
        if self._throttled_since is not None:
            with self._lock:
                self._streak = 0
                self._throttled_since = None

"""The rate limit: requests are spread over the API's window, and some of it is left to others.

It knows no clock and takes no lock: whoever asks says what time it is, by `time.monotonic`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_mihu.api.quota import Quota

__all__ = ["RateLimit"]

_MINUTE = 60.0
_ASSUMED_SECONDS = 60.0
"""Length of a window until it shows."""
_SECOND = 1.0
_REMEMBERED = 256
_NEVER = float("-inf")
_LONGEST = 86_400.0
# Others may need more than their share, but not so much that nothing goes on here.
_LEAST_SHARE = 0.25
# What remains in a new window: all but a few, or far more than before.
_NEARLY_ALL = 0.25
# A smaller part of a window tells nothing of how many requests others send.
_TELLING = 0.2


class RateLimit:
    """When the next request may be sent.

    The window is Laravel's: it begins with the first request, of whoever it is, after the one
    before is over. That shows when no less remains at a response than at an earlier one.
    """

    def __init__(self, percent: int = 100, per_minute: int | None = None) -> None:
        """Start without knowing a limit of the API.

        Args:
            percent: The share of the API's limit that may be used, from 1 to 100.
            per_minute: A limit of the user's own, None without one.
        """
        self._share = percent / 100
        self._own_interval = _MINUTE / per_minute if per_minute else 0.0
        self._sent: deque[float] = deque(maxlen=_REMEMBERED)
        self._last_sent = _NEVER
        self._limit: int | None = None
        self._seconds = _ASSUMED_SECONDS
        self._learnt = False
        self._window = _Window(_NEVER, _NEVER, _NEVER)
        self._others_before = 0

    @property
    def limit(self) -> int | None:
        """Requests a window, by the API; None where it tells none."""
        return self._limit

    @property
    def most(self) -> int:
        """How many of them this run may use."""
        return max(1, int((self._limit or 0) * self._share))

    @property
    def seconds(self) -> float:
        """Length of a window, as far as it is known."""
        return self._seconds

    def earliest(self, now: float) -> float:
        """Return when the next request may be sent; a time that is past means at once."""
        own = self._last_sent + self._own_interval
        if self._limit is None:
            return own
        window = self._window
        end = self._end
        left = self._budget(now) - window.used
        if not window.used or (now >= end and not window.checked):
            return own
        fair = self._seconds / self.most
        if left < 1 and now < end and self.most - window.used >= 1:
            # Only what others may still send is in the way: they may not.
            return max(own, min(end, now + fair))
        if left < 1:
            # The next window should have begun by then. What is sent shows whether it has.
            pause = fair * min(2.0**window.probes - 1, self.most)
            return max(own, end, self._last_sent + pause)
        if now >= end:
            # This window is longer than thought: by half, to begin with. Or it is over, and the
            # requests of others hide that.
            spread = (self._last_sent * left - window.began / 2) / (left - 0.5)
            return max(own, spread, self._last_sent + fair)
        spread = (self._last_sent * left + end) / (left + 1)
        if not self._learnt:
            # Within the share, an early look shows whether the window is a short one.
            look = self._last_sent + (self._last_sent - window.began) / 2 + _SECOND
            spread = min(spread, look)
        # Nor all at once after a pause.
        return max(own, spread, self._last_sent + fair / 2)

    def note_sent(self, now: float) -> None:
        """Take note of a request that is sent now."""
        window = self._window
        window.checked = window.checked or now >= self._end
        if self._limit is not None and self._budget(now) - window.used < 1:
            window.probes += 1
        self._last_sent = now
        self._sent.append(now)
        window.used += 1

    def note_response(self, quota: Quota | None, sent_at: float, now: float) -> None:
        """Learn from a response.

        Args:
            quota: What its headers tell of the limit.
            sent_at: When its request was sent.
            now: The time.
        """
        if quota is None:
            return
        window = self._window
        if self._limit is None:
            self._begin(quota, sent_at, _NEVER, now)
            self._window.others_at_first = self._window.others
        elif sent_at < window.began:
            return  # Of the window before.
        elif window.is_followed_by(quota, sent_at):
            self._learn_length(window, now)
            self._others_before = window.others - window.others_at_first
            self._begin(quota, sent_at, window.last_sent, now)
        else:
            self._limit = quota.limit
            window.note(quota)
            window.outlived = window.outlived or sent_at >= self._end
            if window.began_after > _NEVER:
                self._seconds = max(self._seconds, sent_at - window.began)
        self._window.seen.append((now, quota.remaining))
        self._window.last_sent = max(self._window.last_sent, sent_at)
        if quota.window is not None:
            self._seconds = quota.window
            self._learnt = True
        if quota.resets_in is not None:
            self._window.told_end = now + quota.resets_in

    def note_refusal(self, told_seconds: float | None, now: float) -> None:
        """Learn from a request that was throttled: it does not count, and may tell the end."""
        window = self._window
        window.used = max(0, window.used - 1)
        if told_seconds is not None:
            window.told_end = now + told_seconds
            self._learnt = True
            if window.began_after > _NEVER:
                self._seconds = max(1.0, window.told_end - window.began)

    def _learn_length(self, window: _Window, over_at: float) -> None:
        """Learn from a window that was over by some time, at the latest."""
        observed = over_at - window.began_after
        self._learnt = self._learnt or observed < _LONGEST
        if observed < self._seconds or (window.outlived and observed < _LONGEST):
            # Windows last for whole seconds.
            self._seconds = float(int(observed)) if observed > 1 else observed

    def _begin(self, quota: Quota, at: float, after: float, now: float) -> None:
        self._limit = quota.limit
        first = quota.remaining == quota.limit - 1
        self._window = _Window(at, at if first else after, now)
        # What was sent after the last request that is known to be of the old window may be of this.
        self._window.used = sum(sent > after for sent in self._sent)
        self._window.note(quota)

    @property
    def _end(self) -> float:
        told = self._window.told_end
        # The server's clock began when the request arrived, the response came after that.
        return self._window.known_at + self._seconds if told is None else told

    def _budget(self, now: float) -> float:
        """Return how many requests this window has for us; others may use more than the rest."""
        if self._share == 1 or self._limit is None:
            return self.most
        window = self._window
        fresh = window.others - window.others_at_first
        rate = fresh / max(now - window.began, _TELLING * self._seconds)
        expected = window.others + rate * max(0.0, self._end - now)
        others = max(expected, self._others_before)
        least = max(1.0, _LEAST_SHARE * self.most)
        return max(least, min(self.most, self._limit - others - 1)) if others else self.most


class _Window:
    """What is known of the window that is on."""

    def __init__(self, began: float, began_after: float, known_at: float) -> None:
        self.began = began
        """When it had begun, at the latest."""
        self.began_after = began_after
        """When it had not begun yet, at the earliest; unknown in the first window."""
        self.known_at = known_at
        """When that was seen."""
        self.told_end: float | None = None
        self.used = 0
        """Requests of ours."""
        self.others = 0
        """Requests of others."""
        self.others_at_first = 0
        self.checked = False
        """Whether a request was sent after its end."""
        self.outlived = False
        """Whether it was on when it should have been over."""
        self.probes = 0
        """Requests sent beyond our share, to see whether the window is over."""
        self.last_sent = began
        self.seen: deque[tuple[float, int]] = deque(maxlen=_REMEMBERED)
        """When responses came, and what remained by them."""

    def is_followed_by(self, quota: Quota, sent_at: float) -> bool:
        """Return whether a response is of a later window."""
        earlier = [remaining for came_at, remaining in self.seen if came_at <= sent_at]
        if not earlier or quota.remaining < min(earlier):
            return False
        most = max(2.0, _NEARLY_ALL * quota.limit)
        return quota.limit - quota.remaining <= most or quota.remaining - min(earlier) >= most

    def note(self, quota: Quota) -> None:
        """Learn from a response of this window."""
        self.others = max(self.others, quota.limit - quota.remaining - self.used)

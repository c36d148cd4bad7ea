"""A simulation of clients that share Laravel's throttle, by a clock of its own."""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count

from tap_mihu.api.quota import Quota
from tap_mihu.api.rate_limit import RateLimit

__all__ = ["Read", "Server"]


@dataclass
class Server:
    """So many requests in the window that begins with the first one after the last is over."""

    limit: int | None
    window_seconds: float = 60.0
    tells: bool = True
    """Whether good responses name the limit and what remains."""
    window: int = 0
    _ends: float = float("-inf")
    _count: int = 0

    def ask(self, now: float) -> tuple[Quota | None, float | None]:
        """The quota that a response tells of, and for how long a refusal says to wait."""
        if self.limit is None:
            return None, None
        if now >= self._ends:
            self._ends = now + self.window_seconds
            self._count = 0
            self.window += 1
        if self._count >= self.limit:
            return None, float(math.ceil(self._ends - now))
        self._count += 1
        return (Quota(self.limit, self.limit - self._count) if self.tells else None), None


class Read:
    """A read as fast as the limit allows, while others send their requests at some times."""

    def __init__(
        self,
        requests: int,
        server: Server,
        limit: RateLimit,
        *,
        workers: int = 4,
        latency: float = 0.1,
        others: Iterable[float] = (),
    ) -> None:
        self.seconds = 0.0
        self.sent: list[float] = []
        self.refused = self.others_asked = self.others_refused = 0
        self.used: Counter[int] = Counter()
        """Requests of ours that were answered, by the server's windows."""
        self._server = server
        self._limit = limit
        self._half_way = latency / 2
        self._left = requests
        # The first request goes alone, for it shows what there is to read.
        self._idle, self._more = 1, workers - 1
        self._now = self._opens_at = 0.0
        self._number = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for at in others:
            self._at(at, self._other)
        outstanding = requests
        while outstanding > sum(self.used.values()) or self._idle < workers:
            self._step()

    def _at(self, moment: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._number), event))

    def _step(self) -> None:
        ready = math.inf
        if self._left and self._idle:
            ready = max(self._now, self._opens_at, self._limit.earliest(self._now))
        if self._events and self._events[0][0] <= ready:
            self._now, _, happen = heapq.heappop(self._events)
            happen()
        elif ready > self._now:
            self._now = ready  # What was learnt meanwhile may have changed the time.
        else:
            self._limit.note_sent(self._now)
            self.sent.append(self._now)
            self._left -= 1
            self._idle -= 1
            self._at(self._now + self._half_way, partial(self._arrive, self._now))

    def _other(self) -> None:
        self.others_asked += 1
        self.others_refused += self._server.ask(self._now)[1] is not None

    def _arrive(self, sent_at: float) -> None:
        quota, told = self._server.ask(self._now)
        self.used[self._server.window] += told is None
        self._at(self._now + self._half_way, partial(self._respond, sent_at, quota, told))

    def _respond(self, sent_at: float, quota: Quota | None, told: float | None) -> None:
        self._idle += 1 + self._more
        self._more = 0
        self.seconds = self._now
        if told is None:
            self._limit.note_response(quota, sent_at, self._now)
        else:
            self._left += 1
            self.refused += 1
            self._opens_at = max(self._opens_at, self._now + told)
            self._limit.note_refusal(told, self._now)

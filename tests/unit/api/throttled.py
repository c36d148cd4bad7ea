"""A simulation of clients that share Laravel's throttle, by a clock of its own."""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count

from tap_mihu.api.quota import Quota
from tap_mihu.api.rate_limit import RateLimit

__all__ = ["Read", "Server", "read"]


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


@dataclass
class Read:
    """What came of a read beside another client."""

    seconds: float = 0.0
    sent: list[float] = field(default_factory=list)
    refused: int = 0
    others_asked: int = 0
    others_refused: int = 0
    used: Counter[int] = field(default_factory=Counter)
    """Requests of ours that were answered, by the server's windows."""


@dataclass(order=True)
class _Event:
    at: float
    number: int
    kind: str = field(compare=False)
    sent_at: float = field(compare=False, default=0.0)
    quota: Quota | None = field(compare=False, default=None)
    told: float | None = field(compare=False, default=None)


class _Reading:
    """One read, event by event."""

    def __init__(
        self, requests: int, server: Server, limit: RateLimit, workers: int, latency: float
    ) -> None:
        self.result = Read()
        self.left = self.outstanding = requests
        self._server = server
        self._limit = limit
        # The first request goes alone, for it shows what there is to read.
        self._idle = 1
        self._more = workers - 1
        self._half_way = latency / 2
        self._events: list[_Event] = []
        self._number = count()
        self._now = self._opens_at = 0.0

    def push(self, at: float, kind: str, **more: object) -> None:
        heapq.heappush(self._events, _Event(at, next(self._number), kind, **more))  # type: ignore[arg-type]

    def step(self) -> None:
        ready = math.inf
        if self.left and self._idle:
            ready = max(self._now, self._opens_at, self._limit.earliest(self._now))
        if self._events and self._events[0].at <= ready:
            event = heapq.heappop(self._events)
            self._now = event.at
            getattr(self, f"_{event.kind}")(event)
        elif ready > self._now:
            self._now = ready  # What was learnt meanwhile may have changed the time.
        else:
            self._limit.note_sent(self._now)
            self.result.sent.append(self._now)
            self.left -= 1
            self._idle -= 1
            self.push(self._now + self._half_way, "arrival", sent_at=self._now)

    def _other(self, _: _Event) -> None:
        self.result.others_asked += 1
        self.result.others_refused += self._server.ask(self._now)[1] is not None

    def _arrival(self, event: _Event) -> None:
        quota, told = self._server.ask(self._now)
        self.result.used[self._server.window] += told is None
        back = self._now + self._half_way
        self.push(back, "response", sent_at=event.sent_at, quota=quota, told=told)

    def _response(self, event: _Event) -> None:
        self._idle += 1 + self._more
        self._more = 0
        if event.told is None:
            self.outstanding -= 1
            self._limit.note_response(event.quota, event.sent_at, self._now)
        else:
            self.left += 1
            self.result.refused += 1
            self._opens_at = max(self._opens_at, self._now + event.told)
            self._limit.note_refusal(event.told, self._now)
        self.result.seconds = self._now


def read(
    requests: int,
    server: Server,
    limit: RateLimit,
    *,
    workers: int = 4,
    latency: float = 0.1,
    others: Iterable[float] = (),
) -> Read:
    """Send so many requests as fast as the limit allows, while others send theirs at some times."""
    reading = _Reading(requests, server, limit, workers, latency)
    for at in others:
        reading.push(at, "other")
    while reading.outstanding:
        reading.step()
    return reading.result

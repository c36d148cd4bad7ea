"""Figures: what a run came to, as METRIC lines like the SDK's own."""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING, Any

from singer_sdk import metrics

if TYPE_CHECKING:
    from tap_mihu.api.client import Client

__all__ = ["StreamRequests", "log_figures"]


class _OurMetric(enum.StrEnum):
    """What the SDK has no metric for."""

    PROVEN = "proven"


class StreamRequests:
    """What the requests of one stream come to, of a client that all streams share."""

    def __init__(self, client: Client) -> None:
        """Begin to count."""
        self._client = client
        self._before = (
            client.requests,
            client.retries,
            client.paused_seconds,
            client.request_seconds,
        )

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._client.requests - self._before[0]

    @property
    def retries(self) -> int:
        """How many of them repeated a failed one."""
        return self._client.retries - self._before[1]

    @property
    def paused_seconds(self) -> float:
        """For how long all requests were paused, because the API asked for it."""
        return self._client.paused_seconds - self._before[2]

    @property
    def request_seconds(self) -> float:
        """How long they took, all together."""
        return self._client.request_seconds - self._before[3]


def log_figures(stream: str, requests: StreamRequests, *, proven: bool) -> None:
    """Log the figures of a stream's requests, and whether its read is proven (1) or not (0)."""
    tags: dict[str, Any] = {"stream": stream, "pid": os.getpid()}
    mean = requests.request_seconds / requests.requests if requests.requests else 0.0
    points: list[metrics.Point[Any]] = [
        metrics.Point("counter", metrics.Metric.HTTP_REQUEST_COUNT, requests.requests, tags),
        metrics.Point("timer", metrics.Metric.HTTP_REQUEST_DURATION, mean, tags | {"of": "mean"}),
        metrics.Point("gauge", _OurMetric.PROVEN, int(proven), tags),  # type: ignore[arg-type]
    ]
    for point in points:
        metrics.log(metrics.get_metrics_logger(), point)

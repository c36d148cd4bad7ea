"""Figures: what a run came to, as METRIC lines like the SDK's own."""

from __future__ import annotations

import enum
import os
from typing import TYPE_CHECKING, Any

from singer_sdk import metrics

if TYPE_CHECKING:
    from tap_mihu.api.client import Client

__all__ = ["log_figures"]


class _OurMetric(enum.StrEnum):
    """What the SDK has no metric for."""

    PROVEN = "proven"


def log_figures(stream: str, client: Client, *, proven: bool) -> None:
    """Log the figures of a stream's requests, and whether its read is proven (1) or not (0)."""
    tags: dict[str, Any] = {"stream": stream, "pid": os.getpid()}
    mean = client.request_seconds / client.requests if client.requests else 0.0
    points: list[metrics.Point[Any]] = [
        metrics.Point("counter", metrics.Metric.HTTP_REQUEST_COUNT, client.requests, tags),
        metrics.Point("timer", metrics.Metric.HTTP_REQUEST_DURATION, mean, tags | {"of": "mean"}),
        metrics.Point("gauge", _OurMetric.PROVEN, int(proven), tags),  # type: ignore[arg-type]
    ]
    for point in points:
        metrics.log(metrics.get_metrics_logger(), point)

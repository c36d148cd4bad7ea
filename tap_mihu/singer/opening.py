"""Opening: the client that the settings ask for, which all streams of a run share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_mihu.api.client import Client, root_url
from tap_mihu.api.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mihu.log import Log

__all__ = ["open_client"]

_LONGEST_TIMEOUT_SECONDS = 366 * 24 * 3600
"""Sockets take no more than some hundred years."""


def open_client(config: Mapping[str, Any], logger: Log) -> Client:
    """Return a client with the settings of the tap; the caller closes it.

    Args:
        config: The settings.
        logger: Is told of retries and waits.
    """
    return Client(
        root_url(config),
        token=config["auth_token"],
        user_agent=config["user_agent"],
        timeout_seconds=min(config["request_timeout"], _LONGEST_TIMEOUT_SECONDS),
        max_retries=config["max_retries"],
        logger=logger,
        rate_limit=RateLimit(config["rate_limit_percent"], config.get("max_requests_per_minute")),
    )

"""Configurations, and what the tap says of them."""

import logging
from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.tap import TapMihu

__all__ = ["MINIMAL", "SECRET", "fault", "tap", "warnings"]

SECRET = "s3cret-T0ken"  # noqa: S105 - no real one
MINIMAL: dict[str, Any] = {"subdomain": "acme", "auth_token": SECRET}


def tap(config: dict[str, Any]) -> TapMihu:
    """Return a tap with these settings beside the required ones."""
    return TapMihu(config=MINIMAL | config)


def fault(config: dict[str, Any]) -> str:
    """Return the one line that a configuration is refused with."""
    with pytest.raises(ConfigError) as error:
        tap(config)
    message = str(error.value)
    assert len(message.splitlines()) == 1
    assert SECRET not in message
    return message


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of the warnings of the tap, none of which holds the token."""
    found = [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.name == "tap-mihu"
    ]
    assert SECRET not in "".join(found)
    return found

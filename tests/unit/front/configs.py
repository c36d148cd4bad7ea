"""Configurations, and what the tap says of them."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.tap import TapMihu

__all__ = ["MINIMAL", "SECRET", "fault", "names", "only_these", "tap", "warnings"]

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
    assert message
    assert len(message.splitlines()) == 1
    assert SECRET not in message
    return message


def names(message: str, setting: str) -> bool:
    """Return whether a message is, among others, about a setting."""
    return message.startswith((f"{setting} ", f"{setting}.")) or f"; {setting} " in message


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of the warnings of the tap, none of which holds the token."""
    found = [
        record.getMessage()
        for record in caplog.records
        if record.levelno == logging.WARNING and record.name == "tap-mihu"
    ]
    assert not any(SECRET in text for text in found)
    return found


def only_these(monkeypatch: pytest.MonkeyPatch, folder: Path, **settings: str) -> None:
    """Let the environment hold these settings, and no others, neither of the tap nor Meltano's."""
    monkeypatch.chdir(folder)
    for name in [*os.environ]:
        if name.startswith(("TAP_MIHU_", "MELTANO_")):
            monkeypatch.delenv(name)
    for name, text in settings.items():
        monkeypatch.setenv(f"TAP_MIHU_{name}", text)

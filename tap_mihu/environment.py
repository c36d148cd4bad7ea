"""The environment: settings from variables, `TAP_MIHU_PAGE_SIZE` and so on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["from_environment"]


def from_environment(
    environment: Mapping[str, str], schema: Mapping[str, Any], prefix: str
) -> dict[str, Any]:
    """Return the settings that environment variables hold.

    What is no value of the setting's type stays text, for `check` to complain about.
    """
    config = {}
    for name, setting in schema["properties"].items():
        text = environment.get(prefix + name.upper())
        if text is not None:
            config[name] = _typed(text, setting)
    return config


def _typed(text: str, setting: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    types = setting.get("type", "string")
    if "string" in ([types] if isinstance(types, str) else types):
        return text
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if "boolean" in types:
        words |= {"1": True, "0": False}
    if text.strip().lower() in words:
        return words[text.strip().lower()]
    try:
        return json.loads(text)
    except ValueError:
        return text

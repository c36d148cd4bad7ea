"""What the tap says about itself, in the terms of a plugin definition."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["described", "without_placeholders"]

_NOT_BY_EVERY_SDK = {"start-date"}  # from 0.55 on
# Not the dates within `filters`: Meltano passes those on as they stand, relative ones too.
_KINDS = {"date-time": "date_iso8601"}


def described(about: Mapping[str, Any]) -> dict[str, Any]:
    """Give the part of a definition that follows from `--about`."""
    return {
        "name": about["name"],
        "description": about["description"],
        "capabilities": sorted({*about["capabilities"]} - _NOT_BY_EVERY_SDK),
        "settings": [*_settings(about["settings"]["properties"])],
    }


def _settings(properties: Mapping[str, Any], prefix: str = "") -> Iterator[dict[str, Any]]:
    for name, setting in properties.items():
        yield _setting(f"{prefix}{name}", setting)
        # Closed objects only: what the SDK's may hold is not all known.
        if setting.get("additionalProperties") is False:
            yield from _settings(setting["properties"], f"{prefix}{name}.")


def _setting(name: str, setting: Mapping[str, Any]) -> dict[str, Any]:
    types = setting["type"]
    kind = types if isinstance(types, str) else next(kind for kind in types if kind != "null")
    meltano = {
        "name": name,
        "label": setting["title"],
        "kind": _KINDS.get(setting.get("format", ""), kind),
        "description": setting["description"],
    }
    if "enum" in setting:
        meltano["kind"] = "options"
        meltano["options"] = [{"label": value, "value": value} for value in setting["enum"]]
    if setting.get("secret"):
        meltano["sensitive"] = True
    # The user agent's default holds the version.
    if "default" in setting and name != "user_agent":
        meltano["value"] = setting["default"]
    return meltano


def without_placeholders(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what only a person can write."""
    settings = [
        {key: value for key, value in setting.items() if key != "placeholder"}
        for setting in definition["settings"]
    ]
    return {**definition, "settings": settings}

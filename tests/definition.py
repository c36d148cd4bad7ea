"""What the tap says about itself, in the terms of a plugin definition."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["described"]

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
        types = setting["type"]
        kind = types if isinstance(types, str) else next(one for one in types if one != "null")
        described = {
            "name": f"{prefix}{name}",
            "label": setting["title"],
            "kind": _KINDS.get(setting.get("format", ""), kind),
            "description": setting["description"],
        }
        if "enum" in setting:
            options = [{"label": value, "value": value} for value in setting["enum"]]
            described |= {"kind": "options", "options": options}
        if setting.get("secret"):
            described["sensitive"] = True
        # The user agent's default holds the version.
        if "default" in setting and name != "user_agent":
            described["value"] = setting["default"]
        yield described
        # Closed objects only: what the SDK's may hold is not all known.
        if setting.get("additionalProperties") is False:
            yield from _settings(setting["properties"], f"{prefix}{name}.")

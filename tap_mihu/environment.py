"""The environment: settings from variables, `TAP_MIHU_PAGE_SIZE` and so on."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values, find_dotenv

from tap_mihu.names import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["from_environment", "settings_in", "unknown_variables", "variables"]

# Meltano's own variables begin so, and those of plugins that inherit, such as tap-mihu--acme.
_MELTANOS = "_"
_OF_THE_SDK = frozenset({"LOGLEVEL"})


def variables(prefix: str) -> dict[str, str]:
    """Return the variables that begin so and are not empty; those of `.env` count less."""
    read = {name: text for name, text in dotenv_values(find_dotenv(usecwd=True)).items() if text}
    read |= {name: text for name, text in os.environ.items() if text}
    return {name: text for name, text in read.items() if name.startswith(prefix)}


def from_environment(
    environment: Mapping[str, str],
    schema: Mapping[str, Any],
    prefix: str,
    config: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a configuration with the settings that environment variables hold.

    What is no value of the setting's type stays text, for `check` to complain about. Variables of
    single filters count over a variable of them all, and over the configuration's; likewise in
    other objects of a closed form.

    Args:
        environment: The variables that are set.
        schema: Names the settings and their types.
        prefix: Variables begin so.
        config: What else is configured, which counts less.
    """
    result = dict(config)
    for name, setting in schema["properties"].items():
        variable = prefix + name.upper()
        if variable in environment:
            result[name] = _typed(environment[variable], setting)
        several = {} if result.get(name) is None else result[name]
        nested = {"properties": _nested(setting)}
        if isinstance(several, dict):
            whole = from_environment(environment, nested, f"{variable}_", several)
            if whole != several:
                result[name] = whole
    return result


def settings_in(
    environment: Mapping[str, str], schema: Mapping[str, Any], prefix: str
) -> list[str]:
    """Return the names of the variables that hold settings."""
    return sorted(environment.keys() & _known(schema, prefix))


def unknown_variables(
    environment: Mapping[str, str], schema: Mapping[str, Any], prefix: str
) -> Iterator[str]:
    """Yield a line for each variable that looks like one of a setting, and is none.

    Under Meltano, `TAP_MIHU_ACME_PAGE_SIZE` may belong to another plugin of the project.
    """
    known = _known(schema, prefix)
    endings = tuple(name.removeprefix(prefix.rstrip("_")) for name in known)
    under_meltano = any(name.startswith("MELTANO_") for name in os.environ)
    for variable in sorted(environment.keys() - known):
        name = variable.removeprefix(prefix)
        if name.startswith(_MELTANOS) or name in _OF_THE_SDK:
            continue
        if not (under_meltano and name.endswith(endings)):
            near = nearest(name, (one.removeprefix(prefix) for one in known))
            meant = f": did you mean {prefix}{near}?" if near else ""
            yield f"ignoring the variable {shown(variable)}, which sets nothing{meant}"


def _known(schema: Mapping[str, Any], prefix: str) -> set[str]:
    known: set[str] = set()
    for name, setting in schema["properties"].items():
        variable = prefix + name.upper()
        known |= {variable, *_known({"properties": _nested(setting)}, f"{variable}_")}
    return known


def _nested(setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object of a closed form may hold; other objects come whole."""
    closed = setting.get("additionalProperties") is False
    return dict(setting["properties"]) if closed else {}


def _typed(text: str, setting: Mapping[str, Any]) -> Any:
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

"""The configuration: settings from everywhere, checked, and what they leave unsaid."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_mihu.checks import check, check_columns, doubts, ignored
from tap_mihu.environment import from_environment, settings_in, unknown_variables, variables
from tap_mihu.errors import ConfigError
from tap_mihu.singer.text_files import TextFileError, decode_json_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from logging import Logger

__all__ = ["configured", "read_files", "tell_unread"]


def read_files(paths: Iterable[str]) -> dict[str, Any]:
    """Return the settings in configuration files; of two, the later counts.

    Raises:
        ConfigError: One of them cannot be read, or is no JSON object.
    """
    found: dict[str, Any] = {}
    for path in paths:
        try:
            content = decode_json_text(Path(path).read_bytes())
        except OSError as error:
            raise ConfigError(f"--config {path}: {error.strerror}") from None
        except TextFileError as error:
            raise ConfigError(f"--config {path}: {error}") from None
        if not isinstance(content, dict):
            raise ConfigError(f"--config {path}: not a JSON object")
        found |= content
    return found


def configured(
    config: Mapping[str, Any] | None,
    schema: Mapping[str, Any],
    prefix: str,
    *,
    fields: Mapping[str, Collection[str]],
    parse_env: bool,
    whole: bool,
    logger: Logger,
) -> dict[str, Any]:
    """Return the settings that are set, and warn of what is ignored.

    Args:
        config: What the files hold.
        schema: `SETTINGS`, with what the SDK adds.
        prefix: Variables begin so.
        fields: The fields of each stream, without those that settings add.
        parse_env: Whether variables count too.
        whole: Whether all has to be there and right; else only what discovery needs.
        logger: Takes the warnings.

    Raises:
        ConfigError: A setting cannot be used.
    """
    settings = dict(config or {})
    environment = variables(prefix)
    hint = ""
    if parse_env:
        settings = from_environment(environment, schema, prefix, settings)
    elif not settings and settings_in(environment, schema, prefix):
        hint = f": variables such as {prefix}AUTH_TOKEN are read with --config=ENV"
    settings = _set_only(settings, schema)
    if not whole:
        check_columns(settings, schema, fields)
        return settings
    _warn(logger, ignored(settings, schema))
    if parse_env:
        _warn(logger, unknown_variables(environment, schema, prefix))
    check(settings, schema, fields, hint=hint)
    _warn(logger, doubts(settings, fields))
    return settings


def tell_unread(schema: Mapping[str, Any], prefix: str, *, has_file: bool, logger: Logger) -> None:
    """Warn of variables that count for nothing, as none are read.

    Args:
        schema: `SETTINGS`, with what the SDK adds.
        prefix: Variables begin so.
        has_file: Whether settings come from a file instead.
        logger: Takes the warnings.
    """
    environment = variables(prefix)
    _warn(logger, unknown_variables(environment, schema, prefix))
    unread = settings_in(environment, schema, prefix)
    # Meltano sets them too, beside the file that it makes of them.
    if has_file and unread and "MELTANO_PROJECT_ROOT" not in os.environ:
        _warn(logger, [f"{', '.join(unread)}: set, but read with --config=ENV only"])


def _warn(logger: Logger, texts: Iterable[str]) -> None:
    for text in texts:
        logger.warning("%s", text)


def _set_only(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null, and objects of a closed form that hold nothing else.

    Meltano passes settings that are not set so. In other objects, null may mean something.
    """
    result = {name: value for name, value in settings.items() if value is not None}
    for name, setting in schema["properties"].items():
        value = result.get(name)
        if setting.get("additionalProperties") is False and isinstance(value, dict) and value:
            result[name] = _set_only(value, setting)
            if not result[name]:
                del result[name]
    return result

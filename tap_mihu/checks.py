"""Checks: every fault of a configuration is found before any request, and told in one line."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft7Validator, FormatChecker
from requests import Request, RequestException
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from tap_mihu.batch_config import batch_faults
from tap_mihu.errors import ConfigError
from tap_mihu.map_checks import map_doubts, map_faults
from tap_mihu.names import did_you_mean, shown
from tap_mihu.records.timestamps import parse
from tap_mihu.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from jsonschema import ValidationError

__all__ = ["check", "check_columns", "doubts", "ignored"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "an object",
    "array": "a list",
}
"""What values of a type are called, for settings without a rule in their schema."""
_QUOTES = frozenset("\"'`\u2018\u2019\u201c\u201d")
_BEARER = re.compile(r"(authorization:\s*)?bearer\b", re.IGNORECASE)

_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_timestamp(value: object) -> bool:
    return not isinstance(value, str) or parse(value) is not None


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    date.fromisoformat(value)
    return _DATE.fullmatch(value) is not None


@_formats.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


def check(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    fields: Mapping[str, Collection[str]],
    *,
    hint: str = "",
) -> None:
    """Check a whole configuration.

    Args:
        config: The settings that are set.
        schema: `SETTINGS`, with what the SDK adds.
        fields: The fields of each stream, without those that settings add.
        hint: What else to say where a required setting is missing.

    Raises:
        ConfigError: It names every setting at fault and its rule, never a value, in one line.
    """
    missing = [f"{name} is required" for name in schema["required"] if name not in config]
    if "subdomain" not in config and "api_url" not in config:
        missing.append("subdomain is required (or api_url)")
    if missing and hint:
        missing[-1] += hint
    settings = schema["properties"]
    faults_of = {
        name: [*_faults_of(name, config[name], settings[name])]
        for name in settings
        if name in config
    }
    sound = {name: config[name] for name, faults in faults_of.items() if not faults}
    faults = [*missing, *chain.from_iterable(faults_of.values()), *_further_faults(sound, fields)]
    if config.get("flattening_enabled") is True and "flattening_max_depth" not in config:
        faults.append("flattening_max_depth is required with flattening_enabled")
    if faults:
        raise ConfigError("; ".join(dict.fromkeys(faults)))


def check_columns(
    config: Mapping[str, Any], schema: Mapping[str, Any], fields: Mapping[str, Collection[str]]
) -> None:
    """Check the one setting that discovery needs; arguments and error as in `check`."""
    name = "custom_field_columns"
    if name in config:
        faults = [*_faults_of(name, config[name], schema["properties"][name])]
        faults = faults or [*_column_faults(config[name], fields)]
        if faults:
            raise ConfigError("; ".join(dict.fromkeys(faults)))


def ignored(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each setting that counts for nothing; the configuration may have faults."""
    known = schema["properties"]
    for name in config:
        if name not in known:
            near = did_you_mean(name, known)
            yield f"ignoring the setting {shown(name)}, which does not exist{near}"
    if "api_url" in config and "subdomain" in config:
        yield "api_url is set beside subdomain, and wins: subdomain is ignored"


def doubts(config: Mapping[str, Any], fields: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Yield what is probably a slip in a configuration that `check` found no fault in."""
    yield from map_doubts(config.get("stream_maps", {}), _with_columns(fields, config))


def _further_faults(
    config: Mapping[str, Any], fields: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Yield what is wrong with values of the right form."""
    if "api_url" in config:
        yield from _url_faults(config["api_url"])
    token = config.get("auth_token", "")
    if hint := _hint("auth_token", token):
        yield f"auth_token must be the token alone{hint}"
    if "start_date" in config:
        start = parse(config["start_date"])
        if start is not None and start > datetime.now(UTC):
            yield "start_date must not lie in the future"
    filters = config.get("filters", {})
    if filters.get("date_from", "") > filters.get("date_to", "9999-99-99"):
        yield "filters.date_from must not be after filters.date_to"
    if "batch_config" in config:
        yield from batch_faults(config["batch_config"])
    yield from _column_faults(config.get("custom_field_columns", ()), fields)
    yield from map_faults(config.get("stream_maps", {}), _with_columns(fields, config))


def _with_columns(
    fields: Mapping[str, Collection[str]], config: Mapping[str, Any]
) -> dict[str, Collection[str]]:
    columns = config.get("custom_field_columns", ())
    return {**fields, "contacts": {*fields["contacts"], *columns}}


def _column_faults(columns: Sequence[str], fields: Mapping[str, Collection[str]]) -> Iterator[str]:
    own = {field.casefold(): field for field in fields["contacts"]}
    counts = Counter(name.casefold() for name in columns)
    for name in columns:
        rule = f"custom_field_columns must not name {shown(name)}"
        folded = name.casefold()
        if folded in own:
            yield f"{rule}: {own[folded]} is a field of contacts"
        if folded.startswith("_sdc_"):
            yield f"{rule}: columns of the target begin so"
        if counts[folded] > 1:
            yield f"{rule} twice, nor another name that differs in case only"


def _faults_of(setting_name: str, value: object, schema: Mapping[str, Any]) -> Iterable[str]:
    try:
        errors = [*Draft7Validator(schema, format_checker=_formats).iter_errors(value)]
    except AttributeError:
        # The SDK's schema of stream_maps is none where it describes `__else__`.
        yield f"{setting_name} must be of another form"
        return
    for error in errors:
        path = [str(part) for part in error.path]
        name = ".".join([setting_name, *(part if part.isdigit() else _key(part) for part in path)])
        if error.validator == "additionalProperties":
            known = error.schema["properties"]
            for key in error.instance.keys() - known.keys():
                yield f"{name}.{_key(key)} does not exist: use {', '.join(known)}"
        elif error.validator == "required":
            for key in error.validator_value:
                if key not in error.instance:
                    yield f"{name}.{key} is required"
        else:
            yield f"{name} must be {_rule(error)}{_hint(name, error.instance)}"


def _key(name: str) -> str:
    return name if name.isidentifier() and len(name) <= 40 else "(one key)"  # noqa: PLR2004


def _rule(error: ValidationError) -> str:
    schema: Any = error.schema
    if "rule" in schema:
        return str(schema["rule"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    rule = " or ".join(_TYPES[name] for name in types if name != "null")
    if "maximum" in schema:
        return f"{rule} from {schema['minimum']} to {schema['maximum']}"
    if "minimum" in schema:
        return f"{rule}, at least {schema['minimum']}"
    return rule or "of another form"


def _hint(name: str, value: object) -> str:
    """Return what to leave out of a value that was probably copied with something around it."""
    text = value.strip() if isinstance(value, str) else ""
    if _QUOTES.intersection(text[:1] + text[-1:]):
        return ", without the quotes around it"
    if name == "auth_token" and _BEARER.match(text):
        return ", without the word Bearer"
    return ""


def _url_faults(url: str) -> Iterable[str]:
    rule = f"api_url must be {SETTINGS['properties']['api_url']['rule']}{_hint('api_url', url)}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        yield rule
        return
    if (
        not re.fullmatch("[!-~]+", url)
        or "\\" in url
        or port == 0
        or parts.scheme not in {"https", "http"}
        or not re.fullmatch(r"[\w.:-]+", host)
        or _host_asked(url) != host
    ):
        yield rule
    elif parts.scheme == "http" and not _is_loopback(host):
        yield "api_url must be https: over http the token would be readable on the way"
    elif parts.username is not None or parts.password is not None:
        yield "api_url must not hold a user name or password"
    elif "?" in url or "#" in url:
        yield "api_url must not hold a query or fragment: use filters"


def _host_asked(url: str) -> str | None:
    """Return the host as those read it who will ask it; None where they refuse the address."""
    try:
        host = parse_url(Request("GET", url).prepare().url or "").host or ""
    except (RequestException, HTTPError, ValueError):
        return None
    return host.removeprefix("[").removesuffix("]")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

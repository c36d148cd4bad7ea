"""Checks: every fault of a configuration is found before any request, and told in one line."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jsonschema import Draft7Validator, FormatChecker
from requests import Request, RequestException
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from tap_mihu.errors import ConfigError
from tap_mihu.records.timestamps import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError

__all__ = ["check"]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

_RULES = {
    "filters.search": "text that is not empty",
    "subdomain": "a workspace name: letters, digits and inner hyphens",
    "auth_token": "printable ASCII without spaces or line breaks",
    "user_agent": "printable ASCII that neither begins nor ends with a space",
}
_TYPE_RULES = {
    "filters.search": "text that is not empty",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "object": "an object",
    "array": "a list",
    "null": "empty",
}
_FORMAT_RULES = {
    "filters.search": "text that is not empty",
    "date-time": "a date and time such as 2025-01-31T00:00:00Z",
    "date": "a date such as 2025-01-31",
    "uuid": "a UUID",
}

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


def check(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Check a whole configuration.

    Args:
        config: The settings that are set.
        schema: `SETTINGS`, with what the SDK adds.

    Raises:
        ConfigError: It names each setting at fault and its rule, never a value, in one line.
    """
    if "batch_config" in config:
        raise ConfigError(
            "batch_config is not offered: batch files would hold fields that are not selected."
        )
    faults = [*_faults(config, schema)]
    if not faults and "subdomain" not in config and "api_url" not in config:
        faults.append("subdomain is required (or api_url)")
    if not faults and "api_url" in config:
        faults.extend(_url_faults(config["api_url"]))
    filters = config.get("filters", {})
    if not faults and filters.get("date_from", "") > filters.get("date_to", "9999-99-99"):
        faults.append("filters.date_from must not be after filters.date_to")
    if faults:
        raise ConfigError("; ".join(dict.fromkeys(faults)))


def _faults(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[str]:
    for name in schema["required"]:
        if name not in config:
            yield f"{name} is required"
    for name, setting in schema["properties"].items():
        if name in config:
            yield from _faults_of(name, config[name], setting)
    if config.get("flattening_enabled") is True and "flattening_max_depth" not in config:
        yield "flattening_max_depth is required with flattening_enabled"


def _faults_of(setting_name: str, value: object, schema: Mapping[str, Any]) -> Iterable[str]:
    try:
        errors = [*Draft7Validator(schema, format_checker=_formats).iter_errors(value)]
    except AttributeError:
        # The SDK's schema of stream_maps is none where it describes `__else__`.
        yield f"{setting_name} must be of another form"
        return
    for error in errors:
        name = ".".join([setting_name, *(_printable(str(part)) for part in error.path)])
        if error.validator == "additionalProperties":
            known = ", ".join(error.schema["properties"])
            for key in error.instance.keys() - error.schema["properties"].keys():
                yield f"{name}.{_printable(key)} does not exist: use {known}"
        else:
            yield f"{name} must be {_rule(name, error)}"


def _printable(key: str) -> str:
    return key if key.isidentifier() and len(key) <= 40 else "(one key)"  # noqa: PLR2004


def _rule(name: str, error: ValidationError) -> str:
    schema: Any = error.schema
    if name in _RULES:
        return _RULES[name]
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    rule = _FORMAT_RULES.get(schema.get("format", "")) or " or ".join(
        _TYPE_RULES[name] for name in types if name != "null"
    )
    if "maximum" in schema:
        return f"{rule} from {schema['minimum']} to {schema['maximum']}"
    if "minimum" in schema:
        return f"{rule}, at least {schema['minimum']}"
    return rule or "of another form"


def _url_faults(url: str) -> Iterable[str]:
    rule = "api_url must be an https address such as https://acme.mihu.ai/api/v1"
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
    """Give the host as those read it who will ask it; None where they refuse the address."""
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

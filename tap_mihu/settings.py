"""Settings: what can be configured."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from tap_mihu.batch_config import BATCH_CONFIG

__all__ = ["SETTINGS"]

_SUBDOMAIN = r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$(?!\n)"


def _uuid_filter(title: str, what: str) -> dict[str, Any]:
    return {
        "type": "string",
        "format": "uuid",
        "title": title,
        "description": f"Only contacts {what}: a UUID.",
        "rule": "a UUID",
    }


def _date_filter(title: str, what: str) -> dict[str, Any]:
    return {
        "type": "string",
        "format": "date",
        "title": title,
        "description": f"Only contacts created on or {what} this day, YYYY-MM-DD.",
        "rule": "a date such as 2025-01-31",
    }


_FILTERS: dict[str, Any] = {
    "search": {
        "type": "string",
        "minLength": 1,
        "pattern": "^[^\ud800-\udfff]*$",
        "title": "Search",
        "description": "Only contacts whose name, e-mail address or phone number holds this text.",
        "rule": "text that is not empty",
    },
    "status": {
        "type": "string",
        "enum": ["Active", "Inactive"],
        "title": "Status",
        "description": "Only contacts of this status.",
    },
    "contact_channel": {
        "type": "string",
        "enum": ["Call", "SMS", "WhatsApp"],
        "title": "Contact Channel",
        "description": "Only contacts who prefer this channel.",
    },
    "stage_uuid": _uuid_filter("Stage", "in this pipeline stage"),
    "campaign_uuid": _uuid_filter("Campaign", "whose pool is attached to this campaign"),
    "tag_uuid": _uuid_filter("Tag", "with this tag"),
    "pool_uuid": _uuid_filter("Pool", "in this pool"),
    "date_from": _date_filter("Created From", "after"),
    "date_to": _date_filter("Created Until", "before"),
}

SETTINGS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "subdomain": {
            "type": "string",
            "pattern": _SUBDOMAIN,
            "title": "Subdomain",
            "description": "Name of the workspace: acme for https://acme.mihu.ai. Required unless "
            "api_url is set.",
            "rule": "a workspace name: letters, digits, inner hyphens (acme, not acme.mihu.ai)",
        },
        "auth_token": {
            "type": "string",
            "pattern": r"^[!-~]+$(?!\n)",
            "title": "API Token",
            "description": "API token of the workspace, made in Mihu under profile, Developer.",
            "rule": "printable ASCII without spaces or line breaks",
            "secret": True,
            "writeOnly": True,
        },
        "api_url": {
            "type": "string",
            "title": "API URL",
            "description": "Root of the API where it is not https://{subdomain}.mihu.ai/api/v1: "
            "an older workspace's host, or a proxy. https, unless the host is this machine.",
            "rule": "an https address such as https://acme.mihu.ai/api/v1",
        },
        "start_date": {
            "type": "string",
            "format": "date-time",
            "title": "Start Date",
            "description": "Incremental: only contacts updated or created at or after this moment.",
            "rule": "a date and time such as 2025-01-31T00:00:00Z",
        },
        "page_size": {
            "type": "integer",
            "minimum": 1,
            "maximum": 1000,
            "default": 100,
            "title": "Page Size",
            "description": "Contacts a page (per_page). The API discourages more than 100.",
        },
        "max_concurrent_requests": {
            "type": "integer",
            "minimum": 1,
            "maximum": 32,
            "default": 4,
            "title": "Max. Concurrent Requests",
            "description": "Upper bound of requests under way; 1 reads strictly one after the "
            "other.",
        },
        "rate_limit_percent": {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 80,
            "title": "Rate Limit Percent",
            "description": "Share of the rate limit, as the API's own headers tell it, that a run "
            "may use; the rest is left to whoever else uses the token's account.",
        },
        "max_requests_per_minute": {
            "type": "integer",
            "minimum": 1,
            "title": "Max. Requests per Minute",
            "description": "A rate limit of your own, for APIs that tell none.",
        },
        "reread_after_hours": {
            "type": "integer",
            "minimum": 0,
            "default": 0,
            "title": "Reread After Hours",
            "description": "Incremental: contacts created before yesterday are read again only "
            "when they were last read so long ago; 0 reads all in every run.",
        },
        "lookback_seconds": {
            "type": "integer",
            "minimum": 0,
            "default": 300,
            "title": "Lookback Seconds",
            "description": "Incremental: also send contacts again that were updated up to so long "
            "before the bookmark, for rows committed late and clocks that differ.",
        },
        "custom_field_columns": {
            "type": "array",
            "items": {
                "type": "string",
                "pattern": "^[^\x00-\x1f\x7f\ud800-\udfff]+$(?!\n)",
                "rule": "the name of a custom field",
            },
            "title": "Custom Field Columns",
            "description": "Custom fields that get a column of their own (text or null), beside "
            "custom_fields, which holds them all: a list of names.",
            "rule": 'a list of names such as ["plan", "seats"]',
        },
        "request_timeout": {
            "type": "integer",
            "minimum": 1,
            "default": 60,
            "title": "Request Timeout",
            "description": "Seconds without an answer before a request counts as failed.",
        },
        "max_retries": {
            "type": "integer",
            "minimum": 0,
            "default": 6,
            "title": "Max. Retries",
            "description": "Tries after the first for a failing request. Being throttled does not "
            "count.",
        },
        "user_agent": {
            "type": "string",
            "pattern": r"^[!-~]([ -~]*[!-~])?$(?!\n)",
            "default": f"tap-mihu/{version('tap-mihu')}",
            "title": "User Agent",
            "description": "User-Agent header of every request.",
            "rule": "printable ASCII that neither begins nor ends with a space",
        },
        "filters": {
            "type": "object",
            "properties": _FILTERS,
            "additionalProperties": False,
            "title": "Filters",
            "description": "Only contacts that the API selects by its own query parameters. Other "
            "filters than in the last run make the stream start over.",
        },
        "batch_config": BATCH_CONFIG,
        "emit_activate_version_messages": {
            "type": "boolean",
            "default": False,
            "title": "Emit ACTIVATE_VERSION Messages",
            "description": "Full table: after a complete, proven read, tell the target to delete "
            "the rows that were not read (or mark them as deleted).",
        },
    },
    "required": ["auth_token"],
}
"""The settings as a JSON schema; the SDK adds its own (`stream_maps`, …).

`rule` says what a value must be, where the schema's own words do not say it to a person.
"""

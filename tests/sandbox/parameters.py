"""Query parameters, validated in the manner of Laravel."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

_DATES = ("date_from", "date_to")
DEFAULT_PER_PAGE = 15

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Rules = dict[str, Callable[[str], str | None]]
"""By parameter, what gives the text for a value that is refused."""


def _count(text: str, most: int | None = None) -> str | None:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        return "The {field} field must be an integer."
    if int(text) < 1:
        return "The {field} field must be at least 1."
    too_many = most is not None and int(text) > most
    return f"The {{field}} field must not be greater than {most}." if too_many else None


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda text: None if text in values else "The selected {field} is invalid."


def _uuid(text: str) -> str | None:
    return None if _UUID.fullmatch(text) else "The {field} field must be a valid UUID."


def _date(text: str) -> str | None:
    try:
        valid = date.fromisoformat(text).isoformat() == text
    except ValueError:
        valid = False
    return None if valid else "The {field} field must match the format Y-m-d."


_PAGES: Rules = {"page": _count, "per_page": _count}
_SMALL_PAGES: Rules = {"page": _count, "per_page": partial(_count, most=100)}
_RULES: dict[str, Rules] = {
    "contacts": {
        **_PAGES,
        "search": lambda _: None,
        "status": _one_of("Active", "Inactive"),
        "contact_channel": _one_of("Call", "SMS", "WhatsApp"),
        **dict.fromkeys(("stage_uuid", "campaign_uuid", "tag_uuid", "pool_uuid"), _uuid),
        **dict.fromkeys(_DATES, _date),
    },
    "conversations": {
        **_SMALL_PAGES,
        "sort_by": _one_of("created_at", "updated_at"),
        "sort_dir": _one_of("asc", "desc"),
    },
    "tasks": _SMALL_PAGES,
}


def understood(path: str, query: Mapping[str, str], *, dates: bool = True) -> dict[str, str]:
    """Choose what a listing knows; what is unknown or empty is ignored, as Laravel does."""
    known = [key for key in _RULES.get(path, _PAGES) if dates or key not in _DATES]
    return {key: query[key] for key in known if query.get(key, "").strip()}


def problems(path: str, asked: Mapping[str, str]) -> dict[str, list[str]]:
    """Find what is wrong with each parameter."""
    rules = _RULES.get(path, _PAGES)
    refused = {key: problem for key, text in asked.items() if (problem := rules[key](text))}
    return {key: [text.format(field=key.replace("_", " "))] for key, text in refused.items()}

"""Query parameters, validated in the manner of Laravel."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

_DATES = ("date_from", "date_to")
DEFAULT_PER_PAGE = 15

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

Rules = dict[str, Callable[[str], bool]]
"""By parameter, which values are accepted."""


def _count(text: str, most: int = 10**18) -> bool:
    return re.fullmatch("[0-9]{1,18}", text) is not None and 1 <= int(text) <= most


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda text: text in values


def _uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_PAGES: Rules = {"page": _count, "per_page": _count}
_SMALL_PAGES: Rules = {"page": _count, "per_page": partial(_count, most=100)}
_RULES: dict[str, Rules] = {
    "contacts": {
        **_PAGES,
        "search": lambda _: True,
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
    """Say which parameters are refused."""
    rules = _RULES.get(path, _PAGES)
    refused = [key for key, text in asked.items() if not rules[key](text)]
    return {key: [f"The {key.replace('_', ' ')} field is invalid."] for key in refused}

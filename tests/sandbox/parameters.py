"""Query parameters, validated in the manner of Laravel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DATES = ("date_from", "date_to")
DEFAULT_PER_PAGE = 15

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Invalid(Exception):  # noqa: N818 - what is wrong is the client's request
    """A request that fails validation: texts for each field."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True)
class Parameters:
    """What a client asks for."""

    page: int
    per_page: int
    filters: Mapping[str, str]


def _count(text: str) -> str | None:
    if not re.fullmatch("-?[0-9]{1,18}", text):
        return "The {field} field must be an integer."
    return None if int(text) >= 1 else "The {field} field must be at least 1."


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


def _anything(_: str) -> str | None:
    return None


_RULES: dict[str, Callable[[str], str | None]] = {
    "page": _count,
    "per_page": _count,
    "search": _anything,
    "status": _one_of("Active", "Inactive"),
    "contact_channel": _one_of("Call", "SMS", "WhatsApp"),
    "stage_uuid": _uuid,
    "campaign_uuid": _uuid,
    "tag_uuid": _uuid,
    "pool_uuid": _uuid,
    "date_from": _date,
    "date_to": _date,
}


def validate(query: Mapping[str, str], *, supports_dates: bool) -> Parameters:
    """Understand a query; unknown and empty parameters are ignored, as Laravel does."""
    ignored = () if supports_dates else DATES
    known = {key: query[key] for key in _RULES if query.get(key, "").strip() and key not in ignored}
    errors = {
        key: [problem.format(field=key.replace("_", " "))]
        for key, text in known.items()
        if (problem := _RULES[key](text))
    }
    if errors:
        raise Invalid(errors)
    page = int(known.pop("page", 1))
    per_page = int(known.pop("per_page", DEFAULT_PER_PAGE))
    return Parameters(page, per_page, known)

"""Query parameters, validated in the manner of Laravel."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

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


Rules = dict[str, "Callable[[str], str | None]"]

_RULES: Rules = {
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


def _at_most(most: int) -> Callable[[str], str | None]:
    def rule(text: str) -> str | None:
        problem = _count(text)
        too_many = problem is None and int(text) > most
        return f"The {{field}} field must not be greater than {most}." if too_many else problem

    return rule


_PAGES: Rules = {"page": _count, "per_page": _count}
_SORTED: Rules = {
    "sort_by": _one_of("created_at", "updated_at"),
    "sort_dir": _one_of("asc", "desc"),
}
_RULES_OF: dict[str, Rules] = {
    "conversations": _PAGES | _SORTED | {"per_page": _at_most(100)},
    "tasks": _PAGES | {"per_page": _at_most(100)},
}


def validate(query: Mapping[str, str], *, supports_dates: bool) -> Parameters:
    """Understand a query for contacts; what is unknown or empty is ignored, as Laravel does."""
    ignored = () if supports_dates else DATES
    return _validated(query, {key: rule for key, rule in _RULES.items() if key not in ignored})


def validate_further(path: str, query: Mapping[str, str]) -> Parameters:
    """Understand a query for another listing."""
    return _validated(query, _RULES_OF.get(path, _PAGES))


def _validated(query: Mapping[str, str], rules: Rules) -> Parameters:
    known = {key: query[key] for key in rules if query.get(key, "").strip()}
    errors = {
        key: [problem.format(field=key.replace("_", " "))]
        for key, text in known.items()
        if (problem := rules[key](text))
    }
    if errors:
        raise Invalid(errors)
    page = int(known.pop("page", 1))
    per_page = int(known.pop("per_page", DEFAULT_PER_PAGE))
    return Parameters(page, per_page, known)

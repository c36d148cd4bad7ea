"""Quotes: the server's own words, in one line, without the secrets that it may repeat."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["quoted", "validation_text"]

_LONGEST = 300
_MASK = "***"
# A shorter secret is masked only where it stands alone: as part of words it tells nothing.
_SHORT = 4


def quoted(text: str, secrets: Iterable[str]) -> str:
    """Return a server's words in one line of at most 300 characters, without secrets.

    Args:
        text: What the server says.
        secrets: What must not be repeated, in any case or URL encoding.
    """
    line = " ".join(text.split())
    forms = {form for secret in secrets for form in _forms(secret)}
    # Before the line is cut, lest the beginning of a secret stay at its end.
    for form in sorted(forms, key=len, reverse=True):
        pattern = re.escape(form)
        if len(form) < _SHORT:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        line = re.sub(pattern, _MASK, line, flags=re.IGNORECASE)
    return line[:_LONGEST]


def _forms(secret: str) -> Iterable[str]:
    plain = " ".join(secret.split())
    # The second part of a Laravel token, `1|abc`, is the secret proper.
    for form in (plain, plain.partition("|")[2]):
        if form:
            yield from (form, quote_plus(form), quote_plus(form).replace("+", "%20"))
            yield json.dumps(form)[1:-1]


def validation_text(body: bytes) -> str:
    """Return what the API's own validation says; nothing where it says nothing."""
    answer = json_object(body)
    if answer is None:
        return ""
    errors = answer.get("errors")
    texts: list[Any] = [answer.get("message")]
    if isinstance(errors, dict):
        texts += [text for of in errors.values() for text in (of if isinstance(of, list) else [of])]
    return " ".join(dict.fromkeys(text for text in texts if isinstance(text, str)))


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object that a body is, None where it is something else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None

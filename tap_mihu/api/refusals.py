"""Refusals: what each HTTP status asks of the client, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from tap_mihu.api.quotes import json_object, quoted, validation_text
from tap_mihu.errors import ListingError, MihuError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Rule", "Verdict", "judge", "refusal"]


class Verdict(Enum):
    """What a response asks of the client."""

    READ = auto()
    RETRY = auto()
    THROTTLE = auto()
    REFUSE = auto()
    """The API refuses this request; another may be answered."""
    FORBID = auto()
    """The API refuses this listing; another may be answered."""
    FAIL = auto()
    """The API refuses the run."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a status means."""

    verdict: Verdict
    hint: str = "the API refuses the request"
    doubtful: bool = False
    """Whether it is asked once more before it counts, if the API has answered well before."""
    by_proxy: bool = False
    """Whether it does not come from the API at all."""


_REDIRECT = Rule(
    Verdict.FAIL, "redirects are not followed: check subdomain, api_url and auth_token"
)
_RETRIED = Rule(Verdict.RETRY)
_THROTTLED = Rule(Verdict.THROTTLE)
_REFUSED = Rule(Verdict.FAIL)

_RULES = {
    200: Rule(Verdict.READ),
    **dict.fromkeys(range(300, 400), _REDIRECT),
    400: Rule(Verdict.REFUSE),
    401: Rule(
        Verdict.FAIL, "the token is missing, wrong or expired: check auth_token", doubtful=True
    ),
    403: Rule(
        Verdict.FORBID, "the token's owner lacks the permission: check auth_token", doubtful=True
    ),
    404: Rule(
        Verdict.REFUSE,
        "there is no such workspace or path: check subdomain or api_url",
        doubtful=True,
    ),
    407: Rule(
        Verdict.FAIL, "the proxy asks for a login: check HTTP_PROXY and HTTPS_PROXY", by_proxy=True
    ),
    408: _RETRIED,
    422: Rule(Verdict.REFUSE, "the API refuses a parameter: check filters and page_size"),
    425: _RETRIED,
    429: _THROTTLED,
    **dict.fromkeys(range(500, 1000), _RETRIED),
}
# With a time in Retry-After, these are throttling too.
_THROTTLED_IF_TOLD = frozenset({*range(400, 500), 503})

_KINDS = {Verdict.REFUSE: RefusedError, Verdict.FORBID: ListingError}

_BEFORE_THE_API = (
    "this is not the API's own response but of something before it (a firewall, a proxy, a "
    "maintenance page): check subdomain or api_url, or try again later"
)


def judge(status: int, *, retry_after: bool) -> Rule:
    """Return what a status means.

    Args:
        status: The status code.
        retry_after: Whether the response names a time in `Retry-After`.
    """
    if retry_after and status in _THROTTLED_IF_TOLD:
        return _THROTTLED
    return _RULES.get(status, _REFUSED)


def refusal(status: int, body: bytes, rule: Rule, secrets: Iterable[str]) -> MihuError:
    """Return the error for a status that ends a request or the run.

    A status speaks for the API only if the body does: the API sends JSON.

    Args:
        status: The status code.
        body: The body of the response.
        rule: What `judge` returned.
        secrets: What must not be repeated from the body.
    """
    kind = _KINDS.get(rule.verdict, MihuError)
    own = rule is _REDIRECT or rule.by_proxy or json_object(body) is not None
    text = f"HTTP {status}: {rule.hint if own else _BEFORE_THE_API}."
    if status == 422 and (said := quoted(validation_text(body), secrets)):  # noqa: PLR2004
        text += f" It says: {said}"
    return kind(text)

"""Responses: their bodies, within reason, and when they were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from tap_mihu.api.retry import parse_http_date
from tap_mihu.errors import RefusedError

if TYPE_CHECKING:
    import requests

__all__ = ["Response", "body_of", "served_at_of"]

_LARGEST_BODY_BYTES = 512 * 2**20
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Response:
    """A good response's body, and when it was made and came."""

    body: bytes
    served_at: datetime
    """The server's clock (`Date`), the local one where it names none; UTC."""
    received_at: datetime
    """The local clock, UTC."""


def body_of(response: requests.Response) -> bytes:
    """Read a body.

    Raises:
        RefusedError: It is larger than a body may be.
    """
    chunks = []
    size = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST_BODY_BYTES:
            text = f"The response exceeds {_LARGEST_BODY_BYTES >> 20} MiB: lower page_size."
            raise RefusedError(text)
    return b"".join(chunks)


@lru_cache(maxsize=16)
def _parsed_date(value: str) -> datetime | None:
    return parse_http_date(value)


def served_at_of(response: requests.Response) -> datetime:
    """Return the server's time of a response, the local one where it names none; UTC."""
    value = response.headers.get("Date")
    return (_parsed_date(value) if value else None) or datetime.now(UTC)

"""Timestamps: whatever the API sends, written in one fixed-width form of UTC.

Bookmarks and creation times are compared as text, here and in the SDK, so every timestamp that
leaves this module has the form `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

__all__ = ["canonical", "parse", "to_text"]

_ANY = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>(?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?)"
    r" ?(?P<zone>Z|[+-][0-9]{2}(?::?[0-5][0-9])?)?)?"
).fullmatch

_LENGTH = len("2025-11-25T10:00:00.000000Z")
_LENGTH_OF_SECONDS = len("2025-11-25T10:00:00Z")


def canonical(text: str) -> str | None:
    """Return a timestamp in the fixed-width form.

    A timestamp without a zone is UTC, a date alone is its midnight, digits beyond microseconds
    are cut off.

    Returns:
        The timestamp, or None where the text is none (empty, a zero date, a 13th month, …).
    """
    # The two forms nearly every timestamp has. Python reads them fastest, but it reads more than
    # timestamps, ISO weeks and (from 3.14 on) hour 24 for example; these characters leave it no
    # choice.
    if text[7:8] == "-" and text[10:11] == "T" and text[11:13] < "24" and text[-1:] == "Z":
        fixed = text
        if len(text) == _LENGTH_OF_SECONDS:
            fixed = f"{text[:19]}.000000Z"
        if len(fixed) == _LENGTH and fixed[19] == ".":
            try:
                datetime.fromisoformat(fixed)
            except ValueError:
                return None
            return fixed
    moment = parse(text)
    return None if moment is None else to_text(moment)


def parse(text: str) -> datetime | None:
    """Return a timestamp in any form that `canonical` accepts, as an aware time in UTC."""
    found = _ANY(text.strip().upper())
    if not found:
        return None
    day, time, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{time or '00:00'}{zone or 'Z'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def to_text(moment: datetime) -> str:
    """Return an aware time in the fixed-width form."""
    naive = moment.astimezone(UTC).replace(tzinfo=None)
    return f"{naive.isoformat(timespec='microseconds')}Z"

"""Timestamps: whatever the API sends, written in one fixed-width form of UTC.

Bookmarks and creation times are compared as text, here and in the SDK, so every timestamp that
leaves this module has the form `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["canonical", "parse", "write"]

# The forms nearly every contact has; days 29 to 31 need a calendar and take the longer way.
_COMMON = re.compile(
    r"(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{6})?Z"
).fullmatch

_ANY = re.compile(
    r"\s*(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[Tt ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"\s?(?:(?P<utc>[Zz])|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?)?)?\s*"
).fullmatch

_LENGTH = len("2025-11-25T10:00:00.000000Z")


def canonical(text: str) -> str | None:
    """Write a timestamp in the fixed-width form.

    A timestamp without a zone is UTC, a date alone is its midnight, digits beyond microseconds
    are cut off.

    Returns:
        The timestamp, or None where the text is none (empty, a zero date, a 13th month, …).
    """
    if _COMMON(text):
        return text if len(text) == _LENGTH else f"{text[:19]}.000000Z"
    moment = parse(text)
    return None if moment is None else write(moment)


def parse(text: str) -> datetime | None:
    """Read a timestamp in any form that `canonical` accepts, as an aware time in UTC."""
    found = _ANY(text)
    if not found:
        return None
    part = found.groupdict(default="")
    zone = timedelta(hours=int(part["hours"] or 0), minutes=int(part["minutes"] or 0))
    try:
        return datetime(
            int(part["year"]),
            int(part["month"]),
            int(part["day"]),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
            int(part["fraction"][:6].ljust(6, "0")),
            tzinfo=timezone(-zone if part["sign"] == "-" else zone),
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write(moment: datetime) -> str:
    """Write an aware time in the fixed-width form."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(_LENGTH, "0")

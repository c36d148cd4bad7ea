"""Made-up contacts by day of creation, as JSON like a PHP server's: ASCII, slashes escaped."""

import json
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

DAYS = 200
LAST_DAY_AGE = 30
SHAPES = ("plain", "custom_fields", "whole_seconds", "null_tags")
SPREADS: dict[str, list[float]] = {
    "even": [1.0] * DAYS,
    # Fifty times as many on the last day as on the first.
    "growing": [50 ** (day / (DAYS - 1)) for day in range(DAYS)],
    # Three imports brought four fifths of all contacts.
    "imports": [0.8 / 3 if day in {40, 100, 160} else 0.2 / (DAYS - 3) for day in range(DAYS)],
}
KEPT = 409_600  # about 300 MB; in a larger workspace, the others are rendered again each time


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


_NAMES = [_encode(name) for name in ("Ayşe", "Chloé", "Deniz", "John", "李娜", "Åsa", "Maria")]
_SURNAMES = [_encode(name) for name in ("Şahin", "Smith", "O'Neill", "王", "García", "Öztürk")]
_PLACES = [
    tuple(map(_encode, place.split()))
    for place in ("TR Europe/Istanbul tr", "US America/New_York en", "DE Europe/Berlin de")
]
_TAGS = [
    _encode({"uuid": f"7a9c1e52-0b3d-4f68-9a21-{number:012x}", "name": name})
    for number, name in enumerate(("vip", "newsletter", "fuar/2025", "lead", "müşteri"))
]
_TEMPLATE = (
    b'{"uuid":"%08x-%04x-4%03x-8%03x-%012x","name":%b,"surname":%b,'
    b'"email":"contact%d@example.test","phone_number":"+90555%07d","number_type":"mobile",'
    b'"country_code":%b,"timezone":%b,"primary_language":%b,'
    b'"preferred_contact_channel":"whatsapp","preferred_contact_time":"Morning",'
    b'"status":"Active","created_at":"%b","updated_at":"%b","tags":%b%b}'
)
_CUSTOM = (
    b',"customer_number":"C-%08d","favourite_colour":"blue","loyalty_points":"%d",'
    b'"remarks":"","birthday":"1990-01-%02d"'
)


class Contacts:
    """A workspace, numbered in order of creation; `starts[d]` is the first number of day d."""

    def __init__(self, count: int, shape: str, spread: str) -> None:
        self._shape = shape
        self._first = datetime.now(UTC).date() - timedelta(days=LAST_DAY_AGE + DAYS - 1)
        weights = [0, *accumulate(SPREADS[spread])]
        self._starts = [round(count * weight / weights[-1]) for weight in weights]
        self._days = [
            (self._first + timedelta(days=day)).isoformat().encode() for day in range(DAYS + 30)
        ]
        self._kept = [self._render(number) for number in range(min(KEPT, count))]

    def between(self, first: date, last: date) -> range:
        """Number the contacts created on these days, both inclusive."""
        ages = (first - self._first).days, (last - self._first).days + 1
        start, end = (self._starts[min(max(age, 0), DAYS)] for age in ages)
        return range(start, max(start, end))

    def encoded(self, numbers: range) -> list[bytes]:
        """Encode the contacts with these numbers."""
        if numbers and numbers[-1] >= KEPT:
            return [self._render(number) for number in numbers]
        return self._kept[numbers.start : numbers.stop]

    def _render(self, number: int) -> bytes:
        mixed = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        low = mixed & 0xFFFFFFFF
        day = bisect_right(self._starts, number) - 1
        start, end = self._starts[day : day + 2]
        tag = low % len(_TAGS)
        return _TEMPLATE % (
            mixed >> 32,
            low >> 16,
            low & 0xFFF,
            low >> 4 & 0xFFF,
            mixed >> 8 & 0xFFFFFFFFFFFF,
            _NAMES[low % len(_NAMES)],
            _SURNAMES[low % len(_SURNAMES)],
            number,
            number % 10_000_000,
            *_PLACES[low % len(_PLACES)],
            self._timestamp(day, (number - start) * 86_400_000_000 // (end - start)),
            self._timestamp(day + 1 + low % 20, mixed % 86_400_000_000),
            b"null" if self._shape == "null_tags" else b"[%b,%b]" % (_TAGS[tag], _TAGS[tag - 1]),
            _CUSTOM % (number, low % 1000, 1 + low % 28) if self._shape == "custom_fields" else b"",
        )

    def _timestamp(self, day: int, microsecond: int) -> bytes:
        second, fraction = divmod(microsecond, 1_000_000)
        clock = (self._days[day], second // 3600, second // 60 % 60, second % 60)
        end = b"Z" if self._shape == "whole_seconds" else b".%06dZ" % fraction
        return b"%bT%02d:%02d:%02d" % clock + end

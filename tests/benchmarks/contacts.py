"""The JSON of made-up contacts, as a PHP server writes it: ASCII, with escaped slashes."""

import json
from datetime import timedelta
from functools import lru_cache

from tests.benchmarks.calendar import DAYS, Calendar

SHAPES = ("plain", "custom_fields", "whole_seconds", "null_tags")
BLOCK = 100
BLOCKS_KEPT = 4096  # about 300 MB; a larger workspace is rendered again when it is asked again


def _encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


_NAMES = [_encode(name) for name in ("Ayşe", "Chloé", "Deniz", "John", "李娜", "Åsa", "Maria")]
_SURNAMES = [_encode(name) for name in ("Şahin", "Smith", "O'Neill", "王", "García", "Öztürk")]
_PLACES = [
    (_encode(country), _encode(zone), _encode(language))
    for country, zone, language in (
        ("TR", "Europe/Istanbul", "tr"),
        ("US", "America/New_York", "en"),
        ("DE", "Europe/Berlin", "de"),
    )
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
    """The encoded contacts of a workspace, rendered when needed and kept while there is room."""

    def __init__(self, calendar: Calendar, shape: str) -> None:
        """Prepare the names of the days, and render as many contacts as will be kept."""
        self.calendar = calendar
        self._shape = shape
        self._days = [
            (calendar.first + timedelta(days=day)).isoformat().encode() for day in range(DAYS + 30)
        ]
        self._block = lru_cache(maxsize=BLOCKS_KEPT)(self._render_block)
        for block in range(min(BLOCKS_KEPT, calendar.total // BLOCK + 1)):
            self._block(block)

    def encoded(self, numbers: range) -> list[bytes]:
        """Encode the contacts with these numbers."""
        if not numbers:
            return []
        first, last = numbers[0] // BLOCK, numbers[-1] // BLOCK
        rows = [row for block in range(first, last + 1) for row in self._block(block)]
        start = numbers[0] - first * BLOCK
        return rows[start : start + len(numbers)]

    def _render_block(self, block: int) -> list[bytes]:
        start = block * BLOCK
        return [
            self._render(number) for number in range(start, min(start + BLOCK, self.calendar.total))
        ]

    def _render(self, number: int) -> bytes:
        mixed = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        low = mixed & 0xFFFFFFFF
        country, zone, language = _PLACES[low % len(_PLACES)]
        day = self.calendar.day_of(number)
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
            country,
            zone,
            language,
            self._timestamp(day, self.calendar.microsecond_of(number)),
            self._timestamp(day + 1 + low % 20, mixed % 86_400_000_000),
            b"null" if self._shape == "null_tags" else b"[%b,%b]" % (_TAGS[tag], _TAGS[tag - 1]),
            _CUSTOM % (number, low % 1000, 1 + low % 28) if self._shape == "custom_fields" else b"",
        )

    def _timestamp(self, day: int, microsecond: int) -> bytes:
        second, fraction = divmod(microsecond, 1_000_000)
        clock = b"%bT%02d:%02d:%02d" % (
            self._days[day],
            second // 3600,
            second // 60 % 60,
            second % 60,
        )
        return clock + (b"Z" if self._shape == "whole_seconds" else b".%06dZ" % fraction)

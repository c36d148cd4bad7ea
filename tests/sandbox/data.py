"""Made-up contacts, the same ones for the same arguments, with the text that breaks programs."""

# ruff: noqa: RUF001 - Turkish has a dotless i
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal
from uuid import UUID

Contact = dict[str, Any]
"""A contact by the names of its fields, as the API sends it."""

TimestampForm = Literal["microseconds", "sql"]
TagForm = Literal["uuid", "id", "mixed"]


def _words(text: str, between: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(between))


TEXT_FIELDS = _words(
    "uuid name surname email phone_number number_type country_code timezone primary_language"
    " preferred_contact_channel preferred_contact_time status"
)
TIMESTAMP_FIELDS = ("created_at", "updated_at")
STANDARD_FIELDS = (*TEXT_FIELDS, *TIMESTAMP_FIELDS, "tags")

NAMES = (
    *_words("Ayşe İbrahim Çağrı Iğdır 李娜 さくら محمد שרה Chloé"),
    *_words('Zoë 🎉|👩🏽\u200d🚀|O\'Brien|Max "Mad"|Back\\slash|a/b|<b>Bold</b>|  padded  ', "|"),
    *_words("tab\there|line\nbreak|e\u0301|\u202eright to left|NULL|0", "|"),
    "x" * 255,
    "Ada",
    "John",
)
SURNAMES = (
    *_words("Yılmaz|Öztürk|Şahin-Güneş|王|García|d'Été|D`Arcy|von der Au; DROP TABLE", "|"),
    *_words("العربي|Smith, Jr.", "|"),
    "Ünlü " * 40,
    "Lovelace",
)
TAGS = tuple(
    {"id": number, "uuid": str(UUID(int=0x7A9 << 112 | number, version=4)), "name": name}
    for number, name in enumerate(("vip", "newsletter", "fuar/2025", "müşteri", "🔥"), start=1)
)
_PLACES = (
    ("TR", "Europe/Istanbul", "tr"),
    ("US", "America/New_York", "en"),
    ("CN", "Asia/Shanghai", "zh"),
    ("EG", "Africa/Cairo", "ar"),
)
_CUSTOM_VALUES = _words(
    '|42|blue|2024-05-01|çok iyi / very good|line one\nline two|{"a": 1}|true', "|"
)


def format_timestamp(at: datetime, form: TimestampForm) -> str:
    """Write a moment as Laravel, other APIs or MySQL do."""
    at = at.astimezone(UTC).replace(tzinfo=None)
    if form == "sql":
        return at.isoformat(" ", "seconds")
    return at.isoformat("T", form) + "Z"


def make_contact(
    rng: Random,
    created_at: datetime,
    updated_at: datetime,
    *,
    custom_fields: Sequence[str] = (),
    tags: TagForm | None = "uuid",
    timestamps: TimestampForm = "microseconds",
) -> Contact:
    """Make up one contact; any optional field may be null, and one in 30 is a bare number."""
    uuid = str(UUID(int=rng.getrandbits(128), version=4))
    country, timezone, language = rng.choice(_PLACES)
    optional: Contact = {
        "name": rng.choice(NAMES),
        "surname": rng.choice(SURNAMES),
        "email": f"contact.{uuid[:8]}@example.test",
        "number_type": rng.choice(("mobile", "landline")),
        "country_code": country,
        "timezone": timezone,
        "primary_language": language,
        "preferred_contact_channel": rng.choice(("whatsapp", "sms", "Call", "email")),
        "preferred_contact_time": rng.choice(("Morning", "evening")),
    }
    null_share = 1.0 if rng.random() < 1 / 30 else 0.04
    contact = {
        "uuid": uuid,
        **{key: None if rng.random() < null_share else value for key, value in optional.items()},
        "phone_number": f"+1{rng.randrange(201, 990)}55501{rng.randrange(100):02d}",
        "status": rng.choice(("Active", "Active", "Inactive")),
        "created_at": format_timestamp(created_at, timestamps),
        "updated_at": format_timestamp(updated_at, timestamps),
        "tags": None if tags is None else _make_tags(rng, tags),
    }
    ordered = {key: contact[key] for key in STANDARD_FIELDS}
    return ordered | {key: rng.choice(_CUSTOM_VALUES) for key in custom_fields}


def _make_tags(rng: Random, form: TagForm) -> list[dict[str, Any]]:
    tags = []
    for tag in rng.sample(TAGS, rng.randrange(3)):
        key = rng.choice(("uuid", "id")) if form == "mixed" else form
        tags.append({key: tag[key], "name": tag["name"]})
    return tags


def contacts(
    count: int,
    *,
    seed: int = 0,
    until: datetime | None = None,
    days: float = 365,
    batch: int = 1,
    **shape: Any,
) -> list[Contact]:
    """Make up contacts created within `days` before `until` (now), oldest first.

    Each `batch` of neighbours was imported together: their timestamps are equal.
    """
    rng = Random(f"contacts {seed}")
    until = until or datetime.now(UTC)
    ages = sorted((rng.random() for _ in range(0, count, batch)), reverse=True)
    made: list[Contact] = []
    for age in ages:
        created_at = until - timedelta(days=days * age)
        edited = max(0.0, rng.random() * 2 - 1)  # half of them never were
        updated_at = created_at + (until - created_at) * edited
        together = range(min(batch, count - len(made)))
        made += [make_contact(rng, created_at, updated_at, **shape) for _ in together]
    return made

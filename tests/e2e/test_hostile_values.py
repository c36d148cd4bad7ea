"""Contacts made of anything JSON can say: into PostgreSQL by the real target, and nothing lost."""

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from random import Random
from sys import executable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.expected import assert_valid
from tests.e2e.running import Run, environment, run_tap
from tests.postgres import postgres
from tests.sandbox import Sandbox, Workspace
from tests.sandbox.clock import NOON
from tests.sandbox.data import STANDARD_FIELDS, TEXT_FIELDS, format_timestamp

Contact = dict[str, Any]

_FIELDS = {*STANDARD_FIELDS}
_TEXTS = TEXT_FIELDS[1:]

numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([10**30, -(10**100), 10**4299, 2**64, -0.0, 1.0, 5e-324, 1.7e308]),
)
texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", "a\0", "\ud83d", "\ude00\ud83d", "\\u0000", "'; --", "{}", "\\N", "\r\n\t", "\ufeff", "🎉"]
)
keys = texts | st.sampled_from(
    [
        "custom_fields",
        "Tags",
        "type",
        "record",
        "_sdc_deleted_at",
        "_sdc_batched_at",
        "NAME",
        "name ",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
tags = st.lists(
    st.dictionaries(st.sampled_from(["uuid", "id", "name"]) | keys, anything, max_size=3)
    | texts
    | st.none(),
    max_size=3,
)
contacts = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(_TEXTS, texts | anything)
    | {
        "tags": tags | st.none(),
        "updated_at": st.sampled_from(["", "soon", 5, "0001-01-01", None]),
    },
).flatmap(
    lambda standard: st.dictionaries(keys.filter(lambda key: key not in _FIELDS), anything).map(
        lambda custom: standard | custom
    )
)


def deep(levels: int) -> Any:  # noqa: ANN401 - any JSON
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


BY_HAND: list[Contact] = [
    {"long": "x" * 5_000_000, "name": "y" * 5_000_000, "k" * 100_000: 1},
    {"deep": deep(200)},
    {f"field {number}": number for number in range(3000)},
    dict.fromkeys(["a\0", "a\udfff", "a\ufffd"], 1),
    {"": 1, " ": 2, "a": 3, "A": 4},
    {"infinite": [float("inf"), float("-inf"), float("nan")]},
    {"updated_at": "9999-12-31T23:59:59.999999Z", "tags": [{"id": 10**40, "colour": {"a": [1.5]}}]},
]


def generated(count: int) -> list[Contact]:
    """So many contacts, the same ones every time."""
    made: list[Contact] = []

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(contacts)
    def collect(contact: Contact) -> None:
        made.append(contact)

    collect()
    return made


# What a record should be, stated once more.


def cleaned(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124
        return json.dumps(value)
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, dict):
        honest = {key for key in value if cleaned(key) == key}
        result = {}
        for key, one in value.items():
            name = cleaned(key)
            while key not in honest and (name in honest or name in result):
                name += "\ufffd"
            result[name] = cleaned(one)
        return result
    return Decimal(repr(value)) if isinstance(value, float) else value


def loaded(text: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(text, parse_float=Decimal)


def assert_text(sent: Any, stored: str | None) -> None:  # noqa: ANN401 - any JSON
    if sent is None:
        assert stored is None
    elif isinstance(sent, str):
        assert stored == cleaned(sent)
    else:
        assert stored is not None
        value = cleaned(sent)
        assert stored == value if isinstance(value, str) else loaded(stored) == value


def assert_tags(sent: Any, stored: list[dict[str, Any]]) -> None:  # noqa: ANN401 - any JSON
    ones = [
        one if isinstance(one, dict) else {"name": one} for one in sent or [] if one is not None
    ]
    for one, kept in zip(map(cleaned, ones), stored, strict=True):
        assert kept.keys() == one.keys()
        for key, value in one.items():
            if key == "id":
                whole = isinstance(value, int) and not isinstance(value, bool)
                assert kept[key] == value if whole else kept[key] is None or kept[key] == int(value)
            elif key in {"uuid", "name"}:
                assert_text(value, kept[key])
            else:
                assert kept[key] == value


# One load for all.


class Table:
    """What the run wrote and what PostgreSQL then holds."""

    def __init__(self, sent: dict[str, Contact], run: Run, rows: dict[str, dict[str, Any]]) -> None:
        self.sent = sent
        self.run = run
        self.rows = rows


@pytest.fixture(scope="module")
def table() -> Table:
    created = format_timestamp(NOON, "microseconds")
    made = BY_HAND + generated(400)
    Random(0).shuffle(made)
    sent = {f"contact-{number}": contact for number, contact in enumerate(made)}
    rows = [{"uuid": uuid, "created_at": created} | contact for uuid, contact in sent.items()]
    workspace = Workspace(rows)
    workspace.as_sent = lambda contact: contact  # type: ignore[method-assign]
    with Sandbox(workspace) as sandbox, postgres() as uri:
        run = run_tap(sandbox.config(page_size=25))
        load = subprocess.run(
            [Path(executable).parent / "target-postgres", "--config=ENV"],
            input=run.stdout,
            env=environment(
                {
                    "HOME": os.devnull,
                    "TARGET_POSTGRES_SQLALCHEMY_URL": uri.replace("://", "+psycopg://", 1),
                    "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "mihu",
                }
            ),
            capture_output=True,
            check=False,
        )
        assert load.returncode == 0, load.stderr[-2000:]
        with psycopg.connect(uri) as connection:
            cursor = connection.execute("SELECT to_jsonb(c)::text FROM mihu.contacts c")
            stored = [loaded(text) for (text,) in cursor]
    return Table(sent, run, {row["uuid"]: row for row in stored})


def test_every_record_is_valid(table: Table) -> None:
    assert table.run.status == 0, table.run.log
    assert "Traceback" not in table.run.log
    assert_valid(table.run)
    assert len(table.run.uuids) == len(table.sent)


def test_every_contact_is_in_the_table(table: Table) -> None:
    assert table.rows.keys() == table.sent.keys()


def test_custom_fields_are_as_sent(table: Table) -> None:
    for uuid, contact in table.sent.items():
        further = {key: value for key, value in contact.items() if key not in _FIELDS}
        assert table.rows[uuid]["custom_fields"] == cleaned(further)


def test_texts_are_as_sent(table: Table) -> None:
    for uuid, contact in table.sent.items():
        for field in _TEXTS:
            assert_text(contact.get(field), table.rows[uuid][field])


def test_tags_are_as_sent(table: Table) -> None:
    for uuid, contact in table.sent.items():
        assert_tags(contact.get("tags"), table.rows[uuid]["tags"])

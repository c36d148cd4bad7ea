"""Contacts made of anything JSON can say: the real target stores them in PostgreSQL as written."""

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from random import Random
from sys import executable
from typing import Any

import psycopg
from hypothesis import HealthCheck, given, settings

from tests.e2e.expected import assert_valid
from tests.e2e.running import environment, run_tap
from tests.postgres import postgres
from tests.sandbox import RequestInfo, Sandbox, faults
from tests.sandbox.data import STANDARD_FIELDS, TIMESTAMP_FIELDS
from tests.unit.records.decoded import body_of
from tests.unit.records.wild import wild_contacts

PAGE_SIZE = 25
BY_HAND = [
    json.dumps({"long": "x" * 5_000_000, "name": "y" * 5_000_000, "k" * 100_000: 1}),
    f'{{"deep":{"[" * 200}{"]" * 200},"large":{10**4299}}}',
    json.dumps({f"field {number}": number for number in range(3000)}),
    '{"updated_at":"9999-12-31T23:59:59.999999Z","tags":[{"id":1e40,"colour":{"a":[1.5]}}]}',
    '{"updated_at":"0001-01-01","":1," ":2,"a":3,"A":4,"NAME":5,"name ":6,"_sdc_batched_at":7}',
]


def generated(count: int) -> list[str]:
    """So many contacts, the same ones every time."""
    made: list[str] = []

    @settings(max_examples=count, suppress_health_check=list(HealthCheck))
    @given(wild_contacts(odd=False) | wild_contacts(odd=True))
    def collect(contact: str) -> None:
        made.append(contact)

    collect()
    return made


def loaded(text: str | bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


def rows_of(rows: list[Any]) -> dict[str, dict[str, Any]]:
    """Rows by their key, but for their moments and what a target adds."""
    names = {*STANDARD_FIELDS, "custom_fields"}.difference(TIMESTAMP_FIELDS)
    assert len({row["uuid"] for row in rows}) == len(rows)
    return {row["uuid"]: {name: row[name] for name in names} for row in rows}


def test_whatever_is_written_is_stored() -> None:
    made = BY_HAND + generated(150)
    Random(0).shuffle(made)
    # The last of two equal keys counts.
    made = [f'{text[:-1]},"uuid":"contact-{number}"}}' for number, text in enumerate(made)]
    pages = [made[first : first + PAGE_SIZE] for first in range(0, len(made), PAGE_SIZE)]

    def script(info: RequestInfo) -> faults.Fault:
        page = min(info.page or 1, len(pages))
        counts = {"current_page": page, "last_page": len(pages), "total": len(made)}
        return faults.not_json(body_of(f"[{','.join(pages[page - 1])}]", **counts))

    with Sandbox(faults=script) as sandbox, postgres() as uri:
        run = run_tap(sandbox.config(page_size=PAGE_SIZE))
        url = uri.replace("://", "+psycopg://", 1)
        load = subprocess.run(
            [Path(executable).parent / "target-postgres", "--config=ENV"],
            input=run.stdout,
            env=environment({"HOME": os.devnull, "TARGET_POSTGRES_SQLALCHEMY_URL": url})
            | {"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "mihu"},
            capture_output=True,
            check=False,
        )
        assert load.returncode == 0, load.stderr[-2000:]
        with psycopg.connect(uri) as connection:
            cursor = connection.execute("SELECT to_jsonb(c)::text FROM mihu.contacts c")
            stored = rows_of([loaded(text) for (text,) in cursor])
    assert (run.status, run.errors) == (0, []), run.log
    assert_valid(run)
    messages = [loaded(line) for line in run.stdout.splitlines()]
    written = rows_of([message["record"] for message in messages if message["type"] == "RECORD"])
    assert len(written) == len(made)
    assert stored == written

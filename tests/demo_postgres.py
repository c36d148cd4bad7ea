"""The demonstration into a real PostgreSQL: `python -m tests.demo_postgres`."""

from random import Random
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.demo import CONTACTS, EDITS, check, load, made_up, main, say, show
from tests.postgres import postgres
from tests.sandbox import Sandbox

COMMAND = ("meltano", "run", "tap-mihu", "target-postgres")
QUERY = "SELECT * FROM tap_mihu.contacts ORDER BY updated_at DESC LIMIT 5"


def demonstrate() -> None:
    """Load a sandbox, edit some contacts, load it again, and ask the database each time."""
    with postgres() as uri, made_up() as sandbox:
        _load_and_show(sandbox, uri)
        edited = {*sandbox.workspace.edit_some(Random(0), EDITS)}
        say(f"\n{EDITS} contacts are edited in the sandbox. The second run replaces their rows.")
        newest = {str(row["uuid"]) for row in _load_and_show(sandbox, uri)}
        check(newest == edited, "an edited row is not the newest")
    say("\nThe sandbox and the database are gone again.")


def _load_and_show(sandbox: Sandbox, uri: str) -> list[dict[str, Any]]:
    load(sandbox, COMMAND, TARGET_POSTGRES_SQLALCHEMY_URL=uri)
    with psycopg.connect(uri, row_factory=dict_row) as connection:
        everyone = connection.execute("SELECT uuid FROM tap_mihu.contacts").fetchall()
        rows = connection.execute(QUERY).fetchall()
    sent = sorted(contact["uuid"] for contact in sandbox.workspace.contacts())
    check(sorted(row["uuid"] for row in everyone) == sent, "the rows are not the contacts")
    say(f"{CONTACTS} rows in the table tap_mihu.contacts; {QUERY}:")
    show(rows)
    return rows


if __name__ == "__main__":
    main(demonstrate)

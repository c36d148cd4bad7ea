"""The demonstration into a real PostgreSQL: `python -m tests.demo_postgres`."""

import shutil
from datetime import UTC, datetime
from random import Random
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.demo import CONTACTS, EDITS, OUTPUT, ROOT, check, load, main, say, shortened
from tests.postgres import postgres
from tests.sandbox import Sandbox, Workspace, contacts

COMMAND = ("meltano", "run", "tap-mihu", "target-postgres")
QUERY = "SELECT * FROM tap_mihu.contacts ORDER BY updated_at DESC LIMIT 5"


def demonstrate() -> None:
    """Load a sandbox, edit some contacts, load it again, and ask the database each time."""
    shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    workspace = Workspace(contacts(CONTACTS, until=midnight))
    with postgres() as uri, Sandbox(workspace) as sandbox:
        say(f"A sandbox of the Mihu API with {CONTACTS} made-up contacts, and a PostgreSQL.")
        say("\nThe first run loads all. (The first time, Meltano installs the tap and the target.)")
        _load_and_show(sandbox, uri)
        workspace.edit_some(Random(0), EDITS)
        say(f"\n{EDITS} contacts are edited in the sandbox. The second run replaces their rows.")
        newest = {str(row["uuid"]) for row in _load_and_show(sandbox, uri)}
        edited = sorted(workspace.contacts(), key=lambda contact: contact["updated_at"])[-EDITS:]
        check(newest == {contact["uuid"] for contact in edited}, "an edited row is not the newest")
    say("\nThe sandbox and the database are gone again.")


def _load_and_show(sandbox: Sandbox, uri: str) -> list[dict[str, Any]]:
    load(sandbox, COMMAND, TARGET_POSTGRES_SQLALCHEMY_URL=uri)
    with psycopg.connect(uri, row_factory=dict_row) as connection:
        everyone = connection.execute("SELECT uuid FROM tap_mihu.contacts").fetchall()
        rows = connection.execute(QUERY).fetchall()
    uuids = {row["uuid"] for row in everyone}
    sent = {contact["uuid"] for contact in sandbox.workspace.contacts()}
    check(uuids == sent and len(everyone) == CONTACTS, "the rows are not the contacts")
    say(f"{len(everyone)} rows in the table tap_mihu.contacts; {QUERY}:")
    for row in rows:
        say(f"  {shortened(row)}")
    return rows


if __name__ == "__main__":
    main(demonstrate)

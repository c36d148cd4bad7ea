"""One Meltano project, and one database, for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import postgres
from tests.projects import project_folder

FULL_TABLE = """
  - name: tap-mihu--full
    inherit_from: tap-mihu
    config: {emit_activate_version_messages: true}
    metadata:
      contacts: {replication-method: FULL_TABLE}
"""

# To PostgreSQL's library, the zone "default" is the server's own: as if PGTZ were not set.
UNSET = """
  - name: target-postgres--unset
    inherit_from: target-postgres
    env: {PGTZ: default}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with two extractors: `tap-mihu`, and `tap-mihu--full` for deletes too."""
    made = project_folder(tmp_path_factory.mktemp("project"), extractors=FULL_TABLE)
    file = made / "meltano.yml"
    text = file.read_text("utf-8").replace("\n  loaders:\n", f"\n  loaders:{UNSET}")
    file.write_text(text, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """Start a server for whose sessions it is not UTC."""
    with postgres() as uri:
        with psycopg.connect(uri) as connection:
            connection.execute("ALTER DATABASE postgres SET timezone = 'Asia/Tokyo'")
        yield uri

"""A PostgreSQL of its own process, which the measured pipes load into.

`python -m tests.benchmarks.database` prints its URI; for every line with the name of a schema, it
prints how many contacts are loaded there, and drops the schema.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Database:
    """The measuring side's handle on it."""

    uri: str
    _asked: IO[str]
    _told: IO[str]

    def take(self, schema: str) -> int:
        """Return how many contacts were loaded into a schema, and drop it."""
        self._asked.write(f"{schema}\n")
        self._asked.flush()
        return int(self._told.readline())


@contextmanager
def database() -> Iterator[Database]:
    """Run the server as long as the block lasts."""
    command = [sys.executable, "-m", "tests.benchmarks.database"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Database(process.stdout.readline().strip(), process.stdin, process.stdout)
        # Leaving the block closes its standard input, which ends it.


def main() -> None:
    """Serve."""
    # Here, for the measuring process has to stay small.
    import psycopg  # noqa: PLC0415
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415

    from tests.postgres import postgres  # noqa: PLC0415

    with postgres() as uri, psycopg.connect(uri, autocommit=True) as connection:
        sys.stdout.write(f"{uri}\n")
        sys.stdout.flush()
        for line in sys.stdin:
            schema = Identifier(line.strip())
            query = SQL("SELECT count(DISTINCT uuid) FROM {}.contacts").format(schema)
            try:
                (count,) = connection.execute(query).fetchone() or (0,)
            except psycopg.errors.UndefinedTable:
                count = 0
            connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
            sys.stdout.write(f"{count}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()

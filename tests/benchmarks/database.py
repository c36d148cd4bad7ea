"""A PostgreSQL of its own process, which the measured pipes load into.

`python -m tests.benchmarks.database` prints its URI; for every line with the name of a schema, it
prints how many contacts are loaded there, and drops the schema.
"""

import sys

import psycopg
from psycopg.sql import SQL, Identifier

from tests.postgres import postgres


def main() -> None:
    """Serve."""
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

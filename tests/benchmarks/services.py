"""The measuring side's handles on what runs as processes of their own: the API and a database."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from subprocess import PIPE

ROOT = Path(__file__).parents[2]


@contextmanager
def _process(name: str, **options: object) -> Iterator[Callable[[str], str]]:
    """Run a module as long as the block lasts; give what writes to it and reads a line back."""
    command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
    command += [f"--{option.replace('_', '-')}={value}" for option, value in options.items()]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        asked, told = process.stdin, process.stdout

        def ask(text: str) -> str:
            asked.write(text)
            asked.flush()
            return told.readline().strip()

        yield ask
        # Leaving the block closes its standard input, which ends it.


@dataclass(frozen=True)
class Service:
    """A running server and the workspace in it."""

    contacts: int
    port: int

    @property
    def api_url(self) -> str:
        """The address that the tap's setting of this name wants."""
        return f"http://127.0.0.1:{self.port}/api/v1"

    @property
    def pages(self) -> int:
        """How many requests a plain walk needs."""
        return max(1, -(-self.contacts // 100))

    def requests(self) -> int:
        """Count the requests since the last time."""
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/requests")
        number = int(connection.getresponse().read())
        connection.close()
        return number


@contextmanager
def serving(contacts: int, **options: object) -> Iterator[Service]:
    """Run a server: `shape`, `spread`, `latency_ms`."""
    with _process("server", contacts=contacts, **options) as ask:
        yield Service(contacts, int(ask("")))


@contextmanager
def database() -> Iterator[tuple[str, Callable[[str], int]]]:
    """Run a PostgreSQL; give its URI, and what counts the contacts in a schema and drops it."""
    with _process("database") as ask:
        yield ask(""), lambda schema: int(ask(f"{schema}\n"))

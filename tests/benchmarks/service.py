"""The measuring side's handle on the server, which runs as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from subprocess import PIPE

ROOT = Path(__file__).parents[2]


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
    """Run a server as long as the block lasts; options are `shape`, `spread` and `latency_ms`."""
    workspace = json.dumps({"contacts": contacts, **options})
    command = [sys.executable, "-m", "tests.benchmarks.server", workspace]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as server:
        assert server.stdout
        yield Service(contacts, int(server.stdout.readline()))
        # Leaving the block closes the server's standard input, which ends it.

"""The measuring side's handle on the server, which runs as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Stats:
    """What the server counted."""

    requests: int
    peak_in_flight: int


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

    def stats(self) -> Stats:
        """Read what the server counted since the last reading."""
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/stats")
        stats = Stats(**json.load(connection.getresponse()))
        connection.close()
        return stats


@contextmanager
def serving(
    contacts: int, *, shape: str = "plain", spread: str = "even", latency_ms: int = 0
) -> Iterator[Service]:
    """Run a server as long as the block lasts."""
    options = {
        "--contacts": contacts,
        "--shape": shape,
        "--spread": spread,
        "--latency-ms": latency_ms,
    }
    command = [sys.executable, "-m", "tests.benchmarks.server"]
    command += [str(word) for option in options.items() for word in option]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        yield Service(contacts, int(server.stdout.readline()))
        # Leaving the block closes the server's standard input, which ends it.

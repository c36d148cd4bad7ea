"""Running commands by turns and weighing them, after a proof that each reads everything.

A child's peak memory includes its parent's at the fork: keep the measuring process small.
"""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.request import urlopen

from tests.benchmarks.field import STDOUT, Contender

ROOT = Path(__file__).parents[2]
LOG = "stderr.log"
_EMAIL = re.compile(rb"contact(\d+)@example\.test")


class CommandError(Exception):
    """A measured command failed, or did not do all of its work."""


@dataclass(frozen=True)
class Plan:
    """Numbers of measured runs, and of contacts in the scenarios' workspaces."""

    runs: int = 5
    contacts: int = 200_000
    slow: int = 100_000  # behind a slow line
    sizes: tuple[int, ...] = (10_000, 100_000, 300_000, 1_000_000)
    costs: tuple[int, ...] = (10_000, 20_000, 100_000, 300_000)
    loaded: int = 100_000  # into warehouses
    every_warehouse: bool = True  # or only the first one


class Sample(NamedTuple):
    """What one run of a command cost."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Service:
    """A running server and the workspace in it."""

    contacts: int
    root: str

    @property
    def api_url(self) -> str:
        return f"{self.root}/api/v1"

    @property
    def pages(self) -> int:
        """How many requests a plain walk needs."""
        return max(1, -(-self.contacts // 100))

    def requests(self) -> int:
        """Count the requests since the last time."""
        with urlopen(f"{self.root}/requests") as response:  # noqa: S310 - our own
            return int(response.read())


@contextmanager
def serving(contacts: int, **options: object) -> Iterator[Service]:
    """Run a server as long as the block lasts; options are `shape`, `spread` and `latency_ms`."""
    workspace = json.dumps({"contacts": contacts, **options})
    command = [sys.executable, "-m", "tests.benchmarks.server", workspace]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) as server:
        assert server.stdout
        yield Service(contacts, f"http://127.0.0.1:{server.stdout.readline().strip()}")
        # Leaving the block closes the server's standard input, which ends it.


def run(command: Sequence[str], folder: Path, output: str = os.devnull) -> Sample:
    """Run a command in a folder, its standard output going to a file there or nowhere."""
    # Without the user's own settings of the tap, proxies and telemetry.
    others = {key: text for key, text in os.environ.items() if not key.startswith("TAP_MIHU_")}
    env = others | {"no_proxy": "127.0.0.1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    with (folder / output).open("wb") as stdout, (folder / LOG).open("wb") as stderr:
        start = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, env=env, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        log = (folder / LOG).read_text(errors="replace")[-2000:]
        raise CommandError(f"{' '.join(command)} ended with status {child.returncode}:\n{log}")
    return Sample(seconds, usage.ru_maxrss / 1024)


def measure(contender: Contender, service: Service) -> Sample:
    """Run a contender once, its output going nowhere."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        sample = run(contender.command(service.api_url, folder), folder)
    sys.stderr.write(f"{contender.title}: {sample.seconds:.2f} s\n")
    return sample


def verify(contender: Contender, service: Service) -> None:
    """Run a contender once and insist that it wrote every contact exactly once."""
    seen = bytearray(service.contacts)
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(contender.command(service.api_url, folder), folder, STDOUT)
        for path in folder.glob(contender.output):
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
                for line in lines:
                    for found in _EMAIL.finditer(line):
                        seen[int(found[1])] += 1
    if wrong := len(seen) - seen.count(1):
        raise CommandError(f"{contender.title} did not write {wrong} contacts exactly once")


def alternate(
    contenders: Sequence[Contender],
    service: Service,
    runs: int,
    check: Callable[[], None] = lambda: None,
) -> dict[str, Sample]:
    """Run contenders by turns, check after each run, and give the medians of each."""
    samples: dict[str, list[Sample]] = {contender.title: [] for contender in contenders}
    for _ in range(runs):
        for contender in contenders:
            samples[contender.title].append(measure(contender, service))
            check()
    return {
        title: Sample(*map(median, zip(*taken, strict=True))) for title, taken in samples.items()
    }


def race(contenders: Sequence[Contender], service: Service, runs: int) -> dict[str, Sample]:
    """Let contenders read the same workspace by turns, the first round being the proof."""
    for contender in contenders:
        verify(contender, service)
    return alternate(contenders, service, runs)

"""Running contenders by turns, after a first round that proves that each reads everything."""

import gzip
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks.field import STDOUT, Contender
from tests.benchmarks.process import CommandError, Sample, run
from tests.benchmarks.service import Service

_EMAIL = re.compile(rb"contact(\d+)@example\.test")


def measure(contender: Contender, api_url: str) -> Sample:
    """Run a contender once, its output going nowhere."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        sample = run(contender.command(api_url, folder), folder)
    sys.stderr.write(f"{contender.title}: {sample.seconds:.2f} s\n")
    return sample


def verify(contender: Contender, service: Service) -> None:
    """Run a contender once and insist that it wrote every contact exactly once."""
    seen = bytearray(service.contacts)
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(contender.command(service.api_url, folder), folder, STDOUT)
        for path in folder.glob(contender.output):
            for number in _numbers(path):
                seen[number] += 1
    wrong = len(seen) - seen.count(1)
    if wrong:
        message = f"{contender.title} did not write {wrong} of {len(seen)} contacts exactly once"
        raise CommandError(message)


def _numbers(path: Path) -> Iterable[int]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            yield from (int(found[1]) for found in _EMAIL.finditer(line))


def alternate(contenders: Sequence[Contender], api_url: str, runs: int) -> dict[str, Sample]:
    """Run contenders by turns and give the medians of each."""
    samples: dict[str, list[Sample]] = {contender.title: [] for contender in contenders}
    for _ in range(runs):
        for contender in contenders:
            samples[contender.title].append(measure(contender, api_url))
    return {title: middle(taken) for title, taken in samples.items()}


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the medians of some samples."""
    return Sample(
        median(sample.seconds for sample in samples),
        median(sample.cpu_seconds for sample in samples),
        median(sample.peak_mb for sample in samples),
    )


def race(contenders: Sequence[Contender], service: Service, runs: int) -> dict[str, Sample]:
    """Let contenders read the same workspace by turns, the first round being the proof."""
    for contender in contenders:
        verify(contender, service)
    return alternate(contenders, service.api_url, runs)

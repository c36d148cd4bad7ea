"""Running a command and weighing it.

A child's peak memory includes its parent's at the fork: keep the measuring process small.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOG = "stderr.log"


class CommandError(Exception):
    """A measured command failed, or did not do all of its work."""


@dataclass(frozen=True)
class Sample:
    """What one run of a command cost."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def _environment() -> dict[str, str]:
    """Keep the user's own settings of the tap, proxies and telemetry out of the measurement."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("TAP_MIHU_")
    } | {
        "no_proxy": "127.0.0.1",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def run(command: Sequence[str], folder: Path, output: str = os.devnull) -> Sample:
    """Run a command in a folder, its standard output going to a file there or nowhere."""
    with (folder / output).open("wb") as stdout, (folder / LOG).open("wb") as stderr:
        start = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=stdout, stderr=stderr
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        log = (folder / LOG).read_text(errors="replace")[-2000:]
        message = f"{' '.join(command)} ended with status {child.returncode}:\n{log}"
        raise CommandError(message)
    return Sample(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)

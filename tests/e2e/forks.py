"""Run the tap in forks of a process that has imported it: for many runs that end as processes."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tap_mihu import cli, tap  # noqa: F401 - imported before the fork
from tap_mihu.api.throttle import ThrottleGate
from tests.e2e.running import TIMEOUT_SECONDS, Run, environment
from tests.forks import forked

__all__ = ["run_forked"]

_PATIENCE = "THROTTLE_PATIENCE"


def main() -> None:
    """Be the tap; called in a fork."""
    if patience := os.environ.pop(_PATIENCE, ""):
        ThrottleGate._UNTOLD_PATIENCE_SECONDS = float(patience)  # noqa: SLF001
        ThrottleGate._TOLD_PATIENCE_SECONDS = float(patience)  # noqa: SLF001
    status: object = 0
    try:
        cli.main()
    except SystemExit as end:
        status = end.code
    sys.stdout.flush()
    # To free all that an interpreter frees at its end would take longer than most runs.
    os._exit(int(str(status or 0)))


def run_forked(
    settings: Mapping[str, Any] | None,
    *args: str,
    timeout: float = TIMEOUT_SECONDS,
    env: Mapping[str, str] | None = None,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    throttle_patience: float | None = None,
) -> Run:
    """Run the tap to its end, or for so many seconds: then its status is `tests.forks.HANGS`.

    Without settings it has those of the arguments and the environment. It bears being throttled
    for `throttle_patience` seconds; ten minutes are too long here.
    """
    with TemporaryDirectory(prefix="tap-mihu-") as name:
        folder = Path(name)
        argv = ["tap-mihu", *args]
        for option, value in (("config", settings), ("catalog", catalog), ("state", state)):
            if value is not None:
                path = folder / f"{option}.json"
                path.write_text(json.dumps(value), encoding="utf-8")
                argv += [f"--{option}", str(path)]
        own = {"HOME": name} | dict(env or {})
        if throttle_patience is not None:
            own[_PATIENCE] = str(throttle_patience)
        stdout, log = folder / "stdout", folder / "stderr"
        fork = forked(
            f"{__name__}:main", argv, folder=folder, env=environment(own), stdout=stdout, stderr=log
        )
        return Run(fork.wait(timeout), stdout.read_bytes(), log.read_text(encoding="utf-8"))

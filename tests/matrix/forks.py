"""Run the tap in forks of a process that has imported it: a tenth of the cost of a new one.

Each run is still a process of its own, with a real exit status, real standard streams and an
environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from tap_mihu import cli, tap
from tap_mihu.api.throttle import ThrottleGate
from tests.e2e.running import Run, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["HANGS", "run_forked"]

HANGS = -9
"""The exit status of a run that did not end by itself."""

# What the server has imported, its forks begin with; the tap itself waits until it is needed.
_PRELOADED = ["__main__", __name__, tap.__name__]
_forks = get_context("forkserver")
# A process object is not made for several threads.
_lock = Lock()


def run_forked(
    settings: Mapping[str, Any],
    *,
    timeout: float,
    env: Mapping[str, str],
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    throttle_patience: float | None = None,
    meanwhile: Callable[[Path], None] | None = None,
) -> Run:
    """Run the tap to its end, or to the end of our patience.

    Args:
        settings: Its configuration.
        timeout: After so many seconds it is killed: its status is `HANGS`.
        env: Its environment, beside what any process needs.
        catalog: Its catalog.
        state: Its state.
        throttle_patience: For how long it bears being throttled; ten minutes are too long here.
        meanwhile: Is called while it runs, with the file that its log grows in.
    """
    with TemporaryDirectory(prefix="tap-mihu-") as name:
        folder = Path(name)
        argv = ["tap-mihu"]
        for option, value in (("config", settings), ("catalog", catalog), ("state", state)):
            if value is not None:
                path = folder / f"{option}.json"
                path.write_text(json.dumps(value), encoding="utf-8")
                argv += [f"--{option}", str(path)]
        arguments = (name, argv, environment({"HOME": name, **env}), throttle_patience)
        with _lock:
            _forks.set_forkserver_preload(_PRELOADED)
            process = _forks.Process(target=_run, args=arguments, daemon=True)
            process.start()
        log = folder / "stderr"
        if meanwhile is not None:
            helper = Thread(target=meanwhile, args=(log,))
            helper.start()
        if not wait([process.sentinel], timeout):
            process.kill()
        with _lock:
            process.join()
            status = process.exitcode
            process.close()
        if meanwhile is not None:
            helper.join()
        assert status is not None
        stdout = (folder / "stdout").read_bytes()
        return Run(status, stdout, log.read_text(encoding="utf-8"))


def _run(
    folder: str, argv: list[str], env: dict[str, str], throttle_patience: float | None
) -> None:
    """Be the tap; called in a fork."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, descriptor)
        os.close(file)
    sys.argv = argv
    if throttle_patience is not None:
        ThrottleGate._UNTOLD_PATIENCE_SECONDS = throttle_patience  # noqa: SLF001
        ThrottleGate._TOLD_PATIENCE_SECONDS = throttle_patience  # noqa: SLF001
    cli.main()

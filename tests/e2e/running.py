"""Run the tap as its users do: as a process of its own, in an environment without surprises."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

__all__ = [
    "Run",
    "Tap",
    "discovered",
    "environment",
    "full_table",
    "run_tap",
    "selecting",
    "started_tap",
    "wait_until",
]

TIMEOUT_SECONDS = 60.0
"""Nothing here takes so long, unless it hangs."""


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    status: int
    stdout: bytes
    log: str
    """Standard error."""

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """All Singer messages; every line must be a whole one."""
        *lines, rest = self.stdout.split(b"\n")
        assert rest == b"", f"standard output ends inside a line: {rest[:80]!r}"
        return [json.loads(line) for line in lines]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """The messages of one type: SCHEMA, RECORD, STATE, ACTIVATE_VERSION."""
        return [message for message in self.messages if message["type"] == kind]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [message["record"] for message in self.of_type("RECORD")]

    @property
    def uuids(self) -> list[str]:
        return [record["uuid"] for record in self.records]

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.of_type("STATE")]

    @property
    def state(self) -> dict[str, Any]:
        """The last state, which the next run starts from; empty if there is none."""
        return self.states[-1] if self.states else {}

    @property
    def errors(self) -> list[str]:
        """The lines of the log with the level ERROR or worse."""
        levels = (" | ERROR ", " | CRITICAL ")
        return [line for line in self.log.splitlines() if any(level in line for level in levels)]

    @property
    def warnings(self) -> list[str]:
        """The lines of the log with the level WARNING, but for news of the running Python."""
        lines = (line for line in self.log.splitlines() if " | WARNING " in line)
        return [line for line in lines if "SingerSDKPythonEOLWarning" not in line]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without the caller's settings, proxies, home and locale."""
    kept = ("PATH", "VIRTUAL_ENV", "TMPDIR", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | dict(more or {})


class Tap:
    """A tap that runs."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    @property
    def stdout(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    def wait_for_log(self, text: str) -> None:
        """Wait until the log says so."""
        wait_until(lambda: text in self.log or self.process.poll() is not None)
        assert text in self.log, self.log

    def finish(self, timeout: float = TIMEOUT_SECONDS) -> Run:
        """Wait for the end, reading what is written; it must come by itself."""
        # Not `communicate`, which forgets what a reader of `stdout` has buffered.
        watchdog = threading.Timer(timeout, self.process.kill)
        watchdog.start()
        stdout = b"" if self.process.stdout is None else self.process.stdout.read()
        status = self.process.wait()
        hung = not watchdog.is_alive()
        watchdog.cancel()
        watchdog.join()
        assert not hung, f"the tap hangs:\n{self.log}"
        return Run(status, stdout, self.log)


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until something is so, and fail rather than wait for ever."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def started_tap(
    config: Mapping[str, Any] | None,
    *args: str,
    env: Mapping[str, str] | None = None,
    state: Mapping[str, Any] | None = None,
    catalog: Mapping[str, Any] | None = None,
    stdout: int | IO[bytes] = subprocess.PIPE,
) -> Iterator[Tap]:
    """Start the tap; at the end of the block it is gone.

    Its home and working directory are empty but for the files made of the arguments.
    """
    with TemporaryDirectory(prefix="tap-mihu-") as name:
        folder = Path(name)
        command = [sys.executable, "-m", "tap_mihu", *args]
        for option, value in (("config", config), ("state", state), ("catalog", catalog)):
            if value is not None:
                path = folder / f"{option}.json"
                path.write_text(json.dumps(value), encoding="utf-8")
                command += [f"--{option}", str(path)]
        log = folder / "stderr.log"
        with (
            log.open("wb") as stderr,
            subprocess.Popen(
                command,
                cwd=folder,
                env=environment({"HOME": name} | dict(env or {})),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            ) as process,
        ):
            try:
                yield Tap(process, log)
            finally:
                process.kill()


def run_tap(
    config: Mapping[str, Any] | None,
    *args: str,
    env: Mapping[str, str] | None = None,
    state: Mapping[str, Any] | None = None,
    catalog: Mapping[str, Any] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Run:
    """Run the tap to its end; with `config` None it has only what `args` and `env` say."""
    with started_tap(config, *args, env=env, state=state, catalog=catalog) as tap:
        return tap.finish(timeout)


@cache
def _catalog() -> str:
    run = run_tap({"subdomain": "acme", "auth_token": "secret"}, "--discover")
    assert run.status == 0, run.log
    return run.stdout.decode("utf-8")


def discovered() -> dict[str, Any]:
    """The catalog, as `--discover` writes it."""
    catalog: dict[str, Any] = json.loads(_catalog())
    return catalog


def full_table(catalog: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The catalog with the replication method FULL_TABLE, set as Meltano sets it."""
    changed = discovered() if catalog is None else deepcopy(dict(catalog))
    for stream in changed["streams"]:
        stream["replication_method"] = _own(stream)["replication-method"] = "FULL_TABLE"
    return changed


def selecting(*names: str) -> dict[str, Any]:
    """The catalog with these streams selected, and no other."""
    changed = discovered()
    for stream in changed["streams"]:
        _own(stream)["selected"] = stream["tap_stream_id"] in names
    return changed


def _own(stream: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a stream, not of its fields."""
    own: dict[str, Any] = next(e["metadata"] for e in stream["metadata"] if not e["breadcrumb"])
    return own

"""Runs that are cut short: by signals, by a target that dies, by a disk that is full."""

import json
import os
import select
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from signal import SIGINT, SIGTERM, Signals
from typing import IO

import pytest

from tests.e2e.log import the_error
from tests.e2e.running import Run, Tap, run_tap, started_tap, wait_until
from tests.e2e.states import bookmark, is_open
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault

# A signal ends a run within two seconds; a machine may be busy, but who hangs is found out.
PATIENCE_SECONDS = 15.0

both_signals = pytest.mark.parametrize("signum", [SIGINT, SIGTERM], ids=lambda signum: signum.name)


def ended_by(signum: Signals, run: Run) -> bool:
    """Whether the run was ended by a signal, and said so in one line."""
    assert run.status == 128 + signum, run.log
    assert "Traceback" not in run.log
    assert len(run.errors) == 1
    assert signum.name in run.errors[0]
    return True


def many_contacts() -> Sandbox:
    """A workspace of far more than a pipe holds."""
    return Sandbox(Workspace(contacts(2000)))


def long_lines() -> Sandbox:
    """A workspace whose every line is far more than a pipe holds."""
    workspace = Workspace(contacts(4, custom_fields=("essay",)))
    for number, uuid in enumerate(workspace.pick(Random(0), 4)):
        workspace.edit(uuid, essay=f"{number} and so on, " * 150_000)
    return Sandbox(workspace)


@contextmanager
def blocked(sandbox: Sandbox) -> Iterator[tuple[Tap, IO[bytes]]]:
    """A tap that cannot write on, for nobody reads what it wrote, and where that can be read."""
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as reader, open(writing, "wb", buffering=0) as writer:  # noqa: PTH123
        poll = select.poll()
        poll.register(writer, select.POLLOUT)
        with sandbox, started_tap(sandbox.config(page_size=500), stdout=writer) as tap:
            wait_until(lambda: not poll.poll(0))
            writer.close()
            yield tap, reader


# While the tap waits.

WAITS: dict[str, tuple[Fault, str | None, Signals]] = {
    "for an answer": (faults.hang(), None, SIGINT),
    "for the rest of a body": (faults.hang_in_body(), None, SIGTERM),
    "for Retry-After": (faults.retry_after(300), "for 300 s", SIGINT),
    "before the next try": (faults.status(500), "Trying again in", SIGTERM),
}


@pytest.mark.parametrize("wait", WAITS)
def test_a_signal_while_the_tap_waits(wait: str) -> None:
    fault, said, signum = WAITS[wait]
    # The first page comes well, so that several workers wait.
    sandbox = Sandbox(Workspace(contacts(60)), faults=lambda i: fault if i.number > 1 else None)
    settings = {"page_size": 5, "max_retries": 50, "request_timeout": 600}
    with sandbox, started_tap(sandbox.config(**settings)) as tap:
        if said is None:
            wait_until(lambda: len(sandbox.requests) > 4)
        else:
            tap.wait_for_log(said)
        tap.process.send_signal(signum)
        # A terminal and the program that started the tap often both send one.
        while signum == SIGTERM and tap.process.poll() is None:
            tap.process.send_signal(signum)
        run = tap.finish(PATIENCE_SECONDS)
    assert ended_by(signum, run)
    assert [message["type"] for message in run.messages] == ["SCHEMA"]


@both_signals
def test_a_signal_while_the_tap_starts(signum: Signals, tmp_path: Path) -> None:
    # Python runs a module of this name before anything else; this one sends the signal amid
    # the imports, which take most of the time that a start takes.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'singer_sdk.streams':\n"
        f"            os.kill(os.getpid(), {int(signum)})\n"
        "sys.meta_path.insert(0, Finder())\n",
        encoding="ascii",
    )
    run = run_tap({"subdomain": "acme"}, env={"PYTHONPATH": str(tmp_path)})
    assert run.status == 128 + signum
    assert len(run.log.splitlines()) == 1
    assert signum.name in run.log
    assert run.stdout == b""


# While the tap writes.


@both_signals
def test_a_signal_while_nobody_reads(signum: Signals) -> None:
    with blocked(many_contacts()) as (tap, reader):
        tap.process.send_signal(signum)
        run = tap.finish(PATIENCE_SECONDS)
        run = Run(run.status, reader.read(), run.log)
    assert ended_by(signum, run)
    assert run.records


def test_a_signal_within_a_long_line() -> None:
    with blocked(long_lines()) as (tap, reader):
        tap.process.send_signal(SIGTERM)
        written = reader.read()
        run = tap.finish(PATIENCE_SECONDS)
    run = Run(run.status, written, run.log)
    assert ended_by(SIGTERM, run)
    assert len(run.records) == 1


def test_a_signal_within_a_long_line_that_nobody_reads() -> None:
    # No line of this length can be finished then; still, the run has to end.
    with blocked(long_lines()) as (tap, reader):
        tap.process.send_signal(SIGINT)
        run = tap.finish(PATIENCE_SECONDS)
        *lines, _ = reader.read().split(b"\n")
    assert ended_by(SIGINT, run)
    assert [json.loads(line)["type"] for line in lines] == ["SCHEMA"]


@pytest.mark.parametrize("env", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "raw"])
def test_long_lines_through_a_pipe_that_is_read_slowly(env: Mapping[str, str]) -> None:
    with long_lines() as sandbox, started_tap(sandbox.config(), env=env) as tap:
        written = b"".join(iter(lambda: tap.stdout.read(1000), b""))
        run = tap.finish()
    run = Run(run.status, written, run.log)
    assert run.status == 0, run.log
    assert len(run.records) == 4
    assert all(len(record["custom_fields"]["essay"]) > 1_900_000 for record in run.records)


@pytest.mark.parametrize("workspace", [many_contacts, long_lines])
def test_a_target_that_dies(workspace: Callable[[], Sandbox]) -> None:
    with blocked(workspace()) as (tap, reader):
        reader.readline()
        reader.close()
        run = tap.finish(PATIENCE_SECONDS)
    assert "Standard output is closed: the target has ended" in the_error(run)


def test_a_disk_that_is_full() -> None:
    with (
        many_contacts() as sandbox,
        Path("/dev/full").open("wb") as full,
        started_tap(sandbox.config(), stdout=full) as tap,
    ):
        run = tap.finish(PATIENCE_SECONDS)
    assert "Standard output cannot be written: no space left" in the_error(run)


# And the next run.


def test_the_state_of_an_interrupted_run_is_of_use_to_the_next() -> None:
    workspace = Workspace(contacts(2000, custom_fields=("essay",)))
    expected = {contact["uuid"] for contact in workspace.contacts()}
    for uuid in expected:
        # So long that a pipe holds but few hundred, and that the tap is not far ahead.
        workspace.edit(uuid, touch=False, essay="x" * 3000)
    with Sandbox(workspace) as sandbox:
        config = sandbox.config(page_size=5, max_concurrent_requests=8)
        with started_tap(config) as tap:
            # More than a window holds; hence there is something to resume.
            written = [tap.stdout.readline() for _ in range(300)]
            tap.process.send_signal(SIGTERM)
            run = tap.finish(PATIENCE_SECONDS)
        interrupted = Run(run.status, b"".join(written) + run.stdout, run.log)
        resumed = run_tap(config, state=interrupted.state)
    assert ended_by(SIGTERM, interrupted)
    # Reading the messages shows that all lines are whole.
    assert len(interrupted.uuids) == len(set(interrupted.uuids))
    assert is_open(interrupted.state)
    assert resumed.status == 0, resumed.log
    assert len(resumed.uuids) < len(expected)
    assert {*interrupted.uuids, *resumed.uuids} == expected
    assert not is_open(resumed.state)
    assert bookmark(resumed.state)

"""Files from anywhere: in any Unicode encoding, of another tap, or broken; and nobody reading."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from typing import Any

import pytest

from tests.e2e.running import Run, discovered, environment, run_tap, wait_until
from tests.sandbox import Sandbox, Workspace, contacts, faults

FILES = ("config", "state", "catalog")


def run_with(folder: Path, sandbox: Sandbox, encoding: str, **contents: Any) -> Run:  # noqa: ANN401
    """Run the tap with files in an encoding."""
    values = {
        "config": sandbox.config(user_agent="r"),
        "state": {"bookmarks": {}},
        "catalog": discovered(),
    }
    args = []
    for name, value in (values | contents).items():
        path = folder / f"{name}.json"
        content = value if isinstance(value, bytes) else json.dumps(value).encode(encoding)
        path.write_bytes(content)
        args += [f"--{name}", str(path)]
    return run_tap(None, *args)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_files_in_any_unicode_encoding(encoding: str, tmp_path: Path) -> None:
    with Sandbox(Workspace(contacts(3))) as sandbox:
        run = run_with(tmp_path, sandbox, encoding)
    assert (run.status, len(run.records)) == (0, 3), run.log


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("content", "words"),
    [(b'{\n"a": 1,\n}', "line 3, column 1"), (b'{"a": "\xe9"}', "not UTF-8 (byte 8)")],
)
def test_a_broken_file_is_told_with_the_place(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    with Sandbox() as sandbox:
        run = run_with(tmp_path, sandbox, "utf-8", **{name: content})
    (error,) = run.errors
    assert run.status == 1
    assert f"--{name}" in error
    assert words in error
    assert sandbox.requests == []


def test_the_catalog_of_another_tap(tmp_path: Path) -> None:
    catalog = discovered()
    for stream in catalog["streams"]:
        stream |= {"stream": "orders", "tap_stream_id": "orders"}
    with Sandbox() as sandbox:
        run = run_with(tmp_path, sandbox, "utf-8", catalog=catalog)
    (error,) = run.errors
    assert run.status == 1
    assert "no stream of this tap (calls, campaigns, contacts, " in error
    assert "--discover" in error
    assert sandbox.requests == []


def fill(pipe: int) -> None:
    """Write until a pipe takes no further byte."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(pipe, bytes(size))
    os.set_blocking(pipe, True)


@pytest.mark.parametrize("signum", [SIGINT, SIGTERM], ids=lambda signum: signum.name)
def test_a_signal_while_nobody_reads_standard_error(signum: Signals, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    reading, writing = os.pipe()
    with Sandbox(faults=faults.always(faults.hang())) as sandbox:
        config.write_text(json.dumps(sandbox.config()), encoding="utf-8")
        command = [sys.executable, "-m", "tap_mihu", "--config", str(config)]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=writing, env=environment(), cwd=tmp_path
        ) as process:
            try:
                wait_until(lambda: sandbox.requests)
                fill(writing)
                process.send_signal(signum)
                assert process.wait(10) == 128 + signum
            finally:
                process.kill()
    os.close(reading)
    os.close(writing)

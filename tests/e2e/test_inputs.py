"""Files from anywhere: in any Unicode encoding, of another tap, or broken; and nobody reading."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest

from tests.e2e.forks import run_forked
from tests.e2e.log import the_error
from tests.e2e.running import Run, discovered, environment, wait_until
from tests.sandbox import Sandbox, Workspace, contacts, faults


def run_with(
    folder: Path, sandbox: Sandbox, contents: Mapping[str, bytes], encoding: str = "utf-8"
) -> Run:
    """Run the tap with files of this content; others are good ones, in an encoding."""
    values: dict[str, Any] = {
        "config": sandbox.config(user_agent="r"),
        "state": {"bookmarks": {}},
        "catalog": discovered(),
    }
    args = []
    for name, value in values.items():
        path = folder / f"{name}.json"
        path.write_bytes(contents.get(name, json.dumps(value).encode(encoding)))
        args += [f"--{name}", str(path)]
    return run_forked(None, *args)


@pytest.mark.parametrize(("encoding", "contents"), [("utf-16", {}), ("utf-8", {"state": b" \n"})])
def test_files_in_other_encodings_and_an_empty_state_are_read(
    encoding: str, contents: dict[str, bytes], tmp_path: Path
) -> None:
    with Sandbox(Workspace(contacts(3))) as sandbox:
        run = run_with(tmp_path, sandbox, contents, encoding)
    assert (run.status, len(run.records)) == (0, 3), run.log


OTHERS = b'{"streams": [{"tap_stream_id": "orders", "schema": {}, "metadata": []}]}'
UNUSABLE = [
    ("config", b'{\n"a": 1,\n}', "config.json: not JSON (line 3, column 1)"),
    ("config", b"[1]", "config.json: not a JSON object"),
    ("state", b'{"a": "\xe9"}', "The --state file is not UTF-8 (byte 8)."),
    ("state", b'{"a": 1}\n\n{"a": 2}', "(line 3, column 1), but 2 lines of it: keep the last."),
    ("state", b"[1]", "The state is not a Singer state of this tap: "),
    ("catalog", b"{", "The --catalog file is not JSON (line 1, column 2)."),
    ("catalog", b"[1]", "The catalog is not a Singer catalog: make one with --discover."),
    ("catalog", OTHERS, "no stream of this tap (calls, campaigns, contacts, "),
]


@pytest.mark.parametrize(("name", "content", "words"), UNUSABLE)
def test_a_file_that_cannot_be_used(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        run = run_with(tmp_path, sandbox, {name: content})
        assert words in the_error(run)
        assert sandbox.requests == []
    assert run.stdout == b""


def test_a_configuration_file_that_is_missing() -> None:
    assert "--config none.json: No such file" in the_error(run_forked(None, "--config=none.json"))


def fill(pipe: int) -> None:
    """Write until a pipe takes no further byte."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                os.write(pipe, bytes(size))
    os.set_blocking(pipe, True)


def test_a_signal_while_nobody_reads_standard_error(tmp_path: Path) -> None:
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
                process.terminate()
                assert process.wait(10) == 128 + SIGTERM
            finally:
                process.kill()
    os.close(reading)
    os.close(writing)

"""The demonstration: `python -m tests.demo` loads a made-up workspace through Meltano, twice."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

from tests.sandbox import Sandbox, Workspace, contacts

ROOT = Path(__file__).parents[1]
OUTPUT = Path("output", "demo")
"""Where everything goes, below the checkout: not among the rows or the state of a real run."""

CONTACTS = 2345
EDITS = 5
COMMAND = ("meltano", "run", "tap-mihu", "target-jsonl")

_SETTINGS = ("MELTANO_", "TAP_MIHU_", "TARGET_JSONL_", "TARGET_POSTGRES_")
_SHOWN_FIELDS = ("updated_at", "name", "surname", "email", "phone_number")
_WIDTH = 100
_LOG_LINES = 20


class DemoError(Exception):
    """A step failed; the message says which, in one line."""


def main(demonstration: Callable[[], None] | None = None) -> None:
    """Show a first run and an incremental one."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        (demonstration or demonstrate)()
    except (DemoError, OSError) as error:
        sys.exit(f"The demonstration failed: {error}")


def demonstrate() -> None:
    """Load a sandbox, edit some contacts, load it again.

    Raises:
        DemoError: The rows are not what they should be, or Meltano failed.
    """
    shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    workspace = Workspace(contacts(CONTACTS, until=midnight))
    everyone = {contact["uuid"] for contact in workspace.contacts()}
    with Sandbox(workspace) as sandbox:
        say(f"A sandbox of the Mihu API with {CONTACTS} made-up contacts: {sandbox.url}")
        say("\nThe first run loads all. (The first time, Meltano installs the tap and the target.)")
        first = _load(sandbox)
        check({row["uuid"] for row in first} == everyone, "the rows are not the contacts")
        say(f"{len(first)} rows in {OUTPUT / 'contacts.jsonl'}, among them:")
        for row in first[-3:]:
            say(f"  {shortened(row)}")

        edited = set(workspace.edit_some(Random(0), EDITS))
        say(f"\n{EDITS} contacts are edited in the sandbox. The second run sends what changed.")
        second = _load(sandbox)[len(first) :]
        again = {row["uuid"] for row in second} - edited
        check(len(second) == len(edited | again), "a row came twice, or an edited one not at all")
        say(f"{len(second)} more rows in {OUTPUT / 'contacts.jsonl'}:")
        for row in second:
            say(f"  {shortened(row)}")
        say(f"{len(edited)} were edited, {len(again)} was not: the newest of the first run always")
        say("comes again, lest anything be missed. target-jsonl appends; a database target would")
        say("have replaced the rows with the same uuid.")
    say("\nThe sandbox is stopped. For a workspace of your own, set TAP_MIHU_SUBDOMAIN and")
    say(f"TAP_MIHU_AUTH_TOKEN, and run: {_meltano()} {' '.join(COMMAND[1:])}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - like assert
    if not holds:
        raise DemoError(otherwise)


def shortened(row: dict[str, Any]) -> str:
    text = ", ".join(str(row[name]) for name in _SHOWN_FIELDS if row[name])
    printable = "".join(char if char.isprintable() else " " for char in text)
    return printable if len(printable) <= _WIDTH else f"{printable[: _WIDTH - 1]}…"


def _load(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Run Meltano, and read all that was ever loaded."""
    load(sandbox, COMMAND, TARGET_JSONL_DESTINATION_PATH=str(OUTPUT))
    with (ROOT / OUTPUT / "contacts.jsonl").open(encoding="utf-8") as rows:
        return [json.loads(row) for row in rows]


def load(sandbox: Sandbox, command: Sequence[str], **settings: str) -> None:
    """Run Meltano.

    Raises:
        DemoError: It failed; the end of its log is shown.
    """
    say(f"$ {' '.join(command)}")
    folder = ROOT / OUTPUT
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "meltano.log"
    with log.open("wb") as lines:
        state = f"file://{folder / 'state'}"
        variables = environment(sandbox, MELTANO_STATE_BACKEND_URI=state, **settings)
        status = _run([str(_meltano()), *command[1:]], variables, lines)
    if status:
        say("\n".join(log.read_text("utf-8", "replace").splitlines()[-_LOG_LINES:]))
        raise DemoError(f"Meltano ended with status {status}, after the lines above.")


def _run(command: list[str], environment: dict[str, str], log: BinaryIO) -> int:
    """Run a command in a process group of its own, of which nothing is left when this ends."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        process_group=0,
    ) as process:
        try:
            return process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)


def _meltano() -> Path:
    """Give Meltano's path; it is installed beside the running Python."""
    path = Path(sys.executable).with_name("meltano")
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Point Meltano to the sandbox, whatever the caller's own settings are."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)
    }
    # The sandbox is on this machine, where no proxy leads.
    direct = ",".join(filter(None, (os.environ.get("no_proxy"), "127.0.0.1")))
    return {
        **inherited,
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_CLI_LOG_FORMAT": "uncolored",
        "TAP_MIHU_API_URL": sandbox.url,
        "TAP_MIHU_AUTH_TOKEN": sandbox.token,
        "NO_PROXY": direct,
        "no_proxy": direct,
        # Many short processes: what one has compiled, the next needs not compile again.
        "PYTHONDONTWRITEBYTECODE": "",
        **more,
    }


if __name__ == "__main__":
    main()

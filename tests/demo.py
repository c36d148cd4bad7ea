"""The demonstration: `python -m tests.demo` loads a made-up workspace through Meltano, twice."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

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


def main(demonstration: Callable[[], None]) -> None:
    """Show a first run and an incremental one."""
    try:
        demonstration()
    except (DemoError, OSError) as error:
        sys.exit(f"The demonstration failed: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def demonstrate() -> None:
    """Load a sandbox, edit some contacts, load it again.

    Raises:
        DemoError: The rows are not what they should be, or Meltano failed.
    """
    with made_up() as sandbox:
        everyone = {contact["uuid"] for contact in sandbox.workspace.contacts()}
        first = _load(sandbox)
        check({row["uuid"] for row in first} == everyone, "the rows are not the contacts")
        say(f"{len(first)} rows in {OUTPUT / 'contacts.jsonl'}, among them:")
        show(first[-3:])

        edited = set(sandbox.workspace.edit_some(Random(0), EDITS))
        say(f"\n{EDITS} contacts are edited in the sandbox. The second run sends what changed.")
        second = _load(sandbox)[len(first) :]
        again = {row["uuid"] for row in second} - edited
        check(len(second) == len(edited | again), "a row came twice, or an edited one not at all")
        say(f"{len(second)} more rows in {OUTPUT / 'contacts.jsonl'}:")
        show(second)
        say(f"{len(edited)} were edited, {len(again)} was not: the newest of the first run always")
        say("comes again, lest anything be missed. target-jsonl appends; a database target would")
        say("have replaced the rows with the same uuid.")
    say("\nThe sandbox is stopped. For a workspace of your own, set TAP_MIHU_SUBDOMAIN and")
    say(f"TAP_MIHU_AUTH_TOKEN, and run: {_meltano()} {' '.join(COMMAND[1:])}")


@contextmanager
def made_up() -> Iterator[Sandbox]:
    """Serve made-up contacts, after whatever an earlier demonstration left is gone."""
    shutil.rmtree(ROOT / OUTPUT, ignore_errors=True)
    (ROOT / OUTPUT).mkdir(parents=True)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with Sandbox(Workspace(contacts(CONTACTS, until=midnight))) as sandbox:
        say(f"A sandbox of the Mihu API with {CONTACTS} made-up contacts: {sandbox.url}")
        say("\nThe first run loads all. (The first time, Meltano installs the tap and the target.)")
        yield sandbox


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoError(otherwise)


def show(rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        text = ", ".join(str(row[name]) for name in _SHOWN_FIELDS if row[name])
        printable = "".join(char if char.isprintable() else " " for char in text)
        say(f"  {printable if len(printable) <= _WIDTH else f'{printable[: _WIDTH - 1]}…'}")


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
    done = subprocess.run(
        [str(_meltano()), *command[1:]],
        cwd=ROOT,
        env=environment(
            sandbox, MELTANO_STATE_BACKEND_URI=f"file://{ROOT / OUTPUT / 'state'}", **settings
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    (ROOT / OUTPUT / "meltano.log").write_bytes(done.stdout)
    if done.returncode:
        say("\n".join(done.stdout.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]))
        raise DemoError(f"Meltano ended with status {done.returncode}, after the lines above.")


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
    main(demonstrate)

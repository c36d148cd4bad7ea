"""Who takes part, and with which command.

Nothing here imports what it measures: the measuring process has to stay small.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

STDOUT = "stdout.jsonl"


@dataclass(frozen=True)
class Contender:
    """A command made from the API's address and a folder of its own; it needs some modules."""

    title: str
    needs: tuple[str, ...]
    command: Callable[[str, Path], list[str]]
    output: str = STDOUT
    """Where it leaves the contacts: a pattern of file names below its folder."""

    def is_installed(self, folder: Path) -> bool:
        """Tell whether its modules are found, seen from outside the checkout."""
        code = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
        child = [sys.executable, "-c", code, *self.needs]
        return not subprocess.run(child, cwd=folder, capture_output=True, check=False).returncode


def tap(*options: str, title: str = "tap-mihu", **settings: object) -> Contender:
    """Make the tap with some options, and with some settings away from their defaults."""

    def command(api_url: str, folder: Path) -> list[str]:
        config = {"api_url": api_url, "auth_token": "benchmark", **settings}
        path = folder / "config.json"
        path.write_text(json.dumps(config))
        return [sys.executable, "-m", "tap_mihu", "--config", str(path), *options]

    return Contender(title, ("tap_mihu.__main__", "tap_mihu.schemas"), command)


def tap_in_batches(compression: str, **settings: object) -> Contender:
    """Make the tap that writes batch files into its folder."""
    batches = {
        "encoding": {"format": "jsonl", "compression": compression},
        "storage": {"root": "file://batches"},
    }
    title = f"tap-mihu into batches, compression {compression}"
    contender = tap(title=title, batch_config=batches, **settings)
    return replace(contender, output="batches/*")


def _peer(title: str, script: str, needs: Sequence[str], output: str = STDOUT) -> Contender:
    path = Path(__file__).parent / "contenders" / script
    return Contender(
        title, tuple(needs), lambda api_url, _folder: [sys.executable, str(path), api_url], output
    )


TAP = tap()
LOOP = _peer("bare loop, requests + json", "loop_json.py", ["requests"])
LOOP_MSGSPEC = _peer("bare loop, requests + msgspec", "loop_msgspec.py", ["requests", "msgspec"])
SDK = _peer("Meltano SDK, stock REST stream", "sdk_stock.py", ["singer_sdk"])
DLT = _peer("dlt REST source, extract to files", "dlt_extract.py", ["dlt"], "dlt/**/contacts.*.gz")
AIRBYTE = _peer("Airbyte declarative CDK", "airbyte_declarative.py", ["airbyte_cdk"])

CONTENDERS = (TAP, LOOP, LOOP_MSGSPEC, SDK, DLT, AIRBYTE)

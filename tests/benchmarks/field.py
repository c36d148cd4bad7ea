"""Who takes part, and with which command.

Nothing here imports what it measures: the measuring process has to stay small.
"""

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

STDOUT = "stdout.jsonl"
PROGRAMS = Path(__file__).parent / "contenders"


@dataclass(frozen=True)
class Contender:
    """A command made from the API's address and a folder of its own; it needs some modules."""

    title: str
    command: Callable[[str, Path], list[str]]
    needs: tuple[str, ...] = ()
    output: str = STDOUT
    """Where it leaves the contacts: a pattern of file names below its folder."""

    @property
    def is_installed(self) -> bool:
        """Whether its modules are found."""
        return all(map(find_spec, self.needs))


def tap(
    *options: str, title: str = "tap-mihu", output: str = STDOUT, **settings: object
) -> Contender:
    """Make the tap with some options, and with some settings away from their defaults."""

    def command(api_url: str, folder: Path) -> list[str]:
        config = {"api_url": api_url, "auth_token": "benchmark", **settings}
        path = folder / "config.json"
        path.write_text(json.dumps(config))
        return [sys.executable, "-m", "tap_mihu", "--config", str(path), *options]

    return Contender(title, command, output=output)


def tap_in_batches(compression: str, **settings: object) -> Contender:
    """Make the tap that writes batch files into its folder."""
    batches = {
        "encoding": {"format": "jsonl", "compression": compression},
        "storage": {"root": "file://batches"},
    }
    title = f"tap-mihu into batches, compression {compression}"
    return tap(title=title, output="batches/*", batch_config=batches, **settings)


def _peer(title: str, program: str, *needs: str, output: str = STDOUT) -> Contender:
    script, *words = program.split()
    start = [sys.executable, str(PROGRAMS / script)]
    return Contender(title, lambda api_url, _folder: [*start, api_url, *words], needs, output)


def piped(title: str, source: Contender, rest: str) -> Contender:
    """Let a shell send what a contender writes somewhere."""

    def command(api_url: str, folder: Path) -> list[str]:
        return ["sh", "-c", f"{shlex.join(source.command(api_url, folder))} {rest}"]

    return Contender(title, command, source.needs)


TAP = tap()
SDK = _peer("Meltano SDK, stock REST stream", "sdk_stock.py", "singer_sdk")
CONTENDERS = (
    TAP,
    LOOP := _peer("bare loop, requests + json", "loop.py json", "requests"),
    _peer("bare loop, requests + msgspec", "loop.py msgspec", "requests", "msgspec"),
    SDK,
    _peer(
        "dlt REST source, extract to files", "dlt_extract.py", "dlt", output="dlt/**/contacts.*.gz"
    ),
    _peer("Airbyte declarative CDK", "airbyte_declarative.py", "airbyte_cdk"),
)

"""Meltano projects like those of the tap's users, made of the project's own meltano.yml."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.demo import ROOT, environment
from tests.forks import forked
from tests.sandbox import Sandbox

__all__ = ["Done", "Project", "project_folder"]


def project_folder(folder: Path, *, extractors: str = "") -> Path:
    """Put the project's file into a folder; the plugins are installed by the first run.

    `extractors` is further YAML for the list of extractors.
    """
    text = (ROOT / "meltano.yml").read_text("utf-8")
    text = text.replace("pip_url: -e .\n", f"pip_url: -e '{ROOT}'\n")
    text = text.replace("\n  loaders:\n", f"{extractors}\n  loaders:\n")
    (folder / "meltano.yml").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    stdout: str
    log: str


@dataclass(frozen=True)
class Project:
    """A project whose extractor reads a sandbox."""

    folder: Path
    sandbox: Sandbox

    def meltano(self, *args: str, **settings: str) -> Done:
        """Run a command, with the Hub out of reach."""
        with TemporaryDirectory(prefix="meltano-") as name:
            stdout, log = Path(name, "stdout"), Path(name, "stderr")
            status = forked(
                "meltano.cli:main",
                [str(Path(sys.executable).with_name("meltano")), *args],
                folder=self.folder,
                env=environment(self.sandbox, MELTANO_HUB_URL="http://127.0.0.1:1", **settings),
                stdout=stdout,
                stderr=log,
            ).wait()
            return Done(status, stdout.read_text("utf-8"), log.read_text("utf-8"))

    def load(self, *args: str, **settings: str) -> list[dict[str, Any]]:
        """Run a pipeline into target-jsonl, and give the rows it loaded."""
        path = self.folder / "output" / "contacts.jsonl"
        path.unlink(missing_ok=True)
        done = self.meltano(*args, **settings)
        assert done.status == 0, done.log
        return [json.loads(row) for row in path.read_text("utf-8").splitlines()]

"""Environments of their own, for programs that do not go with the tests'."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.demo import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["own_environment"]


def own_environment(name: str, requirements: Path) -> Path:
    """Give the Python of an environment, which is kept until what it depends on changes."""
    folder = ROOT / f".venv-{name}"
    made = folder / "installed"
    wanted = f"{ROOT} {sys.version}\n{requirements.read_text('utf-8')}"
    python = folder / "bin" / "python"
    if not made.exists() or made.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run([*pip, "--requirement", requirements], check=True)
        made.write_text(wanted, encoding="utf-8")
    return python

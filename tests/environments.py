"""Environments of their own, for programs that do not go with the tests'."""

import subprocess
import sys
from pathlib import Path

__all__ = ["own_environment"]

ROOT = Path(__file__).parents[1]


def own_environment(name: str, requirements: Path) -> Path:
    """Give the Python of an environment, which is kept until what it depends on changes."""
    folder = ROOT / f".venv-{name}"
    made = folder / "installed"
    wanted = f"{ROOT} {sys.version}\n{requirements.read_text('utf-8')}"
    python = folder / "bin" / "python"
    if not made.exists() or made.read_text("utf-8") != wanted:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True
        )
        # Compiled once, and not by each of the short processes to come.
        install = (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python)
        subprocess.run([*install, "--requirement", requirements], check=True)
        made.write_text(wanted, encoding="utf-8")
    return python

"""The README, by heading."""

from __future__ import annotations

import re

from tests.demo import ROOT

__all__ = ["README", "blocks"]

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, heading: str) -> list[str]:
    """Give the code blocks of one language between a heading and the next of any level."""
    (section,) = re.findall(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^##|\Z)", README, flags=re.DOTALL | re.MULTILINE
    )
    return re.findall(rf"```{language}\n(.*?)```", section, flags=re.DOTALL)

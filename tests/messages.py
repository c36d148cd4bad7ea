"""The texts of the code, to be compared with what the pages show."""

import ast
import re

from tests.demo import ROOT

__all__ = ["causes_of_the_code", "messages_of_the_code"]


def messages_of_the_code() -> list[str]:
    """Return all texts of the code, with `…` for what is filled in."""
    holes = re.compile(r"%[\d.]*[sdf]|\{\w+\}")
    paths = sorted((ROOT / "tap_mihu").rglob("*.py"))
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    return [holes.sub("…", _text(node)) for node in nodes]


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "…" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


def causes_of_the_code() -> set[str]:
    """Return the causes that have a name in the reading wing, among its texts."""
    assigned = (
        node.value
        for path in sorted((ROOT / "tap_mihu" / "reading").glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    return {node.value for node in assigned if isinstance(node.value, str)}

"""The texts of the code, to be compared with what the pages show."""

import ast
import re

from tests.demo import ROOT

__all__ = ["causes_of_the_code", "messages_of_the_code"]


class _Texts(ast.NodeVisitor):
    """The texts of a module, with `…` for what is filled in."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        self.found.append("".join(parts))
        self.generic_visit(node)


def messages_of_the_code() -> list[str]:
    """Return all texts of the code."""
    texts = _Texts()
    for path in sorted((ROOT / "tap_mihu").rglob("*.py")):
        texts.visit(ast.parse(path.read_text("utf-8")))
    holes = re.compile(r"%[\d.]*[sdf]|\{\w+\}")
    return [holes.sub("…", text) for text in texts.found]


def causes_of_the_code() -> set[str]:
    """Return the causes that have a name in the reading wing, among its texts."""
    assigned = (
        node.value
        for path in sorted((ROOT / "tap_mihu" / "reading").glob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    )
    return {node.value for node in assigned if isinstance(node.value, str)}

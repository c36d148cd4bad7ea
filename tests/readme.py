"""The README and the pages beside it, by heading."""

import re
from dataclasses import dataclass

from tests.demo import ROOT

__all__ = ["PAGES", "README", "Block", "all_blocks", "blocks", "headings"]

_PATHS = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in _PATHS}
"""The text of each page, by its path in the checkout."""

README = PAGES["README.md"]

_HEADING_OR_BLOCK = re.compile(r"^#+ (.+)\n|^```(\w*)\n((?s:.*?))^```$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block, and where it stands."""

    page: str
    heading: str
    language: str
    text: str


def all_blocks() -> list[Block]:
    """Return every code block of every page, in order."""
    found, current = [], ""
    for page, text in PAGES.items():
        for heading, language, block in _HEADING_OR_BLOCK.findall(text):
            current = heading or current
            if not heading:
                found.append(Block(page, current, language, block))
    return found


def blocks(language: str, heading: str) -> list[str]:
    """Return the code blocks of one language between a heading of any page and the next one."""
    (_page,) = (page for page in PAGES if heading in headings(page))
    return [one.text for one in all_blocks() if (one.language, one.heading) == (language, heading)]


def headings(page: str) -> list[str]:
    """Return the headings of a page, in order; a comment in a block is none."""
    return [heading for heading, *_ in _HEADING_OR_BLOCK.findall(PAGES[page]) if heading]

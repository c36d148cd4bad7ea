"""Extra names: noted as long as they are names, not data."""

import pytest

from tap_mihu.records.extra_names import MOST_EXTRAS, ExtraNames

MANY = [f"field {number}" for number in range(MOST_EXTRAS + 1)]


def met(*pages: list[str]) -> set[str] | None:
    names = ExtraNames()
    for page in pages:
        names.note(page)
    return None if names.met is None else {*names.met}


def test_so_many_names_are_kept() -> None:
    assert met([], MANY[1:], MANY[5:]) == {*MANY[1:]}
    assert met(["k" * 200], ["", "plan"]) == {"k" * 200, "", "plan"}


@pytest.mark.parametrize(
    "pages",
    [[MANY], [[name] for name in MANY], [MANY[1:], [], MANY[:1]], [["k" * 201, ""], ["plan"]]],
    ids=["on one page", "page by page", "the last on a page of its own", "too long"],
)
def test_keys_that_are_data_are_no_names(pages: list[list[str]]) -> None:
    assert met(*pages) is None

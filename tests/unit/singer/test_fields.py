"""Fields: what is told of custom fields that are new or gone, and what is known of them."""

import pytest

from tap_mihu.records.extra_names import MOST_EXTRAS
from tap_mihu.singer.fields import changes_text, known_after

MANY = [f"field {number:03}" for number in range(MOST_EXTRAS)]


@pytest.mark.parametrize(
    ("known", "met", "read_all", "after"),
    [
        (None, {"a"}, True, {"a"}),
        # What a part of the contacts lacks may be on the others.
        (None, {"a"}, False, None),
        ({"a", "b"}, {"b", "c"}, True, {"b", "c"}),
        ({"a", "b"}, {"b", "c"}, False, {"a", "b", "c"}),
        ({"a"}, None, True, None),
        ({"a"}, None, False, None),
        ({*MANY}, {"a"}, False, None),
    ],
)
def test_only_a_reading_of_everything_says_that_a_field_is_gone(
    known: set[str] | None,
    met: set[str] | None,
    read_all: bool,  # noqa: FBT001 - a parameter
    after: set[str] | None,
) -> None:
    assert known_after(known, met, read_all=read_all) == after


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, ["a"], None),
        (["a"], None, None),
        (["a"], ["a"], None),
        (["a"], ["a", "vip", "seats"], "new: seats, vip"),
        (["plan"], [], "gone: plan"),
        (["plan"], ["vip"], "new: vip; gone: plan"),
        ([], ["a\nb\x1b[0m", "k" * 61], f"new: a\ufffdb\ufffd[0m, {'k' * 60}…"),
        ([], MANY, f"{MANY[19]} and {MOST_EXTRAS - 20} more"),
    ],
)
def test_changes_are_told_in_one_line(
    before: list[str] | None, now: list[str] | None, told: str | None
) -> None:
    text = changes_text(before, now)
    assert (text is None) == (told is None)
    assert told is None or (text or "").endswith(told)

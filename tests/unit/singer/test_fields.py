"""Fields: what is told of custom fields that are new or gone, and what is known of them."""

import pytest

from tap_mihu.records.extra_names import MOST_EXTRAS
from tap_mihu.singer.fields import changes_text, known_after

MANY = [f"field {number:03}" for number in range(MOST_EXTRAS)]

KNOWN: list[tuple[set[str] | None, set[str] | None, bool, set[str] | None]] = [
    # What a part of the contacts lacks may be on the others.
    (None, {"a"}, False, None),
    ({"a", "b"}, {"b", "c"}, False, {"a", "b", "c"}),
    ({"a"}, None, False, None),
    ({*MANY}, {"a"}, False, None),
]


def test_only_a_reading_of_everything_says_that_a_field_is_gone() -> None:
    for known, met, read_all, after in KNOWN:
        assert known_after(known, met, read_all=read_all) == after


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, ["a"], None),
        (["a"], None, None),
        (["a"], ["a", "vip", "seats"], "new: seats, vip"),
        (["a\nb\x1b[0m", "k" * 61], [], f"gone: a\ufffdb\ufffd[0m, {'k' * 60}…"),
        ([], MANY, f"new: {', '.join(MANY[:20])} and {MOST_EXTRAS - 20} more"),
    ],
)
def test_changes_are_told_in_one_line(
    before: list[str] | None, now: list[str] | None, told: str | None
) -> None:
    assert changes_text(before, now) == told

"""Doubting: what contradicts a window that seems settled, and what only looks like it."""

from dataclasses import replace

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.reading.doubting import contradicted, contradiction_text
from tap_mihu.reading.evidence import Read
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.questions import Question, Reply
from tap_mihu.reading.window import Window
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import days_ago, drive, pages

PART = DateRange(None, days_ago(2))
WHOLE = DateRange()
# The older half of five, by the day of the one in their midst.
HALF = DateRange(None, days_ago(7))

PAGES = "1 a b /4, 2 c d /4"
SOME = "1 a b /5, 2 c d /5, 3 e /5"

Asked = list[tuple[DateRange, str]]
"""The dates of each question, and the response: a page, or only a number where it is refused."""


def express(
    dates: DateRange,
    text: str,
    asked: Asked,
    know: Knowledge | None = None,
    *,
    per_page: int | None = None,
    streamed: bool = False,
) -> tuple[str | None, Window]:
    """Doubt a window of these pages, and return what is said of it, and the window."""
    window = Window(dates, is_whole=dates == WHOLE, streamed=streamed)
    window.passed_on = {"a"} if dates == PART else set()
    read = Read(per_page)
    for page in pages(text):
        window.take(read, page)
    replies = iter(asked)

    def reply(question: Question) -> Reply:
        expected, response = next(replies)
        assert (question.dates, question.number) == (expected, int(response[0]))
        assert (question.per_page, question.patient) == (per_page, False), "it is worth no wait"
        if "/" not in response:
            return RefusedError("no")
        (page,) = pages(response)
        return replace(page, last_page=3)

    settled = read.uuids - window.passed_on
    says, _ = drive(contradicted(window, know or Knowledge(), read, settled), reply)
    assert not [*replies], "not all is asked for"
    return says, window


BEHIND = {
    "two new ones": ("3 e f /4", 2),
    "one that is counted as well": ("3 e /5", 0),
    "one that was passed on": ("3 a /4", 0),
    "a refusal": ("3", 0),
}


@pytest.mark.parametrize(("behind", "more"), BEHIND.values(), ids=BEHIND)
def test_what_is_new_behind_a_full_last_page_contradicts_and_is_kept(
    behind: str, more: int
) -> None:
    says, window = express(PART, PAGES, [(PART, behind)])
    assert says == (f"the API sends {more} more than it counts" if more else None)
    assert {*window.rows} == {*"bcdef"[: 3 + more]}


def test_a_single_page_is_full_by_the_size_that_was_asked_for() -> None:
    one_more = "the API sends 1 more than it counts"
    assert express(PART, "1 a b /2", [(PART, "2 c /2")], Knowledge(page_size=2))[0] == one_more
    assert (
        express(PART, "1 a b /2", [(PART, "2 c /2")], Knowledge(page_size=9), per_page=2)[0]
        == one_more
    )
    express(PART, "1 a b /2", [], Knowledge(page_size=3))
    express(PART, "1 a b /2", [])


COUNTS_MORE = "the API counts 1 more in a part than it sends in all"

OLDER_HALF: dict[str, tuple[list[str], str | None]] = {
    "counts those of the next day": (["1 a b /4"], None),
    "counts more": (["1 a b /5", "3 c /5"], COUNTS_MORE),
    "dates ignored at the other end": (["1 a b /5", "3 e /5"], None),
    "dates ignored": (["1 e a /5", "3 b /5"], None),
    "the other end refused": (["1 a b /5", "3"], COUNTS_MORE),
    "refused": (["1"], None),
}


@pytest.mark.parametrize(("asked", "says"), OLDER_HALF.values(), ids=OLDER_HALF)
def test_the_older_half_must_not_count_more_than_was_read(
    asked: list[str], says: str | None
) -> None:
    assert express(WHOLE, SOME, [(HALF, response) for response in asked])[0] == says


def test_there_is_no_older_half_to_be_asked_for() -> None:
    express(PART, SOME, [])
    express(WHOLE, "1 a b c d e /5", [])
    express(WHOLE, SOME, [], Knowledge(by_date=False))
    express(WHOLE, SOME, [], streamed=True)
    express(WHOLE, "1 a i /3, 2 j /3", [])  # most are of yesterday and today
    express(WHOLE, "1 a? b? /3, 2 c? /3", [])


@pytest.mark.parametrize(
    ("total", "text"),
    [(4, "the API counts 1 more than it sends"), (1, "the API sends 2 more than it counts")],
)
def test_a_read_that_contradicts_itself_says_how(total: int, text: str) -> None:
    assert contradiction_text(Read(pages=pages(f"1 a b c /{total}"))) == text

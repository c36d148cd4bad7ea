"""Doubting: what contradicts a window that seems settled, and what only looks like it."""

from dataclasses import dataclass, field

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.reading.doubting import contradicted, contradiction_text
from tap_mihu.reading.evidence import Read
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.questions import Question, Reply
from tap_mihu.reading.window import Window
from tap_mihu.records.pages import DateRange, Page
from tests.sandbox.clock import NOON
from tests.simulated.steps import days_ago, drive, row

PART = DateRange(None, days_ago(2))
WHOLE = DateRange()
# The older half of five, by the day of the one in their midst.
HALF = DateRange(None, days_ago(7))
NO = RefusedError("no")


def page(number: int, contacts: str, total: int, last_page: int = 1) -> Page:
    """Return a page of contacts: a of nine days ago, b of eight, and so on; z without a date."""
    rows = [
        row(name, None if name == "z" else days_ago(9 - (ord(name) - ord("a"))))
        for name in contacts
    ]
    return Page(number, rows, total, last_page, NOON)


@dataclass
class Doubt:
    """The pages of a window that seems settled, and how the server responds to doubts."""

    pages: list[str]
    asked: list[tuple[DateRange, int]]
    replies: list[Reply]
    says: str | None = None
    dates: DateRange = PART
    know: Knowledge = field(default_factory=Knowledge)
    passed_on: str = ""
    streamed: bool = False
    per_page: int | None = None

    def express(self) -> tuple[str | None, list[Question], Window]:
        """Return what is said, what was asked, and the window."""
        total = sum(map(len, self.pages))
        window = Window(self.dates, is_whole=self.dates == WHOLE, passed_on={*self.passed_on})
        window.streamed = self.streamed
        read = Read(self.per_page)
        for number, contacts in enumerate(self.pages, 1):
            window.take(read, page(number, contacts, total, len(self.pages)))
        replies = iter(self.replies)
        settled = {*"".join(self.pages)} - window.passed_on
        steps = contradicted(window, self.know, read, settled)
        says, asked = drive(steps, lambda _question: next(replies))
        return says, asked, window


SENDS_MORE = "the API sends {} more than it counts"
COUNTS_MORE = "the API counts {} more in a part than it sends in all"

BEHIND = {
    "last page not full": Doubt(["ab", "c"], [], []),
    "nothing behind": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "", 4)]),
    "a new one behind": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "e", 4)], SENDS_MORE.format(1)),
    "two behind": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "ef", 4)], SENDS_MORE.format(2)),
    "page 1 behind": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "ab", 4)]),
    "one counted as well": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "e", 5)]),
    "refused": Doubt(["ab", "cd"], [(PART, 3)], [NO]),
    "one that was passed on": Doubt(["ab", "cd"], [(PART, 3)], [page(3, "a", 4)], passed_on="a"),
    "one page, its size not known": Doubt(["ab"], [], []),
    "one page, full": Doubt(["ab"], [(PART, 2)], [page(2, "", 2)], know=Knowledge(page_size=2)),
    "one page, not full": Doubt(["ab"], [], [], know=Knowledge(page_size=3)),
    "one large page, full": Doubt(
        ["ab"], [(PART, 2)], [page(2, "c", 2)], SENDS_MORE.format(1), per_page=2
    ),
    "no contacts": Doubt([""], [], [], know=Knowledge(page_size=2)),
}

OLDER_HALF = {
    "counts as many": Doubt(["ab", "cd", "e"], [(HALF, 1)], [page(1, "ab", 3)], dates=WHOLE),
    "counts those of the next day": Doubt(
        ["ab", "cd", "e"], [(HALF, 1)], [page(1, "ab", 4)], dates=WHOLE
    ),
    "counts more": Doubt(
        ["ab", "cd", "e"],
        [(HALF, 1), (HALF, 3)],
        [page(1, "ab", 5, 3), page(3, "c", 5, 3)],
        COUNTS_MORE.format(1),
        dates=WHOLE,
    ),
    "counts more, dates ignored at the other end": Doubt(
        ["ab", "cd", "e"],
        [(HALF, 1), (HALF, 3)],
        [page(1, "ab", 5, 3), page(3, "e", 5, 3)],
        dates=WHOLE,
    ),
    "counts more, dates ignored": Doubt(
        ["ab", "cd", "e"],
        [(HALF, 1), (HALF, 3)],
        [page(1, "ea", 5, 3), page(3, "b", 5, 3)],
        dates=WHOLE,
    ),
    "counts more, the other end refused": Doubt(
        ["ab", "cd", "e"],
        [(HALF, 1), (HALF, 3)],
        [page(1, "ab", 5, 3), NO],
        COUNTS_MORE.format(1),
        dates=WHOLE,
    ),
    "refused": Doubt(["ab", "cd", "e"], [(HALF, 1)], [NO], dates=WHOLE),
    "of a part": Doubt(["ab", "cd", "e"], [], []),
    "of one page": Doubt(["abcde"], [], [], dates=WHOLE),
    "of what is streamed": Doubt(["ab", "cd", "e"], [], [], dates=WHOLE, streamed=True),
    "no dates in the listing": Doubt(
        ["ab", "cd", "e"], [], [], dates=WHOLE, know=Knowledge(by_date=False)
    ),
    "most of today": Doubt(["aj", "jj", "j"], [], [], dates=WHOLE),
    "no contact has a date": Doubt(["zz", "z"], [], [], dates=WHOLE),
    "the page behind is asked for first": Doubt(
        ["ab", "cd"],
        [(WHOLE, 3), (HALF, 1)],
        [page(3, "", 4), page(1, "ab", 3)],
        dates=WHOLE,
    ),
}

DOUBTS = {f"behind: {name}": one for name, one in BEHIND.items()} | {
    f"older half: {name}": one for name, one in OLDER_HALF.items()
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_what_contradicts_a_window(doubt: Doubt) -> None:
    says, asked, _ = doubt.express()
    assert says == doubt.says
    assert [(one.dates, one.number) for one in asked] == doubt.asked
    assert {one.per_page for one in asked} <= {doubt.per_page}
    assert not any(one.patient for one in asked), "no doubt is worth a wait"


def test_what_is_met_behind_the_last_page_is_kept() -> None:
    _, _, window = BEHIND["two behind"].express()
    assert {*window.rows} == {*"abcdef"}


@pytest.mark.parametrize(
    ("total", "text"),
    [(4, "the API counts 1 more than it sends"), (1, "the API sends 2 more than it counts")],
)
def test_a_read_that_contradicts_itself_says_how(total: int, text: str) -> None:
    assert contradiction_text(Read(pages=[page(1, "abc", total)])) == text

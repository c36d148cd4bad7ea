"""Questions: what a listing is asked while it is read, and how the askers wait for responses."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange, Page

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "Answered",
    "Batch",
    "Fetch",
    "Question",
    "Reply",
    "Steps",
    "asked",
    "never",
    "pages_of",
]


class Fetch(Protocol):
    """Asks the API for a page; several threads may call it."""

    def __call__(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        """Return page `number` (from 1) of the contacts created within some dates.

        Args:
            dates: The dates.
            number: The page, from 1.
            per_page: Contacts a page; None for the setting's.
            patient: Whether a failing request is tried again.

        Raises:
            RefusedError: The API refuses this page, or fails on it again and again.
        """


class Question(NamedTuple):
    """Asks for one page."""

    dates: DateRange
    number: int = 1
    per_page: int | None = None
    """Contacts a page; None for the setting's."""
    patient: bool = True
    """Whether a failing request is tried again: one that only improves a guess is not."""

    def ask(self, fetch: Fetch) -> Reply:
        """Return what the API responds; a refusal is a reply, too."""
        try:
            if self.patient:
                return fetch(self.dates, self.number, self.per_page)
            return fetch(self.dates, self.number, self.per_page, patient=False)
        except RefusedError as error:
            return error


Reply = Page | RefusedError
Answered = list[tuple[Question, Reply]]
"""Questions with their replies, in the order in which these came."""


def never(_page: Page) -> bool:
    """Return that no page is enough."""
    return False


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions that may be asked side by side."""

    questions: list[Question]
    enough: Callable[[Page], bool] = never
    """Whether, after this page, the questions not sent yet need not be."""
    refusals: int | None = None
    """After so many refusals without a page between them, neither need they; None for never."""


_Result = TypeVar("_Result")

Steps = Generator[Batch, Answered, _Result]
"""Asks batch after batch, gets the replies to each, and returns what they come to."""


def asked(*questions: Question) -> Batch:
    """Return a batch of these questions."""
    return Batch([*questions])


def pages_of(answered: Answered, questions: list[Question]) -> list[Page | None]:
    """Return the replies in the order of their questions; None where the API refuses."""
    replies = dict(answered)
    return [
        page if isinstance(page := replies.get(question), Page) else None for question in questions
    ]

"""An entry: a window in its place in the scan, with the questions that its reading waits for."""

from __future__ import annotations

from collections import deque
from math import ceil
from typing import TYPE_CHECKING

from tap_mihu.reading.cutting import WINDOW_PAGES
from tap_mihu.reading.knowledge import LARGE_PAGE
from tap_mihu.reading.reader import read_window
from tap_mihu.reading.undated import Undated, find_undated
from tap_mihu.reading.window import Window
from tap_mihu.records.pages import Page

if TYPE_CHECKING:
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Answered, Batch, Question, Reply, Steps

__all__ = ["Entry"]


class Entry:
    """A window with its steps, and the questions that these wait for."""

    def __init__(self, window: Window | Undated, know: Knowledge) -> None:
        """Start with no question asked.

        Args:
            window: What is read, or cut; or the contacts without a creation date.
            know: What is known of the server.
        """
        self.window = window
        self._know = know
        self.steps: Steps[list[Window | Undated]] = (
            find_undated(window, know) if isinstance(window, Undated) else read_window(window, know)
        )
        self.started = False
        self.finished = False
        self.unsent: deque[Question] = deque()
        self.in_flight = 0
        self.held = 0
        """Responses that are kept for it."""
        self.came = 0
        """Contacts on them."""
        self._batch: Batch | None = None
        self._refused_in_a_row = 0
        self._answered: Answered = []

    @property
    def may_be_read_ahead(self) -> bool:
        """Whether it may be read before its turn: not what cannot be held, and the undated last."""
        return isinstance(self.window, Window) and not self.window.streamed

    @property
    def total(self) -> int:
        """How many contacts it holds, as far as is known."""
        if isinstance(self.window, Window):
            return self.window.known_total
        # The undated are looked for on the pages of the whole.
        budget = self._know.budget
        size = budget.page_size / (1 if self._know.larger_pages is False else LARGE_PAGE)
        return ceil(budget.contacts * min(1, size)) if self.window.expected else 0

    @property
    def is_read(self) -> bool:
        """Whether this is a window that is read, rather than cut before."""
        if not isinstance(self.window, Window):
            return False
        return self.window.streamed or self._know.budget.pages(self.total) <= WINDOW_PAGES

    @property
    def held_contacts(self) -> int:
        """How many contacts of it were read and not passed on yet."""
        if not isinstance(self.window, Window) or not self.is_read:
            return 0
        if self.window.streamed:
            return max(0, self.came - len(self.window.passed_on))
        return min(self.came, self.total or self.came)

    def take(self, question: Question, reply: Reply) -> bool:
        """Take a reply in; return whether the steps can go on."""
        self.in_flight -= 1
        self.held += 1
        self.came += len(reply.rows) if isinstance(reply, Page) else 0
        self._answered.append((question, reply))
        self._refused_in_a_row = 0 if isinstance(reply, Page) else self._refused_in_a_row + 1
        if self._batch is not None and (
            self._batch.enough(reply)
            if isinstance(reply, Page)
            else self._refused_in_a_row == self._batch.refusals
        ):
            self.unsent.clear()
        return not (self.unsent or self.in_flight)

    def go_on(self) -> list[Window | Undated] | None:
        """Go on with the steps.

        Returns:
            What stands in the window's place, where they end; None where they have questions.
        """
        try:
            batch = self.steps.send(self._answered) if self.started else next(self.steps)
            while not batch.questions:
                batch = self.steps.send([])
        except StopIteration as stop:
            replaced: list[Window | Undated] = stop.value
            return replaced
        finally:
            self.started = True
            self._answered = []
        self._batch = batch
        self._refused_in_a_row = 0
        self.unsent.extend(batch.questions)
        return None

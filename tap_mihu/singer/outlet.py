"""The outlet: where the lines of a stream leave, with the states that cover them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap_mihu.singer.output import MessageWriter
    from tap_mihu.singer.state import State

__all__ = ["Outlet", "RecordMessages"]


class Outlet(ABC):
    """Takes lines; the end of the block ends it, whatever ends the block."""

    def __init__(
        self, output: MessageWriter, write_state: Callable[[State], None], state: State
    ) -> None:
        """Start with nothing written.

        Args:
            output: Takes the messages.
            write_state: Keeps a state, and writes it.
            state: What the run started from.
        """
        self._output = output
        self._write_state = write_state
        self._state = state

    def __enter__(self) -> Self:
        """Begin."""
        return self

    @abstractmethod
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let nothing be left behind."""

    @abstractmethod
    def write_lines(self, stream: str, lines: Sequence[bytes]) -> None:
        """Write records of a stream, as lines that end in a line feed each.

        Raises:
            MihuError: They cannot be written.
        """

    @abstractmethod
    def save(self, state: State) -> None:
        """Write a state as soon as all that it covers has left, which is all that was written.

        Raises:
            MihuError: It, or what it covers, cannot be written.
        """

    @abstractmethod
    def finish(self) -> None:
        """See to it that all that was written has left; error as in `save`."""


class RecordMessages(Outlet):
    """RECORD messages, which leave at once, with a STATE every so often."""

    def __init__(
        self,
        output: MessageWriter,
        write_state: Callable[[State], None],
        state: State,
        *,
        state_every: int,
    ) -> None:
        """Start with nothing written.

        Args:
            output: Takes the messages.
            write_state: Keeps a state, and writes it.
            state: What the run started from.
            state_every: After so many records a STATE is due.
        """
        super().__init__(output, write_state, state)
        self._state_every = state_every
        self._written = 0

    @override
    def __exit__(self, *_: object) -> None:
        """Leave it at that: nothing is kept back."""

    @override
    def write_lines(self, stream: str, lines: Sequence[bytes]) -> None:
        """Write messages, which name their stream themselves; error as in `Outlet`."""
        done = 0
        while done < len(lines):
            room = self._state_every - self._written % self._state_every
            part = lines[done : done + room]
            self._output.write_lines(part)
            done += len(part)
            self._written += len(part)
            if len(part) == room:
                self._write_state(self._state)

    @override
    def save(self, state: State) -> None:
        """Write a state at once; error as in `Outlet`."""
        self._state = state
        self._write_state(state)

    @override
    def finish(self) -> None:
        """Do nothing: nothing is kept back."""

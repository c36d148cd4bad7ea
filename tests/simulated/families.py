"""Listings below each item of another one, all of which change while they are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tap_mihu.errors import RefusedError
from tap_mihu.reading.below import scan_below
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.scan import Done, Rows, scan
from tap_mihu.records.pages import Page
from tests.simulated.server import EVERYTHING, SimulatedServer


@dataclass(eq=False)
class Family:
    """A listing, and one below each of its items, which is refused once the item is deleted."""

    above: SimulatedServer
    make: Callable[[int], SimulatedServer]  # returns the listing below of a number
    forbids: int = 0  # so many of those are always refused
    below: dict[str, SimulatedServer] = field(default_factory=dict)
    emitted: list[tuple[str, str]] = field(default_factory=list)  # each with its item
    done: list[Done] = field(default_factory=list)
    refusal: RefusedError | None = None

    def __post_init__(self) -> None:
        self._at_first = self.above.throughout()

    @property
    def deleted(self) -> set[str]:
        """The items that are gone."""
        return self._at_first - self.above.throughout()

    @property
    def proven(self) -> bool:
        return self.refusal is None and all(one.proven for one in self.done)

    @property
    def missing(self) -> set[tuple[str, str]]:
        """What could be seen throughout, and was not emitted."""
        keys = self.above.throughout()
        there = {(key, uuid) for key in keys for uuid in self._server(key).throughout()}
        return there - {*self.emitted}

    def read(self) -> None:
        """Read all, be it to a refusal."""
        above = partial(scan, self.above.fetch, EVERYTHING, concurrency=1, by_date=False)
        try:
            for event in scan_below(above, self._scan, Progress(), above_name="pools"):
                if isinstance(event, Done):
                    self.done.append(event)
        except RefusedError as error:
            self.refusal = error

    def _server(self, key: str) -> SimulatedServer:
        if key not in self.below:
            self.below[key] = self.make(len(self.below))
        return self.below[key]

    def _scan(self, key: str, progress: Progress) -> Iterator[Rows | Done]:
        server = self._server(key)
        forbidden = list(self.below).index(key) < self.forbids

        def fetch(*asked: Any, **how: Any) -> Page:
            self.above.pass_time()
            if forbidden or key in self.deleted:
                raise RefusedError("HTTP 404: there is no such path.")
            return server.fetch(*asked, **how)

        for event in scan(fetch, EVERYTHING, concurrency=1, by_date=False, progress=progress):
            if isinstance(event, Rows):
                self.emitted += [(key, row.uuid) for row in event.rows]
            yield event

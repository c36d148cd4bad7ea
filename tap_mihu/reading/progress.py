"""Progress: how far a scan is, and how long the rest will take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Progress"]

# A pause tells of the rhythm of a run for so many rhythms; thereafter, the run has another one.
_RHYTHMS = 1.5


def _none() -> int:
    return 0


@dataclass(slots=True)
class Progress:
    """How far a run is; its scans, client and writer keep it up to date, from any thread."""

    total: int = 0
    """Contacts there are, as far as is known; without those of scans that did not begin yet."""
    passed_on: int = 0
    """Contacts of the windows that are finished, once each."""
    held: Callable[[], int] = _none
    """Returns how many contacts were read, besides, of windows that are not."""
    emitted: int = 0
    """Records written."""
    windows: int = 0
    """Windows finished."""
    repaired: int = 0
    """How often a read was found disturbed, and the window cut or read again."""
    _before: int = 0
    """Contacts that earlier scans passed on."""
    _since: float | None = None
    """When windows began to be read; until then the scan is planned."""
    _read_before: int = 0
    """Contacts that were read by then."""
    _latest: float = 0.0
    """When the latest response came."""
    _longest_gap: float = 0.0
    """The longest time from one response to the next, in seconds."""
    _pauses: int = 0
    _pause_ends: float = 0.0
    _first_pause: tuple[float, int] = (0.0, 0)
    """When it ends, and how many contacts were read before."""
    _read_before_pause: int = 0

    @property
    def read(self) -> int:
        """Contacts read off the API, never more than there are."""
        read = self.passed_on + self.held()
        return min(read, self.total) if self.total else read

    @property
    def planning(self) -> bool:
        """Whether no window is read yet."""
        return self._since is None

    def follow(self) -> Progress:
        """Return the progress of a part; what it reads counts here too, until it is absorbed."""
        part = Progress()
        self.held = lambda: part.read
        return part

    def absorb(self, part: Progress) -> None:
        """Take over what a part that is finished came to."""
        self.held = _none
        self.passed_on += part.passed_on
        self.windows += part.windows
        self.repaired += part.repaired

    @property
    def counted(self) -> int:
        """Contacts that the scan at hand has, as far as is known."""
        return max(self.total, self.passed_on) - self._before

    def start_scan(self, held: Callable[[], int]) -> None:
        """Take note of a scan that starts, and of what tells how many contacts it holds."""
        self._before = self.passed_on
        self.held = held

    def note_total(self, total: int) -> None:
        """Take note of how many contacts the scan at hand has, by a response."""
        self.total = max(self.total, self._before + total)

    def pass_on(self, contacts: int) -> None:
        """Take note of contacts that are passed on."""
        self.begin_reading()
        self.passed_on += contacts

    def begin_reading(self) -> None:
        """Take note that windows are read from now on."""
        if self._since is None:
            self._since = self._latest = time.monotonic()
            self._read_before = self.read
            self._pauses = 0

    def note_response(self) -> None:
        """Take note that a response came."""
        now = time.monotonic()
        if self._since is not None:
            self._longest_gap = max(self._longest_gap, now - self._latest)
        self._latest = now

    def note_pause(self, seconds: float) -> None:
        """Take note that all requests pause for so long from now."""
        self._pauses += 1
        self._read_before_pause = self.read
        self._pause_ends = time.monotonic() + seconds
        if self._pauses == 1:
            self._first_pause = (self._pause_ends, self._read_before_pause)

    def rate(self) -> float | None:
        """Return contacts a second, pauses included; None before there is a rate."""
        if self._since is None:
            return None
        # Where the API pauses a run again and again, it goes on by leaps.
        leaps = self._leaps()
        if leaps is not None:
            return leaps[0] / leaps[1]
        # Since the last response, unless this is silence: responses come one by one, or in bursts.
        until = max(self._latest, time.monotonic() - self._longest_gap)
        seconds, read = until - self._since, self.read - self._read_before
        return read / seconds if seconds > 0 and read > 0 else None

    def seconds_left(self) -> float | None:
        """Return how long the rest will take, pauses included; None before there is a rate."""
        rate = self.rate()
        if rate is None or not self.total:
            return None
        left = self.total - self.read
        leaps = self._leaps()
        if leaps is None or not left:
            return left / rate
        contacts, seconds = leaps
        pauses = ceil((self.total - self._read_before_pause) / contacts) - 1
        return max(0.0, self._pause_ends + pauses * seconds - time.monotonic())

    def _leaps(self) -> tuple[float, float] | None:
        """Return contacts from pause to pause and the time between; None without such a rhythm."""
        if self._since is None or not self._pauses:
            return None
        # Some of what comes before the first pause is the plan.
        began, read = self._first_pause if self._pauses > 1 else (self._since, self._read_before)
        leaps = max(1, self._pauses - 1)
        contacts = (self._read_before_pause - read) / leaps
        seconds = (self._pause_ends - began) / leaps
        if contacts <= 0 or time.monotonic() - self._pause_ends > _RHYTHMS * seconds:
            return None
        return contacts, seconds

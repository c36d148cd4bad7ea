"""When a simulated server shows less than there is, with status 200."""

from dataclasses import dataclass
from random import Random

from tests.simulated.history import Version


@dataclass(frozen=True)
class Withholding:
    """Which responses are empty, and what a token does not see."""

    first: int = 0
    """So many responses are empty."""
    share: float = 0
    """The share of the others that are empty, too."""
    blind_after: int | None = None
    """After so many requests, the token sees only every second contact."""

    def empties(self, request: int, rng: Random) -> bool:
        """Whether the response to the request of this number (from 1) is empty."""
        return request <= self.first or (self.share > 0 and rng.random() < self.share)

    def blinded(self, request: int) -> bool:
        """Whether the token sees less by now."""
        return self.blind_after is not None and request > self.blind_after

    def withholds(self, version: Version, requests: int) -> bool:
        """Whether a contact was invisible in some of so many requests, other than by chance."""
        return self.share == 1 or (self.blinded(requests) and version.number % 2 == 1)


NOTHING_WITHHELD = Withholding()

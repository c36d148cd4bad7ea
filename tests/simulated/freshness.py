"""Of which moments the responses of a simulated server are, and which moment they tell."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random


@dataclass(frozen=True)
class Freshness:
    """How old what is shown and counted is, in seconds, and how wrong the clock."""

    lag: float = 0
    """The age at most of what a response shows."""
    two_replicas: bool = False
    """Whether a response lags either wholly or not at all."""
    count_lag: float = 0
    """The age at most of the total alone."""
    caches_total: float = 0
    caches_pages: float = 0
    ahead: timedelta = timedelta()
    """How far the clock of the responses is ahead of the data's."""

    def draw_lag(self, rng: Random) -> float:
        """Draw the age of what a response shows."""
        if not self.lag:
            return 0
        return self.lag * (rng.randrange(2) if self.two_replicas else rng.random())


UP_TO_DATE = Freshness()

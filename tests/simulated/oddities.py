"""What is odd about the contacts of a simulated server, and about when it shows them."""

from dataclasses import dataclass
from datetime import timedelta

NEVER = 1 << 62


@dataclass(frozen=True)
class Oddities:
    """How many contacts, or what share of them, are odd in which way."""

    undated: int = 0  # without creation date
    zero_dated: int = 0  # with '0000-00-00' for it, which any `date_to` selects and no row shows
    twice: int = 0  # standing in the listing two times, one behind the other
    namesakes: int = 0  # sharing their uuid with another contact, created at another time
    poisoned: int = 0  # making every response that holds them fail
    soft_deleted: float = 0  # the share counted, never shown
    hidden: float = 0  # the share taken from the pages that would hold them
    outside: int = 0  # further ones, which the filters do not select yet
    shuffled: bool = False  # whether ids follow no creation date
    whole_seconds: bool = False
    batch: int = 1  # how many are born at once
    delay: float = 0  # seconds at most from the creation time of who is born until it can be seen


@dataclass(frozen=True)
class Freshness:
    """How old what is shown and counted is, in seconds, and how wrong the clock."""

    lag: float = 0  # the age at most of what a response shows
    two_replicas: bool = False  # whether a response lags either wholly or not at all
    count_lag: float = 0  # the age at most of the total alone
    caches_total: float = 0
    caches_pages: float = 0
    ahead: timedelta = timedelta()  # how far the clock of the responses is ahead of the data's


@dataclass(frozen=True)
class Withholding:
    """Which responses show less than there is, with status 200."""

    first: int = 0  # so many are empty
    share: float = 0  # of the others that are empty, too
    blind_after: int = NEVER  # from then on, the token sees only every second contact

    def withholds(self, number: int, requests: int) -> bool:
        """Whether a contact was invisible in some of so many requests, other than by chance."""
        return self.share == 1 or (requests > self.blind_after and number % 2 == 1)

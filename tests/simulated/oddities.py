"""What is odd about the contacts of a simulated server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Oddities:
    """How many contacts, or what share of them, are odd in which way."""

    undated: int = 0
    """Without creation date."""
    zero_dated: int = 0
    """With '0000-00-00' for it, which any `date_to` selects and no row shows."""
    twice: int = 0
    """Standing in the listing two times, one behind the other."""
    namesakes: int = 0
    """Sharing their uuid with another contact, created at another time."""
    poisoned: int = 0
    """Making every response that holds them fail."""
    soft_deleted: float = 0
    """The share counted, never shown."""
    hidden: float = 0
    """The share taken from the pages that would hold them."""
    outside: int = 0
    """Further ones, which the filters do not select yet."""
    shuffled: bool = False
    """Whether ids follow no creation date."""
    whole_seconds: bool = False
    batch: int = 1
    """How many are born at once."""
    delay: float = 0
    """Seconds at most from the creation time of who is born until it can be seen."""


NOTHING_ODD = Oddities()

"""The failures this tap foresees; the text of each is one line for the person on call."""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "EnvelopeError",
    "Interrupted",
    "ListingError",
    "MihuError",
    "MissingKeyError",
    "RefusedError",
    "StoppedError",
    "UnreadableBodyError",
]


class MihuError(Exception):
    """A foreseen failure that ends the run with status 1; its text holds no personal data."""


class ConfigError(MihuError):
    """A setting that cannot be used; the text names the setting and the rule it breaks."""


class ListingError(MihuError):
    """The API refuses a listing, or sends it in another form; others may still be read."""


class RefusedError(ListingError):
    """The API refuses one request, or fails on it again and again; another may still succeed."""


class EnvelopeError(Exception):
    """A response that is not the documented envelope; the text says where it departs."""

    def __init__(self, text: str, quote: str = "") -> None:
        """Remember where it departs.

        Args:
            text: Our words.
            quote: The server's own, which may hold anything.
        """
        super().__init__(text)
        self.quote = quote


class UnreadableBodyError(Exception):
    """A response worth asking for again: cut off, not JSON, or another page than asked."""


class MissingKeyError(Exception):
    """An item without its key."""

    def __init__(self, key: str, position: int) -> None:
        """Remember where it is.

        Args:
            key: The field that is missing.
            position: The item's place on its page, from 1.
        """
        super().__init__(key, position)
        self.key = key
        self.position = position


class StoppedError(Exception):
    """The run is over; a worker that waits gives up."""


class Interrupted(BaseException):
    """A signal asks the run to end.

    Not an `Exception`, so that no handler between the scan and the command line swallows it.
    """

    def __init__(self, signum: int) -> None:
        """Remember which signal came."""
        super().__init__(signum)
        self.signum = signum
        self.so_far = ""
        """How far the run got, in one line; empty where it got nowhere."""

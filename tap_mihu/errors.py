"""The failures this tap foresees; the text of each is one line for the person on call."""

from __future__ import annotations

__all__ = ["ConfigError", "Interrupted", "MihuError"]


class MihuError(Exception):
    """A foreseen failure that ends the run with status 1; its text holds no personal data."""


class ConfigError(MihuError):
    """A setting that cannot be used; the text names the setting and the rule it breaks."""


class Interrupted(BaseException):
    """A signal asked the run to end.

    Not an `Exception`, so that no handler between the scan and the command line swallows it.
    """

    def __init__(self, signum: int) -> None:
        """Remember which signal came."""
        super().__init__(signum)
        self.signum = signum

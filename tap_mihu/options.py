"""The options of the command line beside those of the SDK."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from tap_mihu.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click import Context, Option

__all__ = ["limit_option", "plan_option"]

_MOST_SHARDS = 1000


def plan_option(callback: Callable[[Context, Option, int | None], None]) -> Option:
    """Return `--plan`; `callback` prints the plan."""
    return click.Option(
        ["--plan"],
        type=click.IntRange(1, _MOST_SHARDS),
        metavar="N",
        help="Print a plan, as JSON, that cuts the workspace into at most N (up to "
        f"{_MOST_SHARDS}) ranges of creation dates with about equal numbers of contacts: "
        "each with the filters and the state id suffix for a run of its own.",
        callback=callback,
        expose_value=False,
    )


def limit_option() -> Option:
    """Return `--limit`, the number of records of a preview."""
    return click.Option(
        ["--limit"],
        metavar="N",
        help="Print the first N records of each selected stream, as a preview: whatever the state "
        "says, without writing one, and without deleting a row.",
        callback=_at_least_one,
    )


def _at_least_one(_: Context, option: Option, value: str | None) -> int | None:
    """Return a number that an option has.

    Raises:
        ConfigError: It is none, or less than 1.
    """
    if value is None:
        return None
    if not re.fullmatch("0*[1-9][0-9]{0,11}", value):
        raise ConfigError(f"{option.opts[0]}: a whole number, at least 1")
    return int(value)

"""Below: the listings that each item of another one has, read one after another as one."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_mihu.errors import RefusedError
from tap_mihu.reading.scan import Done, Rows
from tap_mihu.records.pages import DateRange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_mihu.reading.progress import Progress

__all__ = ["Below", "scan_below"]

_MOST_REFUSED = 3
_UNREAD = "a page cannot be read"


class Below(Protocol):
    """Reads the listing below one item."""

    def __call__(self, key: str, progress: Progress) -> Iterator[Rows | Done]:
        """Read it, as `scan` does.

        Args:
            key: The item's.
            progress: Is kept up to date.
        """


class _Found(NamedTuple):
    keys: dict[str, None]
    """In order."""
    cause: str | None
    """Why it is not proven that there are no others, if it is not."""


def scan_below(
    above: Callable[[], Iterator[Rows | Done]], below: Below, progress: Progress, *, above_name: str
) -> Iterator[Rows | Done]:
    """Read the listing below each item of another one, completely.

    There is one `Done`, the last of all: proven where the listing above and each one below are.
    One whose item is deleted meanwhile does not count.

    Args:
        above: Reads the listing above, as `scan` does.
        below: Reads the listing below one item.
        progress: Is kept up to date; how many rows there are in all is not known.
        above_name: What is listed above, in the plural.

    Raises:
        RefusedError: Some page could not be read, or the listing above.
    """
    found = _found(above)
    causes, refusals = Counter[str](), list[RefusedError]()
    unproven: dict[str, str] = {}
    left = deque(found.keys)
    progress.begin_reading()
    while left and len(refusals) < _MOST_REFUSED:
        key = left.popleft()
        part = progress.follow()
        try:
            for event in below(key, part):
                if isinstance(event, Rows):
                    yield event
                elif not event.proven:
                    unproven[key] = event.cause or _UNREAD
        except RefusedError as error:
            cause = unproven.pop(key, _UNREAD)
            if not _gone({key}, above):
                causes[cause] += 1
                refusals.append(error)
        progress.absorb(part)
    # One look tells of all of them.
    gone = _gone({*unproven}, above)
    causes.update(cause for key, cause in unproven.items() if key not in gone)
    yield _done(found, causes, above_name)
    if refusals:
        raise refusals[0]


def _found(above: Callable[[], Iterator[Rows | Done]]) -> _Found:
    keys, cause = dict[str, None](), None
    for event in above():
        if isinstance(event, Rows):
            keys |= dict.fromkeys(row.uuid for row in event.rows)
        elif not event.proven:
            cause = event.cause
    return _Found(keys, cause)


def _gone(keys: set[str], above: Callable[[], Iterator[Rows | Done]]) -> set[str]:
    """Return which items were deleted meanwhile."""
    if not keys:
        return set()
    now = _found(above)
    return keys.difference(now.keys) if now.cause is None else set()


def _done(found: _Found, causes: Counter[str], above_name: str) -> Done:
    cause = None
    if found.cause is not None:
        cause = f"{found.cause} (in the list of {above_name})"
    elif causes:
        ((most, _),) = causes.most_common(1)
        cause = f"{most} (in {causes.total()} of {len(found.keys)} {above_name})"
    return Done(DateRange(), proven=cause is None, cause=cause)

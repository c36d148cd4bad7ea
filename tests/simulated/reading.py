"""Reads a simulated server to the end, and judges what came of it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, pairwise

from tap_mihu.errors import EnvelopeError, MihuError
from tap_mihu.reading.questions import Fetch
from tap_mihu.reading.scan import Done, Rows, scan
from tap_mihu.records.pages import DateRange, Page, Row
from tests.simulated.paging import Larger
from tests.simulated.server import EVERYTHING, Change, SimulatedServer, includes


class Boom(Exception):  # noqa: N818
    """A failure of the network."""


class EndlessError(MihuError):
    """The scan asked so much that it is stopped."""


class Outcome(StrEnum):
    """What a scan comes to."""

    COMPLETE = "complete"  # proven, and nothing is missing
    UNPROVEN = "unproven"
    FAILED = "failed"  # an error tells that not all was read
    ENDLESS = "endless"  # no end in sight
    CRASHED = "crashed"  # an error that is not foreseen
    LOST = "LOST"  # proven, though a contact that was there throughout is missing


@dataclass
class Reading:
    """What a scan emitted, in order, each window's rows before its end."""

    emitted: list[Row] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    rows_before: list[int] = field(default_factory=list)  # emitted by the end of each window
    error: Exception | None = None
    pages: int = 1  # of a plain walk, before the scan or after it
    requests: int = 0
    most_requests: int = 0
    """How many it may cost at the most."""
    missing: set[str] = field(default_factory=set)
    """The contacts that could be seen throughout, and were not emitted."""
    twice: int = 0
    """How many rows were emitted though their contact had been."""

    @property
    def proven(self) -> bool:
        return self.error is None and all(window.proven for window in self.done)

    @property
    def uuids(self) -> set[str]:
        return {row.uuid for row in self.emitted}

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return Outcome.ENDLESS if isinstance(self.error, EndlessError) else Outcome.FAILED
        if not self.proven:
            return Outcome.UNPROVEN
        return Outcome.LOST if self.missing else Outcome.COMPLETE

    @property
    def cost(self) -> float:
        """Requests for each page of a plain walk."""
        return self.requests / self.pages

    def add(self, item: Rows | Done) -> None:
        if isinstance(item, Rows):
            self.emitted.extend(item.rows)
        else:
            self.done.append(item)
            self.rows_before.append(len(self.emitted))


def read_into(
    reading: Reading,
    fetch: Fetch,
    within: DateRange = EVERYTHING,
    *,
    concurrency: int = 1,
    filtered: bool = False,
    by_date: bool = True,
    larger_pages: bool | None = None,
) -> None:
    for item in scan(
        fetch,
        within,
        concurrency=concurrency,
        filtered=filtered,
        by_date=by_date,
        larger_pages=larger_pages,
    ):
        reading.add(item)


def read(
    server: SimulatedServer,
    within: DateRange = EVERYTHING,
    *,
    concurrency: int = 1,
    by_date: bool = True,
    larger_pages: bool | None = None,
) -> Reading:
    """Read to the end, be it a failure, and judge."""
    reading = Reading(pages=server.pages(within))
    before, most = len(server.requests), 16 * reading.pages + 1000

    def fetch(
        dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        if len(server.requests) - before >= most:
            raise EndlessError("far too many requests")
        return server.fetch(dates, number, per_page)

    try:
        read_into(
            reading,
            fetch,
            within,
            concurrency=concurrency,
            filtered=server.filtered,
            by_date=by_date,
            larger_pages=larger_pages,
        )
    except (MihuError, EnvelopeError) as error:
        reading.error = error
    reading.pages = max(reading.pages, server.pages(within))
    reading.requests = len(server.requests) - before
    a_page = 5 if server.larger is Larger.OBEYED else 8
    reading.most_requests = a_page * reading.pages + 50
    reading.twice = len(reading.emitted) - len(reading.uuids)
    reading.missing = server.throughout(within) - {row.uuid.lower() for row in reading.emitted}
    return reading


def failing(fetch: Fetch, fails_at: int) -> Fetch:
    """Fetch, but for the request of this number (from 0)."""
    arrivals = count()

    def fetch_or_fail(
        dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        if next(arrivals) == fails_at:
            raise Boom
        return fetch(dates, number, per_page)

    return fetch_or_fail


def check(server: SimulatedServer, reading: Reading, within: DateRange = EVERYTHING) -> None:
    """The promise: once each, windows in order without gaps, and all of it or a word about it."""
    assert reading.error is None
    assert len(reading.uuids) == len(reading.emitted), "a contact was emitted twice"
    check_windows(reading, within)
    if not server.ignores_dates and not server.zone:
        check_dates(reading)
    assert not lost(server, reading, within), "contacts were lost in silence"


def check_windows(reading: Reading, within: DateRange) -> None:
    windows = [window.dates for window in reading.done if window.dates]
    assert reading.rows_before[-1] == len(reading.emitted), "rows after the last window"
    assert (windows[0].first, windows[-1].last) == (within.first, within.last)
    for earlier, later in pairwise(windows):
        assert earlier.last is not None
        assert later.first == earlier.last + timedelta(days=1)


def check_dates(reading: Reading) -> None:
    """What is emitted before a window's end belongs to it, else a resumed scan would lose it."""
    start = 0
    for window, end in zip(reading.done, reading.rows_before, strict=True):
        assert all(
            includes(window.dates or EVERYTHING, day(row)) for row in reading.emitted[start:end]
        )
        start = end


def day(row: Row) -> date | None:
    return date.fromisoformat(row.created_at[:10]) if row.created_at else None


def lost(server: SimulatedServer, reading: Reading, within: DateRange = EVERYTHING) -> set[str]:
    """The contacts that were there throughout and are missing without a word about it."""
    if not reading.proven:
        return set()
    missing = server.throughout(within) - {row.uuid.lower() for row in reading.emitted}
    return {uuid for uuid in missing if not hidden_by_import(server, reading, server.day_of(uuid))}


def hidden_by_import(server: SimulatedServer, reading: Reading, day: date | None) -> bool:
    """The known limit of the rules, which only an import of old creation dates can reach.

    Between two answers of the window that was emitted as proven, a contact of it was deleted, so
    that another slipped through, and one was imported into it, so that the numbers are right.
    """
    window = next(
        (one.dates for one in reading.done if one.dates and includes(one.dates, day)), None
    )
    if window is None:
        return False
    asked = [place for place, (dates, _) in enumerate(server.requests) if dates == window]
    for earlier, later in pairwise(asked):
        changes = {
            trace.change
            for trace in server.traces
            if earlier < trace.before <= later and includes(window, trace.day)
        }
        if {Change.DELETE, Change.IMPORT} <= changes:
            return True
    return False

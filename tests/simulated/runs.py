"""Histories: many runs over one state and one table, with everything that goes wrong between."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple, NoReturn

from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.scan import Rows
from tap_mihu.records.pages import DateRange
from tap_mihu.singer.beginning import read_stream_state
from tap_mihu.singer.course import Terms
from tap_mihu.singer.run import Run
from tap_mihu.singer.state import Subject
from tests.simulated.bounds import DAY
from tests.simulated.small import Cut, Item, Reader, SmallWorkspace, Trouble, View

VIEWS = (
    View({}),
    View({"status": "Active"}),
    View(
        {"date_from": "2025-06-05", "date_to": "2025-06-14"},
        DateRange(date(2025, 6, 5), date(2025, 6, 14)),
    ),
)
# How often, and to what, the settings change.
CHANGES: dict[str, tuple[float, Sequence[object]]] = {
    "full_table": (0.4, (False, True)),
    "view": (0.1, VIEWS),
    "workspace": (0.05, "ab"),
    "reread_after_hours": (0.1, (0, 24)),
    "lookback_seconds": (0.1, (0, 300, 3600)),
}
_MOST_RANGES = 6


class Diverged(AssertionError):  # noqa: N818
    """The table is not what the source is, and nobody said so."""


class Sent(NamedTuple):
    """A RECORD; an ACTIVATE_VERSION is a number here, and a STATE its value."""

    uuid: str
    values: tuple[int, int]
    version: int | None


def merge(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Merge states as Meltano does: objects deeply, everything else is replaced."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(value, old[key])
        else:
            old[key] = value
    return old


def _copied(state: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(state))
    return copy


class _Told(logging.Logger):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        super().__init__("history", logging.WARNING)
        self.lines: list[str] = []

    def handle(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass
class Job:
    """How the tap is set up."""

    reread_after_hours: int
    full_table: bool
    lookback_seconds: int
    workspace: str = "a"
    view: View = VIEWS[0]

    @property
    def subject(self) -> Subject:
        return Subject.of(f"https://{self.workspace}.example.test", self.view.filters)


class History:
    """One state and one table, over many runs."""

    def __init__(self, seed: int) -> None:
        self._rng = rng = Random(seed)
        self._log: list[object] = []
        self._versions = rng.random() < 0.7
        self._workspaces = {name: SmallWorkspace(Random(rng.random()), name) for name in "ab"}
        self._job = Job(rng.choice((0, 0, 24, 5)), rng.random() < 0.3, rng.choice((0, 300, 3600)))
        self._stored: dict[str, Any] = {}
        self._table: dict[str, Sent] = {}
        self._version = 0

    def go(self, runs: int = 8) -> None:
        for _ in range(runs):
            hours = self._rng.choice((0.02, 1, 1, 1, 5, 24, 24, 60, 200))
            for workspace in self._workspaces.values():
                workspace.now += timedelta(hours=hours)
                for _ in range(self._rng.randrange(4)):
                    workspace.change()
            self._change_job()
            self._run_with_trouble()
            if self._rng.random() < 0.3:
                self._settle()
        self._settle()

    def _diverged(self, *why: object) -> NoReturn:
        raise Diverged("\n".join(map(str, (*why, *self._log))))

    def _change_job(self) -> None:
        for name, (share, choices) in CHANGES.items():
            if self._rng.random() < share:
                setattr(self._job, name, self._rng.choice(choices))

    def _run_with_trouble(self) -> None:
        """Run, and keep some of what the target was given."""
        rng = self._rng
        trouble = Trouble(
            cut_at=rng.randrange(14) if rng.random() < 0.5 else None,
            unproven=rng.choice((0, 0, 0.3)),
            hides=rng.choice((0.8, 1)) if rng.random() < 0.5 and self._would_tell() else 0,
            busy=rng.choice((0, 0.3, 0.8)),
        )
        refresh = not trouble.hides and rng.random() < 0.1
        merges = refresh or rng.random() < 0.3
        messages, warnings = self._run({} if refresh else self._stored, trouble)
        if rng.random() < 0.4:  # the target is killed, too
            messages = messages[: rng.randrange(len(messages) + 1)]
        states = [message for message in messages if isinstance(message, dict)]
        kept: dict[str, Any] | None = None
        if states and rng.random() < 0.8:
            kept = states[-1] if rng.random() < 0.7 else rng.choice(states)
        if kept is None and any(_subject(one) != _subject(self._stored) for one in states):
            # What deletes rows of another selection cannot go unnoticed, or nobody could know.
            messages = [m for m in messages if not isinstance(m, int)]
        if refresh and kept is not None and rng.random() < 0.5:
            self._table.clear()
        self._load(messages, believes_lies=trouble.hides > 0)
        if kept is not None:
            self._stored = merge(_copied(kept), self._stored) if merges else _copied(kept)
        self._log += [replace(self._job), trouble, f"{refresh=} {merges=}", warnings, kept]

    def _load(self, messages: Sequence[object], *, believes_lies: bool = False) -> None:
        """Load the table; no contact that lives may be deleted."""
        for message in messages:
            if isinstance(message, Sent):
                self._table[message.uuid] = message
            elif isinstance(message, int):
                rows = self._table.items()
                kept = {uuid: row for uuid, row in rows if (row.version or 0) >= message}
                gone = self._table.keys() - kept.keys()
                self._table = kept
                # One may have entered the filter behind the back of the run.
                if not believes_lies and not self._job.view.members_only:
                    gone &= {item.uuid for item in self._living()}
                    if gone:
                        self._diverged("deleted, but living:", gone)

    @property
    def _workspace(self) -> SmallWorkspace:
        return self._workspaces[self._job.workspace]

    def _living(self) -> list[Item]:
        return self._workspace.selected(self._job.view, self._job.view.within)

    def _would_tell(self) -> bool:
        """Return whether the state knows of so many contacts that the loss of most would tell."""
        if _subject(self._stored) != self._job.subject:
            return False
        known = self._stored["ranges"][0]["contacts"] or 0
        return known > 12 and len(self._living()) < known * 1.1

    def _run(self, given: dict[str, Any], trouble: Trouble) -> tuple[list[object], list[str]]:
        """Run the tap's own run; return the messages to the target, and the warnings."""
        job, clock, logger = self._job, ServerClock(), _Told()
        self._version += 1
        terms = Terms(
            job.full_table,
            self._version if self._versions else None,
            lookback_seconds=job.lookback_seconds,
            reread_after_hours=job.reread_after_hours,
        )
        state = read_stream_state(
            _copied(given),
            job.view.within,
            job.subject,
            filters=job.view.filters,
            lookback_seconds=terms.lookback_seconds,
            logger=logger,
        )
        run = Run(state, terms, clock, logger)
        reader = Reader(self._workspace, job.view, clock, trouble)
        messages: list[object] = [given] if given else []
        try:
            run.prepare(reader.fetch)
            for event in run.read(partial(reader.scan, run)):
                if isinstance(event, Rows):
                    rows = (row for row in event.rows if row.payload is not None)
                    messages += [Sent(row.uuid, row.payload, run.terms.version) for row in rows]
                else:
                    messages.append(run.state.to_state())
        except Cut:
            return messages, logger.lines
        if run.activates is not None:
            messages.append(run.activates)
        return [*messages, run.state.to_state()], logger.lines

    def _settle(self) -> None:
        """Let quiet runs follow until one warns of nothing; then source and table must agree."""
        for _ in range(4):
            for workspace in self._workspaces.values():
                workspace.now += max(timedelta(hours=self._job.reread_after_hours + 1), DAY / 24)
            messages, warnings = self._run(self._stored, Trouble())
            self._load(messages)
            *_, last = (message for message in messages if isinstance(message, dict))
            self._stored = _copied(last)
            self._log += ["quiet", warnings, self._stored]
            about, *ranges = self._stored["ranges"]
            # One that resumes leaves out what came before.
            if not warnings and {entry[1] for entry in ranges} == {about["undated"][0]}:
                if len(ranges) > _MOST_RANGES:
                    self._diverged("so many ranges after a complete run:", len(ranges))
                self._compare()
                return
        self._diverged("it never settles")

    def _compare(self) -> None:
        full = self._job.full_table
        # Only a full table shows what the time of the update does not tell.
        source = {item.uuid: (item.value, item.silent)[: 1 + full] for item in self._living()}
        found = {row.uuid: row.values[: 1 + full] for row in self._table.values()}
        wrong = {uuid: found.get(uuid) for uuid in source if found.get(uuid) != source[uuid]}
        if wrong:
            self._diverged("table:", wrong, *(self._workspace.items[uuid] for uuid in wrong))
        if full and self._versions and found.keys() != source.keys():
            self._diverged("rows that are gone:", found.keys() - source.keys())


def _subject(state: dict[str, Any]) -> Subject | None:
    about = state["ranges"][0] if "ranges" in state else None
    return about and Subject(about["workspace"], about["filters"])

"""Histories: many runs over one state and one table, with everything that goes wrong between."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple

from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.scan import Rows
from tap_mihu.records.pages import DateRange
from tap_mihu.singer.beginning import read_stream_state
from tap_mihu.singer.course import Terms
from tap_mihu.singer.run import Run
from tap_mihu.singer.state import Subject
from tests.simulated.small import (
    DAY,
    EVERYTHING,
    NOON,
    Cut,
    Reader,
    SmallWorkspace,
    Trouble,
    View,
)

HOURS = (-26, -5, -1, 0, 0, 0, 1, 3, 26)
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "members": {"status": "Active"},
    "dates": {"date_from": "2025-06-05", "date_to": "2025-06-14"},
}
VIEWS = {
    "none": View(),
    "members": View(members_only=True),
    "dates": View(DateRange(date(2025, 6, 5), date(2025, 6, 14))),
}


class Diverged(AssertionError):  # noqa: N818
    """The table is not what the source is, and nobody said so."""


class Activation(NamedTuple):
    """ACTIVATE_VERSION."""

    version: int


class Sent(NamedTuple):
    """RECORD."""

    uuid: str
    value: int
    silent: int
    version: int | None


@dataclass
class Table:
    """A table that is kept by upserts; the rows of older versions can be deleted."""

    rows: dict[str, Sent] = field(default_factory=dict)

    def load(self, message: object) -> None:
        """Take a message in."""
        if isinstance(message, Sent):
            self.rows[message.uuid] = message
        elif isinstance(message, Activation):
            self.rows = {
                uuid: row
                for uuid, row in self.rows.items()
                if (row.version or 0) >= message.version
            }


def merge(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Merge states as Meltano does: objects deeply, everything else is replaced."""
    for key, value in new.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            merge(value, old[key])
        else:
            old[key] = value
    return old


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@dataclass
class Job:
    """How the tap is set up."""

    workspace: str = "a"
    filters: str = "none"
    full_table: bool = False
    reread_after_hours: int = 0
    start_date: str | None = None
    lookback_seconds: int = 300


@dataclass
class Outcome:
    """What a run did."""

    messages: list[object]
    ended: bool
    warnings: list[str]
    requests: int


class History:
    """One state and one table, over many runs."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed)
        self.log: list[str] = []
        self.versions = rng.random() < 0.5
        self.workspaces = {name: self._workspace(name) for name in ("a", "b")}
        self.job = Job(
            reread_after_hours=rng.choice((0, 0, 24, 5)),
            full_table=rng.random() < 0.3,
            lookback_seconds=rng.choice((0, 300, 3600)),
        )
        self.stored: dict[str, Any] = {}
        self.table = Table()
        self.version = 0

    def _workspace(self, name: str) -> SmallWorkspace:
        rng = Random(self.rng.random())
        made = SmallWorkspace(
            rng,
            name,
            header_ahead=timedelta(hours=rng.choice(HOURS)),
            data_ahead=timedelta(hours=rng.choice(HOURS), seconds=rng.random()),
            zone=timedelta(hours=rng.choice((0, 0, 13, -11))),
            whole_seconds=rng.random() < 0.3,
            undated=rng.choice((0, 0, 0.1)),
        )
        made.fill(rng.randrange(2, 30))
        return made

    def go(self, runs: int) -> None:
        """Let runs follow each other, then see whether quiet ones make up for everything.

        Raises:
            Diverged: They do not.
        """
        for _ in range(runs):
            self._pass_time()
            self._change_job()
            self.one_run()
        self.settle()

    def _pass_time(self) -> None:
        rng = self.rng
        hours = rng.choice((0.02, 1, 1, 1, 5, 24, 24, 60, 200))
        for workspace in self.workspaces.values():
            workspace.now += timedelta(hours=hours)
            for _ in range(rng.randrange(4)):
                workspace.change()

    def _change_job(self) -> None:
        rng, job = self.rng, self.job
        if rng.random() < 0.15:
            job.full_table = not job.full_table
        if rng.random() < 0.1:
            job.filters = rng.choice([*FILTERS])
        if rng.random() < 0.05:
            job.workspace = rng.choice("ab")
        if rng.random() < 0.1:
            job.reread_after_hours = rng.choice((0, 24))
        if rng.random() < 0.1:
            job.lookback_seconds = rng.choice((0, 300, 3600))

    def one_run(self) -> None:
        """Run with trouble, and keep some of what the target was given."""
        rng = self.rng
        trouble = Trouble(
            cut_at=rng.randrange(14) if rng.random() < 0.5 else None,
            unproven=rng.choice((0, 0, 0.3)),
            hides=rng.choice((0.8, 1)) if rng.random() < 0.1 and self._would_tell() else 0,
            busy=rng.choice((0, 0.3, 0.8)),
        )
        refresh = not trouble.hides and rng.random() < 0.1
        strategy = "merge" if refresh or rng.random() < 0.3 else "replace"
        outcome = self.run({} if refresh else self.stored, trouble)
        messages = outcome.messages
        if rng.random() < 0.4:  # the target is killed, too
            messages = messages[: rng.randrange(len(messages) + 1)]
        states = [message for message in messages if isinstance(message, dict)]
        kept: dict[str, Any] | None = None
        if states and rng.random() < 0.8:
            kept = states[-1] if rng.random() < 0.7 else rng.choice(states)
        if kept is None and self._is_of_another(states):
            # What deletes rows of another selection cannot go unnoticed, or nobody could know.
            messages = [m for m in messages if not isinstance(m, Activation)]
        if refresh and kept is not None and rng.random() < 0.5:
            self.table.rows.clear()
        self._load(messages, believes_lies=trouble.hides > 0)
        self.log.append(
            f"{self.job} {trouble} {refresh=} {strategy} ended={outcome.ended} "
            f"{len(messages)} of {len(outcome.messages)} messages, kept {json.dumps(kept)}"
        )
        if kept is not None:
            copy = json.loads(json.dumps(kept))
            self.stored = merge(copy, self.stored) if strategy == "merge" else copy

    def _load(self, messages: Sequence[object], *, believes_lies: bool = False) -> None:
        """Load the table; no contact that lives may be deleted.

        Raises:
            Diverged: One is.
        """
        for message in messages:
            before = self.table.rows
            self.table.load(message)
            if isinstance(message, Activation) and not believes_lies:
                view = VIEWS[self.job.filters]
                living = self.workspaces[self.job.workspace].selected(view, view.within)
                gone = {item.uuid for item in living} & before.keys() - self.table.rows.keys()
                # One may have entered the filter behind the back of the run.
                if gone and not view.members_only:
                    raise Diverged("\n".join([f"deleted, but living: {gone}", *self.log]))

    def _would_tell(self) -> bool:
        """Return whether the state knows of so many contacts that the loss of most would tell."""
        about = (self.stored.get("ranges") or [{}])[0]
        known = 0 if self._is_of_another([self._of_job()]) else about.get("contacts") or 0
        view = VIEWS[self.job.filters]
        there = len(self.workspaces[self.job.workspace].selected(view, view.within))
        return known > 12 and there < known * 1.1

    def _of_job(self) -> dict[str, Any]:
        subject = Subject.of(
            f"https://{self.job.workspace}.example.test", FILTERS[self.job.filters]
        )
        return {"ranges": [{"workspace": subject.workspace, "filters": subject.filters}]}

    def _is_of_another(self, states: Sequence[dict[str, Any]]) -> bool:
        def subject(state: dict[str, Any]) -> object:
            about = (state.get("ranges") or [{}])[0]
            return (about.get("workspace"), about.get("filters"))

        return any(subject(state) != subject(self.stored) for state in states)

    def run(self, given: dict[str, Any], trouble: Trouble) -> Outcome:
        """Run the tap's own run over the workspace."""
        job, workspace = self.job, self.workspaces[self.job.workspace]
        view, clock = VIEWS[job.filters], ServerClock()
        logger = logging.getLogger(f"history.{id(self)}")
        logger.propagate = False
        handler = _Warnings()
        logger.handlers = [handler]
        self.version += 1
        terms = Terms(
            job.full_table,
            self.version if self.versions else None,
            start_date=None if job.full_table else job.start_date,
            lookback_seconds=job.lookback_seconds,
            reread_after_hours=job.reread_after_hours,
        )
        state = read_stream_state(
            json.loads(json.dumps(given)),
            view.within,
            Subject.of(f"https://{job.workspace}.example.test", FILTERS[job.filters]),
            filters=FILTERS[job.filters],
            lookback_seconds=terms.lookback_seconds,
            logger=logger,
        )
        run = Run(state, terms, clock, logger)
        reader = Reader(workspace, view, clock, trouble)
        messages: list[object] = [given] if given else []

        try:
            run.prepare(reader.fetch)
            for event in run.read(partial(reader.scan, run)):
                if isinstance(event, Rows):
                    messages.extend(
                        Sent(row.uuid, row.payload[0], row.payload[1], run.terms.version)
                        for row in event.rows
                        if row.payload is not None
                    )
                else:
                    messages.append(run.state.to_state())
        except Cut:
            return Outcome(messages, ended=False, warnings=handler.lines, requests=reader.requests)
        if run.activates is not None:
            messages.append(Activation(run.activates))
        messages.append(run.state.to_state())
        return Outcome(messages, ended=True, warnings=handler.lines, requests=reader.requests)

    def settle(self) -> None:
        """Let quiet runs follow until one warns of nothing; then source and table must agree.

        Raises:
            Diverged: They do not.
        """
        for _ in range(4):
            for workspace in self.workspaces.values():
                workspace.now += max(timedelta(hours=self.job.reread_after_hours + 1), DAY / 24)
            outcome = self.run(self.stored, Trouble())
            self._load(outcome.messages)
            self.stored = json.loads(json.dumps(self.state_of(outcome)))
            self.log.append(f"quiet: {outcome.warnings} {json.dumps(self.stored)}")
            if not outcome.warnings and self._read_all(outcome):
                self._check_size()
                self._compare()
                return
        raise Diverged("\n".join(["it never settles", *self.log]))

    @staticmethod
    def state_of(outcome: Outcome) -> dict[str, Any]:
        """Return the last state of a run."""
        return [message for message in outcome.messages if isinstance(message, dict)][-1]

    def _read_all(self, outcome: Outcome) -> bool:
        """Return whether the run read everything: one that resumes leaves out what came before."""
        about, *ranges = self.state_of(outcome)["ranges"]
        return {entry[1] for entry in ranges} == {about["undated"][0]}

    def _check_size(self) -> None:
        entries = len(self.stored["ranges"]) - 1
        if entries > 6:
            raise Diverged("\n".join([f"{entries} ranges after a complete run", *self.log]))

    def _compare(self) -> None:
        view, workspace = VIEWS[self.job.filters], self.workspaces[self.job.workspace]
        full = self.job.full_table
        items = workspace.selected(view, view.within)
        source = {item.uuid: (item.value, item.silent if full else 0) for item in items}
        rows = self.table.rows.items()
        found = {uuid: (row.value, row.silent if full else 0) for uuid, row in rows}
        wrong = {
            uuid: (value, found.get(uuid))
            for uuid, value in source.items()
            if found.get(uuid) != value
        }
        if wrong:
            lines = [repr(workspace.items[uuid]) for uuid in wrong]
            raise Diverged("\n".join([f"(source, table): {wrong}", *lines, *self.log]))
        if full and self.versions and found.keys() != source.keys():
            extra = found.keys() - source.keys()
            raise Diverged("\n".join([f"rows that are gone: {sorted(extra)}", *self.log]))


def go(seed: int, runs: int = 8) -> History:
    """Live one history."""
    history = History(seed)
    history.go(runs)
    return history


__all__ = ["EVERYTHING", "NOON", "Diverged", "History", "Job", "Trouble", "go", "merge"]

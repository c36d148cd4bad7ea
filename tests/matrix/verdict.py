"""The verdict on a run: complete, an honest error, or honestly unproven; anything else is bad."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from tests.e2e.running import Run
from tests.e2e.states import is_open
from tests.forks import HANGS
from tests.private import leaks

__all__ = ["Evidence", "Outcome", "Verdict", "judge"]

# Said at the start of a full-table run with filters; no news of the run.
_ANNOUNCED = "delete rows outside the filters"
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d ")


class Outcome(StrEnum):
    """How a run may end."""

    COMPLETE = "complete"
    """Status 0, every contact once, the bookmark moved or the rows that are gone retired."""
    ERROR = "error"
    """Status 1 and one line that says why, perhaps after the warning of the dates that could not
    be read; nothing is claimed."""
    UNPROVEN = "unproven"
    """Status 0 and one warning; every contact once, nothing is claimed."""
    SHORT = "unproven, some missing"
    """The same, but the server kept some contacts back."""


@dataclass(frozen=True)
class Evidence:
    """What a run did, and what it should be held against."""

    run: Run
    throughout: frozenset[str]
    """Contacts that were there from the run's beginning to its end."""
    ever: frozenset[str]
    may_repeat: bool
    full_table: bool
    old_bookmark: str | None
    new_bookmark: str


@dataclass(frozen=True)
class Verdict:
    """What became of a run."""

    outcome: Outcome | None
    problems: list[str] = field(default_factory=list)


def judge(evidence: Evidence, expected: frozenset[Outcome]) -> Verdict:
    """Say how a run ended, and everything that is wrong with it."""
    run = evidence.run
    if run.status == HANGS:
        return Verdict(None, ["it hangs", *run.log.splitlines()[-3:]])
    problems = list(_problems(evidence))
    outcome = _outcome(evidence)
    if outcome is None:
        problems.append(f"status {run.status}, {len(run.errors)} errors, {run.warnings}")
    elif outcome not in expected:
        problems.append(f"{outcome}: {(run.errors or run.warnings or ['no word'])[-1]}")
    claimed = outcome is Outcome.COMPLETE
    problems += _bookmark(evidence, claimed=claimed)
    problems += _activation(evidence, claimed=claimed and evidence.full_table)
    return Verdict(outcome, problems)


def _problems(evidence: Evidence) -> Iterable[str]:
    """Check what holds however a run ends."""
    run = evidence.run
    if "Traceback" in run.log or "Unforeseen" in run.log:
        yield f"unforeseen: {run.log[-2000:]}"
    yield from (f"unlogged: {line}" for line in run.log.splitlines() if not _LOGGED.match(line))
    yield from (f"leaked: {line}" for line in leaks(run, *evidence.ever, "page=", "Bearer"))
    repeated = sum(times > 1 for times in Counter(run.uuids).values())
    if repeated and not evidence.may_repeat:
        yield f"{repeated} contacts come more than once"
    if strange := set(run.uuids) - evidence.ever:
        yield f"{len(strange)} contacts are made up"


def _outcome(evidence: Evidence) -> Outcome | None:
    run = evidence.run
    warnings = [line for line in run.warnings if _ANNOUNCED not in line]
    signs = (run.status, len(run.errors), tuple("not proven" in line for line in warnings))
    whole = evidence.throughout <= set(run.uuids)
    if signs in {(1, 1, ()), (1, 1, (True,))}:
        return Outcome.ERROR
    if signs == (0, 0, (True,)):
        return Outcome.UNPROVEN if whole else Outcome.SHORT
    # Contacts missing without a word are the worst outcome of all.
    return Outcome.COMPLETE if signs == (0, 0, ()) and whole else None


def _bookmark(evidence: Evidence, *, claimed: bool) -> Iterable[str]:
    """Check that the bookmark moves after the last record of a complete run, else never."""
    run = evidence.run
    moved = old = evidence.old_bookmark
    for message in run.messages:
        if message["type"] == "STATE":
            moved = message["value"]["bookmarks"]["contacts"].get("replication_key_value")
        elif message["type"] == "RECORD" and moved != old:
            yield "a record comes after the bookmark moved"
            break
    due = evidence.new_bookmark if claimed else old
    if run.states and moved != due:
        yield f"the bookmark is {moved}, not {due}"
    if run.status == 0 and is_open(run.state):
        yield "the run left a reading open"


def _activation(evidence: Evidence, *, claimed: bool) -> Iterable[str]:
    """Check that rows are retired after the last record of a complete run, else never."""
    kinds = [message["type"] for message in evidence.run.messages]
    activated = kinds.count("ACTIVATE_VERSION")
    if activated != claimed:
        yield f"{activated} ACTIVATE_VERSION"
    elif claimed and "RECORD" in kinds[kinds.index("ACTIVATE_VERSION") :]:
        yield "ACTIVATE_VERSION comes before the last record"

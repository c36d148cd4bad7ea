"""Whatever goes wrong, a run is complete, or one clear error, or says that it is unproven."""

import json
import re
from collections.abc import Mapping, Sequence

import pytest

from tests.demo import ROOT
from tests.e2e.running import Run
from tests.matrix.kinds import KINDS
from tests.matrix.runs import MATRIX, Played, Row
from tests.matrix.verdict import Evidence, Outcome, judge
from tests.private import PRIVATE

pytestmark = pytest.mark.waiting

OLD, NEW = "2020-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"
LOGGED = "2025-06-15 12:00:00,000 | {} | tap-mihu | {}\n"


@pytest.mark.parametrize("case", MATRIX, ids=str)
def test_every_run_is_complete_or_says_why_not(case: Row, outcome: list[Played]) -> None:
    assert len(outcome) == len(case.plans)
    assert [(str(one.plan), one.verdict.problems) for one in outcome if one.verdict.problems] == []


def test_every_fault_comes_everywhere_one_by_one_and_side_by_side() -> None:
    for kind, row in zip(KINDS, MATRIX, strict=False):
        met = {plan.position.name for plan in row.plans}
        assert met >= {position.name for position in kind.positions}
        assert {plan.concurrency for plan in row.plans} == {1, 8}
        assert {plan.full_table for plan in row.plans} == {False, True}
        assert len(row.plans) >= len(kind.variants)


def test_the_docs_have_the_size_of_the_matrix() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    (size,) = re.findall(r"(\d+) runs against (\d+) faults", " ".join(text.split()))
    runs = sum(len(row.plans) for row in MATRIX)
    assert tuple(map(int, size)) == (runs, len(MATRIX))


# The verdict itself.


def record(uuid: str) -> Mapping[str, object]:
    return {"type": "RECORD", "stream": "contacts", "record": {"uuid": uuid}}


def state(bookmark: str, *, begun: object = None) -> Mapping[str, object]:
    contacts = {"replication_key_value": bookmark, "ranges": [{"round": begun}]}
    return {"type": "STATE", "value": {"bookmarks": {"contacts": contacts}}}


ERROR = LOGGED.format("ERROR   ", "HTTP 500")
UNPROVEN = LOGGED.format("WARNING ", "it is not proven that none is missing")
FINE = (record("4711"), record("4712"), state(NEW))
KEPT = (record("4711"), record("4712"), state(OLD))
ACTIVATE = {"type": "ACTIVATE_VERSION"}
JUDGED: dict[str, tuple[int, str, Sequence[Mapping[str, object]], Outcome | None]] = {
    "all is well": (0, "", FINE, Outcome.COMPLETE),
    "an error": (1, ERROR, KEPT, Outcome.ERROR),
    "an error after the warning": (1, UNPROVEN + ERROR, KEPT[1:], Outcome.ERROR),
    "unproven": (0, UNPROVEN, KEPT, Outcome.UNPROVEN),
    "unproven, and some are missing": (0, UNPROVEN, KEPT[1:], Outcome.SHORT),
    "a contact is missing without a word": (0, "", FINE[1:], None),
    "the bookmark did not move": (0, "", KEPT, None),
    "a record after the bookmark": (0, "", (FINE[0], *FINE[:0:-1]), None),
    "a reading stays open": (0, "", (*FINE[:2], state(NEW, begun={})), None),
    "a contact comes twice": (0, "", (FINE[0], *FINE), None),
    "the bookmark moved, unproven": (0, UNPROVEN, FINE, None),
    "retired, unproven": (0, UNPROVEN, (*KEPT, ACTIVATE), None),
    "two errors": (1, ERROR * 2, KEPT, None),
    "a traceback": (1, f"{ERROR}Traceback\n", KEPT, None),
    "something not logged": (1, f"{ERROR}oops\n", KEPT, None),
    "a name in the log": (1, ERROR.replace("HTTP", PRIVATE), KEPT, None),
    "an address in the log": (1, ERROR.replace("HTTP", "?page=1"), KEPT, None),
    "it hangs": (-9, "", KEPT, None),
}


@pytest.mark.parametrize("name", JUDGED)
def test_the_verdict_tells_a_good_run_from_a_bad_one(name: str) -> None:
    status, log, messages, outcome = JUDGED[name]
    evidence = Evidence(
        Run(status, b"".join(json.dumps(one).encode() + b"\n" for one in messages), log),
        throughout=frozenset({"4711", "4712"}),
        ever=frozenset({"4711", "4712"}),
        may_repeat=False,
        full_table=False,
        old_bookmark=OLD,
        new_bookmark=NEW,
    )
    verdict = judge(evidence, frozenset(Outcome))
    if outcome:
        assert (verdict.outcome, verdict.problems) == (outcome, [])
    else:
        assert verdict.problems

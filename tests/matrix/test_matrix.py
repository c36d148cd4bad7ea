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
        met = {(plan.position.name, plan.concurrency) for plan in row.plans}
        assert met >= {(place.name, at_once) for place in kind.positions for at_once in (1, 8)}
        assert len(row.plans) >= len(kind.variants)
        assert {plan.full_table for plan in row.plans} == {False, True}


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
FINE = (record("a"), record("b"), state(NEW))
KEPT = (record("a"), record("b"), state(OLD))
ACTIVATE = {"type": "ACTIVATE_VERSION"}


def verdict(
    status: int, log: str, messages: Sequence[Mapping[str, object]]
) -> tuple[Outcome | None, list[str]]:
    stdout = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
    both = frozenset({"a", "b"})
    evidence = Evidence(
        Run(status, stdout, log),
        throughout=both,
        ever=frozenset(),
        may_repeat=False,
        full_table=False,
        old_bookmark=OLD,
        new_bookmark=NEW,
    )
    judged = judge(evidence, frozenset(Outcome))
    return judged.outcome, [one for one in judged.problems if "made up" not in one]


@pytest.mark.parametrize(
    ("status", "log", "messages", "outcome"),
    [
        (0, "", FINE, Outcome.COMPLETE),
        (1, ERROR, KEPT, Outcome.ERROR),
        (1, ERROR, (), Outcome.ERROR),
        (1, UNPROVEN + ERROR, KEPT[1:], Outcome.ERROR),
        (0, UNPROVEN, KEPT, Outcome.UNPROVEN),
        (0, UNPROVEN, KEPT[1:], Outcome.SHORT),
    ],
)
def test_a_good_run_is_found_good(
    status: int, log: str, messages: Sequence[Mapping[str, object]], outcome: Outcome
) -> None:
    assert verdict(status, log, messages) == (outcome, [])


@pytest.mark.parametrize(
    ("status", "log", "messages"),
    [
        pytest.param(0, "", FINE[1:], id="a contact is missing without a word"),
        pytest.param(0, "", KEPT, id="the bookmark did not move"),
        pytest.param(0, "", (*FINE[1:], record("a")), id="a record after the bookmark"),
        pytest.param(0, "", (*FINE[:2], state(NEW, begun={})), id="a reading stays open"),
        pytest.param(0, "", (*FINE, FINE[0]), id="a contact comes twice"),
        pytest.param(0, UNPROVEN, FINE, id="the bookmark moved, unproven"),
        pytest.param(0, UNPROVEN, (*KEPT, ACTIVATE), id="retired, unproven"),
        pytest.param(0, ERROR, KEPT, id="an error with status 0"),
        pytest.param(1, ERROR, FINE, id="the bookmark moved by an error"),
        pytest.param(1, ERROR, (*KEPT, ACTIVATE), id="retired by an error"),
        pytest.param(1, "", KEPT, id="an error without a line"),
        pytest.param(1, ERROR * 2, KEPT, id="two errors"),
        pytest.param(1, f"{ERROR}Traceback\n", KEPT, id="a traceback"),
        pytest.param(1, f"{ERROR}oops\n", KEPT, id="something not logged"),
        pytest.param(1, ERROR.replace("HTTP", PRIVATE), KEPT, id="a name in the log"),
        pytest.param(1, ERROR.replace("HTTP", "?page=1"), KEPT, id="an address in the log"),
        pytest.param(2, ERROR, KEPT, id="another status"),
        pytest.param(-9, "", KEPT, id="it hangs"),
    ],
)
def test_a_bad_run_is_found_bad(
    status: int, log: str, messages: Sequence[Mapping[str, object]]
) -> None:
    assert verdict(status, log, messages)[1]

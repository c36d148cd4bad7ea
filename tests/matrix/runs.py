"""The runs of the matrix: every fault at every position, and mixtures; how one is played."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from threading import Event, Thread
from typing import Any

from tap_mihu.records.timestamps import to_text
from tests.e2e.forks import run_forked
from tests.e2e.running import full_table
from tests.matrix import elsewhere
from tests.matrix.kinds import COMPLETE, ERROR, KINDS, MIXABLE, MIXABLE_LIES, Kind
from tests.matrix.positions import LATE, NOW, POSITIONS, Position, Strikes
from tests.matrix.verdict import Evidence, Outcome, Verdict, judge
from tests.private import DEBUG, TOKEN
from tests.sandbox import RequestInfo, Sandbox
from tests.sandbox.faults import Fault, Script
from tests.sandbox.wire import Wire

__all__ = ["MATRIX", "Planned", "Played", "Row"]

_LONGEST_SECONDS = 90.0
"""No run takes so long, unless it hangs: the slowest faults last longer."""
_AWAY_SECONDS = 1.0
"""Longer than the first wait before a further try: at least one finds nobody."""
_SEEDS = range(1, 11)
_OLD = "2020-01-01T00:00:00.000000Z"
_SETTINGS: dict[str, Any] = {
    "auth_token": TOKEN,
    "max_retries": 6,
    "request_timeout": 30,
    "emit_activate_version_messages": True,
}
_pool = ThreadPoolExecutor(20)

Serve = Callable[[Sandbox], AbstractContextManager[object]]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A run to be played."""

    name: str
    position: Position
    concurrency: int
    full_table: bool
    expected: frozenset[Outcome]
    script: Callable[[], Script]
    settings: dict[str, Any]
    serve: Serve = lambda sandbox: sandbox

    def __str__(self) -> str:
        return f"{self.name}, {self.position.name}, {self.concurrency} at once"


@dataclass(frozen=True)
class Played:
    """A run that was played."""

    plan: Planned
    verdict: Verdict
    requests: int


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the matrix: one fault, and its runs."""

    name: str
    plans: list[Planned]

    def __str__(self) -> str:
        return self.name

    def __call__(self) -> list[Played]:
        """Play all runs, side by side with those of other rows."""
        return list(_pool.map(_play, self.plans))


def _play(plan: Planned) -> Played:
    """Run the tap, and judge it."""
    position = plan.position
    workspace = position.workspace()
    before = workspace.contacts()
    script = plan.script()
    sandbox = Sandbox(workspace, faults=script, token=TOKEN, before_request=position.before_request)
    settings = _SETTINGS | position.settings() | {"max_concurrent_requests": plan.concurrency}
    bookmark = {"replication_key": "updated_at", "replication_key_value": _OLD}
    state = {"filters": settings["filters"], **({} if plan.full_table else bookmark)}
    with plan.serve(sandbox):
        run = run_forked(
            settings | plan.settings | {"api_url": sandbox.url},
            timeout=_LONGEST_SECONDS,
            env=DEBUG,
            catalog=full_table() if plan.full_table else None,
            state={"bookmarks": {"contacts": state}},
            throttle_patience=3 if plan.expected == ERROR else None,
        )
    evidence = Evidence(
        run,
        throughout=frozenset(contact["uuid"] for contact in workspace.contacts()),
        ever=frozenset(contact["uuid"] for contact in before),
        # A server that gives the same contact for different dates has it read twice.
        may_repeat=Outcome.SHORT in plan.expected,
        full_table=plan.full_table,
        old_bookmark=None if plan.full_table else _OLD,
        new_bookmark=_second_before(min(to_text(NOW), max(c["updated_at"] for c in before))),
    )
    verdict = judge(evidence, plan.expected)
    if isinstance(script, Strikes) and not script.count:
        verdict.problems.append("the fault never came")
    if elsewhere.visited():
        verdict.problems.append("another server was asked")
    return Played(plan, verdict, len(sandbox.requests))


def _second_before(moment: str) -> str:
    return to_text(datetime.fromisoformat(moment) - timedelta(seconds=1))


@contextmanager
def _going_away(sandbox: Sandbox, *, comes_back: bool) -> Iterator[None]:
    """Stop the server when the script says so."""
    struck, gone, over = sandbox.faults, Event(), Event()

    def go(wire: Wire) -> None:
        gone.set()
        wire.reset()

    sandbox.faults = lambda info: struck(info) and Fault("going away", send=go)
    with ExitStack() as stack:
        stack.enter_context(sandbox)

        def leave() -> None:
            gone.wait(_LONGEST_SECONDS)
            stack.close()
            if comes_back and not over.wait(_AWAY_SECONDS):
                stack.enter_context(sandbox)

        leaving = Thread(target=leave)
        leaving.start()
        yield
        over.set()
        leaving.join()


# The plan.


def _planned(kind: Kind, number: int, serve: Serve | None = None) -> Row:
    """Plan the runs of one kind: the variants take turns, and so do the ways to read."""
    cells = [(at, 1 + turn % 2) for turn, at in enumerate(kind.positions)]
    plans = []
    for turn, (at, times) in enumerate([*cells, *((at, None) for at in kind.lasting_positions)]):
        variant = kind.variants[turn % len(kind.variants)]
        expected = kind.passing if times else kind.lasting
        # Where every try is in vain, one fewer shows it as well.
        hopeless = expected == ERROR or (not times and Outcome.ERROR in expected)
        plans.append(
            Planned(
                name=f"{kind.name} ({turn % len(kind.variants)}), {times or 'lasting'}",
                position=at,
                concurrency=8 if (turn + number) % 2 else 1,
                full_table=(turn + number) % 3 == 0,
                expected=expected,
                script=partial(Strikes, at, variant, times),
                settings=kind.settings | ({"max_retries": 1} if hopeless else {}),
                **({"serve": serve} if serve else {}),
            )
        )
    return Row(kind.name, plans)


def _mixture(name: str, among: list[Fault], expected: frozenset[Outcome]) -> Row:
    def script(seed: int) -> Script:
        rng = Random(seed)

        def choose(_: RequestInfo) -> Fault | None:
            return rng.choice(among) if rng.random() < 0.08 else None

        return choose

    return Row(
        name,
        [
            Planned(
                name=f"{name}, seed {seed}",
                position=POSITIONS[seed // 2 % len(POSITIONS)],
                concurrency=8 if seed % 2 else 1,
                full_table=seed % 3 == 0,
                expected=expected,
                script=partial(script, seed),
                settings={"max_retries": 9},
            )
            for seed in _SEEDS
        ],
    )


_GOES = Kind("goes away", [Fault("goes away")], ERROR, positions=(*POSITIONS, LATE))
_RETURNS = replace(_GOES, name="goes away for a while", passing=COMPLETE)
_ANYTHING = [variant for kind in KINDS if not kind.settings for variant in kind.variants]
MATRIX = (
    *(_planned(kind, number) for number, kind in enumerate(KINDS)),
    _planned(_GOES, 0, partial(_going_away, comes_back=False)),
    _planned(_RETURNS, 1, partial(_going_away, comes_back=True)),
    _mixture("mixture of passing faults", MIXABLE, COMPLETE),
    _mixture("mixture of lies", MIXABLE_LIES, frozenset(Outcome) - ERROR),
    _mixture("mixture of everything", _ANYTHING, frozenset(Outcome)),
)

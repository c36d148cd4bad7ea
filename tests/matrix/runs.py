"""The runs of the matrix: every fault at every position, and mixtures; how one is played."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from tap_mihu.records.timestamps import to_text
from tests.e2e.forks import run_forked, unresolved
from tests.e2e.running import full_table, wait_until
from tests.matrix import elsewhere
from tests.matrix.kinds import COMPLETE, ERROR, KINDS, MIXABLE, MIXABLE_LIES, Kind
from tests.matrix.positions import FIRST, LATE, MIDDLE, NOW, PLANNING, POSITIONS, Position, Strikes
from tests.matrix.verdict import Evidence, Outcome, Verdict, judge
from tests.private import DEBUG, TOKEN
from tests.proxies import proxy_that_says
from tests.sandbox import RequestInfo, Sandbox, faults
from tests.sandbox.faults import Fault
from tests.sandbox.wire import Wire

__all__ = ["MATRIX", "Planned", "Played", "Row", "play"]

_LONGEST_SECONDS = 90.0
"""No run takes so long, unless it hangs: the slowest faults last longer."""
_SIDE_BY_SIDE = 20
_SEEDS = range(1, 17)
_OLD = "2020-01-01T00:00:00.000000Z"
_SETTINGS: dict[str, Any] = {"max_retries": 6, "request_timeout": 30}
_pool = ThreadPoolExecutor(_SIDE_BY_SIDE)

Script = Callable[[RequestInfo], Fault | None]
Served = tuple[str, "Callable[[Path], None] | None"]
"""The address to read, and what happens while it is read."""


@dataclass(frozen=True)
class Planned:
    """A run to be played."""

    fault: str
    name: str
    position: Position
    concurrency: int
    full_table: bool
    expected: frozenset[Outcome]
    script: Callable[[], Script]
    settings: dict[str, Any]
    serve: Callable[[Sandbox], AbstractContextManager[Served]]
    env: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.fault}: {self.name}"


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
        return list(_pool.map(play, self.plans))


def _second_before(moment: str) -> str:
    return to_text(datetime.fromisoformat(moment) - timedelta(seconds=1))


def play(plan: Planned) -> Played:
    """Run the tap, and judge it."""
    position = plan.position
    workspace = position.workspace()
    before = workspace.contacts()
    script = plan.script()
    sandbox = Sandbox(workspace, faults=script, token=TOKEN, before_request=position.before_request)
    settings = _SETTINGS | position.settings() | {"max_concurrent_requests": plan.concurrency}
    settings |= {"auth_token": TOKEN, "emit_activate_version_messages": True} | plan.settings
    bookmark = {"replication_key": "updated_at", "replication_key_value": _OLD}
    state = {"filters": settings["filters"], **({} if plan.full_table else bookmark)}
    with plan.serve(sandbox) as (url, meanwhile):
        run = run_forked(
            settings | {"api_url": url},
            timeout=_LONGEST_SECONDS,
            env=DEBUG | plan.env,
            catalog=full_table() if plan.full_table else None,
            state={"bookmarks": {"contacts": state}},
            throttle_patience=3 if plan.expected == ERROR else None,
            meanwhile=meanwhile,
        )
    after = workspace.contacts()
    evidence = Evidence(
        run,
        throughout=frozenset(contact["uuid"] for contact in after),
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


# How the sandbox is reached.


@contextmanager
def _plainly(sandbox: Sandbox) -> Iterator[Served]:
    with sandbox:
        yield sandbox.url, None


@contextmanager
def _by_another_address(sandbox: Sandbox, *, address: str) -> Iterator[Served]:
    with sandbox:
        yield address.format(port=sandbox.port), None


def _until_refused(log: Path) -> None:
    """Wait until a connection was refused, or the run is over."""
    words = ("refused", " | ERROR ", "METRIC")
    wait_until(lambda: log.exists() and any(word in log.read_text("utf-8") for word in words))


@contextmanager
def _refusing(sandbox: Sandbox, *, comes_back: bool) -> Iterator[Served]:
    with sandbox:
        pass  # it has a port now, and nobody listens there
    with ExitStack() as stack:

        def come_back(log: Path) -> None:
            _until_refused(log)
            stack.enter_context(sandbox)

        yield sandbox.url, come_back if comes_back else None


@contextmanager
def _going_away(sandbox: Sandbox, *, comes_back: bool) -> Iterator[Served]:
    """Stop the server when the script says so."""
    gone = Event()
    due = sandbox.faults

    def go(wire: Wire) -> None:
        gone.set()
        wire.reset()

    fault = Fault("going away", send=go)
    sandbox.faults = lambda info: due(info) and fault
    with ExitStack() as stack:
        stack.enter_context(sandbox)

        def leave(log: Path) -> None:
            assert gone.wait(_LONGEST_SECONDS)
            stack.close()
            if comes_back:
                _until_refused(log)
                stack.enter_context(sandbox)

        yield sandbox.url, leave


# The plan.


def _planned(kind: Kind, number: int) -> Row:
    """Plan the runs of one kind: its variants take turns, and so do the replication methods."""
    plans = []
    cells = [(p, c, 1 if (i + c) % 2 else 2) for i, p in enumerate(kind.positions) for c in (1, 8)]
    cells += [(p, 8 if i % 2 else 1, None) for i, p in enumerate(kind.lasting_positions)]  # type: ignore[misc]
    for turn, (position, concurrency, times) in enumerate(cells):
        variant = kind.variants[turn % len(kind.variants)]
        lasts = times is None
        expected = kind.lasting if lasts else kind.passing
        hopeless = expected == ERROR or (lasts and Outcome.ERROR in expected)
        plans.append(
            Planned(
                kind.name,
                f"{position.name}, {'lasting' if lasts else times}, {concurrency} at once, "
                f"variant {turn % len(kind.variants)}",
                position,
                concurrency,
                (turn + number) % 3 == 0,
                expected,
                lambda p=position, v=variant, t=times: Strikes(p, v(), t),  # type: ignore[misc]
                kind.settings | ({"max_retries": 1} if hopeless else {}),
                _plainly,
            )
        )
    return Row(kind.name, plans)


def _unreachable() -> list[Row]:
    """Plan the runs in which there is no server to talk to."""

    def row(
        name: str,
        expected: frozenset[Outcome],
        serve: Callable[[Sandbox], AbstractContextManager[Served]],
        position: Position = FIRST,
        **env: str,
    ) -> Row:
        def script() -> Script:
            # Where there never was a server, nothing can strike.
            return faults.never if position is FIRST else Strikes(position, Fault(name), 1)

        return Row(
            name,
            [
                Planned(
                    name,
                    f"{position.name}, {concurrency} at once",
                    position,
                    concurrency,
                    full_table,
                    expected,
                    script,
                    {"max_retries": 1 if expected == ERROR else 6},
                    serve,
                    env,
                )
                for concurrency, full_table in ((1, False), (8, True))
            ],
        )

    def address(url: str) -> Callable[[Sandbox], AbstractContextManager[Served]]:
        return partial(_by_another_address, address=url)

    host = address("https://nonexistent.invalid/api/v1")
    local = address("http://localhost:{port}/api/v1")
    asks, refuses = proxy_that_says(407), proxy_that_says(403)
    rows = [
        row("refused", ERROR, partial(_refusing, comes_back=False)),
        row("refused, for a while", COMPLETE, partial(_refusing, comes_back=True)),
        row("unknown host", ERROR, host),
        row("TLS failure", ERROR, address("https://127.0.0.1:{port}/api/v1")),
        row("a CA file that is missing", ERROR, host, REQUESTS_CA_BUNDLE="/nowhere/ca.pem"),
        row("a dead proxy", ERROR, host, HTTPS_PROXY="http://127.0.0.1:1"),
        row("an unknown proxy", ERROR, host, HTTPS_PROXY="http://nonexistent.invalid:1"),
        row("a proxy that asks for a login", ERROR, host, HTTPS_PROXY=f"http://{asks}"),
        row("a proxy that refuses to connect", ERROR, host, HTTPS_PROXY=f"http://{refuses}"),
        row("a name that does not resolve for a while", COMPLETE, local, FIRST, **unresolved(2)),
        row("a name that does not resolve any more", ERROR, local, FIRST, **unresolved(1000)),
    ]
    for position in (MIDDLE, PLANNING, LATE):
        going = partial(_going_away, comes_back=False)
        rows.append(row(f"goes away: {position.name}", ERROR, going, position))
        going = partial(_going_away, comes_back=True)
        rows.append(row(f"goes away for a while: {position.name}", COMPLETE, going, position))
    return rows


def _mixtures() -> list[Row]:
    def mixture(among: list[Callable[[], Fault]], seed: int) -> Script:
        rng = Random(seed)
        return lambda _: rng.choice(among)() if rng.random() < 0.08 else None

    def plans(among: list[Callable[[], Fault]], expected: frozenset[Outcome]) -> list[Planned]:
        return [
            Planned(
                "mixture",
                f"{position.name}, seed {seed}",
                position,
                8 if seed % 2 else 1,
                seed % 3 == 0,
                expected,
                partial(mixture, among, seed),
                {"max_retries": 9},
                _plainly,
            )
            for seed in _SEEDS
            for position in [POSITIONS[seed // 2 % len(POSITIONS)]]
        ]

    anything = [variant for kind in KINDS if not kind.settings for variant in kind.variants]
    return [
        Row("mixture of passing faults", plans(MIXABLE, COMPLETE)),
        Row("mixture of lies", plans(MIXABLE_LIES, COMPLETE | {Outcome.UNPROVEN, Outcome.SHORT})),
        Row("mixture of everything", plans(anything, frozenset(Outcome))),
    ]


MATRIX = (*(_planned(kind, i) for i, kind in enumerate(KINDS)), *_unreachable(), *_mixtures())

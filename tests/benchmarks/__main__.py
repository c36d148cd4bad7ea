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

from tests.benchmarks import alone, peers
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
    "memory": alone.memory,
    "startup": alone.startup,
    "cost": alone.cost,
}
PACKAGES = ("tap-mihu", "singer-sdk", "requests", "msgspec", "dlt", "airbyte-cdk")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [*BESIDE, *ALONE]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="scenarios to run")
    parser.add_argument("--contacts", type=int, help="contacts in throughput and shapes")
    parser.add_argument("--runs", type=int, help="measured runs of each command")
    parser.add_argument("--smoke", action="store_true", help="a quick run that proves nothing")
    parser.add_argument("--chart", type=Path, metavar="FILE.svg", help="draw the throughput")
    args = parser.parse_args()
    if args.chart and "throughput" not in args.only:
        parser.error("--chart draws the scenario throughput: it cannot be left out")
    return args


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
        return [contender for contender in CONTENDERS if contender.is_installed(Path(folder))]


def _tables(name: str, plan: Plan, present: Sequence[Contender]) -> list[Table]:
    sys.stderr.write(f"-- {name}\n")
    if name in BESIDE:
        return BESIDE[name](plan, present)
    return [ALONE[name](plan)] if TAP in present else []


def _chart(table: Table, plan: Plan) -> str:
    subtitle = f"{table.title}; whole process, medians of {plan.runs} alternating runs"
    return bar_chart("Contacts per second", subtitle, table.rates, TAP.title)


def main() -> None:
    """Run the scenarios, print their tables, and draw the chart."""
    args = _arguments()
    plan, present = _plan(args), _present()
    sys.stdout.write(f"Medians of {plan.runs} alternating runs. {_machine()}.\n\n")
    for contender in CONTENDERS:
        if contender not in present:
            sys.stdout.write(f"Not installed, hence skipped: {contender.title}.\n\n")
    for name in args.only:
        tables = _tables(name, plan, present)
        sys.stdout.writelines(f"{table.markdown()}\n" for table in tables)
        sys.stdout.flush()
        if args.chart and name == "throughput":
            args.chart.write_text(_chart(tables[0], plan))


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(str(error))

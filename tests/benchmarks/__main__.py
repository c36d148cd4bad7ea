"""Measure tap-mihu beside its peers, and print tables of medians over alternating runs."""

import argparse
import importlib.metadata
import os
import platform
import sys
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.field import CONTENDERS, TAP
from tests.benchmarks.measuring import CommandError
from tests.benchmarks.plan import SMOKE, Plan
from tests.benchmarks.report import bar_chart
from tests.benchmarks.scenarios import SCENARIOS
from tests.benchmarks.warehouse import BATCHES, POSTGRES

CHARTS = {"throughput": TAP.title, "warehouse": BATCHES}
"""The scenarios that are drawn, and how the bars are called that stand out."""
PACKAGES = "tap-mihu", "singer-sdk", "dlt", "airbyte-cdk", "meltanolabs-target-postgres"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [*SCENARIOS]
    option = parser.add_argument
    option("--only", nargs="+", choices=names, default=names, help="scenarios to run")
    option("--contacts", type=int, help="contacts in throughput, shapes and files")
    option("--runs", type=int, help="measured runs of each command")
    option("--smoke", action="store_true", help="a quick run that proves nothing")
    option("--charts", type=Path, metavar="FOLDER", help=f"draw {' and '.join(CHARTS)} there")
    return parser.parse_args()


def _machine() -> str:
    installed = {one.name: one.version for one in importlib.metadata.distributions()}
    versions = [f"{name} {installed[name]}" for name in PACKAGES if name in installed]
    python = f"Python {platform.python_version()}, {os.cpu_count()} CPUs"
    return ", ".join([python, *versions])


def main() -> None:
    args = _arguments()
    plan = SMOKE if args.smoke else Plan()
    plan = replace(plan, contacts=args.contacts or plan.contacts, runs=args.runs or plan.runs)
    medians = f"medians of {plan.runs} alternating runs"
    sys.stdout.write(f"{medians.capitalize()}. {_machine()}.\n\n")
    for one in (*CONTENDERS, POSTGRES):
        if not one.is_installed:
            sys.stdout.write(f"Not installed, hence skipped: {one.title}.\n\n")
    for name in args.only:
        sys.stderr.write(f"-- {name}\n")
        for table in SCENARIOS[name](plan):
            sys.stdout.write(f"{table.markdown()}\n")
            sys.stdout.flush()
            if args.charts and name in CHARTS:
                subtitle = f"{table.title}; whole process, {medians}"
                chart = bar_chart(subtitle, table.rates, CHARTS[name])
                (args.charts / f"{name}.svg").write_text(chart)


if __name__ == "__main__":
    try:
        main()
    except CommandError as error:
        sys.exit(str(error))

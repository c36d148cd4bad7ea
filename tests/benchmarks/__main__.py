"""Measure tap-mihu beside its peers, and print tables of medians over alternating runs."""

import argparse
import sys
from pathlib import Path

from tests.benchmarks.field import CONTENDERS, TAP
from tests.benchmarks.measuring import CommandError
from tests.benchmarks.report import bar_chart
from tests.benchmarks.scenarios import SCENARIOS, SMOKE, Plan
from tests.benchmarks.warehouse import BATCHES, POSTGRES

CHARTS = {"throughput": TAP.title, "warehouse": BATCHES}
"""The scenarios that are drawn, and how the bars are called that stand out."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [*SCENARIOS]
    option = parser.add_argument
    option("--only", nargs="+", choices=names, default=names, help="scenarios to run")
    option("--smoke", action="store_true", help="a quick run that proves nothing")
    option("--charts", type=Path, metavar="FOLDER", help=f"draw {' and '.join(CHARTS)} there")
    return parser.parse_args()


def main() -> None:
    args = _arguments()
    plan = SMOKE if args.smoke else Plan()
    medians = f"medians of {plan.runs} alternating runs"
    sys.stdout.write(f"{medians.capitalize()}.\n\n")
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

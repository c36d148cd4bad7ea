"""Play the whole matrix: `python -m tests.matrix` prints a table, and fails if a verdict is bad."""

# ruff: noqa: T201
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.matrix.runs import MATRIX, Played


def main() -> int:
    """Print a row for each fault, or those named, and one for them all; give the exit status."""
    chosen = [row for row in MATRIX if any(word in row.name for word in sys.argv[1:] or [""])]
    print("| Fault | Runs | Complete | Error | Unproven | Bad | Requests |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    everything: list[Played] = []
    with ThreadPoolExecutor(len(chosen)) as pool:
        for row, played in zip(chosen, pool.map(lambda row: row(), chosen), strict=True):
            _print(row.name, played)
            everything += played
    _print("all", everything)
    bad = [one for one in everything if one.verdict.problems]
    for one in bad:
        print(f"BAD {one.plan}: {'; '.join(one.verdict.problems)[:3000]}")
    return bool(bad)


def _print(name: str, played: list[Played]) -> None:
    ends = Counter(
        "bad" if one.verdict.problems else str(one.verdict.outcome).partition(",")[0]
        for one in played
    )
    counts = [ends[end] for end in ("complete", "error", "unproven", "bad")]
    cells = [name, len(played), *counts, sum(one.requests for one in played)]
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())

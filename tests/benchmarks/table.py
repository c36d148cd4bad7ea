"""A table of results, written as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.process import Sample

FIGURES = ("seconds", "CPU seconds", "peak MB")


@dataclass(frozen=True)
class Table:
    """Results of one scenario; the first column is text, the others are figures."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    rates: Mapping[str, float] = field(default_factory=dict)
    """Contacts per second of each program, where the scenario compares programs."""

    def markdown(self) -> str:
        """Write the table."""
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        lines = [f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines, ""])


def figures(sample: Sample) -> list[str]:
    """Write a sample as cells."""
    return [f"{sample.seconds:.2f}", f"{sample.cpu_seconds:.2f}", f"{sample.peak_mb:.0f}"]

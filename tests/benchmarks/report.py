"""What was measured, as a table in Markdown, and as a bar chart in SVG that needs no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from tests.benchmarks.measuring import Sample

FIGURES = "seconds", "peak MB", "contacts/s", "seconds, by those of the first"
WIDTH, LETTER, VALUES, STEP, TOP = 760, 7, 90, 34, 62


@dataclass(frozen=True)
class Table:
    """Results of one scenario; the first column is text, the others are figures."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    rates: Mapping[str, float] = field(default_factory=dict)
    """Contacts per second of each program."""

    def markdown(self) -> str:
        rule = ["---", *["---:"] * (len(self.header) - 1)]
        lines = [f"| {' | '.join(cells)} |" for cells in (self.header, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *lines, ""])


def comparison(title: str, *groups: tuple[int, Mapping[str, Sample]]) -> Table:
    """Compare the programs that read so many contacts, in each group with the first one."""
    rows, rates = [], {}
    for contacts, medians in groups:
        (first, _), *_ = medians.values()
        for name, (seconds, peak_mb) in medians.items():
            rate = rates[name] = contacts / seconds
            figures = f"{seconds:.2f}", f"{peak_mb:.0f}", f"{rate:,.0f}", f"{seconds / first:.2f}"
            rows.append([name, *figures])
    return Table(title, ["", *FIGURES], rows, rates)


def bar_chart(subtitle: str, values: Mapping[str, float], stands_out: str) -> str:
    """Draw horizontal bars, the longest first, in colour those whose names end so."""
    start = 30 + LETTER * max(map(len, values))
    scale = (WIDTH - start - VALUES) / max(values.values())
    height = TOP + len(values) * STEP
    bars = ""
    for place, (label, value) in enumerate(sorted(values.items(), key=lambda bar: -bar[1])):
        top, length = TOP + place * STEP, round(value * scale)
        weight, colour = (600, "#1f6feb") if label.endswith(stands_out) else (400, "#afb8c1")
        bars += f"""\
<g font-weight="{weight}">
<text x="{start - 10}" y="{top + 16}" text-anchor="end">{escape(label)}</text>
<rect x="{start}" y="{top}" width="{length}" height="22" rx="3" fill="{colour}"/>
<text x="{start + length + 8}" y="{top + 16}">{value:,.0f}</text>
</g>
"""
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" \
width="{WIDTH}" height="{height}" role="img" aria-label="Contacts per second" \
font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" \
font-size="13" fill="#1f2328">
<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>
<text x="16" y="26" font-size="15" font-weight="600">Contacts per second</text>
<text x="16" y="45" font-size="12" fill="#59636e">{escape(subtitle)}</text>
{bars}</svg>
"""

"""A bar chart as SVG, written by hand: it needs no library and reads well on any background."""

from collections.abc import Callable, Mapping
from html import escape

WIDTH, LETTER, VALUES, BAR, STEP, TOP = 760, 7, 90, 22, 34, 62
OWN, OTHER = "#1f6feb", "#afb8c1"
FRAME = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img" aria-label="{title}" \
font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" \
font-size="13" fill="#1f2328">
<rect width="{width}" height="{height}" rx="8" fill="#ffffff"/>
<text x="16" y="26" font-size="15" font-weight="600">{title}</text>
<text x="16" y="45" font-size="12" fill="#59636e">{subtitle}</text>
{bars}
</svg>
"""
ROW = """\
<g font-weight="{weight}">
<text x="{label_end}" y="{middle}" text-anchor="end">{label}</text>
<rect x="{start}" y="{top}" width="{length}" height="{bar}" rx="3" fill="{colour}"/>
<text x="{value_start}" y="{middle}">{value:,.0f}</text>
</g>"""


def bar_chart(
    title: str, subtitle: str, values: Mapping[str, float], stands_out: Callable[[str], bool]
) -> str:
    """Draw horizontal bars, the longest first, some in colour."""
    labels = 30 + LETTER * max(map(len, values))
    scale = (WIDTH - labels - VALUES) / max(values.values())
    bars = []
    for place, (label, value) in enumerate(sorted(values.items(), key=lambda bar: -bar[1])):
        top, length = TOP + place * STEP, round(value * scale)
        bars.append(
            ROW.format(
                weight=600 if stands_out(label) else 400,
                colour=OWN if stands_out(label) else OTHER,
                label=escape(label),
                label_end=labels - 10,
                start=labels,
                length=length,
                value=value,
                value_start=labels + length + 8,
                top=top,
                middle=top + 16,
                bar=BAR,
            )
        )
    return FRAME.format(
        width=WIDTH,
        height=TOP + len(bars) * STEP,
        title=escape(title),
        subtitle=escape(subtitle),
        bars="\n".join(bars),
    )

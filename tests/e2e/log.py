"""What a run's log says: its figures, its counts, its one error."""

import json
import re

from tests.e2e.running import Run

FIGURES = re.compile(
    r"contacts: (?P<read>\d+) read, (?P<emitted>\d+) emitted, (?P<windows>\d+) windows, "
    r"(?P<repaired>\d+) repaired, (?P<requests>\d+) requests, (?P<retries>\d+) retries, "
    r"(?P<throttled>\d+) s throttled, (?P<seconds>\d+\.\d) s, (?P<proven>proven|not proven)$",
    re.MULTILINE,
)


def figures(run: Run) -> dict[str, int]:
    """The figures of the last progress line, of which there must be one."""
    (found,) = FIGURES.finditer(run.log)
    return {name: int(text) for name, text in found.groupdict().items() if text.isdigit()}


def counted(run: Run) -> list[int]:
    """The values of the METRIC lines that count records."""
    metrics = [json.loads(text) for text in re.findall(r"METRIC: (\{.*\})", run.log)]
    return [metric["value"] for metric in metrics if metric["metric"] == "record_count"]


def the_error(run: Run) -> str:
    """The one line that a failed run ends with."""
    assert run.status == 1, run.log
    assert "Traceback" not in run.log
    # Nobody but the logger writes there: no warning, no "Exception ignored in".
    assert [line for line in run.log.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line)] == []
    assert len(run.errors) == 1, run.log
    assert run.messages is not None
    return run.errors[0]

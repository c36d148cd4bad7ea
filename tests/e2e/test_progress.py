"""The log of a run, line by line: a slow one, a throttled one, an unproven one, one cut short."""

import json
import re
from typing import Any

import pytest

from tap_mihu.reading import reporter
from tests.e2e.in_process import in_process
from tests.e2e.log import figures
from tests.e2e.running import Run, started_tap, wait_until
from tests.sandbox import RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault

READ = re.compile(
    r"contacts: (?P<read>\d+) of (?P<total>\d+) read, (?P<emitted>\d+) emitted, "
    r"(?P<windows>\d+) windows settled(, [0-9.]+ a second, time left (?P<left>\d+) s)?$",
    re.MULTILINE,
)
# Nothing else is said, and nothing twice.
BEGIN = "INFO Beginning sync of 'contacts' in incremental mode\n"
PLANNING = r"(INFO contacts: planning(, \d+ to read)?, \d+ requests\n)*"
METRICS = "(INFO METRIC: .*\n){5}"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell progress far more often than people want it."""
    monkeypatch.setattr(reporter, "_INTERVAL_SECONDS", 0.1)


def metrics(run: Run) -> dict[str, Any]:
    points = [json.loads(text) for text in re.findall(r"METRIC: (\{.*\})", run.log)]
    return {point["metric"]: point["value"] for point in points}


def check_log(run: Run, *lines: str) -> None:
    """Match the log, each line without its time and its logger."""
    said = [line.split(" | ", 3) for line in run.log.splitlines()]
    text = "".join(f"{level.strip()} {text}\n" for _, level, _, text in said)
    assert re.fullmatch("".join([BEGIN, *lines, METRICS]), text), run.log


def reading(total: int, also: str = "") -> str:
    """What is said while windows are read."""
    figures = r"\d+ emitted, \d+ windows settled(, [\d.]+ a second, time left \d+ s)?"
    return rf"(INFO contacts: \d+ of {total} read, {figures}\n{also})+"


def the_end(total: int, throttled: str = "0", proven: str = "proven") -> str:
    """The last line, without retries."""
    done = rf"{total} read, {total} emitted, \d+ windows, \d+ repaired, \d+ requests, 0 retries"
    return rf"INFO contacts: {done}, {throttled} s throttled, \d+\.\d s, {proven}\n"


def test_a_slow_run_tells_what_it_reads_before_anything_is_written() -> None:
    with Sandbox(Workspace(contacts(100)), latency=0.2) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=2))
    check_log(run, PLANNING, reading(100), the_end(100))
    told = [found.groupdict() for found in READ.finditer(run.log)]
    assert len(told) >= 5
    read = [int(line["read"]) for line in told]
    assert read == sorted(read)
    # The one window is written at its end: nothing is emitted before.
    assert any(0 < int(line["read"]) < 100 and line["emitted"] == "0" for line in told)
    left = [int(line["left"]) for line in told if line["left"] is not None]
    assert left[0] > left[-1] == 0
    assert figures(run)["windows"] == 1
    measured = metrics(run)
    assert measured.keys() >= {"http_request_duration", "sync_duration"}
    assert measured["http_request_duration"] > 0
    assert measured["http_request_count"] == len(sandbox.requests)
    assert (measured["proven"], measured["record_count"]) == (1, 100)


def test_a_scan_that_is_planned_says_so() -> None:
    with Sandbox(Workspace(contacts(300)), latency=0.15) as sandbox:
        run = in_process(sandbox.config(page_size=5, max_concurrent_requests=8))
    check_log(run, PLANNING, f"({reading(300)})?", the_end(300))
    assert "contacts: planning, 300 to read, " in run.log


def test_a_throttled_run_tells_each_pause_once_and_the_seconds() -> None:
    script = faults.first_of(
        *[faults.at_page(page, faults.retry_after(1)) for page in range(3, 11)]
    )
    with Sandbox(Workspace(contacts(200)), faults=script) as sandbox:
        run = in_process(sandbox.config(page_size=10, max_concurrent_requests=8))
    pause = r"rate limited \(HTTP 429\): pausing all requests for 1 s\n"
    pauses = f"(INFO {pause})*"
    check_log(run, PLANNING, pauses, reading(200, pauses), the_end(200, "[1-9]"))
    assert 1 <= len(re.findall(pause, run.log)) <= 4


def test_a_run_that_is_cut_short_says_how_far_it_got() -> None:
    script = faults.first_of(faults.at_page(7, faults.hang(), times=99))
    with Sandbox(Workspace(contacts(100)), faults=script) as sandbox:
        config = sandbox.config(page_size=10, max_concurrent_requests=1)
        with started_tap(config, env={"LOGLEVEL": "INFO"}) as tap:
            tap.wait_for_log("Beginning sync")
            wait_until(lambda: len(sandbox.requests) >= 7)
            tap.process.terminate()
            run = tap.finish()
    (error,) = run.errors
    assert run.status == 143
    assert re.search(r"Ended by SIGTERM \(contacts: 60 of 100 read, 0 emitted, 0 windows", error)


def test_the_log_of_a_resumed_run() -> None:
    def failing(info: RequestInfo) -> Fault | None:
        return faults.status(500) if info.number >= 110 else None

    with Sandbox(Workspace(contacts(1400)), faults=failing) as sandbox:
        config = sandbox.config(page_size=10, max_retries=0)
        first = in_process(config)
        assert first.errors
        sandbox.faults = faults.in_turn(*[None] * 40, *[faults.delay(0.12)] * 4)
        run = in_process(config, state=first.state)
    left = 1400 - len(first.uuids)
    assert 0 < left < 1400
    resuming = r"INFO Resuming at creation date \d{4}-\d\d-\d\d\n"
    check_log(run, resuming, PLANNING, reading(left), the_end(left))


def test_the_log_of_an_unproven_run() -> None:
    with Sandbox(Workspace(contacts(50)), faults=faults.always(faults.lying(total=51))) as sandbox:
        run = in_process(sandbox.config(page_size=10))
    warning = (
        "WARNING It is not proven that none is missing: the API counts 1 more than it sends "
        r"\(created: all dates\)\. The bookmark of these dates stays and no row is deleted; "
        r"the next run reads them again\.\n"
    )
    check_log(run, PLANNING, f"({reading(51)})?", warning, the_end(50, proven="not proven"))
    assert metrics(run)["proven"] == 0

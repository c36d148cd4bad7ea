"""The sandbox as a tool: its options make the API large, slow, rate limited, oddly sorted."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.demo import ROOT
from tests.e2e.running import run_tap
from tests.readme import PAGES


@contextmanager
def served(*options: str) -> Iterator[str]:
    """Start the sandbox, and give its address."""
    command = [sys.executable, "-m", "tests.sandbox", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def page(url: str) -> requests.Response:
    headers = {"Authorization": "Bearer sandbox", "Accept": "application/json"}
    return requests.get(f"{url}/contacts", headers=headers, timeout=30)


def test_it_is_rate_limited_and_sorted_as_asked() -> None:
    with served("--contacts=30", "--throttle=1", "--order=created_desc") as url:
        listing: dict[str, Any] = page(url).json()["data"]
        refused = page(url)
    created = [contact["created_at"] for contact in listing["data"]]
    assert created == sorted(created, reverse=True)
    assert listing["total"] == 30
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers


@pytest.mark.parametrize("latency", ["0.2", "200ms"])
def test_it_is_slow_as_asked(latency: str) -> None:
    with served(f"--latency={latency}") as url:
        began = time.monotonic()
        assert page(url).status_code == 200
    assert 0.2 <= time.monotonic() - began < 20


def test_it_runs_as_the_page_on_speed_says() -> None:
    (options,) = re.findall(r"`python -m tests\.sandbox ([^`]+)`", PAGES["docs/speed.md"])
    with served(*options.split()) as url:
        began = time.monotonic()
        response = page(url)
    assert time.monotonic() - began >= 0.4
    assert response.json()["data"]["total"] == 20_000
    assert response.headers["X-RateLimit-Limit"] == "60"


def test_the_tap_reads_it_with_the_token_of_its_help() -> None:
    with served("--contacts=25") as url:
        run = run_tap({"api_url": url, "auth_token": "sandbox"})
    assert run.status == 0, run.log
    assert len(set(run.uuids)) == 25

"""The sandbox as a tool, as the page on speed and its own help say."""

import re
import subprocess
import sys
import time

import requests

from tests.demo import ROOT
from tests.e2e.forks import run_forked
from tests.readme import PAGES


def test_it_is_large_slow_and_rate_limited_as_asked() -> None:
    (documented,) = re.findall(r"`python (-m tests\.sandbox [^`]+)`", PAGES["docs/speed.md"])
    # The last of an option's values counts.
    command = [sys.executable, *documented.split(), "--contacts=250", "--order=created_desc"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            run = run_forked({"api_url": url, "auth_token": "sandbox"}, "--limit=150")
            began = time.monotonic()
            headers = {"Authorization": "Bearer sandbox"}
            page = requests.get(f"{url}/contacts", headers=headers, timeout=30)
        finally:
            process.terminate()
    assert time.monotonic() - began >= 0.4
    assert len(set(run.uuids)) == 150, run.log
    assert page.headers["X-RateLimit-Limit"] == "60"
    listing = page.json()["data"]
    assert listing["total"] == 250
    created = [contact["created_at"] for contact in listing["data"]]
    assert created == sorted(created, reverse=True)

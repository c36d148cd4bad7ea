"""The token and personal data never reach the log; the matrix shows it of every fault there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.forks import run_forked
from tests.e2e.log import the_error
from tests.e2e.running import Run, run_tap
from tests.private import DEBUG, PRIVATE, SEARCH, SECRETS, TOKEN, leaks, private_contacts
from tests.sandbox import RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.faults import Fault, Script

pytestmark = pytest.mark.waiting

FILTERS = {"search": SEARCH}
GOOD = {"subdomain": "acme", "auth_token": TOKEN, "filters": FILTERS}


def test_leaks_are_found() -> None:
    uuid = private_contacts()[0]["uuid"]
    for secret in (TOKEN, f"search={PRIVATE}", "MAILBOX3@HIDDEN.EXAMPLE", "%2B9053298700003", uuid):
        run = Run(1, b"", f"fine\na line with {secret} in it\n")
        assert leaks(run) == [f"a line with {secret} in it"]


def _said_again(info: RequestInfo) -> Fault:
    authorization = info.headers["Authorization"]
    said = f"You sent {info.query} with {authorization}: {'x' * 150} {authorization[7:]}"
    return faults.status(422, {"message": said})


UNREADABLE = {"uuid": SEARCH, "created_at": PRIVATE, "updated_at": f"2024 {PRIVATE}"}
RUNS: dict[str, tuple[Script, Mapping[str, str | None], int]] = {
    "unreadable times": (
        faults.always(faults.lying(data=[UNREADABLE], total=1, last_page=1)),
        {},
        0,
    ),
    "odd types": (faults.always(faults.lying(data=[{"uuid": {PRIVATE: [PRIVATE]}}])), {}, 0),
    "a request that is repeated": (_said_again, {}, 1),
    "a map": (faults.never, {"name": "md5(name)", "email": None, "__filter__": "surname"}, 0),
    "a map that fails": (faults.never, {"name": "int(name)"}, 1),
    "a map of a key that is missing": (faults.never, {"name": "record[email]"}, 1),
    "a filter that fails": (faults.never, {"__filter__": "int(phone_number + surname) > 3"}, 1),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_logs_nothing_secret(name: str) -> None:
    script, mapped, status = RUNS[name]
    maps = {"stream_maps": {"contacts": mapped}} if mapped else {}
    with Sandbox(Workspace(private_contacts()), faults=script, token=TOKEN) as sandbox:
        run = run_forked(sandbox.config(page_size=5, filters=FILTERS, **maps), env=DEBUG)
    assert run.status == status, run.log
    assert "DEBUG" in run.log
    assert "Traceback" not in run.log
    assert leaks(run) == []


def test_the_data_was_there_to_be_logged() -> None:
    with Sandbox(Workspace(private_contacts()), token=TOKEN) as sandbox:
        run = run_forked(
            sandbox.config(filters=FILTERS, flattening_enabled=True, flattening_max_depth=2),
            env=DEBUG,
            state={"bookmarks": {"contacts": {"filters": {"search": "someone.else"}}}},
        )
    assert run.status == 0
    written = run.stdout.decode().lower()
    assert [secret for secret in SECRETS[2:] if secret not in written] == []
    assert len(run.warnings) == 1  # Other filters than in the state.
    assert leaks(run, "someone.else") == []


def test_an_unforeseen_error_logs_nothing_secret(tmp_path: Path) -> None:
    # Python runs a module of this name before anything else.
    (tmp_path / "sitecustomize.py").write_text(
        "import urllib.parse\n"
        "def urlencode(query, *_, **__):\n"
        "    raise LookupError(f'{query} {open(\"config.json\").read()}')\n"
        "urllib.parse.urlencode = urlencode\n",
        encoding="ascii",
    )
    run = run_tap(GOOD, env=DEBUG | {"PYTHONPATH": str(tmp_path)})
    assert run.status == 1
    assert "LookupError" in run.log
    assert "Traceback" not in run.log
    assert leaks(run) == []


# What a user types, and what states hold.

POISONED = {"replication_key": "updated_at", "replication_key_value": PRIVATE}
TYPED: list[tuple[str, dict[str, Any], object]] = [
    ("auth_token", {"auth_token": f"{TOKEN}\n"}, None),
    ("auth_token", {"auth_token": [TOKEN]}, None),
    ("subdomain", {"subdomain": f"{PRIVATE}.evil.example/"}, None),
    ("api_url", {"api_url": f"https://somebody:{TOKEN}@mihu.example/api/v1"}, None),
    ("api_url", {"api_url": f"https://mihu.example/api/v1?token={TOKEN}"}, None),
    ("api_url", {"api_url": f"http://{PRIVATE}.example/api/v1"}, None),
    ("start_date", {"start_date": PRIVATE}, None),
    ("page_size", {"page_size": PRIVATE}, None),
    ("user_agent", {"user_agent": f"{PRIVATE}\r\nX-Token: {TOKEN}"}, None),
    ("filters.search", {"filters": {"search": [PRIVATE]}}, None),
    ("filters.status", {"filters": {"status": PRIVATE}}, None),
    ("filters.tag_uuid", {"filters": {"tag_uuid": PRIVATE}}, None),
    ("filters.date_from", {"filters": {"date_from": PRIVATE}}, None),
    ("filters", {"filters": PRIVATE}, None),
    ("stream_maps", {"stream_maps": PRIVATE}, None),
    ("batch_config.storage.root", {"batch_config": {"storage": {"root": PRIVATE}}}, None),
    ("state", {}, {"bookmarks": PRIVATE}),
    ("replication_key_value", {}, {"bookmarks": {"contacts": {"filters": FILTERS, **POISONED}}}),
]


@pytest.mark.parametrize(("named", "settings", "state"), TYPED)
def test_errors_about_input_name_it_and_hold_no_value(
    named: str, settings: dict[str, Any], state: Any
) -> None:
    run = run_forked(GOOD | settings, env=DEBUG, state=state)
    assert named in the_error(run)
    assert leaks(run) == []


def test_environment_that_is_no_json() -> None:
    env = {"TAP_MIHU_AUTH_TOKEN": TOKEN, "TAP_MIHU_FILTERS": f'{{"search": "{PRIVATE}'}
    run = run_forked(None, "--config=ENV", env=DEBUG | env | {"TAP_MIHU_SUBDOMAIN": "acme"})
    assert "filters" in the_error(run)
    assert leaks(run) == []


@pytest.mark.parametrize("option", ["config", "state", "catalog"])
def test_a_file_that_is_no_json(option: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(f'{{"auth_token": "{TOKEN}", "filters": {{"search": "{PRIVATE}"', "utf-8")
    run = run_forked(None if option == "config" else GOOD, f"--{option}", str(path), env=DEBUG)
    error = the_error(run)
    assert "Unforeseen" not in error
    assert option in error.lower()
    assert "JSON" in error
    assert leaks(run) == []


def test_a_proxy_with_a_password() -> None:
    env = DEBUG | {"HTTP_PROXY": "http://somebody:pass-phrase@127.0.0.1:1"}
    run = run_forked(GOOD | {"api_url": "http://localhost:1/api/v1", "max_retries": 1}, env=env)
    assert "127.0.0.1:1" in the_error(run)
    assert leaks(run, "pass-phrase", "cGFzcy1waHJhc2U") == []


@pytest.mark.parametrize(
    "args", [("--about",), ("--about", "--format=json"), ("--discover",)], ids=str
)
def test_what_is_shown_of_the_tap_holds_no_secret(args: tuple[str, ...]) -> None:
    env = {"TAP_MIHU_AUTH_TOKEN": TOKEN, "TAP_MIHU_FILTERS": json.dumps(FILTERS)}
    run = run_forked(GOOD, "--config=ENV", *args, env=DEBUG | env)
    assert run.status == 0
    assert SEARCH not in run.stdout.decode().lower()
    assert leaks(run) == []

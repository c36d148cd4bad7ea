"""The token and personal data never reach the log, whatever happens, at any level."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.faulty import (
    LASTING,
    PAGES,
    PASSING,
    REFUSED,
    THROTTLED,
    TOO_LONG,
    Case,
    Outcome,
    complete,
    config,
    each,
)
from tests.e2e.forks import run_forked
from tests.e2e.log import the_error
from tests.e2e.running import Run, full_table, run_tap
from tests.private import DEBUG, PRIVATE, SEARCH, SECRETS, TOKEN, leaks, private_contacts
from tests.sandbox import RequestInfo, Sandbox, Workspace, faults
from tests.sandbox.faults import Fault, Script

pytestmark = pytest.mark.waiting


def test_leaks_are_found() -> None:
    uuid = private_contacts()[0]["uuid"]
    for secret in (TOKEN, f"search={PRIVATE}", "MAILBOX3@HIDDEN.EXAMPLE", "%2B9053298700003", uuid):
        run = Run(1, b"", f"fine\na line with {secret} in it\n")
        assert leaks(run) == [f"a line with {secret} in it"]


def _all_of(info: RequestInfo) -> str:
    """What a server may repeat of a request."""
    authorization = info.headers["Authorization"]
    secret = authorization.partition("|")[2]
    return f"You sent {info.query} with {authorization}, {secret}: {'x' * 150} {authorization}"


def _answering(fault: Callable[[RequestInfo], Fault]) -> Script:
    return fault


WITHOUT_FAULT = Case("without a fault", lambda: faults.never)
ODD = [
    Case("without uuid", lambda: faults.always(faults.lying(data=[{"name": PRIVATE}]))),
    Case(
        "unreadable times",
        lambda: faults.always(
            faults.lying(
                data=[{"uuid": SEARCH, "created_at": PRIVATE, "updated_at": f"2024 {PRIVATE}"}],
                total=1,
                last_page=1,
            )
        ),
    ),
    Case("odd types", lambda: faults.always(faults.lying(data=[{"uuid": {PRIVATE: [PRIVATE]}}]))),
    Case("a page that repeats", lambda: faults.always(faults.lying(current_page=1))),
    Case(
        "a validation that repeats everything",
        lambda: _answering(lambda info: faults.status(422, {"message": _all_of(info)})),
    ),
    Case(
        "success false that repeats everything",
        lambda: _answering(lambda info: faults.success_false(_all_of(info))),
    ),
    Case("unproven", lambda: faults.always(faults.lying(total=PAGES * 5 + 1))),
]


@each([WITHOUT_FAULT, *PASSING, *LASTING, *THROTTLED, *TOO_LONG, *REFUSED, *ODD])
def test_nothing_secret_is_logged(outcome: Outcome) -> None:
    assert "DEBUG" in outcome.run.log
    assert leaks(outcome.run) == []


@each([WITHOUT_FAULT])
def test_the_data_was_there_to_be_logged(outcome: Outcome) -> None:
    assert complete(outcome.run, outcome.sandbox)
    written = outcome.run.stdout.decode().lower()
    assert [secret for secret in SECRETS[2:] if secret not in written] == []


# The SDK's own ways.

MAPPED = [
    Case(
        "a map",
        lambda: faults.never,
        stream_maps={"contacts": {"name": "md5(name)", "email": None, "__filter__": "surname"}},
    ),
    Case("flattening", lambda: faults.never, flattening_enabled=True, flattening_max_depth=2),
    Case(
        "a map that fails",
        lambda: faults.never,
        stream_maps={"contacts": {"name": "int(name)"}},
    ),
    Case(
        "a map that fails by a missing key",
        lambda: faults.never,
        stream_maps={"contacts": {"name": "record[email]"}},
    ),
    Case(
        "a filter that fails",
        lambda: faults.never,
        stream_maps={"contacts": {"__filter__": "int(phone_number + surname) > 3"}},
    ),
]


@each(MAPPED)
def test_stream_maps_log_nothing_secret(case: Case, outcome: Outcome) -> None:
    assert outcome.run.status == (1 if "fails" in str(case) else 0)
    assert "Traceback" not in outcome.run.log
    assert leaks(outcome.run) == []


def test_full_table_logs_nothing_secret() -> None:
    with Sandbox(Workspace(private_contacts()), token=TOKEN) as sandbox:
        settings = config(sandbox, filters={"search": SEARCH}, emit_activate_version_messages=True)
        run = run_forked(settings, env=DEBUG, catalog=full_table())
    assert run.status == 0
    assert run.of_type("ACTIVATE_VERSION")
    assert leaks(run) == []


def test_an_unforeseen_error_logs_nothing_secret(tmp_path: Path) -> None:
    # Python runs a module of this name before anything else.
    (tmp_path / "sitecustomize.py").write_text(
        "import urllib.parse\n"
        "def urlencode(query, *_, **__):\n"
        "    raise LookupError(f'{query} {open(\"config.json\").read()}')\n"
        "urllib.parse.urlencode = urlencode\n",
        encoding="ascii",
    )
    with Sandbox(token=TOKEN) as sandbox:
        settings = config(sandbox, filters={"search": SEARCH})
        run = run_tap(settings, env=DEBUG | {"PYTHONPATH": str(tmp_path)})
    assert run.status == 1
    assert "LookupError" in run.log
    assert "Traceback" not in run.log
    assert leaks(run) == []


# What a user types, and what states hold.


class Typed:
    """A configuration or a state that cannot be used."""

    def __init__(self, name: str, *, state: Any = None, **settings: Any) -> None:  # noqa: ANN401
        self._name = name
        self._state = state
        self._settings = settings

    def __str__(self) -> str:
        return self._name

    def __call__(self) -> Run:
        good = {"subdomain": "acme", "auth_token": TOKEN, "filters": {"search": SEARCH}}
        return run_forked(good | self._settings, env=DEBUG, state=self._state)


WRONGLY_TYPED = [
    Typed("auth_token", auth_token=f"{TOKEN}\n"),
    Typed("auth_token", auth_token=[TOKEN]),
    Typed("subdomain", subdomain=f"{PRIVATE}.evil.example/"),
    Typed("api_url", api_url=f"https://somebody:{TOKEN}@mihu.example/api/v1"),
    Typed("api_url", api_url=f"https://mihu.example/api/v1?token={TOKEN}"),
    Typed("api_url", api_url=f"http://{PRIVATE}.example/api/v1"),
    Typed("start_date", start_date=PRIVATE),
    Typed("page_size", page_size=PRIVATE),
    Typed("user_agent", user_agent=f"{PRIVATE}\r\nX-Token: {TOKEN}"),
    Typed("filters.search", filters={"search": [PRIVATE]}),
    Typed("filters.status", filters={"status": PRIVATE}),
    Typed("filters.tag_uuid", filters={"tag_uuid": PRIVATE}),
    Typed("filters.date_from", filters={"date_from": PRIVATE}),
    Typed("filters", filters=PRIVATE),
    Typed("stream_maps", stream_maps=PRIVATE),
    Typed(
        "batch_config.storage.root",
        batch_config={"encoding": PRIVATE, "storage": {"root": PRIVATE}},
    ),
    Typed("state", state={"bookmarks": PRIVATE}),
    Typed(
        "replication_key_value",
        state={
            "bookmarks": {
                "contacts": {
                    "filters": {"search": SEARCH},
                    "replication_key": "updated_at",
                    "replication_key_value": PRIVATE,
                }
            }
        },
    ),
]


@pytest.mark.parametrize("case", WRONGLY_TYPED, ids=str)
def test_errors_about_input_name_it_and_hold_no_value(case: Typed, outcome: Run) -> None:
    assert str(case) in the_error(outcome)
    assert leaks(outcome) == []


@pytest.mark.parametrize(
    "settings", [{}, {"start_date": "2024-01-01T00:00:00Z", "page_size": 1000}], ids=str
)
def test_environment_that_is_no_json(settings: Mapping[str, Any]) -> None:
    env = {
        "TAP_MIHU_SUBDOMAIN": "acme",
        "TAP_MIHU_AUTH_TOKEN": TOKEN,
        "TAP_MIHU_FILTERS": f'{{"search": "{PRIVATE}',
        **{f"TAP_MIHU_{name.upper()}": str(value) for name, value in settings.items()},
    }
    run = run_forked(None, "--config=ENV", env=DEBUG | env)
    assert "filters" in the_error(run)
    assert leaks(run) == []


@pytest.mark.parametrize("option", ["config", "state", "catalog"])
def test_a_file_that_is_no_json(option: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(f'{{"auth_token": "{TOKEN}", "filters": {{"search": "{PRIVATE}"', "utf-8")
    settings = None if option == "config" else {"subdomain": "acme", "auth_token": TOKEN}
    run = run_forked(settings, f"--{option}", str(path), env=DEBUG)
    error = the_error(run)
    assert leaks(run) == []
    assert "Unforeseen" not in error
    assert option in error.lower()
    assert "JSON" in error


def test_other_filters_than_in_the_state() -> None:
    state = {"bookmarks": {"contacts": {"filters": {"search": "someone.else"}}}}
    with Sandbox(Workspace(private_contacts()), token=TOKEN) as sandbox:
        run = run_forked(config(sandbox, filters={"search": SEARCH}), env=DEBUG, state=state)
    assert run.status == 0
    assert len(run.warnings) == 1
    assert leaks(run, "someone.else") == []


def test_a_proxy_with_a_password() -> None:
    with Sandbox(token=TOKEN) as sandbox:
        pass  # nobody listens there any more
    env = DEBUG | {"HTTP_PROXY": f"http://somebody:pass-phrase@127.0.0.1:{sandbox.port}"}
    url = f"http://localhost:{sandbox.port}/api/v1"
    run = run_forked(config(sandbox, api_url=url, filters={"search": SEARCH}), env=env)
    the_error(run)
    assert leaks(run, "pass-phrase", "cGFzcy1waHJhc2U") == []


@pytest.mark.parametrize("form", [(), ("--format=markdown",), ("--format=json",)], ids=str)
def test_about_shows_no_secret(form: tuple[str, ...]) -> None:
    env = {"TAP_MIHU_AUTH_TOKEN": TOKEN, "TAP_MIHU_FILTERS": json.dumps({"search": SEARCH})}
    settings = {"subdomain": "acme", "auth_token": TOKEN, "filters": {"search": SEARCH}}
    run = run_forked(settings, "--config=ENV", "--about", *form, env=DEBUG | env)
    assert run.status == 0
    assert b"auth_token" in run.stdout
    assert SEARCH not in run.stdout.decode().lower()
    assert leaks(run) == []


def test_discover_shows_no_secret() -> None:
    settings = {"subdomain": "acme", "auth_token": TOKEN, "filters": {"search": SEARCH}}
    run = run_forked(settings, "--discover", env=DEBUG)
    assert run.status == 0
    assert SEARCH not in run.stdout.decode().lower()
    assert leaks(run) == []

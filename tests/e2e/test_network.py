"""What can go wrong between the tap and the API, and what the tap makes of it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.e2e.faulty import (
    LASTING,
    LONG,
    PAGE_SIZE,
    PAGES,
    PASSING,
    PASSING_FAULTS,
    REFUSALS,
    REFUSED,
    SLOW,
    THROTTLED,
    TOO_LONG,
    Case,
    Outcome,
    complete,
    config,
    each,
    in_seconds,
    outcome_of,
)
from tests.e2e.forks import run_forked
from tests.e2e.log import the_error
from tests.e2e.relay import Certificate, Relay
from tests.e2e.running import started_tap
from tests.e2e.states import bookmark, is_open
from tests.private import TOKEN, private_contacts
from tests.sandbox import RequestInfo, Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Fault

REQUESTS = PAGES + 2
"""A page each, one behind the full last page, and one that counts the older half once more."""
SEARCH_REQUESTS = PAGES + 1
"""A page each, and a large one of them all: an edit may move contacts in and out of a search."""

pytestmark = pytest.mark.waiting


@each(PASSING)
def test_a_passing_fault_is_tried_again(outcome: Outcome) -> None:
    assert complete(outcome.run, outcome.sandbox)
    assert len(outcome.requests) == SEARCH_REQUESTS + 3
    assert f"{SEARCH_REQUESTS + 3} requests, 3 retries" in outcome.run.log


@each(LASTING)
def test_a_lasting_fault_ends_the_run_after_max_retries(case: Case, outcome: Outcome) -> None:
    error = the_error(outcome.run)
    assert "max_retries" in error
    assert "tried 2 times" in error
    assert ("request_timeout" in error) == (str(case) in SLOW)
    assert len(outcome.requests) == 2
    assert outcome.run.records == []


def test_max_retries_counts_the_tries_after_the_first() -> None:
    outcome = outcome_of(faults.always(faults.status(500)), max_retries=0)
    assert "HTTP 500" in the_error(outcome.run)
    assert len(outcome.requests) == 1


def test_a_server_that_comes_back_after_it_refused_connections() -> None:
    sandbox = Sandbox(Workspace(private_contacts()))
    with sandbox:
        pass  # it has a port now, and nobody listens there
    with started_tap(config(sandbox, max_retries=6)) as tap:
        tap.wait_for_log("Trying again")
        with sandbox:
            run = tap.finish()
    assert complete(run, sandbox)


def test_refused_connections_for_ever() -> None:
    sandbox = Sandbox()
    with sandbox:
        pass
    error = the_error(run_forked(config(sandbox)))
    assert "connection refused" in error.lower()
    assert "tried 2 times" in error
    assert "max_retries" in error
    assert "request_timeout" not in error


@pytest.mark.parametrize(("seed", "concurrency"), [(1, 1), (2, 8)])
def test_random_mixtures_of_passing_faults(seed: int, concurrency: int) -> None:
    rng = Random(seed)
    mixture = [fault for name, fault in PASSING_FAULTS.items() if name not in SLOW]
    mixture += [faults.retry_after("1"), faults.retry_after("1", 503)]

    def script(_: RequestInfo) -> Fault | None:
        return rng.choice(mixture) if rng.random() < 0.1 else None

    workspace = Workspace(contacts(70 * PAGE_SIZE))
    with Sandbox(workspace, faults=script) as sandbox:
        settings = config(sandbox, max_retries=8, max_concurrent_requests=concurrency)
        assert complete(run_forked(settings), sandbox)
    assert sandbox.peak_in_flight <= concurrency


def test_every_worker_failing_at_once_gives_one_error() -> None:
    def script(info: RequestInfo) -> Fault | None:
        return faults.status(500) if info.number > 1 else None

    outcome = outcome_of(script, max_retries=0, max_concurrent_requests=8)
    assert "HTTP 500" in the_error(outcome.run)


def test_a_refusal_ends_the_run_while_other_requests_hang() -> None:
    # It counts when it comes again.
    held = faults.in_turn(None, *[faults.hang()] * 3, *[faults.status(403)] * 20)
    outcome = outcome_of(held, request_timeout=60, max_concurrent_requests=8)
    assert "HTTP 403" in the_error(outcome.run)


# Throttling.


@each(THROTTLED)
def test_throttling_is_waited_out_and_is_no_retry(outcome: Outcome) -> None:
    assert complete(outcome.run, outcome.sandbox)
    assert len(outcome.requests) == SEARCH_REQUESTS + 2
    assert "0 retries" in outcome.run.log
    # A told time is at least that long, and who is not told does not hammer.
    at = [info.at for info in outcome.requests]
    for number in (1, 4):
        assert at[number] - at[number - 1] >= 0.5


@each(TOO_LONG)
def test_a_told_wait_over_an_hour_ends_the_run(outcome: Outcome) -> None:
    error = the_error(outcome.run)
    assert "Retry-After" in error
    assert "3600" in error
    assert len(outcome.requests) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_nobody_sends_while_one_is_told_to_wait(form: str) -> None:
    # Of the eight requests after the first, the last is told to wait; the others are answered
    # late, so that seven workers are free to send in the midst of the time they must not.
    told_wait, held = 3, 1.0
    told = faults.retry_after(told_wait if form == "seconds" else None)

    def script(info: RequestInfo) -> Fault | None:
        if info.number == 9:
            return told if form == "seconds" else faults.retry_after(in_seconds(told_wait))
        return faults.delay(held) if 2 <= info.number < 9 else None

    outcome = outcome_of(script, max_retries=0, max_concurrent_requests=8)
    assert complete(outcome.run, outcome.sandbox)
    began = outcome.requests[8].at
    # A date has whole seconds, so up to one of them may be over already.
    ends = began + told_wait - (0 if form == "seconds" else 1)
    after = [info.at - began for info in outcome.requests[9:]]
    assert after
    assert [at for at in after if at < ends - began] == []


def test_the_throttle_of_a_real_server_is_survived() -> None:
    # The sandbox's minute passes quickly: at each refusal its clock is moved on.
    workspace = Workspace(private_contacts())

    def hurry(number: int, workspace: Workspace) -> None:
        if number % 6 == 0:
            workspace.clock.advance(59)

    # Where it tells its limit beforehand, there would be no refusals to survive.
    with Sandbox(
        workspace, throttle_per_minute=5, throttle_tells=False, before_request=hurry
    ) as sandbox:
        run = run_forked(config(sandbox, max_retries=0))
    assert complete(run, sandbox)
    assert len(sandbox.requests) > PAGES


# Answers that end the run at once.


@each(REFUSED)
def test_a_refusal_ends_the_run_at_once(case: Case, outcome: Outcome) -> None:
    _, status, hint = REFUSALS[str(case)]
    error = the_error(outcome.run)
    assert len(outcome.requests) == 1
    assert status in error
    assert re.search(hint, error), f"no hint at {hint}: {error}"
    assert outcome.run.records == []


@pytest.mark.parametrize("rejects_like_laravel", [False, True])
def test_a_wrong_token(rejects_like_laravel: bool) -> None:  # noqa: FBT001 - a parameter
    with Sandbox(rejects_like_laravel=rejects_like_laravel) as sandbox:
        error = the_error(run_forked(config(sandbox, auth_token="another-token")))  # noqa: S106
    assert "HTTP 401" in error
    assert "auth_token" in error
    assert len(sandbox.requests) == 1


def test_a_wrong_path() -> None:
    with Sandbox() as sandbox:
        error = the_error(run_forked(config(sandbox, api_url=f"{sandbox.url}/wrong")))
    assert "HTTP 404" in error
    assert "api_url" in error
    assert len(sandbox.requests) == 1


@each([case for case in REFUSED if str(case) == "422"])
def test_a_validation_error_is_quoted_up_to_300_characters(outcome: Outcome) -> None:
    error = the_error(outcome.run)
    assert LONG[:300] in error
    assert LONG[:301] not in error


def test_a_validation_error_with_texts_of_fields_is_quoted_in_one_line() -> None:
    body = {"message": "The given data\nwas invalid.", "errors": {"status": ["Status is\nodd."]}}
    outcome = outcome_of(faults.always(faults.status(422, body)))
    error = the_error(outcome.run)
    assert "The given data was invalid." in error
    assert "Status is odd" in error


def test_an_unknown_host() -> None:
    error = the_error(run_forked({"api_url": "https://nonexistent.invalid", "auth_token": TOKEN}))
    assert "host is unknown" in error
    assert "subdomain" in error
    assert "api_url" in error
    assert TOKEN not in error


# Headers.


def test_headers_of_every_request() -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox:
        assert complete(run_forked(config(sandbox)), sandbox)
    assert len(sandbox.requests) == REQUESTS
    for info in sandbox.requests:
        assert info.method == "GET"
        assert info.headers["Authorization"] == f"Bearer {sandbox.token}"
        assert info.headers["Accept"] == "application/json"
        assert info.headers["User-Agent"] == f"tap-mihu/{version('tap-mihu')}"


def test_the_user_agent_can_be_set() -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox:
        assert complete(run_forked(config(sandbox, user_agent="acme nightly/7 (ops)")), sandbox)
    assert {info.headers["User-Agent"] for info in sandbox.requests} == {"acme nightly/7 (ops)"}


def test_a_worker_keeps_its_connection() -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox:
        assert complete(run_forked(config(sandbox, max_concurrent_requests=2)), sandbox)
    assert len({info.client_port for info in sandbox.requests}) <= 2


def test_netrc_does_not_replace_the_token(tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="ascii")
    netrc.chmod(0o600)
    with Sandbox(Workspace(private_contacts())) as sandbox:
        env = {"HOME": str(tmp_path), "NETRC": str(netrc)}
        assert complete(run_forked(config(sandbox), env=env), sandbox)
    tokens = {info.headers["Authorization"] for info in sandbox.requests}
    assert tokens == {f"Bearer {sandbox.token}"}


# Other servers.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    made = Certificate(str(folder / "certificate.pem"), str(folder / "key.pem"))
    extensions = (
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
    )
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-out", made.certificate, "-keyout", made.key),
            *(part for extension in extensions for part in ("-addext", extension)),
        ],
        check=True,
        capture_output=True,
    )
    return made


@contextmanager
def tls_sandbox(certificate: Certificate) -> Iterator[tuple[Sandbox, Relay, dict[str, Any]]]:
    """A sandbox behind TLS, and settings to reach it."""
    with (
        Sandbox(Workspace(private_contacts())) as sandbox,
        Relay(sandbox.port, certificate) as relay,
    ):
        url = f"https://localhost:{relay.server_port}/api/v1"
        yield sandbox, relay, config(sandbox, api_url=url)


def test_a_certificate_nobody_vouches_for(certificate: Certificate) -> None:
    with tls_sandbox(certificate) as (sandbox, relay, settings):
        error = the_error(run_forked(settings))
    assert "TLS" in error
    assert "REQUESTS_CA_BUNDLE" in error
    assert "api_url" in error
    assert relay.connections == 1
    assert sandbox.requests == []


def test_a_server_that_does_not_speak_tls() -> None:
    with Sandbox() as sandbox:
        url = sandbox.url.replace("http://", "https://")
        error = the_error(run_forked(config(sandbox, api_url=url)))
    assert "TLS" in error
    assert "api_url" in error
    assert sandbox.requests == []


def test_requests_ca_bundle_is_honoured(certificate: Certificate) -> None:
    with tls_sandbox(certificate) as (sandbox, _, settings):
        run = run_forked(settings, env={"REQUESTS_CA_BUNDLE": certificate.certificate})
    assert complete(run, sandbox)


def test_requests_ca_bundle_that_does_not_exist(certificate: Certificate) -> None:
    with tls_sandbox(certificate) as (_, relay, settings):
        error = the_error(run_forked(settings, env={"REQUESTS_CA_BUNDLE": "/nowhere.pem"}))
    assert "REQUESTS_CA_BUNDLE" in error
    assert relay.seen == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_a_proxy_is_honoured(name: str) -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox, Relay(sandbox.port) as proxy:
        url = f"http://localhost:{sandbox.port}/api/v1"
        env = {name: f"http://127.0.0.1:{proxy.server_port}"}
        assert complete(run_forked(config(sandbox, api_url=url), env=env), sandbox)
    assert len(proxy.seen) == REQUESTS
    assert all(target.startswith(f"{url}/contacts?") for target, _ in proxy.seen)


def test_https_proxy_is_honoured_and_does_not_see_the_token(certificate: Certificate) -> None:
    with tls_sandbox(certificate) as (sandbox, relay, settings), Relay() as proxy:
        env = {
            "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_port}",
            "REQUESTS_CA_BUNDLE": certificate.certificate,
        }
        assert complete(run_forked(settings, env=env), sandbox)
    assert proxy.seen
    for target, headers in proxy.seen:
        assert target == f"localhost:{relay.server_port}"
        assert sandbox.token not in str(headers)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_honoured(name: str) -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox, Relay(sandbox.port) as proxy:
        url = f"http://localhost:{sandbox.port}/api/v1"
        env = {"HTTP_PROXY": f"http://127.0.0.1:{proxy.server_port}", name: "localhost"}
        assert complete(run_forked(config(sandbox, api_url=url), env=env), sandbox)
    assert proxy.connections == 0


@pytest.mark.parametrize(("code", "page"), [(302, 1), (301, 5), (308, 5)])
def test_redirects_are_never_followed(code: int, page: int) -> None:
    with Sandbox(Workspace(private_contacts()), token=TOKEN) as sandbox, Relay() as other:
        elsewhere = faults.redirect(f"http://127.0.0.1:{other.server_port}/api/v1/contacts", code)
        sandbox.faults = faults.at_page(page, elsewhere)
        error = the_error(run_forked(config(sandbox, max_concurrent_requests=1)))
    assert f"HTTP {code}" in error
    assert "api_url" in error
    assert len(sandbox.requests) == page
    assert other.connections == 0


def test_addresses_in_the_envelope_are_never_followed() -> None:
    with Sandbox(Workspace(private_contacts())) as sandbox, Relay() as other:
        elsewhere = f"http://127.0.0.1:{other.server_port}/api/v1/contacts?page=2"
        keys = ("first_page_url", "next_page_url", "prev_page_url", "last_page_url", "path")
        sandbox.faults = faults.always(faults.lying(**dict.fromkeys(keys, elsewhere)))
        assert complete(run_forked(config(sandbox)), sandbox)
    assert other.connections == 0


# What a failed run leaves behind.


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_failed_run_has_written_what_was_settled_before(concurrency: int) -> None:
    workspace = Workspace(contacts(120 * PAGE_SIZE))
    failing_from = 100

    def script(info: RequestInfo) -> Fault | None:
        return faults.status(500) if info.number >= failing_from else None

    with Sandbox(workspace, faults=script) as sandbox:
        settings = config(sandbox, max_retries=0, max_concurrent_requests=concurrency)
        failed = run_forked(settings)
        the_error(failed)
        assert failed.records
        assert len(set(failed.uuids)) == len(failed.uuids)
        assert is_open(failed.state)
        assert bookmark(failed.state) is None
        sandbox.faults = faults.never
        before = len(sandbox.requests)
        resumed = run_forked(settings, state=failed.state)
        assert resumed.status == 0, resumed.log
    assert len(sandbox.requests) - before < failing_from
    expected = {contact["uuid"] for contact in workspace.contacts()}
    assert set(failed.uuids) | set(resumed.uuids) == expected
    # Only what was written after the last checkpoint comes again.
    assert len(resumed.uuids) < len(expected)
    assert not is_open(resumed.state)
    assert bookmark(resumed.state) is not None

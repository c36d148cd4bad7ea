"""Ways to the API: names, proxies, TLS; failures there name the proxy or the file at fault."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tap_mihu.errors import MihuError, RefusedError
from tests.sandbox import Sandbox, faults
from tests.unit.api.listings import ALL, asking, listing_of, sandbox_with, unresolved
from tests.unit.api.proxies import Proxy

LOGIN = "somebody:pass-phrase"
NOWHERE = "https://api.example.test/api/v1"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
    for name in (*proxies, *map(str.lower, proxies), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def failure(url: str) -> tuple[str, int]:
    """Why an API cannot be reached, and how many requests found that out."""
    with listing_of(Sandbox(), url=url) as listing, pytest.raises(MihuError) as error:
        listing.page(ALL, 1)
    assert not isinstance(error.value, RefusedError)
    assert "page 1" not in str(error.value)
    return str(error.value), listing.client.requests


# Names and ports.


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME])
def test_a_name_that_does_not_resolve_for_the_moment(
    monkeypatch: pytest.MonkeyPatch, code: int, answered: bool
) -> None:
    # Without keep-alive, each request resolves the name again.
    closing = faults.always(faults.headers({"Connection": "close"}))
    with sandbox_with(closing) as sandbox:
        url = sandbox.url.replace("127.0.0.1", "localhost")
        with listing_of(sandbox, url=url) as listing:
            if answered:
                listing.page(ALL, 1)
            unresolved(monkeypatch, "localhost", code, 1)
            if answered or code == socket.EAI_AGAIN:
                assert listing.page(ALL, 2).number == 2
                assert listing.client.retries == 1
            else:
                with pytest.raises(MihuError, match=r"host is unknown: .* subdomain or api_url"):
                    listing.page(ALL, 2)


def test_what_cannot_be_reached_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    unresolved(monkeypatch, "api.example.test", socket.EAI_AGAIN, 9)
    said, requests = failure(NOWHERE)
    assert "cannot be resolved" in said
    assert "tried 2 times, see max_retries" in said
    assert requests == 2
    said, requests = failure(f"http://{nobody()}/api/v1")
    assert "connection refused (tried 2 times" in said
    assert "request_timeout" not in said
    assert requests == 2


def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


# Proxies.


def use_proxy(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{LOGIN}@{address}")


@pytest.mark.parametrize(("status", "requests"), [(407, 1), (403, 1), (429, 2), (502, 2)])
def test_a_proxy_that_refuses_to_connect_sees_neither_token_nor_query(
    monkeypatch: pytest.MonkeyPatch, status: int, requests: int
) -> None:
    with Proxy(status) as proxy:
        use_proxy(monkeypatch, proxy.address)
        said, made = failure(NOWHERE)
    words = f"refuses to connect to the API (HTTP {status})"
    words = "asks for a login (HTTP 407)" if status == 407 else words
    assert f"he proxy {proxy.address} {words}: check HTTP_PROXY, HTTPS_PROXY" in said
    assert "pass-phrase" not in said
    assert made == requests
    assert all(seen.startswith("api.example.test:443\n") for seen in proxy.seen)
    assert "Bearer" not in "".join(proxy.seen)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("code", "requests"), [(None, 2), (socket.EAI_AGAIN, 2), (socket.EAI_NONAME, 1)]
)
def test_a_proxy_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, code: int | None, requests: int, scheme: str
) -> None:
    proxy = "proxy.example.test:3128" if code else nobody()
    if code:
        unresolved(monkeypatch, "proxy.example.test", code, 9)
    use_proxy(monkeypatch, proxy)
    said, made = failure(NOWHERE.replace("https", scheme))
    assert f"he proxy {proxy}" in said
    assert ("check HTTP_PROXY, HTTPS_PROXY" if code else ": connection refused") in said
    assert "pass-phrase" not in said
    assert made == requests


def test_a_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with sandbox_with() as sandbox:
        # The sandbox is its own proxy: nobody else knows where that host is.
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{sandbox.port}")
        with listing_of(sandbox, url="http://api.example.test/api/v1") as listing:
            assert listing.page(ALL, 1).number == 1
    assert sandbox.requests[0].headers["Host"] == "api.example.test"


def test_no_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    use_proxy(monkeypatch, nobody())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with asking() as (listing, _):
        assert listing.page(ALL, 1).number == 1


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A self-signed certificate of this machine, and its key."""
    path = str(tmp_path_factory.mktemp("tls") / "both.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-out", path, "-keyout", path),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-addext", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign"),
        ],
        check=True,
        capture_output=True,
    )
    return path


@contextmanager
def behind_tls(certificate: str) -> Iterator[tuple[Sandbox, str]]:
    """A sandbox behind TLS, and its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with sandbox_with() as sandbox:
        server = sandbox._server  # noqa: SLF001
        # The handshake waits for the first reading, in the connection's own thread.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        yield sandbox, sandbox.url.replace("http:", "https:")


def test_a_certificate_nobody_vouches_for(certificate: str) -> None:
    with behind_tls(certificate) as (sandbox, url):
        said, requests = failure(url)
    assert said.startswith("TLS failure (self-signed certificate): check api_url and REQUESTS_CA_B")
    assert (requests, sandbox.requests) == (1, [])


def test_a_server_that_does_not_speak_tls() -> None:
    with sandbox_with() as sandbox:
        said, requests = failure(sandbox.url.replace("http:", "https:"))
    assert said.startswith("TLS failure")
    assert "api_url" in said
    assert requests == 1


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_file_is_used_and_missed(
    monkeypatch: pytest.MonkeyPatch, certificate: str, name: str
) -> None:
    with behind_tls(certificate) as (sandbox, url):
        monkeypatch.setenv(name, certificate)
        with listing_of(sandbox, url=url) as listing:
            assert listing.page(ALL, 1).number == 1
        monkeypatch.setenv(name, "/nowhere/ca.pem")
        said, requests = failure(url)
    assert said == "The CA file that REQUESTS_CA_BUNDLE (or CURL_CA_BUNDLE) names is missing."
    assert requests == 1

"""Failures on the way to the API: they name the proxy, or the file, that is at fault."""

import socket

import pytest

from tap_mihu.errors import MihuError, RefusedError
from tests.proxies import proxy_that_says
from tests.unit.api.listings import ALL, by_name, listing_of, sandbox_with, unresolved

LOGIN = "somebody:pass-phrase"


def failure_by_way_of(
    monkeypatch: pytest.MonkeyPatch, proxy: str, scheme: str = "https"
) -> tuple[MihuError, int]:
    """The error of a read by way of a proxy, and how many requests were made."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://{LOGIN}@{proxy}")
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with sandbox_with() as sandbox:
        url = by_name(sandbox).replace("http:", f"{scheme}:")
        with listing_of(sandbox, url=url) as listing:
            with pytest.raises(MihuError) as error:
                listing.page(ALL, 1)
            requests = listing.client.requests
    assert sandbox.requests == []
    assert not isinstance(error.value, RefusedError)
    assert "pass-phrase" not in str(error.value)
    return error.value, requests


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_asks_for_a_login(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    error, requests = failure_by_way_of(monkeypatch, proxy_that_says(407), scheme)
    assert "proxy" in str(error)
    assert "asks for a login" in str(error)
    assert f"{scheme.upper()}_PROXY" in str(error)
    assert requests == 1


@pytest.mark.parametrize(("status", "requests"), [(403, 1), (404, 1), (502, 2), (503, 2)])
def test_a_proxy_that_refuses_to_connect(
    monkeypatch: pytest.MonkeyPatch, status: int, requests: int
) -> None:
    proxy = proxy_that_says(status)
    error, made = failure_by_way_of(monkeypatch, proxy)
    assert f"he proxy {proxy} refuses to connect to the API (HTTP {status})" in str(error)
    assert "HTTPS_PROXY" in str(error)
    assert made == requests


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error, requests = failure_by_way_of(monkeypatch, f"127.0.0.1:{port}", scheme)
    assert f"the proxy 127.0.0.1:{port}: connection refused" in str(error)
    assert requests == 2


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("code", "requests"), [(socket.EAI_AGAIN, 2), (socket.EAI_NONAME, 1)])
def test_a_proxy_whose_name_does_not_resolve(
    monkeypatch: pytest.MonkeyPatch, code: int, requests: int, scheme: str
) -> None:
    unresolved(monkeypatch, "proxy.example.test", code, 9)
    error, made = failure_by_way_of(monkeypatch, "proxy.example.test:3128", scheme)
    assert "he proxy proxy.example.test:3128" in str(error)
    assert "HTTPS_PROXY" in str(error)
    assert "subdomain" not in str(error)
    assert made == requests


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_ca_file_that_is_missing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, "/nowhere/ca.pem")
    with sandbox_with() as sandbox:
        url = sandbox.url.replace("http:", "https:")
        with (
            listing_of(sandbox, url=url) as listing,
            pytest.raises(MihuError, match=rf"CA file that .*{name}.* is missing"),
        ):
            listing.page(ALL, 1)
        assert listing.client.requests == 1

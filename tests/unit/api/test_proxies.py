"""Failures on the way to the API: they name the proxy, or the file, that is at fault."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from tap_mihu.errors import MihuError, RefusedError
from tests.unit.api.listings import ALL, by_name, listing_of, sandbox_with, unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

LOGIN = "somebody:pass-phrase"


@contextmanager
def proxy_that_says(status: int) -> Iterator[ThreadingHTTPServer]:
    """A proxy that gives every request the same response."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.asked += 1  # type: ignore[attr-defined]
            self.send_response_only(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_CONNECT = do_GET  # noqa: N815 - the name that is looked for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = 0  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
    with proxy_that_says(407) as proxy:
        error, requests = failure_by_way_of(monkeypatch, f"127.0.0.1:{proxy.server_port}", scheme)
    assert "proxy" in str(error)
    assert "asks for a login" in str(error)
    assert f"{scheme.upper()}_PROXY" in str(error)
    assert requests == 1


@pytest.mark.parametrize(("status", "requests"), [(403, 1), (404, 1), (502, 2), (503, 2)])
def test_a_proxy_that_refuses_to_connect(
    monkeypatch: pytest.MonkeyPatch, status: int, requests: int
) -> None:
    with proxy_that_says(status) as proxy:
        address = f"127.0.0.1:{proxy.server_port}"
        error, made = failure_by_way_of(monkeypatch, address)
    assert f"he proxy {address} refuses to connect to the API (HTTP {status})" in str(error)
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

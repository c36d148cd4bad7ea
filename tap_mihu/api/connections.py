"""Connections: one for each request under way, prepared once, to one host by the same way."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.utils import select_proxy
from typing_extensions import override

from tap_mihu.api.deadlines import DeadlineAdapter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from urllib3.connectionpool import ConnectionPool

__all__ = ["Connections"]

_STREAMED = (True, None, None)  # stream, verify, cert


class _Adapter(DeadlineAdapter):
    """Sends to one host, always by the same way, which is worked out but once."""

    _pool: ConnectionPool | None = None

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool


class Connections:
    """The connections of any number of threads to one API."""

    def __init__(self, url: str, headers: Mapping[str, str], timeout_seconds: float) -> None:
        """Prepare what all requests share.

        Args:
            url: The API's root.
            headers: Sent with every request.
            timeout_seconds: Without a byte for so long, a request has failed.
        """
        self._url = url
        self._headers = headers
        self._timeout_seconds = timeout_seconds
        self._idle: list[Callable[[str], requests.Response]] = []
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self.proxy: str | None = None
        """Host and port of the proxy that requests go by, without its login; None without one."""

    @contextmanager
    def get(self, path_and_query: str) -> Iterator[requests.Response]:
        """Send a request by a connection of its own, until the block ends.

        Yields:
            The response, whose body is not read yet.

        Raises:
            requests.RequestException: Or what `failures` explains besides.
        """
        try:
            send = self._idle.pop()
        except IndexError:
            send = self._open_session()
        try:
            with closing(send(self._url + path_and_query)) as response:
                yield response
        finally:
            self._idle.append(send)

    def close(self) -> None:
        """Close what no request is under way on."""
        with self._lock:
            for session in self._sessions:
                session.close()

    def _open_session(self) -> Callable[[str], requests.Response]:
        """Make a session: one connection, prepared once.

        The adapter is called directly. A session's own `send` would follow up redirects and, in
        preparing, replace our token with a login from `.netrc`.
        """
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter())
        with self._lock:
            self._sessions.append(session)
        prepared = requests.Request("GET", self._url, headers=self._headers).prepare()
        # Proxies, NO_PROXY and REQUESTS_CA_BUNDLE apply only where they are passed on.
        environment: Any = session.merge_environment_settings(self._url, {}, *_STREAMED)
        self.proxy = _host_and_port(select_proxy(self._url, environment["proxies"]))
        adapter_send = session.get_adapter(self._url).send

        def send(url: str) -> requests.Response:
            prepared.url = url
            return adapter_send(prepared, timeout=self._timeout_seconds, **environment)

        return send


def _host_and_port(proxy: str | None) -> str | None:
    if proxy is None:
        return None
    try:
        parts = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    return f"{parts.hostname or ''}{port}"

"""Another server: one that records and forwards, as a proxy, behind TLS, or as a bystander."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Self
from urllib.parse import urlsplit


class _RelayHandler(BaseHTTPRequestHandler):
    server: Relay

    def do_GET(self) -> None:
        self.server.note(self.path, self.headers)
        url = urlsplit(self.path)
        upstream = HTTPConnection("127.0.0.1", self.server.upstream, timeout=10)
        try:
            upstream.request("GET", f"{url.path}?{url.query}", headers=dict(self.headers.items()))
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        self.send_response_only(answer.status)
        for name in ("Content-Type", "Date"):
            self.send_header(name, answer.getheader(name, ""))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.server.note(self.path, self.headers)
        port = int(self.path.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.send_response_only(200)
            self.end_headers()
            back = Thread(target=_pump, args=(far, self.connection))
            back.start()
            _pump(self.connection, far)
            back.join()

    def log_message(self, *_: object) -> None:
        pass


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Relay(ThreadingHTTPServer):
    """Notes what it is asked, and forwards it to a port of this machine."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, upstream: int = 0, certificate: Certificate | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _RelayHandler)
        self.upstream = upstream
        self.seen: list[tuple[str, Mapping[str, str]]] = []
        self.connections = 0
        self._lock = Lock()
        self._thread = Thread(target=self.serve_forever, args=(0.02,))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            # The handshake waits for the first reading, in the connection's own thread.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients that break off are what some tests are about."""

    def note(self, target: str, headers: Message) -> None:
        with self._lock:
            self.seen.append((target, dict(headers.items())))


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of this machine and its key, as files."""

    certificate: str
    key: str

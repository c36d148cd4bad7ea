"""A threaded HTTP/1.1 server that keeps connections alive and stops at once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from threading import Condition, Event, Thread
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.datastructures import Headers
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from tests.sandbox.wire import Wire

SEND = "sandbox.send"
"""Where the application leaves, in its environment, how its answer is to be sent."""

_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def run_wsgi(self) -> None:
        # Werkzeug's own closes each connection, after a pause for what may still come in.
        environ = self.make_environ()
        length = int(self.headers.get("Content-Length", 0))
        environ["wsgi.input"] = BytesIO(self.rfile.read(length))
        head: list[str] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            head.append(f"{self.protocol_version} {status}\r\n{Headers(headers)}")

        body = b"".join(self.server.app(environ, start_response))  # type: ignore[arg-type]
        send: Callable[[Wire], None] = environ.get(SEND, Wire.send)
        send(Wire(self.connection, head[-1].encode("latin-1"), body, self.server.stopping))

    def log(self, *_: Any) -> None:  # noqa: ANN401 - quiet
        pass


class Server(ThreadedWSGIServer):
    """Serve an application on a loopback port from a thread of its own."""

    def __init__(self, app: WSGIApplication, port: int, stopping: Event) -> None:
        self.stopping = stopping
        self._changed = Condition()
        self._connections: set[socket.socket] = set()
        super().__init__("127.0.0.1", port, app, _Handler)
        self._thread = Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Drop all connections and wait until nothing runs any more."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._connections, _STOP_SECONDS)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Remember a new connection."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401
        """Forget a connection; unlike the inherited way, without a FIN before an RST."""
        self.close_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

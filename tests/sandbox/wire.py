"""A threaded HTTP/1.1 server that keeps connections alive, sends well or badly, stops at once."""

import socket
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any, Self

from flask import Response
from werkzeug import Request
from werkzeug.datastructures import Headers
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

_POLL_SECONDS = 0.02
_STOP_SECONDS = 5.0


@dataclass(frozen=True)
class RequestInfo:
    """A request; numbers count from 1, `at` is in seconds of the monotonic clock."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    client_port: int
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, request: Request, number: int) -> Self:
        return cls(
            number,
            request.method,
            request.path,
            request.args.to_dict(),
            Headers(list(request.headers.items())),
            request.environ["REMOTE_PORT"],
        )

    @property
    def page(self) -> int | None:
        """The asked page; none when it is no number."""
        return _number(self.query.get("page", "1"))

    @property
    def per_page(self) -> int | None:
        """The asked size of a page, if any."""
        return _number(self.query.get("per_page", ""))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


@dataclass(frozen=True)
class Wire:
    """A connection, and the head and the body of the answer that belongs on it."""

    connection: socket.socket
    head: bytes
    body: bytes
    stopping: Event

    def send(self, data: bytes | None = None) -> None:
        """Send some bytes, or the whole answer."""
        self.connection.sendall(self.head + self.body if data is None else data)

    def wait(self, seconds: float) -> None:
        """Do nothing for a while; a server that stops meanwhile drops the connection."""
        if self.stopping.wait(seconds):
            raise ConnectionAbortedError

    def close(self) -> None:
        """End the connection in good order."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Let the server, once it finds nothing more to read, close with an RST."""
        abort = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)


Answer = Callable[[Request], tuple[Response, Callable[[Wire], None]]]
"""Gives the answer to a request, and the way to send it."""


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def run_wsgi(self) -> None:
        # Werkzeug's own closes each connection, after a pause for what may still come in.
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        environ = self.make_environ()
        response, send = self.server.answer(Request(environ))
        headers = response.get_wsgi_headers(environ)
        head = f"{self.protocol_version} {response.status}\r\n{headers}".encode("latin-1")
        send(Wire(self.connection, head, response.get_data(), self.server.stopping))

    def log(self, *_: Any) -> None:
        pass


class Server(ThreadedWSGIServer):
    """Answer requests on a loopback port, from a thread of its own."""

    def __init__(self, answer: Answer, port: int, stopping: Event) -> None:
        self.answer = answer
        self.stopping = stopping
        self._changed = Condition()
        self._connections: set[socket.socket] = set()
        super().__init__("127.0.0.1", port, Response(), _Handler)
        self._thread = Thread(target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True)
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

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a new connection."""
        with self._changed:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection; unlike the inherited way, without a FIN before an RST."""
        self.close_request(request)
        with self._changed:
            self._connections.discard(request)
            self._changed.notify_all()

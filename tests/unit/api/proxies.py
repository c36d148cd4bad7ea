"""A proxy that tunnels to a port of this machine, or refuses to."""

import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

__all__ = ["Proxy"]


class _Handler(BaseHTTPRequestHandler):
    server: "Proxy"

    def do_GET(self) -> None:
        self.server.seen.append(f"{self.path}\n{self.headers}")
        self.send_response_only(self.server.status)
        if self.server.status != 200:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.do_GET()
        if self.server.status != 200:
            return
        with socket.create_connection(("127.0.0.1", self.server.upstream)) as far:
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


class Proxy(ThreadingHTTPServer):
    """Answers every request with one status; 200 opens a tunnel."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int, upstream: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.upstream = upstream
        self.address = f"127.0.0.1:{self.server_port}"
        self.seen: list[str] = []
        """Target and headers of each request."""
        self._thread = Thread(target=self.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

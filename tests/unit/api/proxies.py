"""A proxy that refuses to connect to anybody."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

__all__ = ["Proxy"]


class _Handler(BaseHTTPRequestHandler):
    server: "Proxy"

    def do_CONNECT(self) -> None:
        self.server.seen.append(f"{self.path}\n{self.headers}")
        self.send_response_only(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Proxy(ThreadingHTTPServer):
    """Answers every request to connect with one status."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
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

"""One answer on its way out through a socket, for sending it well or badly."""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from threading import Event


@dataclass(frozen=True)
class Wire:
    """A connection, and the head and the body that belong on it."""

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

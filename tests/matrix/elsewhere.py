"""A server that the tap has no business with; whoever calls there is noticed."""

import atexit
import select
import socket

__all__ = ["ADDRESS", "visited"]

_listener = socket.create_server(("127.0.0.1", 0))
atexit.register(_listener.close)
ADDRESS = f"http://127.0.0.1:{_listener.getsockname()[1]}/api/v1/contacts?page=2"


def visited() -> bool:
    """Tell whether anybody ever called: a caller is never let in, and so stays at the door."""
    return bool(select.select([_listener], [], [], 0)[0])

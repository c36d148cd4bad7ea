"""Run a Python program in forks of a process that has imported it: a fraction of the cost.

Each run is still a process of its own, with a real exit status, real standard streams, a folder
and an environment of its own. `python -m tests.forks FUNCTION SOCKET` is the process that is
forked.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from select import select
from typing import NoReturn

__all__ = ["HANGS", "Fork", "forked"]

HANGS = -signal.SIGKILL
"""The exit status of a run that did not end by itself."""

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Fork:
    """A run under way, or over."""

    pid: int
    _connection: socket.socket

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status, as of a subprocess; after so many seconds it is killed."""
        with self._connection:
            if not select([self._connection], [], [], timeout)[0]:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGKILL)
            return _received(self._connection)


def forked(
    function: str,
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    stdout: Path,
    stderr: Path,
) -> Fork:
    """Start a program, with this environment alone, by calling a "module:function" in a fork."""
    mine, its = socket.socketpair()
    with its:
        socket.send_fds(_server(function), [b"\n"], [its.fileno()])
    files = (os.devnull, str(stdout), str(stderr))
    request = json.dumps([[*argv], str(folder), {**env}, files])
    mine.sendall(request.encode() + b"\n")
    return Fork(_received(mine), mine)


@cache
def _server(function: str) -> socket.socket:
    """Start the process that is forked, which ends with this one; return how to talk to it."""
    mine, its = socket.socketpair()
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks", function, str(its.fileno())],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(mine.close)
    return mine


def _send(connection: socket.socket, number: int) -> None:
    connection.sendall(b"%16d" % number)


def _received(connection: socket.socket) -> int:
    return int(connection.recv(16, socket.MSG_WAITALL))


# What follows happens in the other process.


def _serve(function: str, server: socket.socket) -> None:
    module, name = function.split(":")
    main = getattr(import_module(module), name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()  # or each fork would copy all there is when it ends
    while descriptors := socket.recv_fds(server, 1, 1)[1]:
        with socket.socket(fileno=descriptors[0]) as connection:
            if not os.fork():
                server.close()
                _look_after(main, connection)


def _look_after(main: Callable[[], object], connection: socket.socket) -> NoReturn:
    """Fork once more, to be the program's parent, and tell its exit status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with connection.makefile() as lines:
        request = json.loads(lines.readline())
    pid = os.fork()
    if not pid:
        connection.close()
        _be(main, *request)
    _send(connection, pid)
    _, status = os.waitpid(pid, 0)
    with suppress(OSError):
        _send(connection, os.waitstatus_to_exitcode(status))
    os._exit(0)


def _be(
    main: Callable[[], object], argv: list[str], folder: str, env: dict[str, str], files: list[str]
) -> NoReturn:
    """Be the program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for descriptor, name in enumerate(files):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if descriptor else os.O_RDONLY)
        os.dup2(file, descriptor)
        os.close(file)
    sys.argv = argv
    sys.exit(main())  # type: ignore[arg-type]


if __name__ == "__main__":
    _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))

"""An HTTP server that costs its clients as little as possible: made for measuring them.

`python -m tests.benchmarks.server '{"contacts": 100}'` prints its port, and stops when its standard
input ends.
"""

import asyncio
import json
import sys
import time
from datetime import date
from email.utils import formatdate
from functools import lru_cache
from selectors import SelectSelector
from urllib.parse import parse_qsl, urlsplit

from tests.benchmarks.contacts import Contacts

PER_PAGE = 100


class Site:
    """What the server knows: contacts, how long an answer takes, how many requests came."""

    def __init__(self, contacts: Contacts, latency: float) -> None:
        self.latency = latency
        self.requests = 0
        self._contacts = contacts

    def page(self, query: str) -> bytes:
        """Write one page of the contacts that a query selects."""
        asked = dict(parse_qsl(query))
        numbers = self._contacts.between(
            date.fromisoformat(asked.get("date_from", "0001-01-01")),
            date.fromisoformat(asked.get("date_to", "9999-12-31")),
        )
        page, total = int(asked.get("page", 1)), len(numbers)
        rows = self._contacts.encoded(numbers[(page - 1) * PER_PAGE : page * PER_PAGE])
        return (
            b'{"success":true,"message":"Contacts retrieved successfully","data":'
            b'{"current_page":%d,"data":[%b],"first_page_url":"http:\\/\\/127.0.0.1\\/?page=1",'
            b'"last_page":%d,"per_page":%d,"total":%d}}'
            % (page, b",".join(rows), max(1, -(-total // PER_PAGE)), PER_PAGE, total)
        )


class Connection(asyncio.Protocol):
    """One kept-alive connection; its requests have no bodies."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come in whole; tell on `/requests` how many came since."""
        self._received += data
        site, loop = self._site, asyncio.get_running_loop()
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            url = urlsplit(head.split(b" ", 2)[1].decode("ascii"))
            if url.path == "/requests":
                self._send(b"%d" % site.requests)
                site.requests = 0
                continue
            due = loop.time() + site.latency
            site.requests += 1
            body = site.page(url.query)
            if site.latency:
                loop.call_at(due, self._send, body)
            else:
                self._send(body)

    def _send(self, body: bytes) -> None:
        self._transport.writelines((_head(int(time.time()), len(body)), body))


@lru_cache(maxsize=256)
def _head(now: int, length: int) -> bytes:
    return (
        "HTTP/1.1 200 OK\r\n"
        f"Date: {formatdate(now, usegmt=True)}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {length}\r\n"
        "\r\n"
    ).encode()


async def serve(site: Site) -> None:
    """Serve on a free port until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(site), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main(contacts: int, shape: str = "plain", spread: str = "even", latency_ms: int = 0) -> None:
    site = Site(Contacts(contacts, shape, spread), latency_ms / 1000)
    # Its clock is finer than that of the default one, which rounds waits up to milliseconds.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(SelectSelector())) as runner:
        runner.run(serve(site))


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

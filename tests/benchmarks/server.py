"""An HTTP server that costs its clients as little as possible: made for measuring them.

`python -m tests.benchmarks.server` prints its port, and stops when its standard input ends.
"""

import argparse
import asyncio
import json
import sys
import time
from datetime import date
from email.utils import formatdate
from functools import lru_cache
from selectors import SelectSelector
from urllib.parse import parse_qsl, urlsplit

from tests.benchmarks.calendar import SPREADS, make_calendar
from tests.benchmarks.contacts import SHAPES, Contacts

PER_PAGE = 100


class Site:
    """What the server knows: contacts, how long an answer takes, and who asked so far."""

    def __init__(self, contacts: Contacts, latency: float) -> None:
        """Start with nobody asking."""
        self.latency = latency
        self.requests = self.in_flight = self.peak_in_flight = 0
        self._contacts = contacts

    def arrive(self) -> None:
        """Note that a request came."""
        self.requests += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def leave(self) -> None:
        """Note that a request was answered."""
        self.in_flight -= 1

    def stats(self) -> bytes:
        """Tell the figures since the last time, and start over."""
        stats = {"requests": self.requests, "peak_in_flight": self.peak_in_flight}
        self.requests = self.peak_in_flight = 0
        return json.dumps(stats).encode()

    def page(self, query: str) -> bytes:
        """Write one page of the contacts that a query selects."""
        asked = dict(parse_qsl(query))
        numbers = self._contacts.calendar.between(
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
        """Belong to a site."""
        self._site = site
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that has come in whole."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            url = urlsplit(head.split(b" ", 2)[1].decode("ascii"))
            if url.path == "/stats":
                self._send(self._site.stats())
            else:
                loop = asyncio.get_running_loop()
                due = loop.time() + self._site.latency
                self._site.arrive()
                body = self._site.page(url.query)
                if self._site.latency:
                    loop.call_at(due, self._answer, body)
                else:
                    self._answer(body)

    def _answer(self, body: bytes) -> None:
        self._site.leave()
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


def main() -> None:
    """Make a workspace and serve it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="plain")
    parser.add_argument("--spread", choices=list(SPREADS), default="even")
    parser.add_argument("--latency-ms", type=float, default=0)
    args = parser.parse_args()
    contacts = Contacts(make_calendar(args.contacts, args.spread), args.shape)
    # Its clock is finer than that of the default one, which rounds waits up to milliseconds.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(SelectSelector())) as runner:
        runner.run(serve(Site(contacts, args.latency_ms / 1000)))


if __name__ == "__main__":
    main()

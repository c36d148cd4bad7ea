"""An HTTP server that costs its clients as little as possible: made for measuring them.

`python -m tests.benchmarks.server '{"contacts": 100}'` prints its port, and stops when its standard
input ends.
"""

import asyncio
import json
import sys
from contextlib import suppress
from datetime import date
from email.utils import formatdate
from selectors import SelectSelector
from urllib.parse import parse_qsl, urlsplit

from tests.benchmarks.contacts import Contacts

PER_PAGE = 100


def page_of(contacts: Contacts, query: str) -> bytes:
    """Write one page of the contacts that a query selects."""
    asked = dict(parse_qsl(query))
    numbers = contacts.between(
        date.fromisoformat(asked.get("date_from", "0001-01-01")),
        date.fromisoformat(asked.get("date_to", "9999-12-31")),
    )
    page, total = int(asked.get("page", 1)), len(numbers)
    rows = contacts.encoded(numbers[(page - 1) * PER_PAGE : page * PER_PAGE])
    return (
        b'{"success":true,"message":"Contacts retrieved successfully","data":'
        b'{"current_page":%d,"data":[%b],"first_page_url":"http:\\/\\/127.0.0.1\\/?page=1",'
        b'"last_page":%d,"per_page":%d,"total":%d}}'
        % (page, b",".join(rows), max(1, -(-total // PER_PAGE)), PER_PAGE, total)
    )


async def serve(contacts: Contacts, latency: float) -> None:
    """Serve on a free port until standard input ends."""
    loop = asyncio.get_running_loop()
    requests = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on a connection; tell on `/requests` how many requests came since."""
        nonlocal requests
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                due = loop.time() + latency
                url = urlsplit(head.split(b" ", 2)[1].decode("ascii"))
                if url.path == "/requests":
                    body, requests = b"%d" % requests, 0
                else:
                    requests += 1
                    body = page_of(contacts, url.query)
                    if latency:
                        await asyncio.sleep(due - loop.time())
                start = (
                    f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.writelines((start.encode(), body))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


def main(contacts: int, shape: str = "plain", spread: str = "even", latency_ms: int = 0) -> None:
    serving = serve(Contacts(contacts, shape, spread), latency_ms / 1000)
    # Its clock is finer than that of the default one, which rounds waits up to milliseconds.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(SelectSelector())) as runner:
        runner.run(serving)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

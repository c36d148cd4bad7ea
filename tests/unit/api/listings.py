"""A listing of the sandbox, asked in this process."""

import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from tap_mihu.api.client import Client
from tap_mihu.api.listing import Listing
from tap_mihu.records.decoding import PageDecoder
from tap_mihu.records.pages import DateRange
from tap_mihu.records.shaping import Shaper
from tests.sandbox import Sandbox, Workspace, contacts, faults
from tests.sandbox.faults import Script

MAY = DateRange(date(2025, 5, 1), date(2025, 5, 6))
ALL = DateRange()
SCHEMA = json.loads(files("tap_mihu.schemas").joinpath("contacts.json").read_bytes())


@contextmanager
def listing_of(sandbox: Sandbox, **more: Any) -> Iterator[Listing]:  # noqa: ANN401 - any setting
    """The sandbox's contacts, for a client that loses patience quickly."""
    settings: dict[str, Any] = {"url": sandbox.url, "max_retries": 1, "timeout_seconds": 1} | more
    client = Client(
        settings.pop("url"),
        token=sandbox.token,
        user_agent="test",
        logger=logging.getLogger("test"),
        **settings,
    )
    decoder = PageDecoder(Shaper(SCHEMA, extra_fields="custom_fields"))
    try:
        yield Listing(client, "contacts", "/contacts", {"per_page": 5, "search": "@"}, decoder)
    finally:
        client.close()


def sandbox_with(script: Script = faults.never) -> Sandbox:
    return Sandbox(Workspace(contacts(60)), faults=script)


def unresolved(monkeypatch: pytest.MonkeyPatch, name: str, code: int, times: int) -> None:
    """Let a name fail to resolve, so many times."""
    real, left = socket.getaddrinfo, [times]

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if host == name and left[0]:
            left[0] -= 1
            raise socket.gaierror(code, "name resolution failed")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def by_name(sandbox: Sandbox) -> str:
    return sandbox.url.replace("127.0.0.1", "localhost")

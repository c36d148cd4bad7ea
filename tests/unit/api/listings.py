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
from tests.sandbox import Sandbox, faults
from tests.sandbox.faults import Script
from tests.workspaces import workspace_of

MAY = DateRange(date(2025, 5, 1), date(2025, 5, 6))
ALL = DateRange()
SCHEMA = json.loads(files("tap_mihu.schemas").joinpath("contacts.json").read_bytes())


def sandbox_with(script: Script = faults.never) -> Sandbox:
    return Sandbox(workspace_of(60), faults=script)


@contextmanager
def listing_of(sandbox: Sandbox, **more: Any) -> Iterator[Listing]:
    """The sandbox's contacts, for a client that loses patience quickly."""
    settings = {"url": sandbox.url, "token": sandbox.token, "user_agent": "acme/1"}
    client = Client(
        **settings | {"max_retries": 1, "timeout_seconds": 1} | more,
        logger=logging.getLogger("test"),
    )
    decoder = PageDecoder(Shaper(SCHEMA, extra_fields="custom_fields"))
    try:
        yield Listing(client, "contacts", "/contacts", {"per_page": 5, "search": "@"}, decoder)
    finally:
        client.close()


@contextmanager
def asking(script: Script = faults.never, **more: Any) -> Iterator[tuple[Listing, Sandbox]]:
    """Such a listing of a sandbox of its own."""
    with sandbox_with(script) as sandbox, listing_of(sandbox, **more) as listing:
        yield listing, sandbox


def unresolved(monkeypatch: pytest.MonkeyPatch, name: str, code: int, times: int) -> None:
    """Let a name fail to resolve, so many times."""
    real, left = socket.getaddrinfo, [times]

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == name and left[0]:
            left[0] -= 1
            raise socket.gaierror(code, "name resolution failed")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

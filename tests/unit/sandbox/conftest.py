"""A sandbox of sixty contacts, and who asks it."""

from collections.abc import Iterator

import pytest

from tests.sandbox import Sandbox, Workspace, contacts
from tests.sandbox.client import Client


@pytest.fixture
def workspace() -> Workspace:
    return Workspace(contacts(60, custom_fields=("loyalty", "remarks")))


@pytest.fixture
def sandbox(workspace: Workspace) -> Iterator[Sandbox]:
    with Sandbox(workspace) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client(sandbox) as session:
        yield session

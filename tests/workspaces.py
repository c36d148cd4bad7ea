"""Workspaces that several tests begin with."""

from typing import Any

from tests.sandbox import Clock, Workspace, contacts
from tests.sandbox.clock import NOON


def workspace_of(count: int, **made: Any) -> Workspace:
    """A workspace whose clock stands at noon."""
    return Workspace(contacts(count, until=NOON, **made), clock=Clock(NOON))

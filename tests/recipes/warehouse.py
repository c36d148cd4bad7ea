"""What the recipes' workspaces hold."""

from typing import Any

from tests.sandbox import Workspace, contacts
from tests.sandbox.clock import NOON

__all__ = ["some", "uuids"]


def some(count: int = 100, **options: Any) -> Workspace:
    return Workspace(contacts(count, until=NOON, **options))


def uuids(workspace: Workspace) -> set[str]:
    return {contact["uuid"] for contact in workspace.contacts()}

"""A client of the sandbox that takes what comes: no retries, no redirects."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.sandbox import Sandbox
from tests.workspaces import workspace_of


class Client(requests.Session):
    """Asks as the tap would."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.trust_env = False
        self.sandbox = sandbox
        self.headers["Accept"] = "application/json"
        self.headers["Authorization"] = f"Bearer {sandbox.token}"

    def ask(self, path: str = "contacts", /, **query: object) -> requests.Response:
        url = f"{self.sandbox.url}/{path}"
        params = {key: str(value) for key, value in query.items()}
        return self.get(url, params=params, timeout=20, allow_redirects=False)

    def page(self, **query: object) -> dict[str, Any]:
        """Give a page's data, its addresses below the API's own."""
        text = self.ask(**query).text.replace(self.sandbox.url.replace("/", "\\/"), "")
        data: dict[str, Any] = json.loads(text)["data"]
        return data

    def walk(self, **query: object) -> list[dict[str, Any]]:
        last_page = self.page(**query)["last_page"]
        pages = [self.page(page=number, **query) for number in range(1, last_page + 1)]
        return [row for page in pages for row in page["data"]]


@contextmanager
def asking(**options: Any) -> Iterator[Client]:
    """Ask a sandbox of sixty contacts, if it is told no other ones."""
    options.setdefault("workspace", workspace_of(60, custom_fields=("loyalty", "remarks")))
    with Sandbox(**options) as sandbox, Client(sandbox) as client:
        yield client

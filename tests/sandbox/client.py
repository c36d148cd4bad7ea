"""A client of the sandbox that takes what comes: no retries, no redirects."""

from typing import Any

import requests

from tests.sandbox.sandbox import Sandbox

__all__ = ["TIMEOUT", "Client"]

TIMEOUT = 20


class Client(requests.Session):
    """Ask a sandbox for contacts as the tap would."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.trust_env = False
        self.sandbox = sandbox
        self.headers["Accept"] = "application/json"
        self.headers["Authorization"] = f"Bearer {sandbox.token}"

    def ask(self, **query: object) -> requests.Response:
        return self.get(
            f"{self.sandbox.url}/contacts",
            params={key: str(value) for key, value in query.items()},
            timeout=TIMEOUT,
            allow_redirects=False,
        )

    def page(self, **query: object) -> dict[str, Any]:
        response = self.ask(**query)
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["success"] is True
        data: dict[str, Any] = body["data"]
        return data

    def walk(self, **query: object) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page, last_page = 0, 1
        while page < last_page:
            page += 1
            data = self.page(page=page, **query)
            rows += data["data"]
            last_page = int(data["last_page"])
        return rows

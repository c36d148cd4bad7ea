"""The sandbox: a workspace behind a real HTTP server on the loopback interface."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Self

from tests.sandbox.api import BASE, Api
from tests.sandbox.wire import Server


@dataclass
class Sandbox(Api):
    """Serves a workspace while its `with` block runs; the options are those of the API."""

    _: KW_ONLY
    port: int = 0
    _server: Server = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self.stopping.clear()
        self._server = Server(self.answer, self.port, self.stopping)
        # Kept, so that a sandbox entered again is a server that came back.
        self.port = self._server.port
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The API's address, as the tap's `api_url`."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    def config(self, **more: Any) -> dict[str, Any]:
        """Give the tap's settings for this server."""
        return {"api_url": self.url, "auth_token": self.token, **more}

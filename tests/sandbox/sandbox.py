"""The sandbox: a workspace behind a real HTTP server on the loopback interface."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from secrets import token_urlsafe
from threading import Event
from typing import Any, Self

from tests.sandbox.app import BASE, make_app
from tests.sandbox.faults import Script, never
from tests.sandbox.server import Server
from tests.sandbox.traffic import RequestInfo, Traffic
from tests.sandbox.workspace import Workspace


def _undisturbed(request_number: int, workspace: Workspace) -> None:
    del request_number, workspace


@dataclass
class Sandbox:
    """Serves a workspace while its `with` block runs; the options are the server's invalid."""

    workspace: Workspace = field(default_factory=Workspace)
    _: KW_ONLY
    faults: Script = never
    before_request: Callable[[int, Workspace], None] = _undisturbed
    token: str = field(default_factory=lambda: token_urlsafe(24))
    port: int = 0
    latency: float = 0.0
    throttle_per_minute: int | None = None
    throttle_seconds: float = 60.0
    """The throttle's minute."""
    throttle_tells: bool = True
    caps_per_page: int | None = None
    supports_dates: bool = True
    ignores_page: bool = False
    numbers_as_text: bool = False
    escapes_like_php: bool = True
    rejects_like_laravel: bool = False
    traffic: Traffic = field(init=False, default_factory=Traffic)
    stopping: Event = field(init=False, default_factory=Event)
    _server: Server = field(init=False, repr=False)

    def __enter__(self) -> Self:
        self.stopping.clear()
        self._server = Server(make_app(self), self.port, self.stopping)
        self._server.start()
        # Kept, so that a sandbox entered again is a server that came back.
        self.port = self._server.port
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        """The API's address, as the tap's `api_url`."""
        return f"http://127.0.0.1:{self.port}{BASE}"

    @property
    def requests(self) -> list[RequestInfo]:
        """All requests so far, in the order they were answered in."""
        return self.traffic.requests

    @property
    def peak_in_flight(self) -> int:
        """The most requests ever in flight at once."""
        return self.traffic.peak_in_flight

    def config(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Give the tap's settings for this server."""
        return {"api_url": self.url, "auth_token": self.token, **more}

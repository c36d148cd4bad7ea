"""A simulated server behind the sandbox's HTTP: whatever it lies about, a real tap reads it."""

from datetime import date

from werkzeug import Response
from werkzeug.http import http_date

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange, Page
from tests.sandbox import faults
from tests.sandbox.answers import envelope, json_response
from tests.sandbox.faults import Fault, Script
from tests.sandbox.traffic import RequestInfo
from tests.simulated.server import FailedError, SimulatedServer


def serving(server: SimulatedServer) -> Script:
    """Return the faults of a sandbox by which its responses are those of a simulated server."""

    def script(info: RequestInfo) -> Fault:
        ends = [info.query.get(name) for name in ("date_from", "date_to")]
        dates = DateRange(*(date.fromisoformat(end) if end else None for end in ends))
        try:
            page = server.fetch(dates, info.page or 1, info.per_page)
        except FailedError:
            return faults.status(500)
        except RefusedError:
            return faults.status(422)
        return faults.Fault("simulated", lambda _: _response(page, info))

    return script


def _response(page: Page, info: RequestInfo) -> Response:
    rows = [
        {"uuid": row.uuid, "created_at": row.created_at, "updated_at": row.updated_at}
        for row in page.rows
    ]
    body = envelope(
        rows, page=page.number, per_page=max(1, len(rows)), total=page.total, path=info.path
    )
    body["data"]["last_page"] = page.last_page
    return json_response(body, headers={"Date": http_date(page.served_at)})

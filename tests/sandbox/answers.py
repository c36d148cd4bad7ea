"""The bodies of the API's answers: the envelope around a page, and errors."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from werkzeug import Response

JSON = "application/json"
HTML = "text/html; charset=utf-8"
LOGIN_PAGE = "<!DOCTYPE html><html><body><form>Log in to Mihu</form></body></html>"

_PAGES_EACH_SIDE = 3


def php_json(value: object) -> bytes:
    """Encode as PHP does by default: all ASCII, and slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def utf8_json(value: object) -> bytes:
    """Encode with as few escapes as possible."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def json_response(
    value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(php_json(value), status, headers, content_type=JSON)


def documented_error(status: int, code: str, message: str) -> Response:
    error = {"code": code, "details": None}
    return json_response({"success": False, "message": message, "error": error}, status)


def invalid(errors: Mapping[str, Sequence[str]]) -> Response:
    """Answer with what Laravel's validation says."""
    first, *more = (text for texts in errors.values() for text in texts)
    rest = f" (and {len(more)} more error{'s' if len(more) > 1 else ''})" if more else ""
    body = {"message": first + rest, "errors": errors}
    return json_response(body, HTTPStatus.UNPROCESSABLE_ENTITY)


def envelope(
    rows: Sequence[Mapping[str, Any]], *, page: int, per_page: int, total: int, path: str
) -> dict[str, Any]:
    """Wrap one page of rows as Laravel's paginator does."""
    last_page = max(1, -(-total // per_page))
    before = (page - 1) * per_page
    near = range(max(1, page - _PAGES_EACH_SIDE), min(last_page, page + _PAGES_EACH_SIDE) + 1)

    def url(number: int) -> str | None:
        return f"{path}?page={number}" if 1 <= number <= last_page else None

    def link(number: int, label: str) -> dict[str, Any]:
        return {"url": url(number), "label": label, "active": label == str(page)}

    data = {
        "current_page": page,
        "data": rows,
        "first_page_url": url(1),
        "from": before + 1 if rows else None,
        "last_page": last_page,
        "last_page_url": url(last_page),
        "links": [
            link(page - 1, "&laquo; Previous"),
            *(link(number, str(number)) for number in near),
            link(page + 1, "Next &raquo;"),
        ],
        "next_page_url": url(page + 1),
        "path": path,
        "per_page": per_page,
        "prev_page_url": url(page - 1),
        "to": before + len(rows) if rows else None,
        "total": total,
    }
    return {"success": True, "message": "Contacts retrieved successfully", "data": data}

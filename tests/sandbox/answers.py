"""The bodies of the API's answers: the envelope around a page, and errors."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response

JSON = "application/json"
HTML = "text/html; charset=utf-8"
LOGIN_PAGE = "<!DOCTYPE html><html><body><form>Log in to Mihu</form></body></html>"


def php_json(value: object) -> bytes:
    """Encode as PHP does by default: all ASCII, and slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def json_response(
    value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(php_json(value), status, headers, content_type=JSON)


def documented_error(status: int, code: str, message: str) -> Response:
    error = {"code": code, "details": None}
    return json_response({"success": False, "message": message, "error": error}, status)


def envelope(
    rows: Sequence[Mapping[str, Any]], *, page: int, per_page: int, total: int, path: str
) -> dict[str, Any]:
    """Wrap one page of rows as Laravel's paginator does."""
    last_page = max(1, -(-total // per_page))
    before = (page - 1) * per_page

    def url(number: int) -> str | None:
        return f"{path}?page={number}" if 1 <= number <= last_page else None

    data = {
        "current_page": page,
        "data": rows,
        "first_page_url": url(1),
        "from": before + 1 if rows else None,
        "last_page": last_page,
        "last_page_url": url(last_page),
        "links": [{"url": url(page + 1), "label": "Next &raquo;", "active": False}],
        "next_page_url": url(page + 1),
        "path": path,
        "per_page": per_page,
        "prev_page_url": url(page - 1),
        "to": before + len(rows) if rows else None,
        "total": total,
    }
    return {"success": True, "message": "Contacts retrieved successfully", "data": data}

"""A tap as the Meltano SDK's documentation builds it, with everything at its default."""

import sys
from pathlib import Path
from typing import Any

from singer_sdk import Stream, Tap
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import PageNumberPaginator
from singer_sdk.streams import RESTStream


class Contacts(RESTStream[int]):
    name = "contacts"
    url_base = sys.argv[1]
    path = "/contacts"
    primary_keys = ("uuid",)
    replication_key = "updated_at"
    records_jsonpath = "$.data.data[*]"
    schema_filepath = Path(__file__).parents[3] / "schemas" / "contacts.json"
    authenticator = BearerTokenAuthenticator(token="benchmark")  # noqa: S106 - not a secret

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        return {"page": next_page_token, "per_page": 100}

    def get_new_paginator(self) -> PageNumberPaginator:
        return PageNumberPaginator(1)


class StockTap(Tap):
    name = "tap-stock"
    config_jsonschema = {"properties": {}}  # noqa: RUF012 - as the SDK has it

    def discover_streams(self) -> list[Stream]:
        return [Contacts(self)]


if __name__ == "__main__":
    StockTap().sync_all()

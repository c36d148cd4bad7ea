"""A tap as the Meltano SDK's documentation builds it, with everything at its default."""

import sys
from pathlib import Path
from typing import Any

from singer_sdk import Stream, Tap
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import PageNumberPaginator
from singer_sdk.streams import RESTStream
from singer_sdk.typing import PropertiesList, Property, StringType

SCHEMA = Path(__file__).parents[3] / "schemas" / "contacts.json"


class Contacts(RESTStream[int]):
    """The stream of contacts."""

    name = "contacts"
    path = "/contacts"
    primary_keys = ("uuid",)
    replication_key = "updated_at"
    records_jsonpath = "$.data.data[*]"
    schema_filepath = SCHEMA

    @property
    def url_base(self) -> str:
        """The address of the API."""
        return str(self.config["api_url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """The way to sign a request."""
        return BearerTokenAuthenticator(token="benchmark")  # noqa: S106 - not a secret

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:  # noqa: ANN401
        """Ask for a page."""
        return {"page": next_page_token, "per_page": 100}

    def get_new_paginator(self) -> PageNumberPaginator:
        """Count pages until one is empty."""
        return PageNumberPaginator(1)


class StockTap(Tap):
    """The tap around the stream."""

    name = "tap-stock"
    config_jsonschema = PropertiesList(Property("api_url", StringType, required=True)).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Offer the one stream."""
        return [Contacts(self)]


if __name__ == "__main__":
    StockTap(config={"api_url": sys.argv[1]}).sync_all()

"""A connector made with Airbyte's declarative CDK, read by its own entry point."""

import json
import sys
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models.airbyte_protocol_serializers import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)

SCHEMA = Path(__file__).parents[3] / "schemas" / "contacts.json"


def _manifest(api_url: str, schema: dict[str, Any]) -> dict[str, Any]:
    stream = {
        "type": "DeclarativeStream",
        "name": "contacts",
        "primary_key": ["uuid"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": schema},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": api_url,
                "path": "/contacts",
                "http_method": "GET",
                "authenticator": {"type": "BearerAuthenticator", "api_token": "benchmark"},
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["data", "data"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "page",
                },
                "page_size_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "per_page",
                },
                "pagination_strategy": {
                    "type": "PageIncrement",
                    "page_size": 100,
                    "start_from_page": 1,
                    "inject_on_first_request": True,
                },
            },
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["contacts"]},
        "streams": [stream],
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": {}},
        },
    }


def main(api_url: str) -> None:
    """Read the stream in full."""
    schema = json.loads(SCHEMA.read_text())
    catalog = {
        "streams": [
            {
                "stream": {
                    "name": "contacts",
                    "json_schema": schema,
                    "supported_sync_modes": ["full_refresh"],
                },
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }
    Path("config.json").write_text("{}")
    Path("catalog.json").write_text(json.dumps(catalog))
    source = ConcurrentDeclarativeSource(
        catalog=ConfiguredAirbyteCatalogSerializer.load(catalog),
        config={},
        state=None,
        source_config=_manifest(api_url, schema),
    )
    launch(source, ["read", "--config", "config.json", "--catalog", "catalog.json"])


if __name__ == "__main__":
    main(sys.argv[1])

"""A connector made with Airbyte's declarative CDK, read by its own entry point."""

import json
import sys
from pathlib import Path

import yaml
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models.airbyte_protocol_serializers import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "contacts.json").read_text())
MANIFEST = """\
version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [contacts]}
spec: {type: Spec, connection_specification: {type: object, properties: {}}}
streams:
- type: DeclarativeStream
  name: contacts
  primary_key: [uuid]
  retriever:
    type: SimpleRetriever
    requester:
      type: HttpRequester
      path: /contacts
      http_method: GET
      authenticator: {type: BearerAuthenticator, api_token: benchmark}
    record_selector:
      type: RecordSelector
      extractor: {type: DpathExtractor, field_path: [data, data]}
    paginator:
      type: DefaultPaginator
      page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
      page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: per_page}
      pagination_strategy:
        type: PageIncrement
        page_size: 100
        start_from_page: 1
        inject_on_first_request: true
"""


def main(api_url: str) -> None:
    manifest = yaml.safe_load(MANIFEST)
    (declared,) = manifest["streams"]
    declared["schema_loader"] = {"type": "InlineSchemaLoader", "schema": SCHEMA}
    declared["retriever"]["requester"]["url_base"] = api_url
    stream = {"name": "contacts", "json_schema": SCHEMA, "supported_sync_modes": ["full_refresh"]}
    modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    catalog = {"streams": [{"stream": stream, **modes}]}
    Path("config.json").write_text("{}")
    Path("catalog.json").write_text(json.dumps(catalog))
    configured = ConfiguredAirbyteCatalogSerializer.load(catalog)
    source = ConcurrentDeclarativeSource(
        catalog=configured, config={}, state=None, source_config=manifest
    )
    launch(source, ["read", "--config", "config.json", "--catalog", "catalog.json"])


if __name__ == "__main__":
    main(sys.argv[1])

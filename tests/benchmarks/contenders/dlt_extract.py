"""dlt's REST source, extracting into files below the working folder."""

import sys
from typing import TYPE_CHECKING

import dlt
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from dlt.sources.rest_api import rest_api_source

if TYPE_CHECKING:
    from dlt.sources.rest_api.typing import RESTAPIConfig


def main(api_url: str) -> None:
    endpoint = {"path": "contacts", "params": {"per_page": 100}, "data_selector": "data.data"}
    config: RESTAPIConfig = {
        "client": {
            "base_url": api_url,
            "auth": {"type": "bearer", "token": "benchmark"},
            "paginator": PageNumberPaginator(base_page=1, total_path=None),
        },
        "resources": [{"name": "contacts", "primary_key": "uuid", "endpoint": endpoint}],
    }
    dlt.pipeline("benchmark", pipelines_dir="dlt").extract(rest_api_source(config))


if __name__ == "__main__":
    main(sys.argv[1])

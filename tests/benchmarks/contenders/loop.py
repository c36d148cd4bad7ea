"""The script a user would write by hand, with the standard library's json or with msgspec."""

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import requests


def main(api_url: str, decode: Callable[[bytes], Any], write: Callable[[Any], object]) -> None:
    """Write every contact as a line like a RECORD message."""
    session = requests.Session()
    headers = {"Authorization": "Bearer benchmark", "Accept": "application/json"}
    page = last_page = 1
    while page <= last_page:
        params = {"page": page, "per_page": 100}
        response = session.get(f"{api_url}/contacts", params=params, headers=headers, timeout=60)
        response.raise_for_status()
        envelope = decode(response.content)["data"]
        for contact in envelope["data"]:
            write({"type": "RECORD", "stream": "contacts", "record": contact})
        last_page = envelope["last_page"]
        page += 1


if __name__ == "__main__":
    if sys.argv[2] == "json":
        main(sys.argv[1], json.loads, lambda message: sys.stdout.write(json.dumps(message) + "\n"))
    else:
        fast, buffer = import_module("msgspec.json"), sys.stdout.buffer
        main(sys.argv[1], fast.decode, lambda message: buffer.write(fast.encode(message) + b"\n"))

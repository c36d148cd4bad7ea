"""The script a user would write by hand: requests and the standard library's json."""

import json
import sys

import requests


def main(api_url: str) -> None:
    """Write every contact as a line like a RECORD message."""
    session = requests.Session()
    headers = {"Authorization": "Bearer benchmark", "Accept": "application/json"}
    page = last_page = 1
    while page <= last_page:
        params = {"page": page, "per_page": 100}
        response = session.get(f"{api_url}/contacts", params=params, headers=headers, timeout=60)
        response.raise_for_status()
        envelope = json.loads(response.content)["data"]
        for contact in envelope["data"]:
            message = {"type": "RECORD", "stream": "contacts", "record": contact}
            sys.stdout.write(json.dumps(message) + "\n")
        last_page = envelope["last_page"]
        page += 1


if __name__ == "__main__":
    main(sys.argv[1])

"""A target in memory, to see what messages leave in a table."""

from typing import Any

from tests.e2e.running import Run


class Target:
    """A table that is kept by upserts, and retires the rows of other versions."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[int | None, dict[str, Any]]] = {}

    def load(self, run: Run) -> None:
        for message in run.messages:
            if message["type"] == "RECORD":
                record = message["record"]
                self.rows[record["uuid"]] = (message.get("version"), record)
            elif message["type"] == "ACTIVATE_VERSION":
                current = message["version"]
                self.rows = {key: row for key, row in self.rows.items() if row[0] == current}

    @property
    def table(self) -> dict[str, dict[str, Any]]:
        return {key: record for key, (_, record) in self.rows.items()}

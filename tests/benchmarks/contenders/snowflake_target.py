"""target-snowflake without its database calls: what is left is its own work.

It runs in an environment of its own, takes messages from its standard input, and with a number as
argument, it insists on so many rows in the files that it would have sent.
"""

import gzip
import sys
from collections.abc import Sequence

from sqlalchemy import create_engine
from target_snowflake.connector import SnowflakeConnector
from target_snowflake.target import TargetSnowflake

CUT = (
    "prepare_schema",
    "prepare_table",
    "invalidate_table_cache",
    "create_file_format",
    "drop_file_format",
    "put_batches_to_stage",
    "remove_staged_files",
)
CONFIG = {"account": "a", "user": "u", "password": "p", "database": "d"}


def main(expected: int | None) -> None:
    rows = 0

    def count(_self: SnowflakeConnector, sync_id: str, files: Sequence[str]) -> None:
        nonlocal rows
        for url in files:
            with gzip.open(url.removeprefix("file://")) as lines:
                rows += sum(1 for _ in lines)

    for name in CUT:
        setattr(SnowflakeConnector, name, lambda *_, **__: None)
    # It knows Snowflake's SQL, and no server.
    SnowflakeConnector.create_engine = lambda self: create_engine(self.sqlalchemy_url)
    SnowflakeConnector.merge_from_stage = lambda *_, **__: 0
    if expected is not None:
        SnowflakeConnector.put_batches_to_stage = count
    TargetSnowflake(config=CONFIG).listen()
    if expected is not None and rows != expected:
        sys.exit(f"{rows} rows came, not {expected}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)

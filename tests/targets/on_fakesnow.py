"""Run target-snowflake on a fake Snowflake that is kept in a folder, or ask that one something.

`python -m tests.targets.on_fakesnow FOLDER` takes the target's arguments, or `--query SQL`, whose
rows it prints as JSON. It runs in the environment of `snowflake-requirements.txt`.
"""

import json
import sys
from unittest import mock

import fakesnow  # type: ignore[import-not-found]
import snowflake.connector  # type: ignore[import-not-found]
from target_snowflake.target import TargetSnowflake  # type: ignore[import-not-found]

from tests.targets.fakesnow_stage import StageCursor

DATABASE = "WAREHOUSE"


def query(sql: str) -> None:
    """Print the rows, one a line."""
    cursor = snowflake.connector.connect(database=DATABASE).cursor(snowflake.connector.DictCursor)
    for row in cursor.execute(sql).fetchall():
        sys.stdout.write(f"{json.dumps(row, default=str)}\n")


def main() -> None:
    """Do as the arguments say."""
    folder, *arguments = sys.argv[1:]
    with (
        mock.patch("fakesnow.conn.FakeSnowflakeCursor", StageCursor),
        fakesnow.patch(db_path=folder),
    ):
        if arguments[0] == "--query":
            query(arguments[1])
        else:
            TargetSnowflake.cli(arguments)


if __name__ == "__main__":
    main()

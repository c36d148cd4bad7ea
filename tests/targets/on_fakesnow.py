"""Load into a fake Snowflake again and again, and print what its table holds each time.

`python -m tests.targets.on_fakesnow FOLDER` first prints the settings that target-snowflake knows.
Then it reads a line of JSON for each load, the file with the tap's messages and the target's
settings, and prints all rows as one. It runs in the environment of `snowflake-requirements.txt`.
What the target needs of Snowflake's user stage `@~`, and fakesnow lacks, is here.
"""

import io
import json
import re
import shutil
import sys
from contextlib import redirect_stdout
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest import mock
from urllib.parse import urlparse
from urllib.request import url2pathname

import fakesnow  # type: ignore[import-not-found]
import snowflake.connector  # type: ignore[import-not-found]
from fakesnow.cursor import FakeSnowflakeCursor  # type: ignore[import-not-found]
from fakesnow.transforms.file_format import lookup_file_format  # type: ignore[import-not-found]
from target_snowflake.target import TargetSnowflake  # type: ignore[import-not-found]

_STAGE = Path(mkdtemp(prefix="user-stage-"))
_DONE = "SELECT 'Statement executed successfully.' AS status"

_PUT = re.compile(r"put '(?P<uri>file://[^']+)' '@~/(?P<path>[^']+)'")
_REMOVE = re.compile(r"remove '@~/(?P<path>[^']+)/'")
_DROP_FILE_FORMAT = re.compile(r"drop file format if exists \S+")
_FROM_STAGE = re.compile(
    r"\(select (?P<columns>.+) from '@~/(?P<path>[^']+)'\(file_format => (?P<format>\S+)\) "
    r"(?P<qualify>QUALIFY .+) = 1\) s on "
)


class _StageCursor(FakeSnowflakeCursor):  # type: ignore[misc]
    """A cursor that keeps staged files in a folder, and merges rows out of it."""

    def execute(self, command: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Execute a statement, written anew where fakesnow would not understand it."""
        command, params = self._rewrite_with_params(command, params)
        if put := _PUT.fullmatch(command):
            folder = _STAGE / put["path"]
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(url2pathname(urlparse(put["uri"]).path), folder)
            command = _DONE
        elif remove := _REMOVE.fullmatch(command):
            shutil.rmtree(_STAGE / remove["path"])
            command = _DONE
        elif _DROP_FILE_FORMAT.fullmatch(command):
            command = _DONE
        elif source := _FROM_STAGE.search(command):
            # An unknown file format is an error, as it is in Snowflake.
            lookup_file_format(
                self._duck_conn, source["format"], self._conn.database, self._conn.schema
            )
            # fakesnow merges by way of a table in the current schema, where Snowflake needs none.
            super().execute(f"use schema {source['format'].rpartition('.')[0]}")
            command = _FROM_STAGE.sub(lambda _: _selection(source), command)
        return super().execute(command, params, *args, **kwargs)


def _selection(source: re.Match[str]) -> str:
    """Read staged JSON by DuckDB's means, with a number for each row in the order of the file."""
    columns = source["columns"].replace("$1:", "_1:")
    qualify = source["qualify"].replace("SEQ8()", "_row")
    rows = (
        "SELECT json AS _1, row_number() OVER () AS _row"  # noqa: S608 - the target's own statement
        f" FROM read_json_objects('{_STAGE / source['path']}/*')"
    )
    # Snowflake's QUALIFY sees the names given in its own SELECT; DuckDB's does not.
    return f"(select * from (select {columns}, _row from ({rows})) {qualify} = 1) s on "  # noqa: S608


def main() -> None:
    """Load what standard input tells."""
    TargetSnowflake.append_builtin_config(TargetSnowflake.config_jsonschema)
    _print(TargetSnowflake.config_jsonschema)
    with (
        mock.patch("fakesnow.conn.FakeSnowflakeCursor", _StageCursor),
        fakesnow.patch(db_path=sys.argv[1]),
    ):
        for line in sys.stdin:
            path, config = json.loads(line)
            with redirect_stdout(io.StringIO()), Path(path).open(encoding="utf-8") as messages:
                TargetSnowflake(config=config).listen(messages)
            connection = snowflake.connector.connect(database=config["database"])
            cursor = connection.cursor(snowflake.connector.DictCursor)
            table = f"{config['default_target_schema']}.CONTACTS"
            _print(cursor.execute(f"SELECT * FROM {table}").fetchall())  # noqa: S608


def _print(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value, default=str)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

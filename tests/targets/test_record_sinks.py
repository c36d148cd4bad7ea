"""Why the page on targets warns of batches: targets built on `RecordSink` lose them in silence."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk.sinks import RecordSink
from singer_sdk.target_base import Target

from tests.batches import batch_config
from tests.e2e.in_process import in_process, signals_kept
from tests.sandbox import Sandbox, Workspace, contacts


class Sink(RecordSink):
    """Takes what comes."""

    taken: ClassVar[list[dict[str, Any]]] = []

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        self.taken.append(record)


class RecordTarget(Target):
    """The least target of its kind."""

    name = "target-of-records"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
    default_sink_class = Sink


def test_such_a_target_stores_the_state_but_no_row(tmp_path: Path) -> None:
    with Sandbox(Workspace(contacts(5))) as sandbox:
        run = in_process(sandbox.config(batch_config=batch_config(tmp_path)))
    with signals_kept(), redirect_stdout(io.StringIO()) as stored:
        RecordTarget(config={}).listen(io.StringIO(run.stdout.decode()))
    assert Sink.taken == []
    assert json.loads(stored.getvalue().splitlines()[-1]) == run.state

"""Into files of JSON lines, by Meltano: the same counts and values as in a database."""

from pathlib import Path
from random import Random

from tests.e2e.expected import as_record
from tests.projects import Project
from tests.sandbox import Sandbox
from tests.targets.contacts import by_uuid, varied_workspace

ALL = {"TAP_MIHU_LOOKBACK_SECONDS": "0"}


def test_every_line_is_a_contact_in_all_kinds_of_runs(folder: Path) -> None:
    workspace = varied_workspace()
    with Sandbox(workspace) as sandbox:
        project = Project(folder, sandbox)
        first = by_uuid(project.load("run", "tap-mihu", "target-jsonl", **ALL))
        assert first == by_uuid(map(as_record, workspace.contacts()))

        changed = {*workspace.edit_some(Random(0), 5), workspace.insert()}
        (deleted,) = workspace.pick(Random(1))
        workspace.delete(deleted)
        second = by_uuid(project.load("run", "tap-mihu", "target-jsonl", **ALL))
        current = by_uuid(map(as_record, workspace.contacts()))
        assert changed - {deleted} <= second.keys()
        assert second == {uuid: current[uuid] for uuid in second}
        assert len(second) < len(current) / 10

        # A full table, whose ACTIVATE_VERSION means nothing to a file.
        full = by_uuid(project.load("run", "tap-mihu--full", "target-jsonl"))
        assert full == current

"""Mihu workspaces, each read by several Meltano runs an hour, on as many workers as there are.

Copy this file into your DAGs folder, and name under EXTRACTORS the project's extractors, one per
workspace: `tap-mihu--acme` and so on. Workers need `meltano` on their PATH, the installed project
under MELTANO_PROJECT_ROOT, and a state backend that they share (MELTANO_STATE_BACKEND_URI).

Of one workspace, several runs at once are faster only as long as the rate limit of the token's user
allows. The plan of each is made once and kept in the Airflow variable `mihu_plan` with the
extractor's name. Delete the variable to have a new plan made; its runs read everything again. Rows
of deleted contacts stay in the table, because the run of one range does not see the others.
"""

import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from airflow.sdk import Variable, dag, task

EXTRACTORS = ["tap-mihu"]
RUNS = 8
PLAN = "mihu_plan"
OWN = {"run", "logs"}


def meltano(extractor: str, *arguments: str, **settings: str) -> str:
    """Run Meltano and return what it prints; its log goes to the task's log.

    Two runs of one extractor would break each other in one folder. So each has a folder of its own,
    which shares the installed plugins and the system database of the project.
    """
    project = Path(os.environ["MELTANO_PROJECT_ROOT"])
    settings["EMIT_ACTIVATE_VERSION_MESSAGES"] = "false"
    prefix = extractor.upper().replace("-", "_")
    variables = {f"{prefix}_{name}": value for name, value in settings.items()}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".meltano").mkdir()
        for path in (*project.iterdir(), *project.glob(".meltano/*")):
            own = folder / path.relative_to(project)
            if path.is_file() and path.parent == project:
                shutil.copy(path, own)  # Meltano takes no link for its file.
            elif path.name not in {".meltano", *OWN}:
                own.symlink_to(path)
        done = subprocess.run(
            ["meltano", *arguments],
            cwd=folder,
            env=os.environ | variables | {"MELTANO_PROJECT_ROOT": name},
            stdout=subprocess.PIPE,
            check=True,
        )
    return done.stdout.decode()


# Retried, for runs that start at once may both try to create the table.
@dag(
    schedule="@hourly",
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
)
def mihu_contacts() -> None:
    """Load each range of each plan, with a state of its own."""

    @task(map_index_template="{{ extractor }}")
    def plan(extractor: str) -> list[dict]:
        kept = Variable.get(f"{PLAN}_{extractor}", default=None)
        if kept is None:
            kept = meltano(extractor, "invoke", extractor, "--plan", str(RUNS))
            Variable.set(f"{PLAN}_{extractor}", kept)
        return [{"extractor": extractor} | shard for shard in json.loads(kept)]

    @task
    def all_of(plans: list[list[dict]]) -> list[dict]:
        return [shard for one in plans for shard in one]

    @task(map_index_template="{{ shard['extractor'] }} {{ shard['state_id_suffix'] }}")
    def load(shard: dict) -> None:
        meltano(
            shard["extractor"],
            *("run", shard["extractor"], "target-postgres"),
            *("--state-id-suffix", shard["state_id_suffix"]),
            FILTERS=json.dumps(shard["filters"]),
        )

    load.expand(shard=all_of(plan.expand(extractor=EXTRACTORS)))


mihu_contacts()

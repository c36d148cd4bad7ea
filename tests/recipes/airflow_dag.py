"""A large Mihu workspace, read by eight Meltano runs an hour, on as many workers as there are.

Copy this file into your DAGs folder. Workers need `meltano` on their PATH, the installed project
under MELTANO_PROJECT_ROOT, and a state backend that they share (MELTANO_STATE_BACKEND_URI). The
plan is made once and kept in the Airflow variable `mihu_plan`. Delete the variable to have a new
plan made; its runs read everything again. Rows of deleted contacts stay in the table, because the
run of one range does not see the others.
"""

import json
import os
import subprocess

from airflow.sdk import Variable, dag, task

RUNS = 8
PLAN = "mihu_plan"


def meltano(*arguments: str, **settings: str) -> str:
    """Run Meltano and return what it prints; its log goes to the task's log."""
    settings["TAP_MIHU_EMIT_ACTIVATE_VERSION_MESSAGES"] = "false"
    command = ["meltano", *arguments]
    environment = os.environ | settings
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


# Retried, for runs that start at once may both try to create the table.
@dag(schedule="@hourly", max_active_runs=1, default_args={"retries": 2})
def mihu_contacts() -> None:
    """Load each range of the plan, with a state of its own."""

    @task
    def plan() -> list[dict]:
        kept = Variable.get(PLAN, default=None)
        if kept is None:
            kept = meltano("invoke", "tap-mihu", "--plan", str(RUNS))
            Variable.set(PLAN, kept)
        return json.loads(kept)

    @task(map_index_template="{{ shard['state_id_suffix'] }}")
    def load(shard: dict) -> None:
        meltano(
            *("run", "tap-mihu", "target-postgres"),
            *("--state-id-suffix", shard["state_id_suffix"]),
            TAP_MIHU_FILTERS=json.dumps(shard["filters"]),
        )

    load.expand(shard=plan())


mihu_contacts()

"""Prints the DAGs of this repository as JSON; run as a process of its own, because importing Airflow rearranges logging."""

from __future__ import annotations

import json
import sys

from airflow.dag_processing.dagbag import DagBag


def main() -> None:
    bag = DagBag(sys.argv[1])
    dags = {
        dag.dag_id: {
            "schedule": str(
                getattr(dag.timetable, "expression", None) or getattr(dag.timetable, "_expression", None)
            ),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "doc": dag.doc_md or "",
            "params": {name: dag.params.get_param(name).schema for name in dag.params},
            "tasks": {
                task.task_id: {
                    "upstream": sorted(task.upstream_task_ids),
                    "pool": task.pool,
                    "retries": task.retries,
                    "doc": task.doc_md or "",
                    "mapped": task.is_mapped,
                    "trigger_rule": task.trigger_rule.value,
                    "outlets": sorted(asset.name for asset in task.outlets),
                }
                for task in dag.tasks
            },
        }
        for dag in bag.dags.values()
    }
    print(json.dumps({"errors": {str(k): str(v) for k, v in bag.import_errors.items()}, "dags": dags}))


if __name__ == "__main__":
    main()

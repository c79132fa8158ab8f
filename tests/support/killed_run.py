"""`python -m tests.support.killed_run FROM TO after-stage NAME | after-commit TABLE`: a run that is killed at a chosen point.

It is the real run: the process ends itself with SIGKILL, so nothing it holds is closed, told or taken back.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from spark_jobs import runner, settings
from spark_jobs.dates import DateRange
from spark_jobs.tables import Lake


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(first: str, last: str, point: str, name: str) -> None:
    publish = Lake.publish

    def publish_and_die(self: Lake, table: str, *given: Any, **more: Any) -> None:
        publish(self, table, *given, **more)
        if point == "after-commit" and table == name:
            die()

    Lake.publish = publish_and_die  # type: ignore[method-assign]

    def progress(result: runner.StageResult) -> None:
        if point == "after-stage" and (result.stage, result.state) == (name, "done"):
            die()

    runner.run_range(settings.load(), DateRange.parse(first, last), "backfill", progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])

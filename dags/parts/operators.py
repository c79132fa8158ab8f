"""Operators of the two DAGs. They start what the command line starts, with explicit business dates, and decide nothing themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from spark_jobs import settings as settings_module
from spark_jobs.bronze.waiting import may_start, source_systems
from spark_jobs.dates import DateRange, parse_date
from spark_jobs.errors import HELD, OxpeckerError

EXIT_CODE = "exit_code"


class StageOperator(BaseOperator):
    """One stage of the pipeline for a range of business dates; under the mapped form, for one source system.

    A gate that fails or a required feed that is held is a decision: the task fails without a retry. Everything else may be tried
    again, because every stage is idempotent.
    """

    template_fields: Sequence[str] = ("first", "last", "kind", "system")

    def __init__(
        self, *, job: str, first: str, last: str, kind: str, system: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.job = job
        self.first = first
        self.last = last
        self.kind = kind
        self.system = system

    def execute(self, context: Any) -> dict[str, Any]:
        from spark_jobs import runner

        options = {} if self.system is None else {"systems": [self.system]}
        dates = DateRange.parse(self.first, self.last)
        try:
            result = runner.run_job(settings_module.load(), self.job, dates, self.kind, **options)
        except OxpeckerError as problem:
            context["ti"].xcom_push(EXIT_CODE, problem.exit_code)
            if problem.exit_code == HELD:
                raise AirflowFailException(str(problem)) from None
            raise
        for table, rows in sorted(result.rows.items()):
            self.log.info("%s: %s rows", table, f"{rows:,}")
        return {"state": result.state, "secs": result.seconds, "rows": sum(result.rows.values())}


class SourceSystemsOperator(BaseOperator):
    """The source systems that have feed contracts, so that bronze can be mapped over them."""

    def execute(self, context: Any) -> list[str]:
        return source_systems(settings_module.load())


class CloseRunOperator(BaseOperator):
    """Enters the run into the ledger whatever became of it, and takes over its colour; a run that wrote nothing is not entered."""

    template_fields: Sequence[str] = ("first", "last", "kind")

    def __init__(self, *, first: str, last: str, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = first
        self.last = last
        self.kind = kind

    def execute(self, context: Any) -> dict[str, Any]:
        from spark_jobs import runner

        ti, run = context["ti"], context["dag_run"]
        states = ti.get_task_states(dag_id=self.dag_id, run_ids=[run.run_id]).get(run.run_id, {})
        red = sorted(name for name, state in states.items() if state in ("failed", "upstream_failed"))
        # Of mapped tasks every instance's value is in the list, of those that left nothing None.
        stages = sorted(self.upstream_task_ids)
        held = bool(red) and HELD in ti.xcom_pull(task_ids=stages, key=EXIT_CODE)
        state = ("held" if held else "failed") if red else "published"
        if not red and not any(told and told["rows"] for told in ti.xcom_pull(task_ids=stages)):
            return {"state": "unchanged"}
        dates = DateRange.parse(self.first, self.last)
        runner.close_run(settings_module.load(), dates, self.kind, state, run.start_date)
        if red:
            ti.xcom_push(EXIT_CODE, HELD if held else OxpeckerError.exit_code)
            raise AirflowFailException(f"{state}: {', '.join(red)}; nothing new is published")
        return {"state": state}


class DeliveriesTrigger(BaseTrigger):
    """Fires when the required deliveries of a business date are there, or its cut-off has passed."""

    def __init__(self, day: str, every_secs: float) -> None:
        super().__init__()
        self.day = day
        self.every_secs = every_secs

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__name__}", {
            "day": self.day,
            "every_secs": self.every_secs,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        while not await asyncio.to_thread(deliveries_are_in, self.day):
            await asyncio.sleep(self.every_secs)
        yield TriggerEvent(self.day)


class DeliveriesSensor(BaseSensorOperator):
    """Waits for the required deliveries of a business date without holding a worker slot, at the longest to the cut-off."""

    template_fields: Sequence[str] = ("day",)

    def __init__(self, *, day: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.day = day

    def execute(self, context: Any) -> None:
        if not deliveries_are_in(self.day):
            self.defer(
                trigger=DeliveriesTrigger(self.day, self.poke_interval),
                method_name="start_now",
                timeout=timedelta(seconds=self.timeout),
            )

    def start_now(self, context: Any, event: Any) -> None:
        self.log.info("deliveries of %s are in, or the cut-off has passed", event)


def deliveries_are_in(day: str) -> bool:
    from spark_jobs.clock import cut_off, utc_now

    settings = settings_module.load()
    date = parse_date(day)
    return may_start(settings, date, utc_now(), cut_off(settings, date))

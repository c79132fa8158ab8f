"""What jobs see of a bank's tables: read by name, published as the contract says, so that the same frame twice leaves the same rows.

Jobs say names such as `silver.party`; `catalog` knows where such a table lies, `publication` writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cached_property, partial
from typing import Any

from deltalake import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession

from spark_jobs import delta_log
from spark_jobs import settings as settings_module
from spark_jobs.catalog import Catalog
from spark_jobs.clock import Clock, RunContext, utc_now
from spark_jobs.contracts import Contracts
from spark_jobs.contracts import load as load_contracts
from spark_jobs.contracts.bronze import bronze_contract
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
from spark_jobs.dates import DateRange
from spark_jobs.privacy.tokens import Tokeniser, tokeniser
from spark_jobs.processes import one_at_a_time
from spark_jobs.publication import Publication, Written
from spark_jobs.settings import Settings

# Independent tables are written side by side; more threads than this gain nothing on a small machine.
WRITERS = 4
# A ledger to which each stage adds a file is joined from so many on: a year of them would be read by every task of every day.
FILES_KEPT = 64


class Lake(Catalog):
    """All tables of one bank, as one run sees them."""

    def __init__(
        self, spark: SparkSession, settings: Settings, run: RunContext, clock: Clock = utc_now
    ) -> None:
        self.sources = load_sources(settings.conf_dirs)
        declared = load_contracts(settings.conf_dirs)
        bronze = {source.table: bronze_contract(source) for source in self.sources.values()}
        super().__init__(spark, settings, Contracts(declared.fields, {**declared.tables, **bronze}))
        self.clock = clock
        self.run = run
        self.written: list[Written] = []

    # --- parameters -----------------------------------------------------------------------------------------

    def rules(self, name: str) -> Mapping[str, Any]:
        """Parameters of `conf/rules/<name>.yml`, overlays included."""
        return settings_module.rules(self.settings, name)

    def codes(self, name: str) -> Mapping[str, Mapping[str, str]]:
        """Rows of `conf/codes/<name>.csv` keyed by code."""
        return load_codes(self.settings.conf_dirs, name)

    @cached_property
    def tokens(self) -> Tokeniser:
        return tokeniser(self.settings, "lake")

    def token(self, kind: str, *columns: Column) -> Column:
        """Keyed token of these columns; null where any of them is null."""
        return self.tokens.column(kind, *columns)

    # --- writing --------------------------------------------------------------------------------------------

    def publish_all(self, frames: Mapping[str, DataFrame], dates: DateRange | None = None) -> None:
        """Publish independent tables side by side."""
        side_by_side(partial(self.publish, table, frame, dates) for table, frame in frames.items())

    def is_made_of(self, table: str, made_of: str, since: date) -> bool:
        """Whether the newest commit was made of just this, and the commits before it reach back to `since`.

        False where the log cannot be read here: then the table is made anew, which is never wrong.
        """
        stamp = delta_log.stamp(self.location(table)) if self.is_local else {}
        return stamp.get("made_of") == made_of and stamp["since"] <= str(since)

    def publish(
        self, table: str, frame: DataFrame, dates: DateRange | None = None, *, within: Column | None = None,
        is_new: bool = False, made_of: str | None = None, is_large: bool = False,
    ) -> None:  # fmt: skip
        """Write a table as its contract says. The same frame twice leaves the same rows.

        replace_range  `dates` is needed (default: the run's); rows outside of it are an error of the job
        history        the frame is the full current belief, with valid_from and valid_to
        within         narrows what a replaced range replaces, for example to the files being loaded; of a ledger that is appended to, the
                       rows that are amended: the frame has all of them anew
        is_new         the job vouches that no key of an appended frame is there yet, because it bears the moment it was made
        made_of        name of all that the frame was made of, kept with the commit for `is_made_of`
        is_large       many rows are sure to come: Spark writes them, and the frame is executed just once
        """
        contract = self.contracts.table(table)
        publication = Publication(
            self, self.run, contract, dates or self.run.dates, within, is_new, made_of, is_large
        )
        shaped = publication.shaped(frame)
        self.ensure_schema(contract.layer)
        with one_at_a_time(self.settings.lease(table)):
            written = publication.write(shaped)
        with self._lock:
            self.written.append(written)

    def gather(self, table: str) -> None:
        """Join the files of a ledger once there are many. Rows stay as they are; the table has another version, so only for tables that no
        stage reads.
        """
        found = self._found(table)
        if found is None or len(found.files) < FILES_KEPT:
            return
        with one_at_a_time(self.settings.lease(table)):
            DeltaTable(str(self.location(table))).optimize.compact()


def side_by_side(tasks: Iterable[Callable[[], object]]) -> None:
    """All tasks in threads; the first error is raised after the others are done, so that nothing is half written."""
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(task) for task in tasks]:
            done.result()

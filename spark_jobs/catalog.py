"""Where the tables of one lake lie, which of them are there, how they are read, made and widened. `publication` writes their rows.

A lake has a name (`prefix`), so that several live beside each other in one server. Where the tables lie on a disk that this process
sees, Delta's log there is asked instead of the server.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from threading import Lock

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from spark_jobs import delta_log
from spark_jobs.contracts import Contracts, TableContract
from spark_jobs.contracts.model import HISTORY_COLUMNS, LAYERS, PrivacyClass
from spark_jobs.contracts.spark_types import ddl, schema_of, spark_type
from spark_jobs.dates import DateRange
from spark_jobs.errors import ContractError
from spark_jobs.processes import one_at_a_time
from spark_jobs.server_conf import FILES_NAMED
from spark_jobs.settings import Settings
from spark_jobs.stored import Contents, contents

_SKIPPING_TYPES = ("string", "int", "bigint", "date", "timestamp", "decimal")


class Catalog:
    """The tables of one bank by their logical names (`silver.party`), as one process sees them."""

    def __init__(self, spark: SparkSession, settings: Settings, contracts: Contracts) -> None:
        self.spark = spark
        self.settings = settings
        self.contracts = contracts
        self._schemas: set[str] = set()
        # Columns of the tables that this process has seen: asked of the server once.
        self._columns: dict[str, tuple[str, ...]] = {}
        # Tables that the server's catalog names, by layer; and what lies in the folder of a table, by the version it was looked at.
        self._in_catalog: dict[str, set[str]] = {}
        self._contents: dict[str, tuple[int, Contents | None]] = {}
        self._lock = Lock()

    # --- names and places -----------------------------------------------------------------------------------

    def name(self, table: str) -> str:
        """Physical name: `silver.party` → `<prefix>silver.party`."""
        schema, dot, thing = table.partition(".")
        if not dot:
            raise ContractError(f"`{table}` names no layer; write it like `silver.party`")
        return f"{self.settings.prefix}{schema}.{thing}"

    def location(self, table: str) -> Path:
        """Folder of a table of this lake on a local disk."""
        schema, thing = self.name(table).split(".", 1)
        return self.settings.warehouse / schema / thing

    @property
    def is_local(self) -> bool:
        """Whether the tables lie on a disk that this process sees."""
        return self.settings.warehouse.is_dir()

    def _quoted(self, table: str) -> str:
        """The name for a statement. Quoted: `identifier (` would be a clause of the language."""
        schema, _, thing = self.name(table).partition(".")
        return f"`{schema}`.`{thing}`"

    # --- what is there --------------------------------------------------------------------------------------

    def exists(self, table: str) -> bool:
        """Whether the table was ever written. The server is asked no more than once of a table that is there."""
        if table in self._columns:
            return True
        if self.is_local and delta_log.newest(self.location(table)) is None:
            return False
        if not self._is_in_catalog(table) and not self._is_taken_up(table):
            return False
        found = self._found(table)
        self._columns[table] = tuple(self.all_rows(table).columns if found is None else found.schema.names)
        return True

    def _is_in_catalog(self, table: str) -> bool:
        """Whether the server's catalog knows the table. All names of a layer are asked for at once: asked for one, it opens the table."""
        layer, _, thing = table.partition(".")
        schema = f"{self.settings.prefix}{layer}"
        if layer not in self._in_catalog:
            is_there = self.spark.catalog.databaseExists(schema)
            rows = self.spark.sql(f"SHOW TABLES IN `{schema}`").collect() if is_there else []
            self._in_catalog[layer] = {row["tableName"] for row in rows}
        # Another process may have made it since.
        return thing in self._in_catalog[layer] or self.spark.catalog.tableExists(self.name(table))

    def stored_tables(self) -> list[str]:
        """Logical names of all tables of this lake that were ever written, sorted."""
        prefix = self.settings.prefix
        if self.is_local:
            logs = self.settings.warehouse.glob(f"{prefix}*/*/_delta_log")
            pairs = [(log.parent.parent.name, log.parent.name) for log in logs]
        else:
            pairs = [
                (schema.name, table.name)
                for schema in self.spark.catalog.listDatabases(f"{prefix}*")
                for table in self.spark.catalog.listTables(schema.name)
            ]
        layers = {f"{prefix}{layer}": layer for layer in (*LAYERS, "mart_build")}
        return sorted(f"{layers[schema]}.{thing}" for schema, thing in pairs if schema in layers)

    # --- reading --------------------------------------------------------------------------------------------

    def all_rows(self, table: str, dates: DateRange | None = None) -> DataFrame:
        """All that is stored of a table that exists, as of now; rows of other business dates may be left out where dates are given.

        Files that this process sees are named to the server. Asked for a table, Delta works out what its log says after each commit, by a
        job of its own, and looks for the files with another whenever it is read (seen: a first look at 120 small tables costs a sixth of
        the CPU this way, and a look at tables that nobody wrote half; two fifths of a day's CPU had gone there).
        """
        if not self.is_local:
            return self.spark.table(self.name(table))
        named = self._named_files(self._found(table), dates)
        # A name would be looked up in the catalog with every analysis of every plan that holds it.
        return self.spark.read.format("delta").load(str(self.location(table))) if named is None else named

    def at_version(self, table: str, version: int) -> DataFrame:
        """All that was stored of a table as of one of its versions."""
        named = self._named_files(contents(self.location(table), version), None) if self.is_local else None
        if named is not None:
            return named
        return self.spark.sql(f"SELECT * FROM {self._quoted(table)} VERSION AS OF {version}")

    def committed(self, table: str) -> Contents | None:
        """What was committed into a table; None where nothing was yet, or where files are Delta's to tell."""
        found = self._found(table)
        return None if found is None or not self._contents[table][0] else found

    def _found(self, table: str) -> Contents | None:
        """What lies in the folder of a table now; None where it is not seen here, or where it is Delta's to say."""
        version = delta_log.newest(self.location(table)) if self.is_local else None
        if version is None:
            return None
        seen = self._contents.get(table)
        if seen is None or seen[0] != version:
            seen = self._contents[table] = (version, contents(self.location(table), version))
        return seen[1]

    def _named_files(self, found: Contents | None, dates: DateRange | None) -> DataFrame | None:
        """The rows of the files that may hold these dates; None where Delta has to be asked."""
        if found is None or len(files := found.reaching(dates)) > FILES_NAMED:
            return None
        if not files:
            return self.spark.createDataFrame([], found.schema)
        return self.spark.read.schema(found.schema).parquet(*[str(file.path) for file in files])

    def empty(self, table: str) -> DataFrame:
        """No rows, with the columns of the contract."""
        return self.spark.createDataFrame([], schema_of(self.contracts, table))

    def read(self, table: str, dates: DateRange | None = None, *, provenance: bool = False) -> DataFrame:
        """Rows of a table; of these business dates only where a range is given.

        A table that was never written reads as empty: a bank without that system just works. Columns that say where
        a row comes from (`_run_id`, `_rules_version`, `_origin`) are left out unless asked for, so that joins stay clean.
        """
        contract = self.contracts.table(table)
        wanted = [c for c in contract.stored_columns if provenance or not c.startswith("_")]
        if self.exists(table):
            # Written under an earlier contract, a table may lack columns: what it did not have is unknown.
            types = {f.name: spark_type(f.type) for f in self.contracts.stored_fields(table)}
            stored = self._columns[table]
            frame = self.all_rows(table, dates).select(
                *[F.col(c) if c in stored else F.lit(None).cast(types[c]).alias(c) for c in wanted]
            )
        else:
            frame = self.empty(table).select(*wanted)
        if dates is not None:
            frame = frame.where(F.col("business_date").between(F.lit(dates.first), F.lit(dates.last)))
        return frame

    # --- versions -------------------------------------------------------------------------------------------

    def version(self, table: str) -> int | None:
        """Newest Delta version, None when the table was never written."""
        if self.is_local:
            return delta_log.newest(self.location(table))
        if not self.exists(table):
            return None
        newest = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)} LIMIT 1").first()
        return None if newest is None else int(newest["version"])

    def touched_since(self, table: str, seen: int, now: int) -> date | None:
        """Oldest business date that the commits after version `seen` up to `now` wrote; None where they say none."""
        if self.is_local:
            written = [c.dates for c in delta_log.commits(self.location(table), seen, now)]
        else:
            history = self.spark.sql(f"DESCRIBE HISTORY {self.name(table)}")
            newer = history.where((F.col("version") > seen) & (F.col("version") <= now))
            written = [delta_log.dates_of(r["userMetadata"]) for r in newer.select("userMetadata").collect()]
        return min((dates.first for dates in written if dates is not None), default=None)

    # --- making and widening --------------------------------------------------------------------------------

    def ensure_schema(self, layer: str) -> None:
        """The schema of a layer, in the folder of this lake."""
        with self._lock:
            if layer in self._schemas:
                return
            physical = f"{self.settings.prefix}{layer}"
            location = self.settings.warehouse / physical
            self.spark.sql(f"CREATE DATABASE IF NOT EXISTS `{physical}` LOCATION '{location}'")
            self._schemas.add(layer)

    def ensure_table(self, table: str) -> None:
        """Create the table with no rows where it is missing, so that others can read of a bank without that system."""
        if self.exists(table):
            return
        self.ensure_schema(table.partition(".")[0])
        with one_at_a_time(self.settings.lease(table)):
            self.sweep(table)
            # Another process may have made it meanwhile.
            if not self.exists(table):
                self._create(self.contracts.tables[table])

    def _is_taken_up(self, table: str) -> bool:
        """Tell the catalog of a table that it lost, as that of a lake that was moved or restored has; false where there are no rows.

        Read as never written, it would be written anew as if the bank began today.
        """
        folder = self.location(table)
        if not self.is_local or not delta_log.newest(folder):
            return False
        self.ensure_schema(table.partition(".")[0])
        self.spark.sql(f"CREATE TABLE IF NOT EXISTS {self._quoted(table)} USING DELTA LOCATION '{folder}'")
        return True

    def sweep(self, table: str) -> None:
        """Remove what a writer left that was killed while it made the table. Rows come by a second commit: there are none yet.

        Whoever calls holds the table's lease: another process may be making it just now.
        """
        folder = self.location(table)
        if self.is_local and folder.is_dir() and not self.exists(table):
            shutil.rmtree(folder)

    def make_room(self, contract: TableContract) -> bool:
        """See to it that the table is there with all columns of its contract. Gives whether it was there before."""
        existed = self.exists(contract.table)
        if existed:
            self._add_columns(contract)
        else:
            # Made and filled at once it would have neither counts nor stamp (seen with Delta 4.4), and be no sooner there.
            self._create(contract)
        return existed

    def note_columns(self, contract: TableContract) -> None:
        """Remember that the table has the columns of its contract now, besides those it had."""
        before = self._columns.get(contract.table, ())
        self._columns[contract.table] = tuple(dict.fromkeys((*before, *contract.stored_columns)))

    def _create(self, contract: TableContract) -> None:
        """An empty table."""
        told = ", ".join(f"'{key}' = '{value}'" for key, value in self._properties(contract).items())
        columns = ddl(self.contracts.stored_fields(contract.table))
        self.spark.sql(
            f"CREATE TABLE {self._quoted(contract.table)} ({columns}) USING DELTA TBLPROPERTIES ({told})"
        )

    def _properties(self, contract: TableContract) -> dict[str, str]:
        """Statistics stay on harmless columns: Delta's log keeps minima and maxima for ever."""
        fields = self.contracts.stored_fields(contract.table)
        harmless = [
            f.name
            for f in fields
            if f.privacy is not PrivacyClass.IDENTIFYING
            and f.type.startswith(_SKIPPING_TYPES)
            and (f.name.endswith(("_date", "_id", "_bucket", "_code")) or f.name in HISTORY_COLUMNS)
        ]
        indexed = "delta.dataSkippingStatsColumns" if harmless else "delta.dataSkippingNumIndexedCols"
        return {
            indexed: ",".join(harmless) or "0",
            # Delta's own default, which other writers do not share.
            "delta.checkpointInterval": "10",
            "oxpecker.sealed": str(contract.sealed).lower(),
        }

    def _add_columns(self, contract: TableContract) -> None:
        """What the contract asks for since. A write that widened the schema itself would note `string collate UTF8_BINARY`, which readers
        without Spark refuse (seen with Delta 4.4).
        """
        have = self._columns[contract.table]
        new = tuple(f for f in self.contracts.stored_fields(contract.table) if f.name not in have)
        if new:
            self.spark.sql(f"ALTER TABLE {self._quoted(contract.table)} ADD COLUMNS ({ddl(new)})")

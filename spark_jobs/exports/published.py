"""Reading what is published, and the ledgers, without a JVM: DuckDB over the Delta tables at the release's versions."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Any

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from spark_jobs import stored
from spark_jobs.errors import OxpeckerError
from spark_jobs.exports.release import Release, require_current
from spark_jobs.settings import Settings

Rows = tuple[list[str], list[tuple[Any, ...]]]


def describe(settings: Settings) -> Release:
    """The release that queries see."""
    return require_current(settings)


def query(settings: Settings, statement: str) -> Rows:
    """One SELECT over the release; every table it names is read at the version the release pins.

    DuckDB's error text may quote values, so only its first line up to a quotation is passed on.
    """
    release = require_current(settings)
    with duckdb.connect(":memory:") as connection:
        for name, table in release.tables.items():
            schema = name.split(".")[0]
            if schema not in statement and name.split(".")[1] not in statement:
                continue
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            rows = stored.dataset(DeltaTable(table.path, version=table.version))
            connection.register(f"_{name.replace('.', '_')}", rows)
            connection.execute(f"CREATE VIEW {name} AS SELECT * FROM _{name.replace('.', '_')}")
        connection.execute("SET TimeZone = 'UTC'")
        # The release and nothing else: no file, no address, no variable of this process can be read or written.
        for lock in (
            "python_enable_replacements = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            connection.execute(f"SET {lock}")
        return _fetched(connection, statement, release.tables)


def ledger(settings: Settings, table: str, statement: str) -> Rows:
    """A query over the newest version of one ledger; `{table}` stands for it. Empty where it was never written."""
    schema, thing = table.split(".")
    path = settings.warehouse / f"{settings.prefix}{schema}" / thing
    try:
        rows = stored.dataset(DeltaTable(str(path)))
    except TableNotFoundError:
        return [], []
    with duckdb.connect(":memory:") as connection:
        connection.register("ledger", rows)
        return _fetched(connection, statement.format(table="ledger"))


def _fetched(connection: duckdb.DuckDBPyConnection, statement: str, published: Collection[str] = ()) -> Rows:
    try:
        result = connection.execute(statement)
        columns = [column[0] for column in result.description or []]
        return columns, result.fetchall()
    except duckdb.Error as problem:
        raise OxpeckerError(f"the query failed: {_told(problem, published)}") from None


def _told(problem: duckdb.Error, published: Collection[str]) -> str:
    """What was wrong with the query in one line: names of tables and columns, never a value of a row."""
    kind, lines = type(problem).__name__, str(problem).splitlines()
    if kind == "PermissionException":
        return "only what is published can be read, and nothing written"
    if kind not in ("ParserException", "CatalogException", "BinderException"):
        return kind
    missing = re.search(r'Table with name "?([\w.]+)"? does not exist', lines[0])
    if missing and published:
        full = {name.split(".")[1]: name for name in published} | {name: name for name in published}
        close = difflib.get_close_matches(missing[1], sorted(full), n=1)
        hint = (
            f"did you mean `{full[close[0]]}`?" if close else f"published are: {', '.join(sorted(published))}"
        )
        return f"no table `{missing[1]}` is published; {hint}"
    return " ".join([lines[0], *(line for line in lines[1:] if line.startswith("Candidate bindings"))])


def sent_to_crm(settings: Settings) -> dict[str, str]:
    """What CRM was given with each release and what it said of it, in words: `delta from r12ab: 7 rows, accepted`."""
    _, packages = ledger(
        settings, "export.crm__package",
        "select release_id, contract_code, package_kind_code, base_release_id, package_row_cnt from {table} "
        "where key_hash is not null order by release_id, package_kind_code",
    )  # fmt: skip
    _, acks = ledger(
        settings, "export.crm__ack",
        "select release_id, contract_code, arg_max(ack_state_code, acked_at) from {table} group by all",
    )  # fmt: skip
    said = {(release, contract): state for release, contract, state in acks}
    told: dict[str, list[str]] = {}
    for release, contract, kind, base, rows in packages:
        start = f" from {base}" if base else ""
        answer = said.get((release, contract), "no acknowledgement")
        told.setdefault(release, []).append(f"{kind}{start}: {rows:,} rows, {answer}")
    return {release: "; ".join(each) for release, each in told.items()}

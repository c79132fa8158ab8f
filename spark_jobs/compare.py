"""Are two lakes the same? Schema, rows and content of every table, evaluated by DuckDB on the files and not by the Spark that wrote them.

By default *equal* means equal in current belief: rows that were superseded (`known_to` in the past) do not count, nor does when and by
which run something came to be known (`known_*`, `_ingested_at`, `_run_id`), nor the ledgers, what gates said of each run, which metrics it restated,
releases and exports. `exact` counts everything but the ledgers' clocks, for two runs of the same commands.
Content is a sum over rows of a 128-bit hash of each row, so the order of rows and files does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from spark_jobs.contracts import Contracts
from spark_jobs.contracts.model import LAYERS, PrivacyClass, Write
from spark_jobs.errors import OxpeckerError
from spark_jobs.settings import Settings
from spark_jobs.stored import dataset

LEFT_OUT_LAYERS = ("ops", "export")
LEFT_OUT_COLUMNS = ("_run_id", "_ingested_at", "known_from", "known_to")
# The gates' verdicts as a mart, a row per run and table: a range is judged once, its days each. What a late file made otherwise: a
# range that has the file from the start makes nothing otherwise. What the identity job looked at again of the run before: a range has none before it.
LEFT_OUT_TABLES = ("mart_build.fct_dq_scorecard", "metric.restatement", "identity.memory_audit")
# Rows named when two tables differ; only where no column of the key identifies a person.
MOST_KEYS = 5
_OPEN = datetime(9999, 12, 31)


@dataclass(frozen=True)
class Side:
    """One lake: the folder of its home and the prefix of its schemas."""

    home: Path
    prefix: str = ""

    @classmethod
    def parse(cls, text: str, settings: Settings) -> Side:
        """`/path/to/home`, `/path/to/home:prefix_`, or `:prefix_` for a lake in the present home."""
        folder, _, prefix = text.partition(":")
        home = Path(folder).expanduser() if folder else settings.home
        if not (home / "lake").is_dir():
            raise OxpeckerError(
                f"`{text}` is no lake: there is no folder {home / 'lake'}; give a home, home:prefix or :prefix"
            )
        return cls(home, prefix)

    def tables(self, layers: Sequence[str]) -> dict[str, Path]:
        """Folder of each stored table by logical name."""
        found = {}
        for layer in layers:
            for log in sorted((self.home / "lake" / f"{self.prefix}{layer}").glob("*/_delta_log")):
                found[f"{layer}.{log.parent.name}"] = log.parent
        return found


@dataclass
class Difference:
    """How one table differs. Counts only; `keys` are tokens."""

    table: str
    what: str
    only_ref: int = 0
    only_got: int = 0
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)


def compare(
    ref: Side, got: Side, contracts: Contracts, *, exact: bool = False
) -> tuple[int, list[Difference]]:
    """Compare all tables; gives how many were looked at and those that differ, by name."""
    layers = [layer for layer in (*LAYERS, "mart_build") if layer not in LEFT_OUT_LAYERS]
    left, right = ref.tables(layers), got.tables(layers)
    differences = []
    names = sorted((left.keys() | right.keys()) - (set() if exact else set(LEFT_OUT_TABLES)))
    for name in names:
        if name not in left or name not in right:
            present = left.get(name) or right[name]
            rows = _count(present)
            if rows:
                side = "REF" if name in left else "GOT"
                differences.append(Difference(name, f"only {side} has it, with {rows:,} rows"))
            continue
        difference = _differs(name, left[name], right[name], contracts, exact=exact)
        if difference is not None:
            differences.append(difference)
    return len(names), differences


def _count(path: Path) -> int:
    return int(dataset(DeltaTable(str(path))).count_rows())


def _differs(name: str, ref: Path, got: Path, contracts: Contracts, *, exact: bool) -> Difference | None:
    with duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        columns: dict[str, dict[str, str]] = {}
        for side, path in (("ref", ref), ("got", got)):
            db.register(f"{side}_stored", dataset(DeltaTable(str(path))))
            stored = db.execute(f"describe {side}_stored").fetchall()
            kept = [(c[0], c[1]) for c in stored if exact or c[0] not in LEFT_OUT_COLUMNS]
            columns[side] = dict(kept)
            believed = (
                f" where known_to >= timestamp '{_OPEN}'"
                if not exact and any(c[0] == "known_to" for c in stored)
                else ""
            )
            listed = ", ".join(f'"{c}"' for c, _ in kept)
            db.execute(f"create view {side} as select {listed} from {side}_stored{believed}")
        if columns["ref"] != columns["got"]:
            unlike = sorted(set(columns["ref"].items()) ^ set(columns["got"].items()))
            return Difference(name, f"other columns or types: {', '.join(sorted({c for c, _ in unlike}))}")
        if _fingerprint(db, "ref", columns["ref"]) == _fingerprint(db, "got", columns["got"]):
            return None
        return _detail(db, name, list(columns["ref"]), contracts)


def _fingerprint(db: duckdb.DuckDBPyConnection, side: str, columns: dict[str, str]) -> tuple[int, ...]:
    """Rows, and the sum of both halves of each row's hash."""
    row = ", ".join(f'"{c}" := "{c}"' for c in sorted(columns))
    digest = f"md5(to_json(struct_pack({row}))::varchar)"
    halves = [f"sum(('0x' || substr({digest}, {at}, 16))::ubigint::hugeint)" for at in (1, 17)]
    found = db.execute(f"select count(*), {', '.join(halves)} from {side}").fetchone()
    assert found is not None
    return tuple(int(value or 0) for value in found)


def _detail(db: duckdb.DuckDBPyConnection, name: str, columns: list[str], contracts: Contracts) -> Difference:
    contract = contracts.tables.get(name)
    key = [c for c in contract.key if c in columns] if contract else []
    if contract is not None and contract.write is Write.HISTORY and "valid_from" in columns:
        key = [*dict.fromkeys([*key, "valid_from"])]
    if not key:
        return _whole_rows(db, name)
    rest = [c for c in columns if c not in key]
    joined = " and ".join(f'r."{c}" is not distinct from g."{c}"' for c in key)
    outer = f"(select *, true as _here from ref) r full join (select *, true as _here from got) g on {joined}"
    unlike = " or ".join(f'r."{c}" is distinct from g."{c}"' for c in rest) or "false"
    both = "r._here and g._here"
    counts = ["count_if(g._here is null)", "count_if(r._here is null)", f"count_if({both} and ({unlike}))"]
    counts += [f'count_if({both} and r."{c}" is distinct from g."{c}")' for c in rest]
    found = db.execute(f"select {', '.join(counts)} from {outer}").fetchone()
    assert found is not None
    by_column = {c: n for c, n in zip(rest, found[3:], strict=True) if n}
    difference = Difference(name, "other rows", found[0], found[1], found[2], by_column)
    known = {**contracts.fields, **(contract.own_fields if contract else {})}
    if all(c in known and known[c].privacy is not PrivacyClass.IDENTIFYING for c in key):
        shown = ", ".join(f'coalesce(r."{c}", g."{c}")' for c in key)
        rows = db.execute(
            f"select {shown} from {outer} where g._here is null or r._here is null or {unlike} order by all limit {MOST_KEYS}"
        ).fetchall()
        difference.keys = [" / ".join(str(value) for value in row) for row in rows]
    return difference


def _whole_rows(db: duckdb.DuckDBPyConnection, name: str) -> Difference:
    """Where no contract names a key, rows are told apart as wholes."""
    counts = [
        db.execute(f"select count(*) from (select * from {a} except all select * from {b})").fetchone()
        for a, b in (("ref", "got"), ("got", "ref"))
    ]
    only_ref, only_got = (int(count[0]) if count else 0 for count in counts)
    return Difference(name, "other rows", only_ref, only_got)

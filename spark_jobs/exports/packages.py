"""The three packages of a release: full state, delta, worklist. Manifests with what a consumer checks before it applies anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.contracts.model import Contracts
from spark_jobs.exports import crm, files
from spark_jobs.exports.delta import OPERATIONS
from spark_jobs.exports.release import Release

FULL, DELTA, WORKLIST = "crm__customer_full_v1", "crm__customer_delta_v1", "crm__worklist_v1"
# Their acknowledgement makes a release a base for the next delta.
STATES = (FULL, DELTA)
LISTED = (
    "manager_staff_no", "team_code", "rank_no", "rule_hit_id", "crm_customer_token", "rule_code", "purpose_code", "priority_code",
    "channel_code", "action_date", "due_at", "not_before_at", "outcome_code", "reason_codes", "reason_text", "waiting_text",
)  # fmt: skip


def state_hash(state: DataFrame) -> tuple[int, str]:
    """Rows and key hash of an exported state: what a consumer's own state must come to."""
    pairs = state.select("crm_customer_token", "row_hash").toArrow()
    tokens, hashes = pairs["crm_customer_token"].to_pylist(), pairs["row_hash"].to_pylist()
    return pairs.num_rows, files.key_hash(tokens, hashes)


class Packages:
    """Writes the packages of one release into the exports folder; one that is complete stays as it is.

    contracts  say of each package who receives it, where, and on what legal ground
    """

    def __init__(self, exports: Path, release: Release, contracts: Contracts) -> None:
        self.exports = exports
        self.release = release
        self.contracts = contracts

    def made(self, contract: str) -> dict[str, Any] | None:
        """The manifest of this release's package, None where there is none yet."""
        folder = files.folder_of(self.exports, contract, date.fromisoformat(self.release.business_date))
        present = files.manifest_of(folder)
        return present if present is not None and present["release_id"] == self.release.release_id else None

    def full(self, state: DataFrame, rows: int, key_hash: str) -> dict[str, Any]:
        """Everything CRM may know, ordered by token."""
        total = state.agg(F.sum("aum_exact_cny").alias("sum")).collect()[0]["sum"]
        controls = {"rows": rows, "sum_aum_exact_cny": str(total or 0), "key_hash": key_hash}
        ordered = state.select(*crm.CONTENT, "row_hash").orderBy("crm_customer_token")
        return self._write(FULL, "full", ordered, controls=controls)

    def delta(
        self, base: str, changes: DataFrame, state: DataFrame, rows: int, key_hash: str
    ) -> dict[str, Any]:
        """Operations in order; rows_after and key_hash are those of the state after the last one."""
        told = changes.select(
            "seq_no", "op_code", "crm_customer_token", "to_crm_customer_token", "moved_parties", "op_reason_code",
            F.col("row_hash"),
        )  # fmt: skip
        content = state.select(*crm.CONTENT)
        upserts = told.where("op_code = 'upsert'").join(content, "crm_customer_token")
        others = told.where("op_code <> 'upsert'")
        ordered = upserts.unionByName(others, allowMissingColumns=True).orderBy("seq_no")
        table = ordered.select(*told.columns, *[c for c in crm.CONTENT if c not in told.columns]).toArrow()
        operations = table["op_code"].to_pylist()
        counted = {op: operations.count(op) for op in OPERATIONS}
        controls = {"rows": len(operations), **counted, "rows_after": rows, "key_hash": key_hash}
        return self._write(DELTA, "delta", table, base_release_id=base, controls=controls)

    def worklist(self, tasks: DataFrame) -> dict[str, Any]:
        """What managers work and what waits, manager by manager in order of rank."""
        listed = tasks.where("outcome_code in ('sent', 'queued')").select(*LISTED)
        table = listed.orderBy("manager_staff_no", "rank_no").toArrow()
        outcomes = table["outcome_code"].to_pylist()
        controls = {"rows": len(outcomes), **{each: outcomes.count(each) for each in ("sent", "queued")}}
        return self._write(WORKLIST, "full", table, controls=controls)

    def _write(self, contract: str, kind: str, rows: Any, **more: Any) -> dict[str, Any]:
        release = self.release
        present = self.made(contract)
        if present is not None:
            return present
        folder = files.folder_of(self.exports, contract, date.fromisoformat(release.business_date))
        manifest: Mapping[str, Any] = {
            "contract": contract, "contract_version": 1, "kind": kind, "release_id": release.release_id,
            "business_date": release.business_date, "rules_version": release.rules_version,
            "produced_at": release.published_at, "newest_source_at": release.newest_source_at,
            **self.contracts.table(f"export.{contract}").leaves, **more,
        }  # fmt: skip
        return files.write_package(folder, rows.toArrow() if isinstance(rows, DataFrame) else rows, manifest)

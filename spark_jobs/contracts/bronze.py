"""The bronze table of a feed, made from the feed's contract."""

from __future__ import annotations

from spark_jobs.contracts.model import Field, PrivacyClass, TableContract, Write
from spark_jobs.contracts.source_model import SourceContract


def _provenance(name: str, type_: str, description: str) -> Field:
    return Field(name, type_, name, name, description, PrivacyClass.FINANCIAL)


BRONZE_COLUMNS: tuple[Field, ...] = (
    _provenance("_delivery_id", "string", "Delivery the record came with."),
    _provenance("_file_id", "string", "File of the delivery."),
    _provenance("_line_no", "bigint", "Number of the record in the file, from 1."),
    _provenance("_byte_offset", "bigint", "First byte of the record in the inner file, from 0."),
    _provenance("_byte_len", "int", "Bytes of the record without its line end."),
    _provenance("_record", "binary", "The record as delivered."),
    _provenance("_parse_status", "string", "ok or repaired."),
    _provenance("_reason_codes", "array<string>", "What was repaired or noticed."),
    _provenance("_row_hash", "string", "Finds changes; bronze is not published, so it needs no key."),
    _provenance("_arrived_at", "timestamp", "Arrival of the delivery, UTC."),
    _provenance("_ingested_at", "timestamp", "Cut-off of the run that first saw the delivery, UTC."),
    _provenance("_run_id", "string", "Run that wrote the row."),
)


def bronze_contract(source: SourceContract) -> TableContract:
    """Bronze has no contract of its own: it is the feed's, all columns as text, plus where each record lies."""
    day = Field("business_date", "date", "账务日期", "Business date", "Of the delivery.", PrivacyClass.C1)
    own = [
        day,
        *(Field(f.name, "string", f.name, f.name, "As delivered.", f.privacy) for f in source.fields),
        *BRONZE_COLUMNS,
    ]
    own.append(
        Field(
            "_rescued",
            "map<string,string>",
            "额外列",
            "Rescued",
            "Columns the contract does not know.",
            PrivacyClass.IDENTIFYING,
        )
    )
    return TableContract(
        table=source.table, zh=source.feed, description=f"Records of {source.feed} as delivered.",
        grain="one row per record of an accepted delivery", key=("_file_id", "_line_no"), write=Write.REPLACE_RANGE,
        columns=tuple(f.name for f in own), sealed=True, retention="RT-txn", own_fields={f.name: f for f in own},
    )  # fmt: skip

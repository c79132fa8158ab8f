"""Which rows of which table are an erased person's. By column names, which mean the same in every table: the bank's own tables count, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spark_jobs.erasure.gone import Gone
from spark_jobs.erasure.store import Store, listed

# A column of this name holds keys of this kind; the row is the person's.
OWNED: Mapping[str, str] = {
    "party_id": "party", "party_id_from": "party", "party_id_to": "party", "party_id_a": "party", "party_id_b": "party",
    "verified_party_id": "party", "customer_id": "customer", "customer_id_from": "customer", "customer_id_to": "customer",
    "agreement_id": "agreement", "complaint_no_cmpl": "complaint", "response_id": "response", "contact_token": "contact",
    "ani_contact_token": "contact", "id_token": "identifier", "crm_customer_token": "crm",
}  # fmt: skip
# Ids of the person, which say no more than that somebody was there and is erased. Without them a record that its source sends again
# would be somebody new, and CRM could not be told.
SKELETON = (
    "identity.customer",
    "identity.customer_event",
    "identity.party_customer",
    "identity.link_event",
    "identity.review_item",
)
# Rows stay, because the next delta for CRM starts from their token and hash; what they say of the person goes.
EMPTIED: Mapping[str, tuple[str, ...]] = {
    "export.crm__customer_full_v1": ("crm_customer_token", "business_date", "release_id", "row_hash", "customer_id"),
    "export.crm__customer_delta_v1": (
        "business_date", "seq_no", "release_id", "base_release_id", "op_code", "crm_customer_token", "to_crm_customer_token",
        "op_reason_code", "row_hash",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Reached:
    """Rows of one table: the condition that selects them, how many they are by customer, and the columns that are emptied (none: rows go)."""

    table: str
    condition: str
    rows: Mapping[str, int]
    emptied: tuple[str, ...] = ()


def reached(store: Store, gone: Gone) -> list[Reached]:
    """Tables above bronze that hold rows of erased persons. Ledgers of `ops` hold none; quarantine is looked at by its bytes."""
    found = []
    for table in store.tables():
        layer = table.split(".", 1)[0]
        if layer in ("bronze", "ops") or table in SKELETON:
            continue
        columns = store.columns(table)
        if (told := of_table(store, gone, table, columns)) is not None:
            found.append(told)
    return found


def of_table(store: Store, gone: Gone, table: str, columns: Mapping[str, object]) -> Reached | None:
    """The person's rows of one table; None where there are none, or all of them were emptied before."""
    owning = {column: gone.keys[kind] for column, kind in OWNED.items() if column in columns}
    conditions = [f"{column} in ({listed(sorted(keys))})" for column, keys in owning.items() if keys]
    if not conditions:
        return None
    condition = " or ".join(conditions)
    emptied: tuple[str, ...] = ()
    if table in EMPTIED:
        emptied = tuple(c for c in columns if c not in EMPTIED[table])
        said = " or ".join(f"{column} is not null" for column in emptied)
        condition = f"({condition}) and ({said})"
    names = ", ".join(owning)
    # A joint account's daily rows belong to the person who stays.
    counted = store.ask(f"select {names}, count(*) as n from {{t}} where {condition} group by all", t=table)
    if not counted:
        return None
    rows: dict[str, int] = {}
    for row in counted:
        customer = next(keys[row[column]] for column, keys in owning.items() if row[column] in keys)
        rows[customer] = rows.get(customer, 0) + row["n"]
    return Reached(table, condition, dict(sorted(rows.items())), emptied)

"""What stays of an erased person, as tokens: the ids by which they are known again, and what tied their records."""

from __future__ import annotations

from datetime import date
from typing import Any

from spark_jobs.erasure.gone import KEYS, Gone
from spark_jobs.erasure.store import Store, listed

TIES = "ops.erasure_tie"
FOREVER = date(9999, 12, 31)
KINDS = ("party", "agreement", "customer")


def enter(store: Store, gone: Gone) -> None:
    """Add keys and ties that the ledgers do not have. Before anything is purged: afterwards nobody could tell them."""
    known = {(r["k"], r["v"]) for r in store.ask(
        "select erasure_key_kind_code as k, erasure_key as v from {t}", t=KEYS)}  # fmt: skip
    rows: list[dict[str, Any]] = []
    for kind in KINDS:
        for key, customer in sorted(gone.keys[kind].items()):
            if (kind, key) in known or customer not in gone.asked:
                continue
            party = gone.parties.get(key) if kind == "party" else None
            rows.append({
                "erasure_key_kind_code": kind, "erasure_key": key, "customer_id": customer,
                "source_code": party.source if party else None, "first_seen_date": party.first_seen if party else None,
                "erased_at": gone.asked[customer],
            })  # fmt: skip
    store.append(KEYS, rows)
    store.append(TIES, _ties(store, gone))


def _ties(store: Store, gone: Gone) -> list[dict[str, Any]]:
    """Links of their records that no guard refused, with the day on which each ended."""
    parties = sorted(gone.parties)
    if not parties:
        return []
    links = store.ask(
        "select link_kind_code as kind, party_id_a, party_id_b, link_reason_code, effective_from, is_refused, evidence_text from {l} "
        f"where actor_code <> 'steward' and (party_id_a in ({listed(parties)}) or party_id_b in ({listed(parties)})) "
        "order by party_id_a, party_id_b, link_reason_code, effective_from",
        l="identity.link_event",
    )  # fmt: skip
    known = {tuple(r.values()) for r in store.ask(
        "select party_id_a, party_id_b, link_reason_code, effective_from from {t}", t=TIES)}  # fmt: skip
    ends = [r for r in links if r["kind"] == "unlink"]
    rows = []
    for link in links:
        key = (link["party_id_a"], link["party_id_b"], link["link_reason_code"], link["effective_from"])
        if link["kind"] != "link" or link["is_refused"] or key in known:
            continue
        until = min((e["effective_from"] for e in ends
                     if (e["party_id_a"], e["party_id_b"], e["link_reason_code"]) == key[:3] and e["effective_from"] > key[3]),
                    default=FOREVER)  # fmt: skip
        rows.append({
            "party_id_a": key[0], "party_id_b": key[1], "link_reason_code": key[2], "effective_from": key[3],
            "tie_until_date": until, "evidence_text": link["evidence_text"],
        })  # fmt: skip
    return rows

"""Who is erased, and by which keys their rows are known. Tokens only: no supplier's number, no name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from spark_jobs.erasure.store import Store, listed
from spark_jobs.privacy.tokens import tokeniser

BELIEVED = "cast(known_to as date) >= date '9999-01-01'"
OPEN = "valid_to >= date '9999-12-31'"
KEYS = "ops.erasure_key"


@dataclass(frozen=True)
class Party:
    """A record of an erased person: its source and the first day on which the lake knew it."""

    customer: str
    source: str
    first_seen: date


@dataclass(frozen=True)
class Gone:
    """Erased persons, each by the customer id that was erased.

    asked    customer → instant of the request; due follows from rules/erasure.yml
    parties  party → what identity says of it
    keys     kind of key → key → customer: party, customer (with the ids that were absorbed), agreement, complaint, response, contact,
             identifier, crm
    shared   agreements that a person who stays holds, too: they stay, without what names the person who goes
    waiting  records that were asked for and that no run has taken up yet
    """

    asked: Mapping[str, datetime]
    parties: Mapping[str, Party]
    keys: Mapping[str, Mapping[str, str]]
    shared: frozenset[str]
    waiting: int


def found(store: Store) -> Gone:
    """Everybody whose customer id is erased in the newest identity tables, and the keys of their rows as far as the lake still has any.

    An agreement is remembered in `ops.erasure_key` from the first purge on, so that it is known when its source sends it again.
    """
    erased = [
        r["customer_id"]
        for r in store.ask(
            "select customer_id from {c} where status_code = 'erased' order by 1", c="identity.customer"
        )
    ]
    retired = store.ask(
        f"select customer_id, retired_into_customer_id as into_id from {{c}} where retired_into_customer_id in ({listed(erased)})"
        if erased else "select customer_id, retired_into_customer_id as into_id from {c} where false",
        c="identity.customer",
    )  # fmt: skip
    customers = {c: c for c in erased} | {r["customer_id"]: r["into_id"] for r in retired}
    parties = _parties(store, erased)
    tombs = {r["p"]: r["at"] for r in store.ask(
        "select party_no_token as p, erased_at as at from {t}", t="ops.erasure_tombstone")}  # fmt: skip
    asked: dict[str, datetime] = {}
    for party, at in tombs.items():
        if party in parties:
            customer = parties[party].customer
            asked[customer] = min(at, asked.get(customer, at))
    owners = {party: told.customer for party, told in parties.items()}
    agreements, shared = _agreements(store, owners)
    keys = {
        "party": owners,
        "customer": customers,
        "agreement": agreements,
        "complaint": _of_parties(store, "silver.complaint", "complaint_no_cmpl", owners),
        "response": _of_parties(store, "silver.survey_response", "response_id", owners),
        "contact": _only_theirs(store, "silver.party_contact", "contact_token", owners),
        "identifier": _only_theirs(store, "silver.party_identifier", "id_token", owners),
        "crm": _crm(store, customers),
    }
    return Gone(asked, parties, keys, shared, sum(1 for party in tombs if party not in parties))


def _parties(store: Store, erased: list[str]) -> dict[str, Party]:
    """Records that stand under an erased id now. Their source and first day are identity's, after a purge those that were remembered."""
    if not erased:
        return {}
    members = store.ask(
        f"select party_id, customer_id, valid_from from {{m}} where {BELIEVED} and {OPEN} and customer_id in ({listed(erased)})",
        m="identity.party_customer",
    )
    known = {r["party_id"]: r for r in store.ask(
        f"select erasure_key as party_id, source_code, first_seen_date from {{k}} where erasure_key_kind_code = 'party' "
        f"and customer_id in ({listed(erased)})", k=KEYS)}  # fmt: skip
    ids = listed([m["party_id"] for m in members]) or "''"
    seen = {r["party_id"]: r for r in store.ask(
        f"select party_id, source_code, first_seen_date from {{r}} where party_id in ({ids})", r="identity.record")}  # fmt: skip
    source = {r["party_id"]: r["source_code"] for r in store.ask(
        f"select distinct party_id, source_code from {{p}} where party_id in ({ids})", p="silver.party_hist")}  # fmt: skip
    parties = {}
    for m in members:
        party = m["party_id"]
        told = known.get(party) or seen.get(party)
        if told is not None:
            parties[party] = Party(m["customer_id"], told["source_code"], told["first_seen_date"])
        else:
            parties[party] = Party(m["customer_id"], source.get(party, ""), m["valid_from"])
    return parties


def _agreements(store: Store, owners: Mapping[str, str]) -> tuple[dict[str, str], frozenset[str]]:
    """Agreement → customer of those that only erased persons hold, and those that somebody who stays holds, too."""
    if not owners:
        return {}, frozenset()
    rows = store.ask(
        "select distinct agreement_id, party_id from {a} "
        "where agreement_id in (select agreement_id from {a} where party_id in (select party_id from {g}))",
        a="silver.party_agreement", g=_column("party_id", owners),
    )  # fmt: skip
    theirs: dict[str, str] = {}
    others: set[str] = set()
    for row in sorted(rows, key=lambda r: (r["agreement_id"], r["party_id"])):
        if row["party_id"] in owners:
            theirs.setdefault(row["agreement_id"], owners[row["party_id"]])
        else:
            others.add(row["agreement_id"])
    known = store.ask(
        "select erasure_key as a, customer_id from {k} where erasure_key_kind_code = 'agreement'", k=KEYS
    )
    remembered = {r["a"]: r["customer_id"] for r in known if r["a"] not in others}
    alone = {a: c for a, c in theirs.items() if a not in others}
    return remembered | alone, frozenset(a for a in theirs if a in others)


def _of_parties(store: Store, table: str, column: str, owners: Mapping[str, str]) -> dict[str, str]:
    rows = store.ask(
        f"select distinct {column} as k, party_id from {{t}} where {column} is not null and party_id in (select party_id from {{g}})",
        t=table, g=_column("party_id", owners),
    )  # fmt: skip
    return {r["k"]: owners[r["party_id"]] for r in rows}


def _only_theirs(store: Store, table: str, column: str, owners: Mapping[str, str]) -> dict[str, str]:
    """Keys that no party has who stays: a phone that the household shares is theirs, too."""
    rows = store.ask(
        f"select distinct {column} as k, party_id from {{t}} "
        f"where {column} in (select {column} from {{t}} where party_id in (select party_id from {{g}}))",
        t=table, g=_column("party_id", owners),
    )  # fmt: skip
    others = {r["k"] for r in rows if r["party_id"] not in owners}
    return {r["k"]: owners[r["party_id"]] for r in rows if r["party_id"] in owners and r["k"] not in others}


def _column(name: str, values: Iterable[str]) -> pa.Table:
    return pa.table({name: pa.array(sorted(values), pa.string())})


def _crm(store: Store, customers: Mapping[str, str]) -> dict[str, str]:
    """The tokens by which CRM knows these customers; none where nothing was ever exported."""
    if not customers or not store.has("export.crm__customer_full_v1"):
        return {}
    token = tokeniser(store.settings, "crm").value
    return {token("customer", each): customer for each, customer in customers.items()}

"""What is collected and read by nothing is told, so that it can be left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs.contracts import load
from spark_jobs.contracts.sources import load_sources
from spark_jobs.contracts.unused import gates_of, readers_of, unread_columns, unused_fields
from spark_jobs.settings import SHIPPED_CONF
from tests.contracts.test_source_contracts import bank

FEED = """\
feed: haus__kunden
delivery: {file: "kunden_{date}.csv", mode: full}
layout: {kind: delimited, separator: ";", header: true}
key: [nr]
fields:
  nr:      {type: string, class: C2-id}
  name:    {type: string, class: C2-id}
  vorname: {type: string, class: C2-id}
  filiale: {type: string, class: C1}
  umsatz:  {type: number, class: C2-fin}
  gepruft: {type: string, class: C1}
  akte:    {type: string, class: C2-id, needed_for: anti-money-laundering law, ten years}
  hobby:   {type: string, class: C1}
checks: {not_null: [filiale]}
maps:
  party: {party_no_source: nr, name: {concat: [name, " "]}}
""".replace("anti-money-laundering law, ten years", "'anti-money-laundering law, ten years'")


@pytest.mark.requirement("R-PRV-02")
def test_a_field_that_no_map_check_or_gate_names_is_reported_people_first_unless_it_is_needed(
    tmp_path: Path,
) -> None:
    sources = load_sources(bank(tmp_path, FEED))

    found = unused_fields(sources, "select count_if(gepruft = 'x') from {bronze.haus__kunden}")

    assert [(each.name, str(each.privacy)) for each in found] == [
        ("vorname", "C2-id"),
        ("umsatz", "C2-fin"),
        ("hobby", "C1"),
    ]


@pytest.mark.requirement("R-PRV-02")
def test_a_column_of_silver_that_nothing_later_names_is_reported() -> None:
    contracts = load((SHIPPED_CONF,))

    everything = {(each.place, each.name) for each in unread_columns(contracts, "")}
    named = {(each.place, each.name) for each in unread_columns(contracts, "select hold_secs from call")}

    assert everything - named == {("silver.call", "hold_secs")}
    assert ("silver.call", "call_id") not in everything  # a key is what the row is, whoever reads it


def test_of_the_shipped_bank_most_is_read() -> None:
    """Free text of complaints is read by nothing; names, certificates and balances are."""
    sources, contracts = load_sources((SHIPPED_CONF,)), load((SHIPPED_CONF,))

    fields = {(each.place, each.name) for each in unused_fields(sources, gates_of((SHIPPED_CONF,)))}
    columns = {(each.place, each.name) for each in unread_columns(contracts, readers_of((SHIPPED_CONF,)))}

    assert ("cmpl__complaint", "text") in fields
    assert not {("core__cif", "cust_no"), ("core__acct_bal", "bal")} & fields
    assert not {("silver.deposit_daily", "balance_amt"), ("silver.party_identifier", "id_token")} & columns
    assert len(fields) < sum(len(s.fields) for s in sources.values()) / 5

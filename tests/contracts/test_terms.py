"""Data from outside the bank: nobody uses them without an owner, a purpose, a ground and an end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spark_jobs import cli
from spark_jobs.contracts.sources import load_sources
from spark_jobs.contracts.terms import register
from spark_jobs.errors import ContractError
from spark_jobs.settings import SHIPPED_CONF
from tests.contracts.test_source_contracts import FEED, bank

PARTNER = (
    "terms: {origin: partner, owner: data_office, purposes: [service], ground: contract, until: 2027-12-31}\n"
)


@pytest.mark.requirement("R-ING-18", "R-ING-26")
@pytest.mark.parametrize("key", ["owner", "purposes", "ground", "until"])
def test_a_partners_feed_without_owner_purpose_ground_or_end_is_refused(tmp_path: Path, key: str) -> None:
    terms = {"owner": "x", "purposes": ["service"], "ground": "contract", "until": "2027-12-31"}
    given = {k: v for k, v in terms.items() if k != key} | {"origin": "partner"}

    with pytest.raises(ContractError, match=rf"haus__kunden.yml in \w+, line 8, `terms`: `{key}` is missing"):
        load_sources(bank(tmp_path, FEED + f"terms: {json.dumps(given)}\n"))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("{origin: partnr}", "`partnr` is not known; did you mean `partner`"),
        ("{origin: partner, owner: a, purposes: [servic], ground: contract, until: 2027-12-31}", "unknown purpose `servic`; did you mean `service`"),
        ("{origin: partner, owner: a, purposes: [service], ground: trust, until: 2027-12-31}", "`trust` is not known"),
        ("{origin: partner, owner: a, purposes: [service], ground: contract, until: soon}", "`until: soon` is no day; write YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_slip_in_the_terms_is_told(tmp_path: Path, terms: str, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        load_sources(bank(tmp_path, FEED + f"terms: {terms}\n"))


@pytest.mark.requirement("R-ACT-34")
def test_what_people_post_for_their_friends_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(
        ContractError, match="what people post for their friends is no source, whoever offers it"
    ):
        load_sources(
            bank(tmp_path, FEED + "terms: {origin: private_posts, owner: marketing, ground: consent}\n")
        )


@pytest.mark.requirement("R-PRV-18")
def test_public_data_are_tied_to_people_only_where_these_consented_or_named_themselves(
    tmp_path: Path,
) -> None:
    public = "terms: {origin: public, owner: data_office, purposes: [service], ground: public%s}\n"
    people = FEED + "maps: {party: {party_no_source: nr}}\n"

    with pytest.raises(ContractError, match="public data that are mapped to `party` need `joins`"):
        load_sources(bank(tmp_path / "a", people + public % ""))
    named = load_sources(bank(tmp_path / "b", people + public % ", joins: self_named"))["haus__kunden"]
    unmapped = load_sources(bank(tmp_path / "c", FEED + public % ""))["haus__kunden"]
    assert (named.terms.joins, unmapped.terms.joins) == ("self_named", None)


@pytest.mark.requirement("R-ING-26")
def test_the_register_names_what_is_not_the_banks_own_also_where_it_is_switched_off(tmp_path: Path) -> None:
    dirs = bank(tmp_path, FEED + PARTNER + "enabled: false\n")

    told = {feed: (terms.origin, str(terms.until), is_on) for feed, terms, is_on in register(dirs)}

    assert told["haus__kunden"] == ("partner", "2027-12-31", False)
    assert told["ref__fx"] == ("public", "None", True)
    assert "core__cif" not in told
    assert {feed.split("__")[0] for feed, *_ in register((SHIPPED_CONF,))} == {"agency", "ref"}


def test_a_file_is_looked_at_again_once_its_agreement_was_prolonged(tmp_path: Path) -> None:
    first = load_sources(bank(tmp_path / "a", FEED + PARTNER))["haus__kunden"]
    prolonged = load_sources(bank(tmp_path / "b", FEED + PARTNER.replace("2027", "2028")))["haus__kunden"]

    assert first.reading != prolonged.reading


def test_the_command_prints_the_register(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["oxpecker", "contract", "terms", "--json"])
    monkeypatch.setenv("OXPECKER_HOME", str(tmp_path))

    with pytest.raises(SystemExit):
        cli.main()

    rows = {row["feed"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["agency__payroll"]["until"] == "2028-12-31"

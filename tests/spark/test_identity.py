"""Who is who in a small bank: one run over the fixed stories, each told in a few rows."""

from __future__ import annotations

import json
from datetime import date

import pytest
from pyspark.sql import functions as F

from spark_jobs.erasure import erase
from spark_jobs.identity import scores
from spark_jobs.identity.golden import ELEMENTS, assemble_golden
from spark_jobs.identity.known import known
from spark_jobs.identity.registers import lift_relations
from spark_jobs.jobs import identity
from spark_jobs.whois.book import Book
from spark_jobs.whois.island import around
from spark_jobs.whois.traits import marks
from tests.support.drawn_bank import DATES, stocked
from tests.support.tables import table

MEMBER = "party_id string, customer_id string, valid_from date, valid_to date"


def customers(lake):
    """Parties by customer, on the last day."""
    found: dict[str, set[str]] = {}
    for row in lake.read("identity.party_customer").where("valid_to = '9999-12-31'").collect():
        found.setdefault(row["customer_id"], set()).add(row["party_id"])
    return found.values()


def explained_as_folded(lake):
    """What explains and undoes reads the lake without Spark: the same marks, and folded again the same memberships to the day."""
    lake.settings.current_release.write_text(json.dumps({
        "release_id": "r1", "business_date": str(DATES.last), "run_id": "x", "rules_version": "x", "code_version": "x",
        "published_at": "9999-01-01T00:00:00Z", "tables": {},
    }))  # fmt: skip
    traits = known(lake, DATES, lake.rules("identity")).features().traits
    judged = {row["party_id"]: sorted(scores.marks(row)) for row in traits.collect()}
    with Book(lake.settings) as book:
        assert {party: sorted(found) for party, found in marks(book, judged).items()} == judged
        assert [party for party in sorted(judged) if not around(book, [party]).is_the_lakes] == []


@pytest.mark.slow
@pytest.mark.requirement("R-IDN-01")
def test_every_story_of_the_small_bank_comes_out_right(lake, spark):
    stocked(lake, spark)

    identity.run(lake, DATES)

    together = sorted(sorted(c) for c in customers(lake) if len(c) > 1)
    assert together == [
        # a mistyped id ties by name, birth date and phone; a name with a lost character by a phone nobody shares
        ["call.typo", "core.typo", "loan.typo"],
        # one woman in seven systems, the card centre's record masked; not the stranger whose application names her number
        ["call.wang", "card.wang", "core.wang", "crm.wang", "ecif.wang", "mbank.wang", "wealth.wang"],
        # a passport's spelling of the same name
        ["core.cheung", "wealth.cheung"],
        # siblings whom ECIF takes for one stay two; ECIF's record stays with whom it was
        ["core.siba", "ecif.siba"],
        # the child stays apart from the father whose household book it shows
        ["core.son", "ecif.son"],
    ]
    items = {
        (r["kind_code"], tuple(r["party_ids"])): str(r["opened_on_date"])
        for r in lake.read("identity.review_item").collect()
    }
    assert items == {
        ("suspect_ecif_merge", ("ecif.siba",)): "2026-09-22",
        ("suspect_ecif_merge", ("core.sibb", "ecif.siba")): "2026-09-22",
        ("contradiction", ("core.wang", "loan.lost")): "2026-09-02",
        # a namesake who was given the number of another: in a bank of forty people two of one name may well be one
        ("grey_pair", ("core.old", "ecif.new")): "2026-09-01",
        # a complaint under a name and number that two people have
        ("grey_pair", ("cmpl.nobody", "core.same1")): "2026-09-10",
        ("grey_pair", ("cmpl.nobody", "core.same2")): "2026-09-10",
        ("contradiction", ("core.same1", "core.same2")): "2026-09-01",
        ("grey_pair", ("call.twin", "core.twin1")): "2026-09-20",
        ("grey_pair", ("call.twin", "core.twin2")): "2026-09-20",
    }
    hubs = {
        r["id_token"]: r["hub_reason_code"]
        for r in lake.read("identity.identifier").where("is_hub").collect()
    }
    assert hubs == {"+8657112345678": "too_many_names"}
    assert lake.read("identity.customer").where("created_date < '2026-09-01'").count() == 0
    household = lake.read("identity.relation_hist").where("relation_code = 'household'").count()
    assert household == 1
    owner = {party: n for n, c in enumerate(customers(lake)) for party in c}
    at_home = (
        lake.read("identity.household_member")
        .join(lake.read("identity.party_customer"), "customer_id")
        .collect()
    )
    assert {owner[r["party_id"]] for r in at_home} == {owner["core.father"], owner["core.son"]}
    assert len({r["household_id"] for r in at_home}) == 1
    watched = lake.read("identity.model_watch").where("compared_with_code = 'model'").collect()
    assert {r["business_date"] for r in watched} == set(DATES)
    assert {float(r["moved_ratio"]) for r in watched} == {0.0}, "so few pairs tell nothing"
    explained_as_folded(lake)
    before = {t: lake.version(t) for t in ("identity.party_customer", "identity.golden_hist")}

    identity.run(lake, DATES)

    assert {t: lake.version(t) for t in before} == before, "the same input changes nothing"


@pytest.mark.slow
def test_a_day_judged_later_is_judged_the_same(make_lake, spark):
    """Customers of 15 September, once as known on that day and once in a run for the whole month: same parties, same ids."""
    early, whole = make_lake(date(2026, 9, 15), DATES.first), make_lake(DATES.last, DATES.first)

    def on_the_day(lake):
        stocked(lake, spark)
        identity.run(lake, lake.run.dates)
        rows = lake.read("identity.party_customer").where(
            "valid_from <= '2026-09-15' and valid_to > '2026-09-15'"
        )
        return {(r["party_id"], r["customer_id"]) for r in rows.collect()}

    first = on_the_day(early)

    assert len(first) > 30
    assert on_the_day(whole) == first


@pytest.mark.slow
def test_who_asked_to_be_erased_is_gone_with_all_records_from_the_day_on(make_lake, spark):
    lake, asked = make_lake(DATES.last, DATES.first), make_lake(DATES.last, DATES.first)
    for each in (lake, asked):
        stocked(each, spark)
    asked.publish("ops.erasure_tombstone", table(
        spark, "source_code string, party_no_token string, erased_at timestamp_ntz, policy_code string",
        "core | core.cheung | 2026-09-10 04:00:00 | suppress\n core | core.father | 2026-09-12 04:00:00 | suppress",
    ))  # fmt: skip

    identity.run(lake, DATES)
    identity.run(asked, DATES)

    def customers_of(lake):
        status = {r["customer_id"]: r["status_code"] for r in lake.read("identity.customer").collect()}
        named = {r["customer_id"] for r in lake.read("identity.golden_hist").collect()}
        return status, named

    before, after = customers_of(lake), customers_of(asked)
    gone = {c for c, status in after[0].items() if status == "erased"}
    owners = asked.read("identity.party_customer").where(F.col("customer_id").isin(*gone)).collect()
    assert {r["party_id"] for r in owners} == {"core.cheung", "wealth.cheung", "core.father"}
    assert before[1] - after[1] == gone
    assert after[0] | dict.fromkeys(gone, "active") == before[0], "nobody else is touched"
    shared = ("identity.relation_hist", "identity.household_member")
    assert all(lake.read(shared_table).count() for shared_table in shared)
    assert not any(asked.read(shared_table).count() for shared_table in shared), (
        "the son lives with nobody known"
    )
    _is_as_it_was_after_the_purge(asked, gone)


def _is_as_it_was_after_the_purge(lake, gone):
    """Nothing they were compared by is left, and who is who comes out the same; a second purge finds nothing."""
    for ledger in ("ops.erasure_key", "ops.erasure_tie", "ops.erasure_certificate"):
        lake.ensure_table(ledger)
    kept = ("identity.customer", "identity.party_customer", "identity.customer_event")

    def told():
        return {t: {str(r) for r in lake.read(t).drop("confidence_ratio").collect()} for t in kept}

    before = told()

    outcome = erase.run(lake.settings)

    assert {c["customer_id"] for c in outcome.certificates} == gone
    parties = lake.read("identity.party_customer").where(F.col("customer_id").isin(*gone)).select("party_id")
    for silver in ("party_hist", "party_identifier", "party_contact"):
        assert lake.read(f"silver.{silver}").join(parties, "party_id", "left_semi").count() == 0
    identity.run(lake, DATES)
    assert told() == before
    assert erase.run(lake.settings).certificates == []


FACT = (
    "party_id string, source_code string, element_code string, value string, quality_rank int, changed_date date, valid_from date, "
    "valid_to date"
)


@pytest.mark.requirement("R-IDN-05")
def test_the_golden_record_follows_what_held_on_each_day(spark):
    members = table(
        spark,
        MEMBER,
        "a | c | 2026-09-01 | 9999-12-31\n b | c | 2026-09-10 | 9999-12-31\n d | e | 2026-09-01 | 2026-09-05",
    )
    said = table(
        spark,
        FACT,
        """
        a | core | name        | 何清   | 1 | 2026-09-01 | 2026-09-01 | 2026-09-20
        a | core | name        | 何婉清 | 1 | 2026-09-20 | 2026-09-20 | 9999-12-31
        a | core | mobile_norm | +861   | 0 | 2026-09-01 | 2026-09-01 | 2026-09-15
        b | ecif | name        | 何*    | 5 | 2026-09-10 | 2026-09-10 | 9999-12-31
        b | ecif | sex_code    | F      | 0 | 2026-09-12 | 2026-09-12 | 9999-12-31
        d | core | address_norm | 330106/文三路90 | 0 | 2026-09-01 | 2026-09-01 | 2026-09-03
        d | core | address_norm | /望潮路1        | 0 | 2026-09-03 | 2026-09-03 | 9999-12-31
    """,
    )

    said = said.withColumn("value", F.translate("value", "/", "|"))  # the bar parts the columns above

    golden = assemble_golden(members, said, ["ecif", "core"]).orderBy("customer_id", "valid_from").collect()

    told = [
        (
            r["customer_id"],
            str(r["valid_from"]),
            str(r["valid_to"]),
            r["name"],
            r["sex_code"],
            r["mobile_norm"],
        )
        for r in golden
    ]
    # a masked name never beats a full one, a number that ended is still the last one known
    assert told == [
        ("c", "2026-09-01", "2026-09-12", "何清", None, "+861"),
        ("c", "2026-09-12", "2026-09-20", "何清", "F", "+861"),
        ("c", "2026-09-20", "9999-12-31", "何婉清", "F", "+861"),
        ("e", "2026-09-01", "2026-09-03", None, None, None),
        ("e", "2026-09-03", "2026-09-05", None, None, None),
    ]
    # who moved to a place that nothing names has no region, not the one before
    assert [(r["address_norm"], r["region_code"]) for r in golden[3:]] == [
        ("330106|文三路90", "330106"),
        ("|望潮路1", None),
    ]
    assert [(p["element_code"], p["party_id"], p["source_code"]) for p in golden[1]["provenance"]] == [
        ("name", "a", "core"), ("sex_code", "b", "ecif"), ("mobile_norm", "a", "core"),
    ]  # fmt: skip
    assert "birth_date" in ELEMENTS


@pytest.mark.requirement("R-IDN-10")
def test_relations_of_parties_are_those_of_their_customers_while_they_belong_to_them(spark):
    members = table(
        spark,
        MEMBER,
        """
        borrower  | x | 2026-09-01 | 9999-12-31
        guarantor | y | 2026-09-01 | 2026-09-10
        guarantor | z | 2026-09-10 | 9999-12-31
        again     | y | 2026-09-01 | 9999-12-31
    """,
    )
    said = table(
        spark,
        "party_id_from string, party_id_to string, relation_code string, valid_from date, valid_to date",
        """
        guarantor | borrower | guarantor | 2026-09-05 | 9999-12-31
        again     | borrower | guarantor | 2026-09-08 | 2026-09-20
        again     | guarantor | other    | 2026-09-01 | 2026-09-05
    """,
    )

    held = lift_relations(said, members).orderBy("customer_id_from", "valid_from").collect()

    assert [
        (r["customer_id_from"], r["customer_id_to"], str(r["valid_from"]), str(r["valid_to"])) for r in held
    ] == [
        ("y", "x", "2026-09-05", "2026-09-20"),
        ("z", "x", "2026-09-10", "9999-12-31"),
    ]

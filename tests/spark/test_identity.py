"""Who is who in a small bank: one run over the fixed stories, each told in a few rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.erasure import erase
from spark_jobs.history import OPEN_INSTANT, instant
from spark_jobs.identity import bank_model, memory, scores
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.identity.golden import ELEMENTS, assemble_golden
from spark_jobs.identity.reading import read
from spark_jobs.identity.registers import lift_relations
from spark_jobs.identity.spread import spread
from spark_jobs.jobs import identity
from spark_jobs.whois.book import Book
from spark_jobs.whois.island import around
from spark_jobs.whois.traits import marks
from tests.support.tables import table

DATES = DateRange(date(2026, 9, 1), date(2026, 9, 30))
PARTY = "party_id string, name string, birth_date date, birth_date_quality_code string, sex_code string, name_latin string, valid_from date"
NUMBER = "party_id string, id_kind_code string, id_token string, id_class_code string, checksum_state_code string, valid_from date"
PHONE = "party_id string, contact_norm string, valid_from date, valid_to date"
MEMBER = "party_id string, customer_id string, valid_from date, valid_to date"

# The part of a party id before the dot is its source, the part behind it the person it really is.
PEOPLE = """
core.wang      | 王敏     | 1980-01-01 | agrees  | F | | 2026-09-01
wealth.wang    | 王敏     |            |         |   | | 2026-09-01
ecif.wang      | 王敏     | 1980-01-01 | agrees  | F | | 2026-09-01
mbank.wang     |          |            |         |   | | 2016-03-03
crm.wang       |          |            |         |   | | 2026-09-01
call.wang      | 王敏     |            |         |   | | 2026-09-20
card.wang      | 王*      | 1980-01-01 | month_only | F | WANG MIN | 2026-09-01
core.twin1     | 李一     | 1990-05-05 | agrees  | M | | 2026-09-01
core.twin2     | 李二     | 1990-05-05 | agrees  | M | | 2026-09-01
core.siba      | 钱思源   | 1990-03-07 | agrees  | M | | 2026-09-01
core.sibb      | 钱思远   | 1992-03-07 | agrees  | M | | 2026-09-01
ecif.siba      | 钱思源   | 1990-03-07 | agrees  | M | | 2026-09-01
core.father    | 赵伟     | 1970-02-02 | agrees  | M | | 2026-09-01
core.son       | 赵炜     | 2000-02-02 | declared | M | | 2026-09-01
ecif.son       | 赵炜     | 2000-02-02 | declared | M | | 2026-09-01
core.old       | 周平     | 1960-06-06 | declared | M | | 2026-09-01
ecif.new       | 周平     |            |         | M | | 2026-09-01
core.typo      | 孙丽     | 1985-07-07 | declared | F | | 2026-09-01
loan.typo      | 孙丽     | 1985-07-07 | declared | F | | 2026-09-05
core.cheung    | 張偉     | 1975-08-08 | declared | M | | 2026-09-01
wealth.cheung  | ZHANG WEI | 1975-08-08 | declared | M | | 2026-09-01
loan.lost      | 王敏     | 1981-11-11 | declared | F | | 2026-09-02
core.same1     | 陈杰     | 1966-01-01 | agrees  | M | | 2026-09-01
core.same2     | 陈杰     | 1977-01-01 | agrees  | M | | 2026-09-01
cmpl.nobody    | 陈杰     |            |         |   | | 2026-09-10
call.typo      | 孙?      |            |         |   | | 2026-09-20
call.twin      | 李?      |            |         |   | | 2026-09-20
"""
COLLEAGUES = "\n".join(
    f"core.staff{n:02d} | 员工{chr(0x4E00 + n)} | 1990-01-{1 + n:02d} | declared | | | 2026-09-01"
    for n in range(14)
)
NUMBERS = """
core.wang      | 01           | id-wang  | strong | valid   | 2026-09-01
wealth.wang    | 01           | id-wang  | strong | valid   | 2026-09-01
core.wang      | cust_no_core | C1       | strong | none    | 2026-09-01
ecif.wang      | cust_no_core | C1       | medium | none    | 2026-09-01
ecif.wang      | ecif_no      | E1       | strong | none    | 2026-09-01
crm.wang       | ecif_no      | E1       | strong | none    | 2026-09-01
mbank.wang     | cust_no_core | C1       | strong | none    | 2016-03-03
core.twin1     | 01           | id-t1    | strong | valid   | 2026-09-01
core.twin2     | 01           | id-t2    | strong | valid   | 2026-09-01
core.siba      | 01           | id-sa    | strong | valid   | 2026-09-01
core.sibb      | 01           | sb-7731  | strong | valid   | 2026-09-01
ecif.siba      | 01           | id-sa    | strong | valid   | 2026-09-01
ecif.siba      | 01           | sb-7731  | strong | valid   | 2026-09-22
core.father    | 01           | id-f     | strong | valid   | 2026-09-01
core.son       | 03           | id-f     | medium | valid   | 2026-09-01
core.son       | cust_no_core | C8       | strong | none    | 2026-09-01
ecif.son       | 03           | id-f     | medium | valid   | 2026-09-01
ecif.son       | cust_no_core | C8       | medium | none    | 2026-09-01
core.typo      | 01           | id-typo  | blocked | invalid | 2026-09-01
loan.typo      | 01           | id-ok    | strong | valid   | 2026-09-05
core.cheung    | 06           | id-hk    | medium | none    | 2026-09-01
wealth.cheung  | 06           | id-hk    | medium | none    | 2026-09-01
loan.lost      | 01           | id-lost  | strong | valid   | 2026-09-02
loan.lost      | cust_no_core | C1       | strong | none    | 2026-09-02
core.same1     | 01           | id-s1    | strong | valid   | 2026-09-01
core.same2     | 01           | id-s2    | strong | valid   | 2026-09-01
"""
PHONES = """
core.wang   | +8615400000001 | 2026-09-01 | 9999-12-31
call.wang   | +8615400000001 | 2026-09-20 | 9999-12-31
card.wang   | 154****0001    | 2026-09-01 | 9999-12-31
core.twin1  | +8615400000002 | 2026-09-01 | 9999-12-31
core.twin2  | +8615400000002 | 2026-09-01 | 9999-12-31
core.father | +8615400000003 | 2026-09-01 | 9999-12-31
core.son    | +8615400000003 | 2026-09-01 | 9999-12-31
core.old    | +8615400000004 | 2016-01-01 | 2026-04-30
ecif.new    | +8615400000004 | 2026-08-10 | 9999-12-31
core.typo   | +8615400000005 | 2026-09-01 | 9999-12-31
loan.typo   | +8615400000005 | 2026-09-05 | 9999-12-31
core.same1  | +8615400000006 | 2026-09-01 | 9999-12-31
core.same2  | +8615400000006 | 2026-09-01 | 9999-12-31
cmpl.nobody | +8615400000006 | 2026-09-10 | 9999-12-31
call.typo   | +8615400000005 | 2026-09-20 | 9999-12-31
call.twin   | +8615400000002 | 2026-09-20 | 9999-12-31
""" + "\n".join(f"core.staff{n:02d} | +8657112345678 | 2026-09-01 | 9999-12-31" for n in range(14))


def stocked(lake, spark, people="", phones=""):
    """The drawn bank as silver, and more people and phones of theirs."""

    def shaped(frame, of, **more):
        wide = frame.withColumn("source_code", F.split("party_id", r"\.")[0])
        for column, value in more.items():
            wide = wide.withColumn(column, value)
        for column in lake.contracts.table(of).columns:
            if column not in wide.columns:
                wide = wide.withColumn(column, F.lit(None))
        lake.publish(of, wide)

    forever = F.lit("9999-12-31").cast("date")
    masked = F.col("name").contains("*")
    drawn = table(spark, PARTY, f"{PEOPLE}{COLLEAGUES}\n{people}")
    shaped(
        drawn, "silver.party_hist", party_no_source=F.col("party_id"), party_kind_code=F.lit("person"), valid_to=forever,
        name_quality_code=F.when(masked, "masked").when(F.col("name").contains("?"), "damaged").when(F.col("name").rlike("[A-Z]"), "latin").when(F.col("name").isNotNull(), "full"),
        is_masked=F.coalesce(masked, F.lit(False)),
    )  # fmt: skip
    numbers = table(spark, NUMBER, NUMBERS)
    shaped(numbers, "silver.party_identifier", valid_to=forever, id_value_norm=F.col("id_token"))
    called = table(spark, PHONE, f"{PHONES}\n{phones}")
    hidden = F.col("contact_norm").contains("*")
    shaped(
        called, "silver.party_contact", contact_kind_code=F.lit("mobile"), contact_token=F.col("contact_norm"), is_masked=hidden,
        is_placeholder=F.lit(False),
    )  # fmt: skip


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
    known = identity._known(lake, DATES, lake.rules("identity"))
    judged = {row["party_id"]: sorted(scores.marks(row)) for row in known.traits.collect()}
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


# Rows of the six tables that follow group by group from what is said.
BY_GROUP = (
    "identity.pair_score", "identity.link_event", "identity.review_item", "identity.party_customer", "identity.customer", "identity.customer_event",
)  # fmt: skip


def told_of(lake):
    """What is believed of who is who, whenever it came to be known."""
    columns = {t: [c for c in lake.read(t).columns if c not in ("known_from", "known_to")] for t in BY_GROUP}
    return {
        t: Counter(str(r) for r in lake.read(t).select(*columns[t]).where(_believed(lake, t)).collect())
        for t in BY_GROUP
    }


def _believed(lake, name):
    return F.col("known_to") == instant(OPEN_INSTANT) if "known_to" in lake.read(name).columns else F.lit(True)  # fmt: skip


@pytest.mark.slow
def test_days_judged_from_what_is_remembered_equal_days_judged_anew(make_lake, spark, monkeypatch, caplog):
    """The bank as it was drawn; a record and a phone more, and a steward's merge; the merge taken back and the record gone.

    One lake remembers, in the other the memory is deleted before each run.
    """
    remembering, forgetting = (make_lake(DATES.last, DATES.first) for _ in range(2))
    monkeypatch.setattr(identity, "_is_audited", lambda dates, rules: False)
    merge = "d1 | merge | core.twin1,core.twin2 |  | 2026-09-22 | 2026-09-22 02:00:00"

    def judged():
        """Groups judged and all, parties read and all, pairs compared and all."""
        with caplog.at_level("INFO", identity.__name__):
            caplog.clear()
            identity.run(remembering, DATES)
        return [int(n) for n in re.findall(r"\d+", caplog.messages[0].replace(",", ""))]

    def judged_anew():
        forgetting.settings.identity_memory.unlink(missing_ok=True)
        identity.run(forgetting, DATES)
        return told_of(forgetting)

    stocked(remembering, spark)
    groups, all_groups, read, parties, compared, pairs = judged()
    assert (groups, read, compared) == (all_groups, parties, pairs)

    for lake in (remembering, forgetting):
        stocked(lake, spark, people="loan.late | 王敏 | 1980-01-01 | declared | F | | 2026-09-21", phones="loan.late | +8615400000001 | 2026-09-21 | 9999-12-31")  # fmt: skip
        decide(lake, spark, merge)
    groups, all_groups, read, parties, compared, pairs = judged()
    assert groups == 2 < all_groups
    assert 0 < read < parties / 3
    assert 0 < compared < pairs / 3
    assert owners(remembering, "loan.late") == owners(remembering, "core.wang")
    assert told_of(remembering) == judged_anew()

    for lake in (remembering, forgetting):
        stocked(lake, spark)
        decide(lake, spark, f"{merge}\n d2 | take_back |  | d1 | 2026-09-25 | 2026-09-25 02:00:00")
    groups, *_, compared, _ = judged()
    assert (groups, compared) == (2, 0)
    assert told_of(remembering) == judged_anew()
    assert remembering.read("identity.memory_audit").count() == 0

    _is_found_by_an_audit(remembering, monkeypatch)


def _is_found_by_an_audit(lake, monkeypatch):
    """A row that somebody takes out of a table, while the memory is made to believe that the table is as the job left it, and a pair that is
    remembered otherwise than it compares (two colleagues)."""
    right = told_of(lake)
    lost = lake.read("identity.customer").where("status_code = 'active'").orderBy("customer_id").limit(1)
    others = lake.read("identity.customer").join(lost, "customer_id", "left_anti")
    written = lake.version("identity.customer")
    lake.publish("identity.customer", others.localCheckpoint())
    remembered = lake.settings.identity_memory
    assert memory.opened(remembered, identity._terms(lake)) is None, "it is not the table that is remembered"
    monkeypatch.setattr(identity, "_terms", partial(_terms_with, written, identity._terms))
    known = memory.opened(remembered, identity._terms(lake))
    assert known is not None and known.compared is not None
    patterns = known.compared.patterns.copy()
    colleagues = np.flatnonzero((patterns & 15) == LABELS["name"].index("a word or two characters"))
    patterns[colleagues[0]] ^= 1
    wrong = replace(known, compared=replace(known.compared, patterns=patterns))
    memory.write(remembered, wrong, identity._terms(lake))
    monkeypatch.setattr(identity, "_is_audited", lambda dates, rules: True)

    identity.run(lake, DATES)

    audit = lake.read("identity.memory_audit").collect()
    differing = {row["table_name"]: row["differing_row_cnt"] for row in audit}
    assert differing == dict.fromkeys(BY_GROUP, 0) | {"identity.customer": 1, "identity.memory": 1}
    carried = {row["table_name"]: row["carried_row_cnt"] for row in audit}
    assert carried.pop("identity.memory") > 0
    assert carried == {t: rows.total() - (t == "identity.customer") for t, rows in right.items()}
    assert told_of(lake) == right, "what is published is what was judged anew"


def _terms_with(version, terms, lake):
    found = terms(lake)
    return found | {"tables": found["tables"] | {"identity.customer": version}}


def test_executors_say_of_pairs_what_the_job_says_of_them(lake, spark):
    """Of all pairs of the drawn bank's people, a few to a task."""
    stocked(lake, spark)
    known = identity._known(lake, DATES, lake.rules("identity"))
    versions = known.silver.versions(None)
    model = bank_model.opened(lake.settings).frozen
    here = read(versions, model)[1]
    left, right = np.triu_indices(len(versions.people), 1)
    asked = []

    def noted(*sides):
        asked.append(len(sides[0]))
        return here(*sides)

    by_executors = spread(spark, model, len(left))(versions, noted)
    found, expected = by_executors(left, right), here(left, right)

    assert len(left) > 500 and asked == []
    assert [side.tolist() for side in found] == [side.tolist() for side in expected]
    assert len(by_executors(left[:9], right[:9])[0]) == 9
    assert asked == [9], "few are compared by the job itself"


def owners(lake, party):
    """Customers of a party on the last day."""
    rows = lake.read("identity.party_customer").where((F.col("party_id") == party) & _believed(lake, "identity.party_customer"))  # fmt: skip
    return {r["customer_id"] for r in rows.where("valid_to = '9999-12-31'").collect()}


def decide(lake, spark, told):
    """Accepted decisions of stewards."""
    rows = table(
        spark, "decision_id string, steward_decision_code string, parties string, decision_subject string, decided_on_date date, decided_at timestamp_ntz",
        told,
    )  # fmt: skip
    wide = rows.withColumn("party_ids", F.split("parties", ",")).withColumn("decision_state_code", F.lit("accepted"))  # fmt: skip
    for column in lake.contracts.table("ops.steward_decision").columns:
        if column not in wide.columns:
            wide = wide.withColumn(column, F.lit(None))
    lake.publish("ops.steward_decision", wide)


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

    def known(lake):
        status = {r["customer_id"]: r["status_code"] for r in lake.read("identity.customer").collect()}
        named = {r["customer_id"] for r in lake.read("identity.golden_hist").collect()}
        return status, named

    before, after = known(lake), known(asked)
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

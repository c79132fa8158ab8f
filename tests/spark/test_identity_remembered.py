"""Who is who from what the run before left: equal to judging all anew, and what an audit finds where it is not."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest
from pyspark.sql import functions as F

from spark_jobs.history import OPEN_INSTANT, instant
from spark_jobs.identity import bank_model, memory
from spark_jobs.identity.engine.scale import LABELS
from spark_jobs.identity.known import known
from spark_jobs.identity.reading import read
from spark_jobs.identity.ruled import looked
from spark_jobs.identity.spread import spread
from spark_jobs.jobs import identity
from tests.support.drawn_bank import DATES, decide, stocked

# Rows of the tables that follow from what is said group by group, or number by number.
BY_GROUP = (
    "identity.pair_score", "identity.link_event", "identity.review_item", "identity.party_customer", "identity.customer", "identity.customer_event",
    "identity.record", "identity.golden_hist", "identity.identifier",
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
    """The bank as it was drawn; a record and two phones more, one of them nobody else's, and a steward's merge; the merge taken back and the record gone.

    One lake remembers, in the other the memory is deleted before each run.
    """
    remembering, forgetting = (make_lake(DATES.last, DATES.first) for _ in range(2))
    monkeypatch.setattr(identity, "_is_audited", lambda dates, rules: False)
    merge = "d1 | merge | core.twin1,core.twin2 |  | 2026-09-22 | 2026-09-22 02:00:00"

    def judged():
        """Groups judged and all, pairs by rules judged and all, parties read and all, pairs compared and all."""
        with caplog.at_level("INFO", identity.__name__):
            caplog.clear()
            identity.run(remembering, DATES)
        return [int(n) for n in re.findall(r"\d+", caplog.messages[0].replace(",", ""))]

    def judged_anew():
        forgetting.settings.identity_memory.unlink(missing_ok=True)
        identity.run(forgetting, DATES)
        return told_of(forgetting)

    stocked(remembering, spark)
    groups, all_groups, ruled, all_ruled, read, parties, compared, pairs = judged()
    assert (groups, ruled, read, compared) == (all_groups, all_ruled, parties, pairs)

    for lake in (remembering, forgetting):
        stocked(lake, spark, people="loan.late | 王敏 | 1980-01-01 | declared | F | | 2026-09-21", phones="loan.late | +8615400000001 | 2026-09-21 | 9999-12-31\n loan.late | +8615400000099 | 2026-09-21 | 9999-12-31")  # fmt: skip
        decide(lake, spark, merge)
    groups, all_groups, ruled, all_ruled, read, parties, compared, pairs = judged()
    assert groups == 2 < all_groups
    assert 0 < ruled < all_ruled / 2
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
    kept = memory.opened(remembered, identity._terms(lake))
    assert kept is not None and kept.compared is not None
    patterns = kept.compared.patterns.copy()
    colleagues = np.flatnonzero((patterns & 15) == LABELS["name"].index("a word or two characters"))
    patterns[colleagues[0]] ^= 1
    wrong = replace(kept, compared=replace(kept.compared, patterns=patterns))
    memory.write(remembered, wrong, identity._terms(lake))
    monkeypatch.setattr(identity, "_is_audited", lambda dates, rules: True)

    identity.run(lake, DATES)

    audit = lake.read("identity.memory_audit").collect()
    differing = {row["table_name"]: row["differing_row_cnt"] for row in audit}
    assert differing == dict.fromkeys([*BY_GROUP, "identity.evidence"], 0) | {
        "identity.customer": 1,
        "identity.memory": 1,
    }
    carried = {row["table_name"]: row["carried_row_cnt"] for row in audit}
    assert carried.pop("identity.memory") > 0
    assert carried.pop("identity.evidence") > 0
    assert carried == {t: rows.total() - (t == "identity.customer") for t, rows in right.items()}
    assert told_of(lake) == right, "what is published is what was judged anew"


def _terms_with(version, terms, lake):
    found = terms(lake)
    return found | {"tables": found["tables"] | {"identity.customer": version}}


def test_executors_say_of_pairs_what_the_job_says_of_them(lake, spark):
    """Of all pairs of the drawn bank's people, a few to a task."""
    stocked(lake, spark)
    versions = known(lake, DATES, lake.rules("identity")).silver.versions(None)
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


def _crowd(dice, rows):
    """People who share names, numbers and phones far oftener than a bank's do, and so are tied, contradicted, ambiguous and hubs; rows: of each kind."""
    people, phones, numbers = [], [], []
    for n in range(rows):
        source = dice.choice(["core", "ecif", "card", "loan", "call"])
        party = f"{source}.r{n:03d}"
        name = dice.choice([*["王敏"] * 20, *["李伟", "王*", "王敏华", "WANG MIN", ""] * 2, "张静", "赵磊"])
        born = date(1980, 1, 1) + timedelta(days=dice.choice([0, 0, 0, 40, 400]))
        sure = dice.choice(["agrees", "declared", "month_only"])
        seen = date(2026, 9, dice.randint(1, 28))
        people.append(f"{party} | {name} | {born} | {sure} | {dice.choice('FM')} | | {seen}")
        if dice.random() < 0.7:
            number = f"+86154{dice.randint(0, 1)}000{dice.randint(0, 24):04d}"
            shown = f"{number[3:6]}****{number[-4:]}" if source == "card" else number
            phones.append(f"{party} | {shown} | {seen} | {dice.choice(['9999-12-31', '2026-09-20'])}")
        if dice.random() < 0.5:
            kind, of = dice.choice([("01", "id"), ("06", "p"), ("cust_no_core", "C"), ("ecif_no", "E")])
            state = "valid" if kind == "01" else "none"
            strength = dice.choice(["strong", "medium"])
            numbers.append(
                f"{party} | {kind} | {of}{dice.randint(0, rows // 12)} | {strength} | {state} | {seen}"
            )
    return people, phones, numbers


@pytest.mark.slow
def test_pairs_by_rules_of_whom_a_change_reaches_and_those_of_before_are_those_of_all(
    make_lake, spark, monkeypatch
):
    """A crowd in which everything is shared, of which a few people change a word, come or go from run to run.

    Rows of whom a change reaches are handed to the server once, and once read by it, as where they are many.
    """
    lake, dice = make_lake(DATES.last, DATES.first), random.Random(20260930)
    kinds = _crowd(dice, 240)
    before, carried = None, 0
    for handed_over in (50_000, 50_000, 0):
        monkeypatch.setattr("spark_jobs.identity.known._HANDED_OVER", handed_over)
        stocked(lake, spark, *("\n".join(rows) for rows in kinds))
        silver = known(lake, DATES, lake.rules("identity"))
        by_memory, anew = looked(silver, before), looked(silver, None)
        assert by_memory.ruled.held.equals(anew.ruled.held)
        assert anew.ruled.held.num_rows > 100
        carried += anew.compared - by_memory.compared
        before = by_memory.ruled
        fresh = _crowd(dice, 240)
        for rows, others in zip(kinds, fresh, strict=True):
            for _ in range(2):
                rows[dice.randrange(len(rows))] = dice.choice(others)
            rows.pop(dice.randrange(len(rows)))
    assert carried > 100, "most pairs are taken from the run before"

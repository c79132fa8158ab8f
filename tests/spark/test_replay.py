"""What stewards decided comes back into the lake: in the business date it belongs to, once, and the totals still add up."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from pyspark.sql import functions as F

from spark_jobs.bronze import ledger
from spark_jobs.dates import DateRange
from spark_jobs.jobs import bronze, decisions, silver
from spark_jobs.steward import decide
from spark_jobs.steward.queue import Desk
from tests.support import lakes

pytestmark = pytest.mark.slow

AT = datetime(2026, 10, 1, 2, 0)
OPENING = date(2026, 9, 20)
BAND = "feed: loan__duebill\nchecks: {volume_band: [5, 9]}\n"


def ledger_of(lake, feed, day):
    rows = lake.read("ops.delivery_file").where(
        (F.col("feed_code") == feed) & (F.col("business_date") == F.lit(day))
    )
    (row,) = rows.collect()
    return row


def test_a_repaired_record_lands_in_its_business_date_once(make_lake, nano_landing, tmp_path):
    lake = make_lake(OPENING, landing=nano_landing, steward=tmp_path / "steward" / "decisions.jsonl")
    dates = DateRange.day(OPENING)

    def run():
        bronze.run(lake, dates, systems=["ECIF"])
        decisions.run(lake, dates)

    run()
    file = ledger_of(lake, "ecif__party", OPENING)
    loaded = lake.read("bronze.ecif__party").count()
    assert (loaded + 1, file["quarantined_cnt"], file["replay_hash"]) == (file["rows_found"], 1, None)

    desk = Desk(lake.settings)
    (half,) = [i for i in desk.waiting() if i.kind == "quarantine"]
    made = decide.repair(desk, half, "asked the branch", "S1", AT, values={"name_cn": "林瑋"})
    run()

    rows = lake.read("bronze.ecif__party", provenance=True).where("_parse_status = 'repaired'").collect()
    (landed,) = [row for row in rows if "steward_repair" in row["_reason_codes"]]
    assert (landed["name_cn"], landed["business_date"], landed["_line_no"]) == ("林瑋", OPENING, half.line_no)
    assert bytes(landed["_record"]) == half.record
    (kept,) = lake.read("ops.quarantine").collect()
    assert (kept["state_code"], kept["decision_id"]) == ("repaired", made.decision_id)
    assert lake.read("bronze.ecif__party").count() == file["rows_found"]
    (entered,) = lake.read("ops.steward_decision").collect()
    told = entered["decision_id"], entered["steward_decision_code"], entered["first_staff_id"]
    assert told == (made.decision_id, "repair", "S1")
    # Silver is made of other content than before, so it is made anew.
    (accepted,) = [f for f in ledger.accepted_files(lake) if f["feed_code"] == "ecif__party"]
    assert accepted["replay_hash"] is not None
    assert Desk(lake.settings).waiting() == []

    before = lakes.versions(lake.settings)
    run()
    assert lakes.written_since(before, lake.settings) == {}

    # A run that is killed before it has written the ledger loads the file again.
    ledger.write_states(lake, {})
    run()
    assert lake.read("bronze.ecif__party").count() == file["rows_found"]
    assert ledger_of(lake, "ecif__party", OPENING)["replay_hash"] == accepted["replay_hash"]

    silver.run(lake, dates)
    parties = lake.read("silver.party_hist", provenance=True).where(
        F.exists("_origin", lambda at: (at["file_id"] == half.file_id) & (at["line_no"] == half.line_no))
    )
    assert [row["valid_from"] <= OPENING for row in parties.collect()] == [True]


def test_a_held_feed_that_two_people_release_loads_and_a_second_run_adds_nothing(
    make_lake, nano_landing, tmp_path
):
    conf = Path(tmp_path / "conf")
    (conf / "contracts" / "sources").mkdir(parents=True)
    (conf / "contracts" / "sources" / "loan__duebill.yml").write_text(BAND)
    day = date(2026, 9, 24)
    dates = DateRange(date(2026, 9, 21), day)
    base = make_lake(day).settings.conf_dirs
    lake = make_lake(
        day,
        dates.first,
        landing=nano_landing,
        steward=tmp_path / "steward" / "decisions.jsonl",
        conf_dirs=(*base, conf),
    )
    bronze.run(lake, dates, systems=["LOAN"])
    held = ledger_of(lake, "loan__duebill", day)
    assert (held["state_code"], held["reason_code"]) == ("held", "volume_band")
    assert lake.read("bronze.loan__duebill", DateRange.day(day)).count() == 0

    desk = Desk(lake.settings)
    made = decide.release(desk, desk.find(held["file_id"]), "quarter end", "S1", AT)
    bronze.run(lake, dates, systems=["LOAN"])
    assert ledger_of(lake, "loan__duebill", day)["state_code"] == "held"  # One person is not enough.

    decide.agree(desk, made.decision_id, "S2", AT)
    bronze.run(lake, dates, systems=["CORE"])
    assert (
        ledger_of(lake, "loan__duebill", day)["state_code"] == "held"
    )  # Whoever loads other systems leaves it.
    bronze.run(lake, dates, systems=["LOAN"])

    file = ledger_of(lake, "loan__duebill", day)
    assert (file["state_code"], file["reason_code"], file["decision_id"]) == (
        "loaded",
        None,
        made.decision_id,
    )
    assert (
        lake.read("bronze.loan__duebill", DateRange.day(day)).count()
        == file["rows_found"]
        == file["rows_declared"]
    )
    checks = lake.read("ops.control_check").where(F.col("file_id") == file["file_id"]).collect()
    assert {c["check_code"]: c["verdict_code"] for c in checks}["volume_band"] == "waived"
    assert len(checks) == len({c["check_code"] for c in checks})
    assert all(c["verdict_code"] == "pass" for c in checks if c["check_code"] != "volume_band")

    before = lakes.versions(lake.settings)
    bronze.run(lake, dates, systems=["LOAN"])
    assert lakes.written_since(before, lake.settings) == {}


def test_an_exception_of_a_rule_loads_the_records_of_its_dates_and_a_second_run_adds_nothing(
    make_lake, nano_landing, tmp_path
):
    # The bank's own contract holds records longer than any of ECIF's to be too long: all are kept aside.
    conf = Path(tmp_path / "conf")
    (conf / "contracts" / "sources").mkdir(parents=True)
    (conf / "contracts" / "sources" / "ecif__party.yml").write_text(
        "feed: ecif__party\nlayout: {longest_record: 20}\n"
    )
    day = date(2026, 9, 21)
    dates = DateRange(OPENING, day)
    base = make_lake(day).settings.conf_dirs
    lake = make_lake(
        day, OPENING, landing=nano_landing, steward=tmp_path / "steward" / "decisions.jsonl", conf_dirs=(*base, conf)
    )  # fmt: skip
    bronze.run(lake, dates, systems=["ECIF"])
    files = {d: ledger_of(lake, "ecif__party", d) for d in (OPENING, day)}
    assert lake.read("bronze.ecif__party").count() == 0
    assert all(f["quarantined_cnt"] == f["rows_found"] > 0 for f in files.values())

    desk = Desk(lake.settings)
    made = decide.exception(
        desk, "ecif__party", "record_too_long", day, day, "long names until release 8", "S1", AT
    )
    bronze.run(lake, dates, systems=["ECIF"])
    assert lake.read("bronze.ecif__party").count() == 0  # One person is not enough.
    decide.agree(desk, made.decision_id, "S2", AT)
    bronze.run(lake, dates, systems=["ECIF"])

    landed = lake.read("bronze.ecif__party", provenance=True).collect()
    kept = lake.read("ops.quarantine").collect()
    assert {row["business_date"] for row in landed} == {day}
    assert all(
        (row["_parse_status"], row["_reason_codes"][0], row["_reason_codes"][-1])
        == ("repaired", "record_too_long", "steward_exception")
        for row in landed
    )
    assert len(landed) == sum(row["state_code"] == "excepted" and row["business_date"] == day for row in kept)
    assert len(landed) == files[day]["rows_found"]
    assert {row["decision_id"] for row in kept if row["business_date"] == OPENING} == {None}

    before = lakes.versions(lake.settings)
    bronze.run(lake, dates, systems=["ECIF"])
    assert lakes.written_since(before, lake.settings) == {}


OUTLETS = """feed: x__balance
delivery: {file: "x_{date}.csv"}
layout: {kind: delimited, separator: ",", header: true}
control: {in: file, file: "{stem}.ctl", pattern: '(?P<rows>\\d+)'}
set_aside: {account: ["合计"]}
fields: {account: {type: string, class: C2-id}, balance: {type: number, class: C2-fin}}
"""


def test_what_is_no_record_is_set_aside_and_waits_for_nobody(make_lake, tmp_path):
    """Two outlets, put one behind the other: three records, of which one has a field too many, and a header and a sum besides."""
    conf, landing = tmp_path / "conf", tmp_path / "landing"
    for folder in (conf / "contracts" / "sources", conf / "rules", landing):
        folder.mkdir(parents=True)
    (conf / "rules" / "feeds.yml").write_text('in_use: ["x__*"]\n')
    (conf / "contracts" / "sources" / "x__balance.yml").write_text(OUTLETS, encoding="utf-8")
    (landing / "x_20260930.csv").write_text(
        "account,balance\nA,1\naccount,balance\nB,2,x\nC,3\n合计,6\n", encoding="utf-8"
    )
    (landing / "x_20260930.ctl").write_text("3")
    (landing / "arrivals.csv").write_text("package,arrived_at\nx_20260930.csv,2026-09-30T20:00:00Z\n")
    day = date(2026, 9, 30)
    lake = make_lake(day, landing=landing, steward=tmp_path / "steward" / "decisions.jsonl")
    lake = make_lake(
        day, landing=landing, steward=tmp_path / "steward" / "decisions.jsonl", conf_dirs=(*lake.settings.conf_dirs, conf)
    )  # fmt: skip

    bronze.run(lake, DateRange.day(day))

    file = ledger_of(lake, "x__balance", day)
    assert (file["state_code"], file["rows_declared"], file["rows_found"]) == ("loaded", 3, 3)
    assert file["quarantined_cnt"] == 1
    assert sorted(row["account"] for row in lake.read("bronze.x__balance").collect()) == ["A", "C"]
    kept = lake.read("ops.quarantine").orderBy("line_no").collect()
    assert [(row["line_no"], row["reason_codes"], row["state_code"]) for row in kept] == [
        (3, ["header_again"], "set_aside"), (4, ["column_count"], "open"), (6, ["no_record"], "set_aside"),
    ]  # fmt: skip
    assert [i.reasons for i in Desk(lake.settings).waiting()] == [("column_count",)]

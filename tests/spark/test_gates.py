"""Gates judge counts with Great Expectations, stop publication, and never say whose row was bad."""

import pytest
from pyspark.sql import functions as F

from expectations import judge, measure, stage
from expectations.model import Measure
from spark_jobs.errors import GateFailed
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF


def test_a_count_of_nothing_passes_and_a_warning_never_stops():
    verdicts = judge.judge_measures(
        [
            Measure("silver.party", "null:party_id", 0, 10),
            Measure("silver.party", "check:old", 2, 10, "warn"),
            Measure("silver.party", "key:party_id", 1, 10, "fail"),
        ]
    )

    assert [v.verdict for v in verdicts] == ["pass", "warn", "fail"]


def test_a_value_outside_its_list_is_told_and_no_value_is_fine():
    lists = ["A", "B"]

    assert judge.values_keep_codes(
        {"t.tier": (["A"], lists), "t.job": (["A", "x"], lists), "t.sex": ([], lists)}
    ) == {
        "t.tier": True,
        "t.job": False,
        "t.sex": True,
    }


@pytest.mark.requirement("R-ING-23")
def test_keys_and_codes_of_several_tables_are_counted_by_one_look(spark, lake):
    """One campaign stands there twice, and two of four rows name a purpose that no list knows: counted, but never quoted."""
    rows = "('c1', 'care'), ('c1', 'strange'), ('c2', 'odd'), ('c3', null)"
    campaigns = spark.sql(f"select * from values {rows} as t(campaign_code, purpose_code)")
    lake.publish(
        "silver.campaign", lake.empty("silver.campaign").unionByName(campaigns, allowMissingColumns=True)
    )
    lake.publish("silver.staff", lake.empty("silver.staff"))

    found = measure.keys_and_codes(lake, ["silver.campaign", "silver.staff"], lake.run.dates, with_codes=True)

    told = {(m.table, m.check): (m.failing, m.total, m.sample) for m in found}
    assert told["silver.campaign", "key:campaign_code"] == (1, 4, ("c1",))
    assert told["silver.campaign", "code:purpose_code"] == (2, None, ())
    assert told["silver.staff", "key:staff_id"] == (0, 0, ())


def test_a_repeated_key_stops_publication_and_is_told_by_count(spark, lake):
    twice = lake.empty("export.crm__ack").unionByName(
        spark.sql(
            "select 'r1' as release_id, 'c' as contract_code, 'accepted' as ack_state_code, timestamp'2026-10-01 08:00:00' as acked_at "
            "from range(2)"
        ),
        allowMissingColumns=True,
    )
    lake.publish("export.crm__ack", twice)

    with pytest.raises(
        GateFailed, match=r"export.crm__ack key:release_id\+contract_code\+acked_at: 1"
    ) as said:
        stage.run(lake, lake.run.dates, option="export")
    assert said.value.exit_code == 3
    verdict = lake.read("ops.quality_verdict").where("verdict_code = 'fail'").first()
    assert verdict["failing_cnt"] == 1
    assert [sample.startswith("r1 c 2026-") for sample in verdict["sample_tokens"]] == [True]


def publish(lake, table, columns, rows):
    """Rows of some columns; the others are empty."""
    told = lake.spark.createDataFrame(rows, columns)
    empty = lake.empty(table)
    typed = told.select(*(F.col(c).cast(empty.schema[c].dataType).alias(c) for c in told.columns))
    lake.publish(table, empty.unionByName(typed, allowMissingColumns=True))


@pytest.mark.requirement("R-ING-04")
def test_amounts_of_a_file_add_up_once_each_of_its_records_is_there_repaired_ones_included(make_lake):
    """Declared are 12.34 of debits and 5.00 of credits. A repair made a cent of it elsewhere; of the third file a record still waits."""
    lake, day = make_lake(), "2026-09-30"
    files = {"right": ("1234", "500"), "a cent": ("1233", "500"), "waits": ("1234", None)}
    publish(
        lake, "ops.delivery_file", "file_id string, feed_code string, business_date string, state_code string, sequence_no int, rows_found long",
        [(f, "core__txn", day, "loaded", 1, 2) for f in files],
    )  # fmt: skip
    publish(
        lake, "ops.control_check", "file_id string, feed_code string, business_date string, check_code string, expected_value string",
        [(f, "core__txn", day, code, amount) for f in files for code, amount in (("control_total_sum1", "12.34"), ("control_total_sum2", "5.00"))],
    )  # fmt: skip
    publish(
        lake, "bronze.core__txn", "_file_id string, business_date string, txn_seq string, dc_flag string, amt string",
        [(f, day, f + flag, flag, amt) for f, both in files.items() for flag, amt in zip("DC", both, strict=True) if amt],
    )  # fmt: skip

    found = {m.check: m for m in measure.invariants(lake, "bronze", lake.run.dates)}

    told = found["entries_in_bronze_equal_the_suppliers_control_total"]
    assert (told.failing, told.total, told.sample, told.severity) == (1, 2, ("a cent",), "fail")


def test_a_ticket_machine_whose_clock_is_an_hour_wrong_is_told_by_its_file(make_lake):
    """Tellers enter at 10:00 and 11:00. One machine agrees, one is ahead, one behind; of the fourth a single entry says too little."""
    lake = make_lake(conf_dirs=(SHIPPED_CONF, REPOSITORY / "examples" / "eighteen_systems"))
    day, clocks = "2026-09-30", {"right": 0, "ahead": 1, "behind": -1, "single": 1}
    served = [
        (file, file, f"{file}{at}", f"{day} {at + hours - 1:02d}:55:00", f"{day} {at + hours:02d}:10:00")
        for file, hours in clocks.items() for at in (10, 11) if (file, at) != ("single", 11)
    ]  # fmt: skip

    files = [(f, "queue__ticket", day, "loaded") for f in clocks] + [("t", "core__txn", day, "loaded")]
    publish(
        lake,
        "ops.delivery_file",
        "file_id string, feed_code string, business_date string, state_code string",
        files,
    )
    tickets = [(f, day, outlet, c, called, done) for f, outlet, c, called, done in served]
    publish(
        lake,
        "bronze.queue__ticket",
        "_file_id string, business_date string, outlet string, cust_no string, called_ts string, done_ts string",
        tickets,
    )
    publish(
        lake,
        "bronze.core__acct",
        "acct_no string, cust_no string, business_date string",
        [(f"a{c}", c, day) for *_, c, _, _ in served],
    )
    entries = [
        ("t", day, f"s{c}", f"a{c}", outlet, "01", "20260930", f"{c[-2:]}0000")
        for _, outlet, c, _, _ in served
    ]
    publish(
        lake,
        "bronze.core__txn",
        "_file_id string, business_date string, txn_seq string, acct_no string, org string, chnl string, txn_dt string, txn_tm string",
        entries,
    )

    found = {m.check: m for m in measure.invariants(lake, "bronze", lake.run.dates)}

    told = found["outlet_clocks_agree_with_the_counter"]
    assert (told.failing, told.total, told.sample, told.severity) == (2, 3, ("ahead", "behind"), "warn")


def test_an_entry_or_event_whose_account_or_user_nobody_knows_yet_is_a_notice_and_stops_nothing(make_lake):
    """Of three card entries one names an account that is not there yet; both users of the mobile bank are, one event names nobody."""
    lake, day = make_lake(), "2026-09-30"
    publish(lake, "silver.agreement", "agreement_id string", [("known",)])
    publish(lake, "silver.party", "party_id string", [("user",), ("other",)])
    publish(
        lake, "silver.card_transaction", "card_transaction_id string, business_date string, agreement_id string",
        [("t1", day, "known"), ("t2", day, "late"), ("t3", day, "known")],
    )  # fmt: skip
    publish(
        lake, "silver.digital_event", "event_id string, business_date string, party_id string",
        [("e1", day, "user"), ("e2", day, "other"), ("e3", day, None)],
    )  # fmt: skip

    found = {m.check: m for m in measure.invariants(lake, "silver", lake.run.dates)}

    told = found["orphan_card_entries"]
    assert (told.failing, told.total, told.sample, told.severity) == (1, 3, (day,), "warn")
    told = found["orphan_digital_events"]
    assert (told.failing, told.total, told.sample) == (0, 2, ())


def test_a_day_whose_pairs_have_moved_is_held_and_the_message_says_what_moved(make_lake):
    """Pairs of one person lost their phones; of chance there are some more than yesterday."""
    lake, day = make_lake(), "2026-09-30"
    lost, more = (
        "pairs of one person: phone not known of both in 80.0% where 10.0% were expected",
        "pairs of chance per 1,000 records",
    )
    publish(
        lake, "identity.model_watch",
        "business_date string, compared_with_code string, measure_code string, pair_class_code string, record_cnt long, pair_cnt long, "
        "observed_ratio double, reference_ratio double, moved_ratio double, cause_text string",
        [
            (day, "model", "pattern", "one_person", 900, 1000, 0.41, 0.01, 0.4, lost), (day, "model", "pattern", "chance", 900, 1000, 0.05, 0.01, 0.04, "x"),
            (day, "model", "share", "one_person", 900, 1000, 1.1, 1.0, 0.1, "x"), (day, "model", "share", "chance", 900, 1000, 2.5, 1.0, 0.99, "x"),
            (day, "day_before", "pattern", "one_person", 900, 1000, 0.02, 0.01, 0.01, "x"), (day, "day_before", "share", "chance", 900, 1000, 1.5, 1.0, 0.5, more),
        ],
    )  # fmt: skip

    found = {m.check: m for m in measure.invariants(lake, "identity", lake.run.dates)}

    told = {
        check: (found[check].failing, found[check].total, found[check].sample, found[check].severity)
        for check in (
            "pairs_look_as_those_the_model_learned", "classes_of_pairs_are_those_the_model_learned", "no_delivery_changes_what_pairs_look_like",
            "the_model_knows_what_it_was_learned_from",
        )
    }  # fmt: skip
    assert list(told.values()) == [
        (1, 2, (f"{day} {lost}",), "fail"),
        (0, 2, (), "fail"),
        (1, 2, (f"{day} {more}",), "fail"),
        (0, 6, (), "warn"),
    ]
    with pytest.raises(
        GateFailed,
        match=r"pairs_look_as_those_the_model_learned: 1, first 2026-09-30 pairs of one person: phone not known",
    ):
        stage.run(lake, lake.run.dates, option="identity")

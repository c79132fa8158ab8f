"""Gates judge counts with Great Expectations, stop publication, and never say whose row was bad."""

import pytest

from expectations import judge, measure, stage
from expectations.model import Measure
from spark_jobs.errors import GateFailed


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

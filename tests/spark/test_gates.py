"""Gates judge counts with Great Expectations, stop publication, and never say whose row was bad."""

import pytest

from expectations import judge, stage
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


def test_codes_are_judged_row_by_row_and_null_is_allowed(spark):
    rows = spark.sql("select * from values ('A', 'x'), (null, 'y') as t(tier_code, job_code)")

    assert judge.rows_keep_codes(rows, {"tier_code": ["A"], "job_code": ["x"]}) == {
        "tier_code": True,
        "job_code": False,
    }


def test_a_repeated_key_stops_publication_and_is_told_by_count(spark, lake):
    twice = lake.empty("export.crm__ack").unionByName(
        spark.sql(
            "select 'r1' as release_id, 'c' as contract_code, 'accepted' as ack_state_code from range(2)"
        ),
        allowMissingColumns=True,
    )
    lake.publish("export.crm__ack", twice)

    with pytest.raises(GateFailed, match=r"export.crm__ack key:release_id\+contract_code: 1") as said:
        stage.run(lake, lake.run.dates, option="export")
    assert said.value.exit_code == 3
    verdict = lake.read("ops.quality_verdict").where("verdict_code = 'fail'").first()
    assert verdict["failing_cnt"] == 1
    assert verdict["sample_tokens"] == ["r1 c"]

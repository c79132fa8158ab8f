"""Answers on their scales, and windows that nobody measured: what is not known stays unknown."""

from __future__ import annotations

import pytest

from spark_jobs.silver.happening import derive_answers
from spark_jobs.silver.reference import fill_windows
from tests.support.tables import table


@pytest.mark.requirement("R-X-01")
def test_an_answer_keeps_its_number_and_its_scale_beside_its_place_on_0_to_100(spark):
    """CSAT 4.2 of 1-5: (4.2 - 1) / 4. Other scales are flagged, NPS on another than 0-10 has no score, nothing off its scale has one."""
    answers = table(spark, "response_id string, metric_code string, value_raw decimal(9,4), scale_code string", """
        own      | CSAT | 4.2 | 1-5
        of_ten   | CSAT | 7   | 0-10
        effort   | CES  | 6   | 1-7
        of_five  | CES  | 3   | 1-5
        nps      | NPS  | 9   | 0-10
        nps_five | NPS  | 5   | 1-5
        off      | CSAT | 6   | 1-5
    """)  # fmt: skip

    told = {
        r["response_id"]: (float(r["value_raw"]), r["scale_code"], None if r["value_score"] is None else float(r["value_score"]), r["is_rescaled"])
        for r in derive_answers(answers).collect()
    }  # fmt: skip

    assert told == {
        "own": (4.2, "1-5", 80.0, False), "of_ten": (7.0, "0-10", 70.0, True), "effort": (6.0, "1-7", 83.3333, False),
        "of_five": (3.0, "1-5", 50.0, True), "nps": (9.0, "0-10", 90.0, False), "nps_five": (5.0, "1-5", None, False),
        "off": (6.0, "1-5", None, False),
    }  # fmt: skip


@pytest.mark.requirement("R-ING-19")
def test_a_window_that_nobody_measured_is_a_gap_and_no_zero(spark):
    """The login page was measured from 08:00 to 08:10 in Shanghai (midnight UTC); the home page not at all on that day."""
    measured = table(
        spark, "business_date date, channel_code string, page_code string, window_start_at timestamp, request_cnt bigint, error_cnt bigint", """
        2026-09-30 | mobile | login | 2026-09-30 00:00:00 | 10 | 0
        2026-09-30 | mobile | login | 2026-09-30 00:05:00 | 0  | 0
    """)  # fmt: skip

    rows = fill_windows(measured).collect()

    assert len(rows) == 24 * 12
    assert {r["page_code"] for r in rows} == {"login"}
    known = {str(r["window_start_at"]): r["request_cnt"] for r in rows if not r["is_gap"]}
    assert known == {"2026-09-30 00:00:00": 10, "2026-09-30 00:05:00": 0}
    assert {(r["request_cnt"], r["error_cnt"]) for r in rows if r["is_gap"]} == {(None, None)}

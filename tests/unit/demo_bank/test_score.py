"""The scorer's measures, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from demo_bank.score import causes, clusters, defects, money, scores
from demo_bank.score.hidden import Hidden
from demo_bank.score.lake import Tables
from spark_jobs import settings as settings_module

# Three persons: A has records 1 2 3, B has 4 5, C has 6. Found: {1 2} {3 4 5} {6}.
TRUE = ["A", "A", "A", "B", "B", "C"]
FOUND = ["x", "x", "y", "y", "y", "z"]


def test_pairs_count_what_is_rightly_together():
    # True pairs 12 13 23 45, found pairs 12 34 35 45, both: 12 45.
    share = clusters.pairwise(clusters.cells(TRUE, FOUND))
    assert (share.precision, share.recall, share.f1) == (0.5, 0.5, 0.5)


def test_b_cubed_is_the_mean_over_records():
    # Precision: 1 1 1/3 2/3 2/3 1 = 14/3 of 6. Recall: 2/3 2/3 1/3 1 1 1 = 14/3 of 6.
    share = clusters.b_cubed(clusters.cells(TRUE, FOUND))
    assert share.precision == pytest.approx(14 / 18)
    assert share.recall == pytest.approx(14 / 18)


def test_each_system_is_judged_by_its_own_records_among_all():
    # Records 1 4 6 are of one system: precision 1 2/3 1, recall 2/3 1 1; the others 2 3 5: 1 1/3 2/3 and 2/3 1/3 1.
    shares = clusters.b_cubed_by(TRUE, FOUND, ["core", "ecif", "ecif", "core", "ecif", "core"])
    assert shares["core"].precision == shares["core"].recall == pytest.approx(8 / 9)
    assert shares["ecif"].precision == shares["ecif"].recall == pytest.approx(2 / 3)


def test_only_the_single_record_is_an_exact_customer():
    share = clusters.exact(clusters.cells(TRUE, FOUND))
    assert share.precision == pytest.approx(1 / 3)
    assert share.recall == pytest.approx(1 / 3)


def test_a_merge_of_two_persons_is_named():
    assert clusters.merged(TRUE, FOUND) == ["y"]


def test_the_names_of_clusters_do_not_matter():
    table = clusters.cells([1, 1, 2], ["q", "q", "p"])
    assert clusters.pairwise(table).f1 == clusters.exact(table).f1 == clusters.b_cubed(table).f1 == 1.0


def test_everybody_alone_has_no_pairs_to_be_precise_about():
    share = clusters.pairwise(clusters.cells(["A", "A", "B"], ["1", "2", "3"]))
    assert share.precision is None
    assert share.recall == 0.0
    assert share.f1 is None


def test_one_wrong_cent_is_seen_on_its_date_and_people_who_are_two_customers_are_counted_apart():
    day, next_day = date(2026, 9, 29), date(2026, 9, 30)
    truth = {day: {1: 10_000, 2: 500, 3: 7}, next_day: {1: 10_000}}
    lake = {day: {"c1": 10_000, "c2": 501}, date(2026, 9, 1): {"c1": 1}}
    assert money.compare(truth, lake, {1: "c1", 2: "c2"}) == [money.DayError(day, 2, 1, 1, 1, 1)]


def test_the_money_of_a_person_who_asked_to_be_erased_is_not_asked_for(tmp_path):
    day = date(2026, 9, 29)
    settings = settings_module.load(home=tmp_path)
    owned = {"business_date": [day, day], "person_no": [1, 2], "cents": [500, 700], "is_in_aum": [True, True]}
    pq.write_table(pa.table(owned), tmp_path / "truth_balance_daily.parquet")
    lake = {
        "profile.o_customer_daily": {"business_date": [day], "customer_id": ["c1"], "aum_cny": [5.0]},
        "identity.customer": {"customer_id": ["c1", "c2"], "status_code": ["active", "erased"]},
    }
    for table, columns in lake.items():
        write_deltalake(str(settings.warehouse / table.replace(".", "/")), pa.table(columns))

    found = scores.aum(Hidden(tmp_path), Tables(settings), {1: "c1", 2: "c2"})

    assert found == [money.DayError(day, compared=1, exact=1, not_comparable=1, largest=0, total=0)]


def planted(code: str, file: str, line: int | None, reason: str | None) -> defects.Planted:
    return defects.Planted(code, "P_01.tar.gz", file, line, reason)


def told(file: str | None, line: int | None, reason: str) -> defects.Report:
    return defects.Report("P_01.tar.gz", file, line, reason)


def test_a_defect_is_noticed_at_its_line_with_its_reason():
    scores, alarms = defects.score(
        [planted("D18", "a.txt", 5, "half_character"), planted("D18", "a.txt", 9, "half_character")],
        [told("a.txt", 5, "half_character")],
    )
    assert [(s.code, s.planted, s.noticed, s.recall) for s in scores] == [("D18", 2, 1, 0.5)]
    assert not alarms


def test_a_held_file_is_noticed_also_under_the_lakes_own_word():
    scores, alarms = defects.score(
        [planted("D11", "h.csv", None, "schema_added")], [told("h.csv", None, "schema_missing")], {"schema_missing": "schema_added"}
    )  # fmt: skip
    assert scores[0].recall == 1.0
    assert not alarms


def test_a_missing_ok_file_belongs_to_the_package():
    scores, _ = defects.score(
        [defects.Planted("D01", "P_01.tar.gz", None, None, "ok_missing")], [told("t.dat", None, "ok_missing")]
    )
    assert scores[0].recall == 1.0


def test_a_report_where_nothing_was_planted_is_a_false_alarm():
    _, alarms = defects.score(
        [planted("D19", "a.txt", 5, "private_use")],
        [
            told("a.txt", 6, "private_use"),
            told("b.txt", None, "row_count"),
            told("a.txt", 5, "name_truncated"),
        ],
    )
    assert alarms == {"private_use": 1, "row_count": 1}


def test_what_the_lake_says_of_people_counts_as_noticing_and_never_as_an_alarm():
    planted = [defects.Planted("D41", "P", "PARTY_CERT.txt", 7, "suspect_ecif_merge")]
    hints = [defects.Report("P", "PARTY_CERT.txt", line, "suspect_ecif_merge") for line in (3, 7)]
    scores, alarms = defects.score(planted, [], None, hints)
    assert [s.recall for s in scores] == [1.0]
    assert not alarms


def test_a_defect_without_a_reason_is_not_asked_for():
    scores, _ = defects.score([planted("D24", "a.txt", 5, None)], [])
    assert scores[0].recall is None


def test_complaints_are_attributed_to_the_incident_that_caused_them():
    truth = {"T1": "I1", "T2": "I1", "T3": "I2", "T4": None, "T5": None, "T6": "I2"}
    lake = {"T1": "I1", "T2": "I2", "T3": None, "T4": "I1", "T5": None}
    found = causes.attributed(truth, lake)
    assert found == causes.Causes(with_cause=3, right=1, wrong=1, missed=1, invented=1, not_in_lake=1)
    assert found.recall == pytest.approx(1 / 3)
    assert found.precision == pytest.approx(1 / 3)


def test_a_clock_that_the_newest_judgement_of_its_dates_doubts_is_told_by_its_file(tmp_path):
    settings = settings_module.load(home=tmp_path / "home", landing=tmp_path / "landing")

    def judged(
        day: int, hour: int, *files: str, check: str = "outlet_clocks_agree_with_the_counter"
    ) -> dict[str, object]:
        at = date(2026, 9, day)
        return {
            "check_code": check,
            "from_date": at,
            "to_date": at,
            "judged_at": datetime(2026, 10, 1, hour),
            "sample_tokens": [*files],
        }

    verdicts = [
        judged(22, 1, "f22"),
        judged(23, 1, "f23"),
        judged(23, 2),
        judged(24, 1, "f24"),
        judged(22, 2, "f9", check="key:x"),
        judged(24, 2, "f24"),
    ]
    write_deltalake(str(settings.warehouse / "ops" / "quality_verdict"), pa.Table.from_pylist(verdicts))
    names = {f"f{day}": ("Q.tar.gz", f"TICKET_1_202609{day}.csv") for day in (22, 23, 24)}

    told = list(scores._clocks(Tables(settings), names))

    assert [(r.file, r.line, r.reason) for r in told] == [
        ("TICKET_1_20260922.csv", None, "clock_shift"), ("TICKET_1_20260924.csv", None, "clock_shift"),
    ]  # fmt: skip

"""Recall and false alarms per code: as an object, as a file for the report, and as a table on its page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from demo_bank.score import counts, defects
from expectations.report import data, render
from spark_jobs import settings as settings_module
from tests.support.report import example

PLANTED = [
    defects.Planted("D04", "CORE_01.tar.gz", "TXN.dat", None, "control_total"),
    defects.Planted("D21", "CMPL_01.tar.gz", "C.jsonl", 3, "id_precision"),
    defects.Planted("D21", "CMPL_01.tar.gz", "C.jsonl", 9, "id_precision"),
    defects.Planted("D24", "CORE_01.tar.gz", "CIF.dat", 1, None),
]


def report(file: str, line: int | None, reason: str) -> defects.Report:
    return defects.Report("P.tar.gz", file, line, reason)


# One of two rounded ids is noticed; one alarm is about an id that was none, another about something nobody planted.
SAID = [
    report("TXN.dat", None, "control_total"), report("C.jsonl", 3, "id_precision"), report("C.jsonl", 4, "id_precision"),
    report("X.txt", None, "encoding"),
]  # fmt: skip


@pytest.fixture
def told() -> dict[str, object]:
    return counts.plain(*defects.score(PLANTED, SAID))


@pytest.mark.requirement("R-OPS-06")
def test_each_code_has_its_recall_and_the_alarms_under_its_reasons(told):
    by_code = {row["code"]: row for row in told["codes"]}

    assert {code: (row["planted"], row["reportable"], row["noticed"], row["recall"]) for code, row in by_code.items()} == {
        "D04": (1, 1, 1, 1.0), "D21": (2, 2, 1, 0.5), "D24": (1, 0, 0, None),
    }  # fmt: skip
    assert {code: row["false_alarms"] for code, row in by_code.items()} == {"D04": 0, "D21": 1, "D24": 0}
    assert (told["false_alarms_of_no_code"], told["false_alarms"]) == (1, {"encoding": 1, "id_precision": 1})
    assert (told["noticed"], told["reportable"]) == (2, 3)


def test_the_file_for_the_report_holds_counts_and_no_place_of_any_defect(told, tmp_path: Path):
    path = counts.write(settings_module.load(home=tmp_path), told)

    text = path.read_text(encoding="utf-8")
    assert not [word for word in ("TXN.dat", "C.jsonl", "tar.gz", "line") if word in text]
    assert set(json.loads(text)["codes"][0]) == {
        "code", "name", "name_zh", "planted", "reportable", "noticed", "recall", "false_alarms", "reasons", "handling",
    }  # fmt: skip


def test_the_page_shows_what_was_counted_and_nothing_where_nobody_counted(told, tmp_path: Path):
    settings = settings_module.load(home=tmp_path)
    assert data.read_defects(settings) is None
    assert 'id="defects"' not in render.index([example()], data.read_defects(settings))

    counts.write(settings, told)
    page = render.index([example()], data.read_defects(settings))

    assert "2 of 3 that must be reported, 2 false alarms" in page
    row = page[page.index('<th scope="row">D21</th>') :].split("</tr>")[0]
    assert [cell.split("<")[0] for cell in row.split('<td class="n')[1:]] == [
        '">2', '">2', ' poor">1', ' poor">0.50', '">–', ' poor">1',
    ]  # fmt: skip


def test_lakes_beside_each_other_keep_their_counts_apart(told, tmp_path: Path):
    settings = settings_module.load(home=tmp_path)

    assert counts.place(settings) != counts.place(replace(settings, prefix="twin_"))

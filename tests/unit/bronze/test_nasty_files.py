"""Every file of the pack ends as its case says: nothing lost, nothing silently changed, nothing written beside the folder it unpacks to."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from spark_jobs.bronze.columnar import KINDS as COLUMNAR
from tests.nasty import pack

CASES = pack.cases()


def test_the_pack_has_more_than_sixty_files_and_all_say_what_must_come_of_them() -> None:
    assert len(CASES) >= 60
    assert [n for n, c in CASES.items() if sum(k in c for k in ("held", "rejected", "rows")) != 1] == []


@pytest.mark.parametrize("name", CASES)
def test_a_nasty_file_ends_as_it_must(name: str, tmp_path: Path) -> None:
    case = CASES[name]

    came = pack.walk(case, tmp_path / "bank")

    if "rows" not in case:
        state = "held" if "held" in case else "rejected"
        assert (came.state, came.reason) == (state, case[state])
    else:
        assert (came.state, came.reason) == ("verified", None)
        loaded = [r for r in came.rows if r["_parse_status"] != "quarantined"]
        if isinstance(case["rows"], dict):
            assert len(loaded) == case["rows"]["count"]
        else:
            assert [r["_values"] for r in loaded] == case["rows"]
        aside = [r for r in came.rows if r["_parse_status"] == "quarantined"]
        told = [[r["_line_no"], r["_byte_offset"], *r["_reason_codes"]] for r in aside]
        if isinstance(case.get("aside"), dict):
            assert Counter(reason for *_, reason in told) == case["aside"]
        else:
            assert told == case.get("aside", [])
        repaired = [[r["_line_no"], *r["_reason_codes"]] for r in loaded if r["_parse_status"] == "repaired"]
        assert repaired == case.get("repaired", [])
        assert dict(loaded[0]["_rescued"] or []) == case["rescued"] if "rescued" in case else True
        if case["layout"]["kind"] not in COLUMNAR:
            assert came.content is not None
            for row in came.rows:
                assert came.content[row["_byte_offset"] :][: row["_byte_len"]] == row["_record"]
    assert {p.name for p in tmp_path.iterdir()} == {"bank"}
    assert {p.name for p in (tmp_path / "bank").iterdir()} <= {"conf", "landing", "work"}
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))

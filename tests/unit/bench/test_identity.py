"""The side-by-side benchmark of who is who: what engines are shown, how answers are judged, what the page says. No yardstick runs here."""

from __future__ import annotations

import csv
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.bench import environments
from scripts.bench.identity import engines, page, score, sets
from spark_jobs.columns.certificates import check_digit
from spark_jobs.resolve import mapping, reading

ANN, BEN = (first + check_digit(first) for first in ("33980119800101001", "33980119800101003"))
MACHINE = {"cores": 2, "memory_gib": 24, "system": "Linux", "python": "3.11.7", "load_before": 0.1, "day": "2026-11-25"}  # fmt: skip


def a_set(tmp_path: Path, people: str) -> sets.Set:
    """A set of a table `person | cert`, its records r1, r2, … in order."""
    rows = [[cell.strip() for cell in line.split("|")] for line in people.strip().splitlines()]
    with (tmp_path / "truth.csv").open("w") as truth, (tmp_path / "people.csv").open("w") as told:
        truth.write("id,person\n" + "".join(f"r{n},{row[0]}\n" for n, row in enumerate(rows, 1)))
        told.write("id,cert\n" + "".join(f"r{n},{row[1]}\n" for n, row in enumerate(rows, 1)))
    return sets.Set("bank-5", "bank", tmp_path, (tmp_path / "people.csv",), len(rows), "bank", "cert")


def answer(tmp_path: Path, **clusters: str) -> Path:
    out = tmp_path / "answer.csv"
    out.write_text("id,cluster_id\n" + "".join(f"{r},{c}\n" for r, c in clusters.items()))
    return out


def test_an_answer_is_judged_by_pairs_customers_and_records(tmp_path):
    of = a_set(tmp_path, "ann |\nann |\nann |\nben |\n    |")

    told = score.judged(of, answer(tmp_path, r1="x", r2="x", r3="y", r4="z", r5="x"))

    # Ann is in two parts: one of her three pairs is found, none is wrong; r5, whose person nobody knows, does not count.
    assert told["closure"]["precision"] == 1.0
    assert told["closure"]["recall"] == pytest.approx(1 / 3)
    # Of three customers found one, of two people one is exactly right.
    assert told["exact"]["f1"] == pytest.approx(2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2))
    # Records: 2/3, 2/3, 1/3 of Ann's, 1 of Ben's.
    assert told["b_cubed"]["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)


def test_a_record_that_an_answer_lacks_counts_as_alone_and_one_that_nobody_gave_is_refused(tmp_path):
    of = a_set(tmp_path, "ann |\nann |")

    assert score.judged(of, answer(tmp_path, r1="x"))["closure"]["recall"] == 0.0
    with pytest.raises(score.Unfit, match="1 records of the answer are not in the set"):
        score.judged(of, answer(tmp_path, r1="x", r9="x"))


def test_two_people_with_an_id_each_in_one_customer_are_a_false_merge(tmp_path):
    of = a_set(tmp_path, f"ann | {ANN}\nben | {BEN}\nben | {ANN}\ncarl | 339801198001010000\ndora |")
    together = dict.fromkeys(["r1", "r2", "r3", "r4", "r5"], "x")

    assert score.judged(of, answer(tmp_path, **together))["two_ids"] == 1
    # A clerk typed Ann's number for Ben: two people, but one id. An id whose check is wrong is none.
    assert score.judged(of, answer(tmp_path, r1="x", r3="x", r2="y", r4="y", r5="y"))["two_ids"] == 0


def test_no_engine_is_shown_who_is_who(tmp_path):
    of = sets.bank(tmp_path / "bank-500", 500)
    (path,) = of.files
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    persons = [int(of.truth()[row["id"]]) for row in rows]

    assert set(rows[0]) == {"id", "src", "name", "born", "cert", "phone", "addr", "sex"}
    assert 400 < len(rows) < 600
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    # Neighbours are one person no more often than chance has it (about 2.5 records of 200 people).
    assert sum(a == b for a, b in pairwise(persons)) < 20


def test_the_map_of_every_set_fits_the_product(tmp_path):
    for of in (sets.bank(tmp_path / "bank-100", 100), sets.chinese(tmp_path / "chinese", tmp_path)):
        assert len(reading.read_people(of.files, mapping.load(of.map))) == of.records


def run(f1: float, records: int, cpu: float, two_ids: int | None = 0, secs: float = 10.0) -> dict:
    share = {"precision": f1, "recall": f1, "f1": f1, "low": f1 - 0.01, "high": f1}
    return {
        "title": f"bank people, {records}", "records": records, "state": "done", "secs": secs, "cpu_secs": cpu, "peak_mib": 400.0,
        "closure": share, "exact": share, "b_cubed": share, "two_ids": two_ids, "machine": MACHINE,
    }  # fmt: skip


def test_the_page_tells_targets_growth_and_what_did_not_run():
    failed = {
        "title": "bank people, 10000",
        "records": 10_000,
        "state": "failed",
        "why": "could not be installed: no wheel",
        "machine": MACHINE,
    }
    told = page.render(
        {
            "bank-10000/oxpecker": run(0.995, 10_000, 4.0),
            "bank-10000/splink": run(0.9, 10_000, 8.0, two_ids=7, secs=25.0),
            "bank-10000/goldenmatch": failed,
            "bank-10000/goldenmatch-fs": run(0.9, 10_000, 8.0) | {"machine": {**MACHINE, "load_before": 9.0}},
            "bank-100000/oxpecker": run(0.989, 100_000, 40.0, two_ids=1),
        },
        {"splink": [("splink", "5.0.0", "MIT"), ("duckdb", "1.4", "MIT"), ("numpy", "2.3", "BSD-3-Clause")]},
    )  # fmt: skip

    assert (
        "| bank people, 10000 | 10,000 | Oxpecker | .9950 (.9850–.9950) | .9950 (.9850–.9950) | .9950 (.9850–.9950) | 0 |"
        in told
    )
    assert "| bank people, 10000 | 10,000 | Splink, DuckDB | .9000 | .9000 | .9000 | 7 |" in told
    assert "Not measured here: Splink, DuckDB, shared numbers taken out; Splink, Spark." in told
    assert "GoldenMatch, zero-config | could not be installed: no wheel |" in told
    assert "| Splink, DuckDB | 8.0 | 400 MiB | 2.5 |" in told
    # Measured in another call, beside other work: its wall is set against nothing.
    assert "| GoldenMatch, probabilistic | 8.0 | 400 MiB |  |" in told
    # Ten times the CPU for ten times the records.
    assert "| Oxpecker | 10,000 → 100,000 | -0.0060 | -0.0060 | 1.00 |" in told
    assert "| bank people, 100000: exact-customer F1 | ≥ .9900 | .9890 | **missed** |" in told
    assert "| bank people: drift of exact-customer F1 between sizes | < .0050 | .0060 | **missed** |" in told
    assert "| bank people, 100000: customers with two valid ids | 0 | 1 | **missed** |" in told
    assert "splink 5.0.0 (MIT) and 2 packages it needs; licences as they say: MIT 2, BSD-3-Clause 1." in told


def test_the_yardsticks_are_pinned_by_hashes_and_no_registry_is_named():
    locks = {engine.environment for engine in engines.ENGINES.values()} - {None}
    for name in locks:
        lock = (environments.LOCKS / f"{name}.lock").read_text()
        assert lock.count("--hash=sha256:") >= len(re.findall(r"^\S+==", lock, re.MULTILINE)) > 3, name
        assert "://" not in lock, name


def test_nothing_of_the_product_imports_a_yardstick():
    found = subprocess.run(
        ["git", "grep", "-lE", r"^\s*(import|from) (splink|goldenmatch)", "--", "*.py"],
        capture_output=True, text=True, check=False, cwd=environments.LOCKS,
    ).stdout.split()  # fmt: skip
    assert found
    whole = subprocess.run(
        ["git", "grep", "-lE", r"^\s*(import|from) (splink|goldenmatch)"],
        capture_output=True, text=True, check=False, cwd=environments.REPOSITORY,
    ).stdout.split()  # fmt: skip
    assert {Path(path).parent.as_posix() for path in whole} == {"scripts/bench/yardsticks"}

"""What a last line or a file beside declares is found in the samples: rows, the day, and sums, of parts of a file, too."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from spark_jobs.bronze.controls import verify
from spark_jobs.onboarding.controls import Of, Told, first_that_holds, totals_of
from spark_jobs.onboarding.onboard import loaded, onboard
from spark_jobs.settings import SHIPPED_CONF

TUESDAY, WEDNESDAY = date(2026, 9, 29), date(2026, 9, 30)
ENTRIES = [[("D", "C", "C")[n % 3], str((n * 7919) % 90_000 - 20_000)] for n in range(60)]


def test_rows_and_a_sum_right_behind_them_are_told_apart() -> None:
    lines = [
        Told("T2026093000000012000000001250", 12, 0, WEDNESDAY, {Of("amt"): Decimal(1250)}),
        Told("T2026092900000007000000000900", 7, 0, TUESDAY, {Of("amt"): Decimal(900)}),
    ]

    declared = first_that_holds(lines, ".")

    assert declared is not None
    assert declared.pattern == r"T(?P<date>\d{8})(?P<rows>\d{8})(?P<total_1>\d{12})"
    assert declared.sums == {"total_1": Of("amt")}


def test_a_figure_that_equals_a_sum_by_chance_is_found_out_by_another_day() -> None:
    fee, amount = Of("fee"), Of("amt")
    lines = [
        Told("END|12|500", 12, 0, None, {fee: Decimal(500), amount: Decimal(500)}),
        Told("END|7|900", 7, 0, None, {fee: Decimal(30), amount: Decimal(900)}),
    ]

    declared = first_that_holds(lines, ".")

    assert declared is not None and declared.sums == {"total_1": amount}
    assert first_that_holds([lines[0], lines[1]._replace(line="END|8|900")], ".") is None


def test_sums_by_a_word_and_by_sign_are_those_of_the_records() -> None:
    rows = [["D", "5"], ["C", "7"], [None, "-4"], ["D", "-1"]]

    found = totals_of(rows, [(1, "amt")], [(0, "side", ["C", "D"])], ".")

    assert found == {
        Of("amt"): 7, Of("amt", only="positive"): 12, Of("amt", only="negative"): -5,
        Of("amt", only="negative", without_sign=True): 5, Of("amt", without_sign=True): 17,
        Of("amt", "side", ("C",)): 7, Of("amt", "side", ("D",)): 4,
        Of("amt", "side", ("C",), is_meant=False): 0, Of("amt", "side", ("D",), is_meant=False): 3,
    }  # fmt: skip


def deliver(folder: Path, day: date, entries: list[list[str]]) -> tuple[bytes, bytes]:
    """Records of 24 bytes, the sums of both sides in the last line, and what went out in a file beside, without signs."""
    amounts = [(side, int(amount)) for side, amount in entries]
    records = [f"R{n:08d} {side} {amount:+012d}" for n, (side, amount) in enumerate(amounts)]
    debit, credit = (sum(a for s, a in amounts if s == side) for side in "DC")
    last = f"T{day:%Y%m%d} {len(records):05d}{debit:+010d}{credit:+010d}"
    out = -sum(a for _, a in amounts if a < 0)
    content = "".join(f"{line}\n" for line in [*records, last]).encode()
    beside = f"{len(records)};{day:%Y%m%d};{out}\n".encode()
    (folder / f"entries_{day:%Y%m%d}.dat").write_bytes(content)
    (folder / f"entries_{day:%Y%m%d}.ctl").write_bytes(beside)
    return content, beside


def test_a_fixed_width_file_with_a_trailer_and_a_file_beside_it_is_drafted_with_both(tmp_path: Path) -> None:
    deliver(tmp_path, TUESDAY, ENTRIES[:40])
    content, beside = deliver(tmp_path, WEDNESDAY, ENTRIES)

    (drafted,), _ = onboard(sorted(tmp_path.glob("*.dat")), system="haus")

    assert drafted.held == {}
    source = loaded(drafted.text, drafted.draft.name, (SHIPPED_CONF,))
    trailer, file = source.controls
    side, amount = source.names()[1:]
    assert [(s.of, dict(s.where), s.without_sign) for s in trailer.sums.values()] == [
        (amount, {side: ("D",)}, False), (amount, {side: ("C",)}, False),
    ]  # fmt: skip
    assert [(s.of, s.only, s.without_sign) for s in file.sums.values()] == [(amount, "negative", True)]
    assert f"is it the sum of `{amount}` of records where `{side}` is D?" in drafted.text.replace(
        "\n#     ", " "
    )
    lost = content.replace(content.splitlines(keepends=True)[0], b"")
    assert verify(lost, source, WEDNESDAY, None, beside).reason == "row_count_control"

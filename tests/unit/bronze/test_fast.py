"""Reading by columns gives exactly the records that reading one by one gives, whatever the file, the piece and the part."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spark_jobs.bronze import fast
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.fast import Block
from spark_jobs.bronze.lines import BOM
from spark_jobs.bronze.notices import Notices
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.pieces import Part, parts
from spark_jobs.bronze.records import Record, read
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Control, Delivery, Layout, Marks, SourceContract, SourceField, Sum

DAY = date(2026, 9, 30)
DELIVERY = Delivery("X", "X_{date}.txt", None, "full", "06:00", False, False, False)
Told = tuple[int, int, bytes, list[str | None] | None, tuple[str, ...]]
CELLS = [
    "a", "张伟", "林瑋", "1", "", " x ", "\u3000b\u3000", "20260930", "20260231", "1900-01-01", "NULL", "330102198506070000", "1.38E+10", "é", "T1",
    "2026-09-30 08:15:00", "2026-09-30T8", "2026-02-30 08:15:00", "1900-01-01 ", "20260930081500", "2026-09-30-08.15.00.1", "115/09/30 08:15",
    "10", "20", "\ue000", "\ufffd", "a\rb", "𬎆", "\ufeff", "\ufeffa",
]  # fmt: skip
BROKEN = [
    b"\xac",
    b"\x00",
    b"\xff",
    b'"',
    b'"x',
    b"\\",
    b"\\\n",
    b"|",
    b",",
    b"\r",
    b"\x1a",
    b"\xef\xbf\xbd",
    b"\x99\x31",
    b"\xed\xa0\x80",
]
PLAIN = {"utf-8": "a张é,|", "gb18030": "a张é,|", "big5": "a林,|"}


def feed(layout: Layout, at: list[tuple[int, int]] | None = None, told_as: str = "date") -> SourceContract:
    kinds = ["string", told_as, "string"]
    maps = {"party_identifier": {"id_value": "a"}, "party_contact": {"contact_value": "c"}}
    fields = tuple(
        SourceField(
            n,
            kinds[k],
            PrivacyClass.C1,
            at=at[k] if at else None,
            source_name=n,
            null=("NULL",) if n == "c" else (),
        )
        for k, n in enumerate("abc")
    )
    return SourceContract("x__x", "x", DELIVERY, layout, ("a",), fields, maps=maps)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, SourceContract]:
    encoding = draw(st.sampled_from(["utf-8", "gb18030", "gbk", "big5", "cp950", "iso8859-1"]))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    trailer, skip = draw(st.sampled_from([None, "T"])), draw(st.integers(0, 1))
    marks = draw(st.sampled_from([None, None, Marks(("10", "a"), ("20",))]))
    is_fixed = draw(st.booleans())
    separator = draw(st.sampled_from([",", "|", "|+|", "||"]))

    def row(cells: list[str]) -> bytes:
        made = [cell.encode(encoding, "ignore") for cell in cells]
        if is_fixed:
            return b"".join(cell[:8].ljust(8) for cell in made)
        return separator.encode().join(made)

    cell = st.sampled_from(CELLS)
    clean = st.lists(cell, min_size=3, max_size=3).map(row)
    soiled = st.tuples(clean, st.sampled_from(BROKEN), st.integers(0, 30)).map(
        lambda t: t[0][: t[2]] + t[1] + t[0][t[2] :]
    )
    other = st.sampled_from([b"", b"T1", b"\x1a", b"a", b" "])
    has_header = not is_fixed and draw(st.booleans())
    header = separator.encode().join(n.encode() for n in draw(st.permutations(["a", "b", "c"])))
    again = st.sampled_from([header, BOM + header] if has_header else [b""])
    rows = draw(st.lists(st.one_of(clean, clean, clean, soiled, other, again), max_size=25))
    ends = [
        end if draw(st.integers(0, 9)) else draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"])) for _ in rows
    ]
    head = [b"title" + end] * skip
    if has_header:
        head.append(header + end)
    content = b"".join(
        [draw(st.sampled_from([b"", b"", BOM])), *head, *(r + e for r, e in zip(rows, ends, strict=True))]
    )
    content = content.removesuffix(b"\n") if draw(st.booleans()) else content
    if is_fixed:
        marks = replace(marks, at=(1, 8), ours=("10      ", "a       ")) if marks else None
        layout = Layout(
            "fixed",
            encoding,
            24,
            draw(st.sampled_from([None, None, "1"])),
            trailer,
            skip_lines=skip,
            marks=marks,
        )
        return content, feed(layout, [(1, 8), (9, 16), (17, 24)])
    quote, escape = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    layout = Layout(
        "delimited", encoding, trailer_mark=trailer, separator=separator, header=has_header, quote=quote, skip_lines=skip, escape=escape,
        marks=replace(marks, column=1) if marks else None, longest_record=draw(st.sampled_from([12, 1024])),
    )  # fmt: skip
    return content, feed(layout, told_as=draw(st.sampled_from(["date", "timestamp"])))


def slowly(content: Path, source: SourceContract) -> list[Told] | None:
    """The records one by one; None where the file as such is broken."""
    notices = Notices(source)
    try:
        return [told(record, notices) for record in read(content, source)]
    except RecordError:
        return None


def told(record: Record, notices: Notices) -> Told:
    noticed = notices.of(record.values) if record.values is not None else []
    return record.line_no, record.offset, record.raw, record.values, (*record.reasons, *noticed)


def quickly(content: Path, source: SourceContract, piece: int, part: Part | None = None) -> list[Told]:
    notices = Notices(source)
    found: list[Told] = []
    for some in fast.read(content, source, part, notices, piece):
        if isinstance(some, Block):
            some.values.validate(full=True)
            some.raw.validate(full=True)
            columns = (
                some.numbers.tolist(),
                some.offsets.tolist(),
                some.raw.to_pylist(),
                some.values.to_pylist(),
            )
            found += [(*row, ()) for row in zip(*columns, strict=True)]
        else:
            found += [told(record, notices) for record in some]
    return sorted(found, key=lambda t: t[:2])


@settings(max_examples=400)
@given(file=files(), piece=st.sampled_from([7, 30, 100, 10_000]))
def test_by_columns_or_one_by_one_the_records_are_the_same(
    file: tuple[bytes, SourceContract], piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content, source = file
    path = tmp_path_factory.mktemp("fast") / "file"
    path.write_bytes(content)
    expected = slowly(path, source)

    if expected is None:
        with pytest.raises(RecordError):
            quickly(path, source, piece)
    else:
        assert quickly(path, source, piece) == expected


@settings(max_examples=200)
@given(file=files(), size=st.integers(1, 80))
def test_the_parts_of_a_file_together_are_the_file(
    file: tuple[bytes, SourceContract], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content, source = file
    path = tmp_path_factory.mktemp("parts") / "file"
    path.write_bytes(content)
    expected = slowly(path, source)

    if expected is not None:
        found = parts(path, source, size)
        assert sorted(t for part in found for t in quickly(path, source, 50, part)) == sorted(expected)


@settings(max_examples=300)
@given(file=files(), sums=st.booleans())
def test_the_checks_of_a_file_tell_the_same_by_pieces_as_line_by_line(
    file: tuple[bytes, SourceContract], sums: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content, source = file
    path = tmp_path_factory.mktemp("checks") / "file"
    path.write_bytes(content)
    if sums:
        control = Control(re.compile(r"T(?P<total>\d*)"), None, None, {"total": Sum("a", {"c": ("x", "a")})})
        source = replace(source, controls=(control,), in_order=("a", "b"))

    assert verify(path, source, DAY, None, None) == verify(content, source, DAY, None, None)


def test_clean_records_are_read_by_columns_and_only_the_others_one_by_one(tmp_path: Path) -> None:
    lines = [f"{n},2026-09-30,张伟\n".encode("gb18030") for n in range(1000)]
    lines[500] = b"500,2026-02-30,x\n"
    lines[700] = b"700,x\n"
    (tmp_path / "file").write_bytes(b"".join(lines))
    source = feed(Layout("delimited", "gb18030"))

    found = list(fast.read(tmp_path / "file", source, notices=Notices(source)))

    by_columns = sum(len(some.numbers) for some in found if isinstance(some, Block))
    one_by_one = [record.line_no for some in found if not isinstance(some, Block) for record in some]
    assert (by_columns, one_by_one) == (997, [501, 701, 1000])  # the last line might be a trailer


def test_a_file_with_line_breaks_in_quotes_is_never_cut_in_two(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b'1,,"a\nb"\n' * 20)
    source = feed(Layout("delimited", "utf-8", quote=True))

    assert len(parts(tmp_path / "file", source, 10)) == 1
    assert Cut(tmp_path / "file", source).header is None

"""Whatever bytes come, under whatever layout: every one of them is in a record, in a header or trailer, or ends a line; nothing raises."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from spark_jobs.bronze import archives, escapes
from spark_jobs.bronze.archives import GZIP
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.delimited import cells, unbroken
from spark_jobs.bronze.lines import BOM, lines, mark_size
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import Record, read, read_lines
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, Marks, SourceContract, SourceField
from tests.nasty import makers

DAY = date(2026, 9, 30)
REPAIRS = {"name_truncated", "private_use", "schema_type"}
DELIVERY = Delivery("X", "X_{date}.txt", None, "full", "06:00", False, False, False)
# What trips a reader: ends of lines, quotes, separators, half characters, private and lost signs, marks, numbers that are none.
TOKENS = [
    b"\n", b"\r\n", b"\r", b'"', b'""', b",", b"|", b"|+|", b"\x1d", b"\x00", b"\x1a", b" ", b"a", b"1", b"T", b"D", b"\xac", b"\xac\x7c",
    b"\xc1\xd6", b"\x81\x30", b"\x99\x31\xde\x30", b"\xaa\xa1", b"\xef\xbf\xbd", b"\xff\xfe", BOM, b"\x84\x31\x95\x33", "张".encode(), b"{", b"}", b'{"a": 1}',
    b'{"a": "\\ud800", "b": NaN}', b'{"op": "d", "before": {"a": 1}}', b"[[[", b"\xe3\x80\x80",
    b"\\", b"\\\n", b"\\N", "誠".encode("gbk"), "功".encode("big5"),
]  # fmt: skip
MADE = {
    name: getattr(makers, name)()
    for name in ("workbook_of_a_bank", "parquet_with_not_a_number", "parquet_with_bytes_that_are_no_text")
}
CONTENT = st.one_of(st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join), st.binary(max_size=200))


def source(layout: Layout, columns: int = 2) -> SourceContract:
    width = max(layout.record_bytes, columns)
    names = "abc"[:columns]
    at = [(k + 1, k + 1 if k < columns - 1 else width) for k in range(columns)]
    fields = tuple(
        SourceField(n, "string", PrivacyClass.C1, at=at[k] if layout.kind == "fixed" else None, source_name=n)
        for k, n in enumerate(names)
    )
    return SourceContract("x__x", "x", DELIVERY, layout, ("a",), fields)


@st.composite
def sources(draw: st.DrawFn) -> SourceContract:
    kind = draw(st.sampled_from(["delimited", "fixed", "jsonl", "cdc"]))
    encoding = draw(st.sampled_from(["utf-8", "gb18030", "gbk", "big5", "cp950", "big5hkscs", "iso8859-1"]))
    skip = draw(st.integers(0, 2))
    trailer = draw(st.sampled_from([None, "T"]))
    longest = draw(st.sampled_from([8, 1024**2]))
    if kind == "fixed":
        end = draw(st.sampled_from(["lf", "cr", "none"]))
        width = draw(st.integers(3, 8))
        return source(Layout(kind, encoding, width, None, trailer, line_end=end, skip_lines=skip), 3)
    if kind != "delimited":
        return source(Layout(kind, encoding, longest_record=longest))
    separator = draw(st.sampled_from([",", "|", "|+|", "\x1d", "||"]))
    end, header = draw(st.sampled_from(["lf", "cr"])), draw(st.booleans())
    quote, escape = draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    layout = Layout(
        kind, encoding, 0, None, trailer, separator, header, quote, line_end=end, skip_lines=skip, longest_record=longest,
        escape=escape,
    )  # fmt: skip
    return source(layout, draw(st.integers(1, 3)))


def all_of(content: bytes, feed: SourceContract) -> tuple[Cut, list[Record]] | None:
    """None where the file as such is refused, which `verify` then says, too."""
    try:
        made = Cut(content, feed)
        return made, list(read_lines(made.details(), made.header, feed))
    except RecordError as problem:
        assert verify(content, feed, DAY, None, None).reason is not None, problem
        return None


@settings(max_examples=400)
@given(CONTENT, sources())
def test_every_byte_is_in_one_record_or_is_accounted_for(content: bytes, feed: SourceContract) -> None:
    assume(not content.startswith(GZIP))
    verified = verify(content, feed, DAY, None, None)
    found = all_of(content, feed)
    if found is None:
        return
    made, records = found

    gaps, at = [], 0
    for record in records:
        assert record.offset >= at
        assert content[record.offset :][: record.size] == record.raw
        gaps.append(content[at : record.offset])
        at = record.offset + record.size
    gaps.append(content[at:])
    assert [r.line_no for r in records] == sorted({r.line_no for r in records})
    blank = b"\r\n" if feed.layout.kind in ("delimited", "fixed") else b"\r\n\t\x0b\x0c "
    above, below = gaps[0][mark_size(content, feed.layout.encoding) :], gaps[-1]
    if made.trailer is not None:
        place = below.rindex(made.trailer)
        below = below[:place] + below[place + len(made.trailer) :]
        above = below if len(gaps) == 1 else above
    # A mark behind a line feed that ends no line here is what the header is made of.
    is_named = made.header is not None and made.header.endswith(b"\x1a")
    # Signs that end a file: any number behind the last line end or record, or one that has a line to itself.
    below = below if is_named else re.sub(rb"\x1a+\Z|\x1a\r?\n?\Z", b"", below)
    if len(gaps) == 1:
        above, below = below[mark_size(below, feed.layout.encoding) :], b""
    if made.header is not None:
        place = above.rindex(made.header)
        above = above[:place] + above[place + len(made.header) :]
    end = b"\r" if feed.layout.line_end == "cr" else b"\n"
    skipped = [line for line in above.removesuffix(b"\x1a").split(end) if line.strip(blank)]
    width = feed.layout.record_bytes if feed.layout.line_end == "none" else None
    assert (
        (len(above.strip(blank)) <= feed.layout.skip_lines * width)
        if width
        else len(skipped) <= feed.layout.skip_lines
    )
    assert [g for g in (*gaps[1:-1], below) if g.strip(blank)] == []
    assert verified.rows_found == sum(r.reasons != ["header_again"] for r in records)


@settings(max_examples=400)
@given(CONTENT, sources())
def test_what_loads_without_a_reason_is_what_was_written(content: bytes, feed: SourceContract) -> None:
    assume(not content.startswith(GZIP))
    found = all_of(content, feed)
    if found is None:
        return

    for record in found[1]:
        assert (record.values is None) <= bool(record.reasons)
        if record.values is None:
            continue
        assert set(record.reasons) <= REPAIRS
        if record.reasons or found[0].header is not None:
            continue
        assert record.values == [
            text.strip(" \u3000") or None if text is not None else None for text in plainly(record.raw, feed)
        ]


def plainly(raw: bytes, feed: SourceContract) -> list[str | None]:
    """The slow, obvious reading of one record that is whole."""
    layout = feed.layout
    if layout.kind == "fixed":
        return [raw[f.at[0] - 1 : f.at[1]].decode(layout.encoding) for f in feed.fields if f.at]
    text = raw.decode(layout.encoding)
    if layout.kind == "delimited":
        if layout.escape:
            return list(without_backslashes(text, layout.separator))
        if not layout.quote:
            return list(text.split(layout.separator))
        # Written again with every field in quotes it must read the same; where no quote is, it is a plain split.
        read_again = cells(text, layout)
        assert read_again is not None
        whole = layout.separator.join('"' + each.replace('"', '""') + '"' for each in read_again)
        assert cells(whole, layout) == read_again
        return list(read_again) if '"' in text else list(text.split(layout.separator))
    told = json.loads(text)
    if layout.kind == "cdc":
        told = told.get("payload", told)
        told = told["before"] if told["op"] == "d" else told["after"]
    return [None if told.get(f.source_name) is None else str(told[f.source_name]) for f in feed.fields]


def without_backslashes(text: str, separator: str) -> Iterator[str]:
    """Sign by sign."""
    field, written, at = "", "", 0
    while at < len(text):
        if text.startswith(separator, at):
            yield escapes.NULL if written == escapes.NULL else field
            field, written, at = "", "", at + len(separator)
        elif text[at] == "\\":
            sign = text[at + 1]
            field += {**dict(zip("tnrbfvZ", "\t\n\r\b\f\v\x1a", strict=True)), "0": "\\0"}.get(sign, sign)
            written, at = written + text[at : at + 2], at + 2
        else:
            field, written, at = field + text[at], written + text[at], at + 1
    yield escapes.NULL if written == escapes.NULL else field


@given(
    CONTENT,
    st.integers(1, 7),
    st.sampled_from(["lf", "cr", "none"]),
    st.sampled_from(["", "quote", "escape"]),
)
def test_lines_are_the_same_however_the_stream_is_read(content: bytes, piece: int, end: str, by: str) -> None:
    layout = Layout(
        "fixed", "gb18030", 5, line_end=end, quote=by == "quote", escape=by == "escape", longest_record=20
    )

    def cut(size: int) -> list[tuple[int, int, bytes, int]]:
        found = lines(io.BytesIO(content), layout, piece=size)
        return [tuple(line) for line in unbroken(found, layout)]

    assert cut(piece) == cut(1024)


@given(CONTENT)
def test_lines_are_those_of_a_plain_split(content: bytes) -> None:
    content = content.replace(b"\x1a", b"")
    assume(not content.startswith(BOM))

    made = [line.raw for line in lines(io.BytesIO(content), Layout("delimited", "utf-8"), piece=3)]

    plain = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    assert made == (plain[:-1] if content.endswith(b"\n") or not content else plain)


@given(
    st.lists(st.lists(st.text(alphabet="a\\Nt|,\n\r张 ", max_size=6), min_size=2, max_size=2), max_size=8),
    st.sampled_from([",", "|", "||", "\t"]),
)
def test_what_a_database_unloads_with_backslashes_comes_back(rows: list[list[str]], separator: str) -> None:
    feed = source(Layout("delimited", "utf-8", separator=separator, escape=True))
    text = "".join(separator.join(escapes.written(v, separator) for v in row) + "\n" for row in rows)
    made = Cut(text.encode(), feed)

    found = [record.values for record in read_lines(made.details(), made.header, feed)]

    assert found == [[value.strip(" \u3000") or None for value in row] for row in rows]


@given(
    st.lists(st.lists(st.text(alphabet='a",\n\r张 ', max_size=6), min_size=2, max_size=2), max_size=8),
    st.sampled_from([",", "|+|"]),
)
def test_what_a_writer_puts_in_quotes_comes_back(rows: list[list[str]], separator: str) -> None:
    feed = source(Layout("delimited", "utf-8", separator=separator, quote=True))
    text = "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)

    read_back = [record.values for record in read(text.encode(), feed)]

    assert read_back == [[cell.strip(" \u3000") or None for cell in row] for row in rows]


@given(st.lists(st.sampled_from(["10", "20", "30"]), max_size=12))
def test_records_of_other_kinds_are_left_out_and_of_no_kind_kept_aside(kinds: list[str]) -> None:
    layout = Layout("delimited", "utf-8", marks=Marks(("10",), ("20",), column=1))
    content = "".join(f"{kind},x\n" for kind in kinds).encode()

    records = list(read(content, source(layout)))

    assert [r.values for r in records] == [["10", "x"] if k == "10" else None for k in kinds if k != "20"]
    assert verify(content, source(layout), DAY, None, None).rows_found == len(kinds)


@pytest.mark.parametrize("made", MADE)
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_that_is_no_text_is_held_or_read_and_never_raises(
    made: str, data: st.DataObject
) -> None:
    content = bytearray(MADE[made])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    feed = source(Layout("excel" if "workbook" in made else "parquet", "utf-8"))

    verified = verify(bytes(content), feed, DAY, None, None)

    if verified.reason is None:
        assert len(list(read(bytes(content), feed))) == verified.rows_found


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_package_is_refused_or_unpacked_and_never_raises(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("package")
    maker = data.draw(
        st.sampled_from(
            [
                makers.tar_gz_with_a_wrong_checksum,
                makers.zip_with_a_name_twice,
                makers.tar_with_a_sparse_member,
            ]
        )
    )
    content = bytearray(maker())
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "package").write_bytes(content[: data.draw(st.integers(0, len(content)))])

    try:
        found = archives.unpack(folder / "package", folder / "out")
    except RecordError as problem:
        assert str(problem) in ("member_name", "member_size", "file_unreadable")
    else:
        assert all(path.parent == folder / "out" and path.is_file() for path in found.values())
    assert {p.name for p in folder.iterdir()} <= {"package", "out"}

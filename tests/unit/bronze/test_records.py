"""Cutting bank files: nothing is lost, nothing is silently changed. The byte facts are those of GB18030."""

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from spark_jobs.bronze.archives import GZIP
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.records import read
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract, SourceField, load_sources
from spark_jobs.settings import SHIPPED_CONF

SOURCES = load_sources((SHIPPED_CONF,))


def delimited(separator: str = "|+|", columns: int = 3, **layout) -> SourceContract:
    names = "abcdef"[:columns]
    fields = tuple(SourceField(n, "string", PrivacyClass.C1, source_name=n) for n in names)
    given = {"kind": "delimited", "encoding": "gb18030", "separator": separator} | layout
    delivery = Delivery("X", "X_{date}.txt", None, "full", "06:00", False, False, False)
    return SourceContract("x__x", "x", delivery, Layout(**given), ("a",), fields)


def fixed(width: int = 12) -> SourceContract:
    fields = (
        SourceField("no", "string", PrivacyClass.C1, (2, 4), source_name="no"),
        SourceField("name", "string", PrivacyClass.C1, (5, width), source_name="name"),
    )
    layout = Layout("fixed", "gb18030", width, "D", "T")
    delivery = Delivery("X", "X_{date}.dat", None, "full", "06:00", False, False, False)
    return SourceContract("x__x", "x", delivery, layout, ("no",), fields)


def values(content: bytes, source: SourceContract) -> list[list[str | None] | None]:
    return [record.values for record in read(content, source)]


def test_a_hanzi_whose_second_byte_is_a_bar_is_not_torn():
    line = "1|+|林瑋|+|x\n".encode("gb18030")

    assert b"\xac\x7c" in line
    assert values(line, delimited()) == [["1", "林瑋", "x"]]


def test_a_half_character_that_swallows_a_separator_is_held_with_its_bytes():
    whole = "1|+|林瑋|+|x".encode("gb18030")
    line = whole.replace(b"\xac\x7c", b"\xac", 1) + b"\n"

    (record,) = read(line, delimited())

    assert record.values is None
    assert record.reasons == ["half_character"]
    assert record.raw == line[:-1]


def test_a_line_with_too_few_fields_is_not_said_to_have_lost_one_to_half_a_character():
    """Only the bytes of a separator that the text has not got tell that; a note below a table has none to lose."""
    (note,) = read("共20笔记录\n".encode("gb18030"), delimited(","))

    assert note.reasons == ["column_count"]


def test_a_full_width_bar_is_text():
    assert values("1|a｜b|2\n".encode("gb18030"), delimited("|")) == [["1", "a｜b", "2"]]


def test_a_rare_hanzi_of_four_bytes_is_read():
    assert values("1|+|𬎆㛃|+|x\n".encode("gb18030"), delimited()) == [["1", "𬎆㛃", "x"]]


def test_a_name_cut_in_the_middle_of_a_character_keeps_its_whole_characters():
    raw = b"D001" + "张伟林瑋".encode("gb18030")[:7] + b" "

    (record,) = read(raw + b"\n", fixed())

    assert record.values == ["001", "张伟林"]
    assert record.reasons == ["name_truncated"]
    assert record.raw == raw


def test_a_record_of_the_wrong_length_is_held_and_the_next_one_is_read():
    content = b"D001short\nD002 ok     \n"

    first, second = read(content, fixed())

    assert (first.values, first.reasons, first.offset) == (None, ["record_length"], 0)
    assert (second.values, second.offset, second.line_no) == (["002", "ok"], 10, 2)


def test_windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_record():
    source = delimited(",", 2, encoding="utf-8", header=True)

    (record,) = read(b"\xef\xbb\xbfa,b\r\n1,2\r\n", source)

    assert record.values == ["1", "2"]
    assert record.offset == 8


def test_a_line_break_inside_quotes_belongs_to_the_record():
    source = delimited(",", 2, encoding="utf-8", quote=True)

    records = list(read(b'1,"two\nlines"\n2,x\n', source))

    assert [r.values for r in records] == [["1", "two\nlines"], ["2", "x"]]
    assert [r.line_no for r in records] == [1, 2]


def test_a_long_separator_inside_quotes_is_text():
    source = delimited("|+|", 2, encoding="utf-8", quote=True)

    assert values(b'"a|+|b"|+|2\n', source) == [["a|+|b", "2"]]


def test_columns_are_found_by_their_names_and_unknown_ones_are_kept_aside():
    source = delimited(",", 2, encoding="utf-8", header=True)

    (record,) = read(b"b,new,a\n2,n,1\n", source)

    assert record.values == ["1", "2"]
    assert record.rescued == {"new": "n"}


@pytest.mark.parametrize("bad", [b"1|+|\xff\xff|+|x\n", b"1|+|\x00|+|x\n"])
def test_bytes_that_are_no_text_are_held(bad):
    assert values(bad, delimited()) == [None]


def test_the_trailer_is_no_record():
    content = b"D001 a      \nT0001       \n"

    made = Cut(content, fixed())

    assert len(list(made.details())) == 1
    assert made.trailer == b"T0001       "


@given(st.lists(st.binary(max_size=40), max_size=20), st.booleans())
@example([b"\x84\x31\x95\x33"], False)
def test_every_byte_of_any_file_is_in_exactly_one_record_or_is_a_line_end(lines, quoted):
    content = b"\n".join(lines)
    assume(not content.startswith(GZIP))
    source = delimited(quote=quoted)

    records = list(read(content, source))

    covered = bytearray(content)
    for record in records:
        assert content[record.offset : record.offset + len(record.raw)] == record.raw
        covered[record.offset : record.offset + len(record.raw)] = b"\n" * len(record.raw)
    # Besides: the sign that ends a file, and a mark of UTF-8 or GB18030 that begins one.
    left = (
        bytes(covered).removesuffix(b"\x1a").removeprefix(b"\x84\x31\x95\x33").replace(b"\xef\xbb\xbf", b"")
    )
    assert set(left) <= {10, 13}


@given(st.text(alphabet="张伟林瑋𬎆a1 ", max_size=8))
def test_what_can_be_read_comes_out_as_it_was_written(name):
    raw = b"D001" + name.encode("gb18030").ljust(32)
    source = replace(fixed(36), fields=(fixed(36).fields[0], replace(fixed(36).fields[1], at=(5, 36))))

    (record,) = read(raw + b"\n", source)

    assert record.values == ["001", name.strip() or None]


def test_a_sign_of_the_banks_private_list_is_put_in_its_place_and_its_bytes_stay():
    source = load_sources((SHIPPED_CONF,))["ecif__party"]
    line = b"E1|+|1|+|\xd6\xdc\xaa\xa1" + b"|+|x" * 11
    (record,) = read(line + b"\n", source)
    assert record.values is not None
    assert record.values[2] == "周䶮"
    assert record.reasons == ["private_use"]
    assert record.raw == line


def test_a_record_with_a_private_sign_that_no_list_knows_is_kept_aside():
    source = load_sources((SHIPPED_CONF,))["ecif__party"]
    (record,) = read(b"E1|+|1|+|\xd6\xdc\xaf\xfe" + b"|+|x" * 11 + b"\n", source)
    assert (record.values, record.reasons) == (None, ["private_use_unknown"])

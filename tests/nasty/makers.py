"""Nasty files that are no text, each by a few lines of code."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from datetime import date, datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.datetime import CALENDAR_MAC_1904

MEGABYTE = 1024**2


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w") as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def tar_bomb() -> bytes:
    """64 MB of zeros in 64 kB."""
    return gzip.compress(_tar((tarfile.TarInfo("data_20260930.dat"), bytes(64 * MEGABYTE))))


def tar_with_a_long_name_of_64_megabytes() -> bytes:
    """The name of a member in a header of its own, which a trusting reader takes into memory whole."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 64 * MEGABYTE
    return gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"a" * 64 * MEGABYTE)


def tar_that_promises_a_terabyte() -> bytes:
    header = tarfile.TarInfo("data_20260930.dat")
    header.size = 1024**4
    return header.tobuf(tarfile.GNU_FORMAT) + b"1,2\n".ljust(1024, b"\0")


def tar_with_a_sparse_member() -> bytes:
    """A hole of a gigabyte."""
    header = tarfile.TarInfo("data_20260930.dat")
    header.type, header.size = tarfile.GNUTYPE_SPARSE, 512
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[483:495] = b"%011o\0" % 1024**3
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + b"1,2\n".ljust(512, b"\0") + bytes(1024)


def tar_gz_with_a_wrong_checksum() -> bytes:
    whole = gzip.compress(_tar((tarfile.TarInfo("data_20260930.dat"), b"1,2\n")))
    return whole[:-8] + struct.pack("<I", zlib.crc32(b"something else")) + whole[-4:]


def tar_with_a_thousand_and_one_members() -> bytes:
    return gzip.compress(_tar(*((tarfile.TarInfo(f"m{n}.dat"), b"x") for n in range(1001))))


def zip_bomb() -> bytes:
    return _zip({"data_20260930.dat": bytes(64 * MEGABYTE)})


def _zip(members: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def zip_that_lies_about_its_size() -> bytes:
    """64 MB of zeros of which the directory says that they are 4 bytes."""
    made = bytearray(zip_bomb())
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = made.rfind(mark) + at
        made[place : place + 4] = struct.pack("<I", 4)
    return bytes(made)


def zip_with_a_name_twice() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("data_20260930.dat", "1,2\n")
        archive.writestr("data_20260930.dat", "3,4\n")
    return sink.getvalue()


# data_20260930.dat with a header and two rows, as `zip -P` of Info-ZIP 3.0 packed it.
ZIP_PASSWORD = b"Binjiang#2026"
_INFO_ZIP = (
    "504b03040a000900000000903e5d6f8f77a5200000001400000011000000646174615f32303236303933302e64617434f2756c03155c1d"
    "93391d113fea712f326ba8925c106c4a953df31d4f9a6d13504b07086f8f77a52000000014000000504b01021e030a000900000000903e"
    "5d6f8f77a52000000014000000110000000000000001000000a48100000000646174615f32303236303933302e646174504b0506000000"
    "00010001003f0000005f0000000000"
)


def zip_of_info_zip() -> bytes:
    """Encrypted with the old cipher."""
    return bytes.fromhex(_INFO_ZIP)


# The same file by 7-Zip, with AES of 256 bits.
_SEVEN_ZIP = (
    "504b03043300010063000000210000000000300000001400000011000b00646174615f32303236303933302e6461740199070002004145"
    "0300004b20656dfe807c5a886e1ec58e6533c29f57b391410daf5a4deb15e9a6f7c23f78320cd7dc5c533367618575b7cd8d15504b0102"
    "3f033300010063000000210000000000300000001400000011000b000000000000002080a48100000000646174615f3230323630393330"
    "2e6461740199070002004145030000504b050600000000010001004a0000006a0000000000"
)


def zip_of_seven_zip() -> bytes:
    """Encrypted with AES, as WinZip defined it."""
    return bytes.fromhex(_SEVEN_ZIP)


def zip_of_pkware() -> bytes:
    """One whose directory says that its member is encrypted in PKWARE's own strong way."""
    made = bytearray(zip_of_info_zip())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", made, made.find(mark) + at, 0x49)
    return bytes(made)


def gzip_with_a_broken_middle() -> bytes:
    made = bytearray(gzip.compress(b"".join(b"%d,x\n" % (n * 7919 % 10007) for n in range(5000))))
    made[len(made) // 2 : len(made) // 2 + 40] = b"\xff" * 40
    return bytes(made)


def _parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def parquet_cut() -> bytes:
    made = _parquet(pa.table({"a": ["1"], "b": ["2"]}))
    return made[: len(made) - 20]


def parquet_with_bytes_that_are_no_text() -> bytes:
    broken = pa.array([b"1", b"\xc5\xff", b"3"]).cast(pa.binary()).view(pa.string())
    return _parquet(
        pa.table({"a": ["x", "y", "z"], "b": broken}), use_dictionary=False, write_statistics=False
    )


def parquet_with_a_day_that_python_has_not() -> bytes:
    """Day 3,000,000 after 1970 is in the year 10183."""
    return _parquet(
        pa.table({"a": ["x", "y"], "b": pa.array([20726, 3_000_000], pa.int32()).cast(pa.date32())})
    )


def parquet_with_not_a_number() -> bytes:
    return _parquet(pa.table({"a": ["x", "y", "z"], "b": [1.5, float("nan"), 1e22]}))


def parquet_with_a_name_twice() -> bytes:
    table = pa.Table.from_arrays([pa.array(["1"]), pa.array(["2"]), pa.array(["3"])], names=["a", "b", "a"])
    return _parquet(table)


def parquet_bomb() -> bytes:
    """Three million rows of one value in a few hundred bytes."""
    return _parquet(pa.table({"a": pa.repeat("1", 3_000_000), "b": pa.repeat("2", 3_000_000)}))


def _workbook(*rows: list[object], sheet: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def workbook_of_a_bank() -> bytes:
    """A title, a header, a day, a long number as text, a computed amount, an empty row."""
    return _workbook(
        ["2026年9月"], ["a", "b", "day"], ["62220200001234567", 0.1 + 0.2, date(2026, 9, 30)], [],
        ["x", 1e15, datetime(2026, 9, 30, 8, 0, 1)],
    )  # fmt: skip


def workbook_with_formula_and_error() -> bytes:
    """A formula that no spreadsheet ever computed, and a cell that holds an error."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["a", "b"])
    book.active.append(["x", "=1+1"])
    book.active.append(["y", "#N/A"])
    book.active["B3"].data_type = "e"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _with_part(workbook: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    return _zip(members | {name: content})


def workbook_bomb() -> bytes:
    return _with_part(_workbook(["a", "b"]), "xl/sharedStrings.xml", bytes(64 * MEGABYTE))


def workbook_with_entities() -> bytes:
    """A billion laughs."""
    laughs = b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(10)
    )
    sheet = (
        b'<?xml version="1.0"?><!DOCTYPE x ['
        + laughs
        + b']><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&l9;</t></is></c></row></sheetData></worksheet>'
    )
    return _with_part(_workbook(["a", "b"]), "xl/worksheets/sheet1.xml", sheet)


def workbook_that_says_it_is_large() -> bytes:
    """Two cells, of which one says that it stands in the last row there is: the rows between are empty."""
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>1</t></is></c></row>'
        b'<row r="99999999"><c r="A99999999" t="inlineStr"><is><t>2</t></is></c></row></sheetData></worksheet>'
    )
    return _with_part(_workbook(["a", "b"]), "xl/worksheets/sheet1.xml", sheet)


def workbook_of_the_old_format() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)


def tar_with_a_name_in_gbk() -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.GNU_FORMAT, encoding="gbk") as archive:
        for name, content in (("data_20260930.dat", b"1,x\n"), ("客户.txt", b"y")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return sink.getvalue()


def gzip_in_three_pieces() -> bytes:
    """As `cat a.gz b.gz` makes it, cut in the middle of a record; the second is empty."""
    return b"".join(gzip.compress(part) for part in (b"1,x\n2,", b"", b"y\n3,z\n"))


def _workbook_from_1904(*rows: tuple[object, ...]) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    book.epoch = CALENDAR_MAC_1904
    for row in (("a", "day"), *rows):
        book.active.append(row)
    book.save(sink)
    return sink.getvalue()


def workbook_that_counts_from_1904() -> bytes:
    return _workbook_from_1904(("x", date(2026, 9, 30)), ("y", 44833))


def workbook_of_numbers_that_counts_from_1904() -> bytes:
    return _workbook_from_1904(("y", 44833))

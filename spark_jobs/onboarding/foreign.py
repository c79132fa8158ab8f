"""Files that are no extract, under whatever name they come: formats of other programs, and bytes that no reader of text reads.

Each would be cut into something, and wrongly: a web page at its angle brackets, a dump of SQL at its commas. So each is refused, with
what to ask the supplier for instead.
"""

from __future__ import annotations

import io
import re
import zipfile

from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.lines import BOM
from spark_jobs.errors import DeliveryError

_PACKED = "packed with {}; gzip is opened, so ask the supplier for .gz or for the plain file"
_BEGIN: dict[bytes, str] = {
    b"%PDF-": "a PDF document; ask the supplier for the same figures as CSV in UTF-8, or as a workbook",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a workbook of Excel before 2007, or one with a password; save it as .xlsx without a password, or as CSV in UTF-8",
    b"7z\xbc\xaf\x27\x1c": _PACKED.format("7-Zip"),
    b"Rar!\x1a\x07": _PACKED.format("RAR"),
    b"\x28\xb5\x2f\xfd": _PACKED.format("Zstandard"),
    b"\x04\x22\x4d\x18": _PACKED.format("LZ4"),
    b"MSCF": _PACKED.format("Cabinet"),
    b"\x1f\x9d": _PACKED.format("compress (.Z)"),
    b"\x89LZO": _PACKED.format("LZO"),
    b"\xff\x06\x00\x00sNaPpY": _PACKED.format("Snappy"),
    b"ORC": "an ORC file; ask the supplier for Parquet",
    b"PARE": "a Parquet file that is encrypted; ask the supplier for one that is not, over a channel that is encrypted itself",
    b"SEQ": "a sequence file of Hadoop; ask the supplier for Parquet or for text",
    b"Obj\x01": "an Avro file; ask the supplier for Parquet or for one object a line (JSON lines)",
    b"ARROW1\0": "a Feather file; ask the supplier for Parquet",
    b"SQLite format 3\0": "a database of SQLite; ask the supplier for its tables as CSV in UTF-8",
}
_MARKUP = re.compile(rb"\s*<[?!A-Za-z]")
# Tags of statements and payments at the beginning of lines, or the blocks that they travel in.
_SWIFT = re.compile(rb"\s*(\{1:[AFL]\d{2}|:20:[^\r\n]+\r?\n(:\d{2}[A-Z]?:[^\r\n]*\r?\n)+)")
_SQL = re.compile(rb"(?im)^\s*(INSERT\s+INTO|CREATE\s+TABLE)\s")
# Blank and figures, then letters, as mainframes write them.
_EBCDIC_PLAIN = bytes([0x40, *range(0xF0, 0xFA)])
_EBCDIC = bytes([*_EBCDIC_PLAIN, *range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA),
                 *range(0xC1, 0xCA), *range(0xD1, 0xDA), *range(0xE2, 0xEA)])  # fmt: skip
_LOOKED_AT = 65_536


def refuse_foreign(content: bytes) -> None:
    """Raises DeliveryError where a file is none of those that the reader has a layout for."""
    for mark, told in _BEGIN.items():
        if content.startswith(mark):
            raise DeliveryError(told)
    if content.startswith(ZIP):
        _refuse_other_zip(content)
    head = content.removeprefix(BOM)[:_LOOKED_AT]
    if _MARKUP.match(head):
        raise DeliveryError(
            "a web page or XML, which a spreadsheet opens under any name; ask the supplier for CSV in UTF-8, or save it as .xlsx"
        )
    if _SWIFT.match(head):
        raise DeliveryError(
            "messages of SWIFT (MT), which are no table; ask the supplier for the same entries as CSV in UTF-8, one a line"
        )
    if _SQL.search(head):
        raise DeliveryError("statements of SQL; ask the supplier for the table itself as CSV in UTF-8")
    if _is_ebcdic(head):
        raise DeliveryError("EBCDIC, as mainframes write it; ask the supplier for GB18030 or UTF-8")


def _refuse_other_zip(content: bytes) -> None:
    """Raises DeliveryError where a zip is no workbook of Excel: a package inside another, or a document of another program."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return
    if "xl/workbook.bin" in names:
        raise DeliveryError("a workbook of Excel in its binary form (.xlsb); save it as .xlsx")
    if "[Content_Types].xml" in names and "xl/workbook.xml" not in names:
        raise DeliveryError(
            "a document of Office that is no workbook; ask the supplier for a workbook or for CSV in UTF-8"
        )
    if "mimetype" in names:
        raise DeliveryError("a document of OpenOffice; save it as .xlsx, or as CSV in UTF-8")
    if "[Content_Types].xml" not in names:
        raise DeliveryError(
            "a zip inside of the package; ask the supplier for the files themselves in one package"
        )


def _is_ebcdic(head: bytes) -> bool:
    plain = len(head) - len(head.translate(None, _EBCDIC_PLAIN))
    known = len(head) - len(head.translate(None, _EBCDIC))
    return len(head) >= 16 and plain > 0.2 * len(head) and known > 0.9 * len(head)

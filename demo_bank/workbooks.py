"""Excel workbooks whose bytes depend on their cells alone: no clock, no machine, no name of a program that wrote them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from demo_bank.packages import Inner

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_DOC = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
EARLIEST = (1980, 1, 1, 0, 0, 0)  # of any member of a zip file


@dataclass(frozen=True)
class Workbook:
    """Sheets by name, in order; cells are text. `rows` counts the records of the sheet that is delivered."""

    name: str
    sheets: Mapping[str, Sequence[Sequence[str]]]
    rows: int

    def inner(self) -> Inner:
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in self._parts().items():
                archive.writestr(zipfile.ZipInfo(path, EARLIEST), _HEAD + content, zipfile.ZIP_DEFLATED)
        return Inner(self.name, sink.getvalue(), self.rows, 0, "XLSX")

    def _parts(self) -> dict[str, str]:
        numbers = range(1, len(self.sheets) + 1)
        overrides = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_SHEET}.worksheet+xml"/>'
            for n in numbers
        )
        named = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, self.sheets, strict=True)
        )
        targets = "".join(
            f'<Relationship Id="rId{n}" Type="{_DOC}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        parts = {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>{overrides}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_DOC}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOC}"><sheets>{named}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{targets}</Relationships>',
        }
        for n, rows in zip(numbers, self.sheets.values(), strict=True):
            parts[f"xl/worksheets/sheet{n}.xml"] = _sheet(rows)
        return parts


def _sheet(rows: Sequence[Sequence[str]]) -> str:
    lines = (
        f'<row r="{at}">'
        + "".join(
            f'<c r="{_column(k)}{at}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for k, cell in enumerate(row)
        )
        + "</row>"
        for at, row in enumerate(rows, 1)
    )
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _column(place: int) -> str:
    """A for 0; a bank's sheets end long before Z."""
    return chr(ord("A") + place)

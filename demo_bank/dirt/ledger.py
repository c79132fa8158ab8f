"""The ledger of planted defects, beside the truth: what was changed where, and what ought to become of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA = pa.schema([
    ("code", pa.string()), ("file", pa.string()), ("line_no", pa.int64()), ("byte_offset", pa.int64()), ("byte_len", pa.int64()),
    ("field", pa.string()), ("original_hex", pa.string()), ("corrupted_hex", pa.string()), ("expected_handling_code", pa.string()),
    ("reason_code", pa.string()),
])  # fmt: skip
NOWHERE = 0  # line of a defect that is an absence


@dataclass(frozen=True)
class Defect:
    """One planted defect.

    file         package/inner file, or the package where it is meant as a whole
    line_no      line in the inner file, counted from 1 with the header; None: the whole file; 0: something that did not come
    byte_offset  of the corrupted bytes in the inner file, once unpacked
    reason_code  what the lake must report; None where it need not report anything
    """

    code: str
    file: str
    line_no: int | None
    byte_offset: int | None
    byte_len: int | None
    field: str | None
    original_hex: str | None
    corrupted_hex: str | None
    expected_handling_code: str
    reason_code: str | None


class Ledger:
    """Collects defects and writes them in the order of their files."""

    def __init__(self) -> None:
        self.rows: list[Defect] = []

    def whole(self, code: str, file: str, handling: str, reason: str | None) -> None:
        """A defect of a whole file or package."""
        self.rows.append(Defect(code, file, None, None, None, None, None, None, handling, reason))

    def write(self, folder: Path) -> None:
        rows = [
            asdict(row)
            for row in sorted(self.rows, key=lambda r: (r.file, r.line_no or 0, r.byte_offset or 0, r.code))
        ]
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / "defect_ledger.parquet")

"""Opens the hidden truth. Nothing outside this package may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = "truth"


@dataclass
class Hidden:
    """Tables of the truth; one may be a file or a folder of files. A table or column that is not there is told as missing."""

    folder: Path
    missing: list[str] = field(default_factory=list)

    def read(self, name: str, columns: Sequence[str]) -> pa.Table | None:
        path = self.folder / f"{name}.parquet"
        path = path if path.exists() else self.folder / name
        if not path.exists():
            self.missing.append(name)
            return None
        found = pq.read_table(path)
        for column in columns:
            if column not in found.schema.names:
                self.missing.append(f"{name}.{column}")
                found = found.append_column(column, pa.nulls(found.num_rows, pa.string()))
        return found.select(list(columns))

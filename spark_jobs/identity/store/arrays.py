"""Named arrays in one Arrow file that is mapped, not read: a run pays for the pages that it touches.

The file has one row; each column is a list that is a whole array. They are of different lengths, and lie in memory as they lie on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa


class Mapped(Mapping[str, Any]):
    """The arrays of a file: numbers as NumPy has them, texts as Arrow has them. None may be written to."""

    def __init__(self, path: Path) -> None:
        self._batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        self._place = {name: i for i, name in enumerate(self._batch.schema.names)}
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            values = self._batch.column(self._place[name]).values
            is_text = pa.types.is_large_string(values.type)
            self._known[name] = values if is_text else values.to_numpy(zero_copy_only=True)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays (NumPy's numbers, Arrow's large strings without nulls) and see them on disk before returning. Same arrays, same bytes."""
    columns = []
    for array in arrays.values():
        values = array if isinstance(array, pa.Array) else pa.array(array)
        columns.append(pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values))
    batch = pa.record_batch(columns, names=list(arrays))
    with path.open("wb") as file:
        with pa.ipc.new_file(file, batch.schema) as into:
            into.write_batch(batch)
        file.flush()
        os.fsync(file.fileno())

"""Looks for what names a person in every file below a lake's home: what is erased is scanned for, not believed.

Parquet is decoded, whichever version of a table it belongs to; compressed text is unpacked; everything else is read as it is. Texts are
looked for in UTF-8, GB18030 and UTF-16.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
# Keys are no data, and nothing of a person is ever in them.
LEFT_OUT = ("keys",)


def found(home: Path, texts: Collection[str], left_out: Collection[Path] = ()) -> tuple[dict[Path, int], int]:
    """File → in how many of its columns, or pieces of it, one of the texts stands, with the number of files looked at.

    left_out  folders that are not the lake's, where a home holds any: suppliers' files
    """
    needles = sorted({text.encode(encoding) for text in texts for encoding in ENCODINGS if text})
    hits: dict[Path, int] = {}
    count = 0
    for path in sorted(home.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.relative_to(home).parts[0] in LEFT_OUT:
            continue
        if any(
            path.is_relative_to(folder)
            for folder in left_out
            if folder != home and folder.is_relative_to(home)
        ):
            continue
        count += 1
        met = sum(1 for piece in _pieces(path) for needle in needles if needle in piece)
        if met:
            hits[path] = met
    return hits, count


def _pieces(path: Path) -> Iterator[bytes]:
    if path.suffix == ".parquet":
        yield from _decoded(path)
        return
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        try:
            yield gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return  # Not what its name says: its bytes were looked at.


def _decoded(path: Path) -> Iterator[bytes]:
    """The texts and bytes of every column, and the footer with its minima and maxima."""
    file = pq.ParquetFile(path)
    tail = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, tail - file.metadata.serialized_size - 8))
        yield stream.read()
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group).columns:
            for chunk in column.chunks:
                yield from _texts(chunk)


def _texts(array: pa.Array) -> Iterator[bytes]:
    """What an array holds in texts and bytes, whole buffers at a time."""
    if pa.types.is_dictionary(array.type):
        yield from _texts(array.dictionary)
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _texts(part)
    elif pa.types.is_map(array.type):
        yield from _texts(array.keys)
        yield from _texts(array.items)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _texts(array.flatten())
    elif (
        pa.types.is_string(array.type)
        or pa.types.is_binary(array.type)
        or pa.types.is_large_string(array.type)
    ):
        # Values stand side by side in the buffer: a separator keeps the end of one and the begin of the next apart.
        yield b"\x00".join(value.as_buffer().to_pybytes() for value in array if value.is_valid)

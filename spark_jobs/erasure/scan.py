"""Looks for what names a person in every file below a lake's home: what is erased is scanned for, not believed.

Parquet is decoded, whichever version of a table it belongs to; compressed text is unpacked; everything else is read as it is. Texts are
looked for in UTF-8, GB18030 and UTF-16.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
# Keys are no data, and nothing of a person is ever in them.
LEFT_OUT = ("keys",)


def found(
    home: Path, texts: Mapping[str, Collection[str]], left_out: Collection[Path] = ()
) -> tuple[dict[str, dict[Path, int]], int]:
    """Person → file → in how many of its columns, or pieces of it, one of the person's texts stands, with the number of files looked at.

    texts     person → what names them; every file is read once for all
    left_out  folders that are not the lake's, where a home holds any: suppliers' files
    """
    needles: dict[bytes, set[str]] = {}
    for person, names in texts.items():
        for text, encoding in product(names, ENCODINGS):
            if text:
                needles.setdefault(text.encode(encoding), set()).add(person)
    hits: dict[str, dict[Path, int]] = {}
    count = 0
    for path in sorted(home.rglob("*")) if needles else ():
        if not _is_looked_at(path, home, left_out):
            continue
        count += 1
        for piece in _pieces(path, needles):
            for person in sorted({p for needle, whose in needles.items() if needle in piece for p in whose}):
                told = hits.setdefault(person, {})
                told[path] = told.get(path, 0) + 1
    return hits, count


def _is_looked_at(path: Path, home: Path, left_out: Collection[Path]) -> bool:
    if path.is_symlink() or not path.is_file() or path.relative_to(home).parts[0] in LEFT_OUT:
        return False
    below = [folder for folder in left_out if folder != home and folder.is_relative_to(home)]
    return not any(path.is_relative_to(folder) for folder in below)


def _pieces(path: Path, needles: Collection[bytes]) -> Iterator[bytes]:
    if path.suffix == ".parquet":
        yield from _decoded(path, needles)
        return
    content = path.read_bytes()
    yield content
    if path.suffix == ".gz":
        try:
            yield gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return  # Not what its name says: its bytes were looked at.


def _decoded(path: Path, needles: Collection[bytes]) -> Iterator[bytes]:
    """The texts and bytes of every column, and the footer with its minima and maxima."""
    file = pq.ParquetFile(path)
    tail = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, tail - file.metadata.serialized_size - 8))
        yield stream.read()
    for group in range(file.num_row_groups):
        for column in file.read_row_group(group).columns:
            for chunk in column.chunks:
                yield from _texts(chunk, needles)


def _texts(array: pa.Array, needles: Collection[bytes]) -> Iterator[bytes]:
    """What an array holds in texts and bytes: nothing where its buffer as a whole holds none of what is looked for."""
    if pa.types.is_dictionary(array.type):
        yield from _texts(array.dictionary, needles)
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _texts(part, needles)
    elif pa.types.is_map(array.type):
        yield from _texts(array.keys, needles)
        yield from _texts(array.items, needles)
    elif pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        yield from _texts(array.flatten(), needles)
    elif (
        pa.types.is_string(array.type)
        or pa.types.is_binary(array.type)
        or pa.types.is_large_string(array.type)
    ):
        buffer = array.buffers()[-1]
        whole = buffer.to_pybytes() if buffer is not None else b""
        if any(needle in whole for needle in needles):
            # Values stand side by side in the buffer: the end of one and the begin of the next make none.
            yield b"\x00".join(value.as_buffer().to_pybytes() for value in array if value.is_valid)

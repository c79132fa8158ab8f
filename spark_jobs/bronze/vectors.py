"""Bytes of many lines at once: as Arrow texts, as rectangles of bytes, decoded into UTF-8. No Spark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
# Decoded at once to see whether it is text: stays in a core's cache.
_AT_ONCE = 64 * 1024
# Rows that are worth a copy of their own.
_LONG_STRETCH = 16


def rectangle(data: Bytes, starts: Ints, ends: Ints, at: Ints, width: int) -> Bytes:
    """Lines `at`, which all have so many bytes and may end in CR, as rows of bytes."""
    bare = pc.binary_slice(texts(data, starts, ends, at, 1, pa.binary()), 0, width)
    if not len(bare):
        return np.zeros((0, width), np.uint8)
    first = np.frombuffer(bare.buffers()[1], np.int32)[bare.offset]
    return np.frombuffer(bare.buffers()[2], np.uint8)[first : first + len(bare) * width].reshape(-1, width)


def column_of(table: Bytes, encoding: str) -> tuple[pa.StringArray | None, Flags]:
    """Fields of one width as text, and those that hold what is no text; None where that cannot be told by field."""
    rows, width = table.shape
    column = np.ascontiguousarray(table)
    if not (column & 0x80).any():
        offsets = pa.array(np.arange(rows + 1) * width, pa.int32())
        text = pa.Array.from_buffers(pa.string(), rows, [None, offsets.buffers()[1], pa.py_buffer(column)])
        return text, np.zeros(rows, bool)
    ended = np.full((rows, width + 1), 10, np.uint8)
    ended[:, :-1] = table
    made = decoded(ended.tobytes(), ended.reshape(-1), encoding)
    if made is None or len(made[1]) != rows:
        return None, np.zeros(rows, bool)
    said, ends, bad = made
    return texts(said, np.concatenate(([0], ends[:-1] + 1)), ends, np.arange(rows), 1, pa.string()), bad


def texts(data: Bytes, starts: Ints, ends: Ints, at: Ints, end: int, kind: pa.DataType) -> pa.Array:
    """Lines `at` without their ends of `end` bytes, as strings or bytes. Their text is valid."""
    offsets = np.append(starts, ends[-1] + 1 if len(ends) else 0).astype(np.int32)
    buffer = pa.py_buffer(np.ascontiguousarray(data))
    array = pa.Array.from_buffers(pa.binary(), len(starts), [None, pa.py_buffer(offsets), buffer])
    taken = array if len(at) == len(starts) else chosen(array, at)
    bare = pc.binary_slice(taken, 0, -end)
    return bare if kind == pa.binary() else bare.view(pa.string())


def chosen(array: pa.Array, at: Ints) -> pa.Array:
    """The elements at these rising places. Where they are nearly all, they are copied by stretches instead of one by one."""
    firsts, stops = _stretches(at)
    if len(firsts) * _LONG_STRETCH >= len(at):
        return array.take(pa.array(at))
    return pa.concat_arrays([array.slice(a, b - a) for a, b in zip(firsts, stops, strict=True)])


def chosen_values(lists: pa.ListArray, at: Ints) -> pa.Array:
    """What the lists at these rising places hold, one behind the other."""
    firsts, stops = _stretches(at)
    if len(firsts) * _LONG_STRETCH >= len(at):
        return lists.take(pa.array(at)).flatten()
    values, offsets = lists.values, lists.offsets.to_numpy()
    edges = zip(offsets[firsts].tolist(), offsets[stops].tolist(), strict=True)
    return pa.concat_arrays([values.slice(a, b - a) for a, b in edges])


def _stretches(at: Ints) -> tuple[list[int], list[int]]:
    """Where runs of neighbouring places begin, and the places behind them."""
    if not len(at):
        return [], []
    breaks = np.flatnonzero(np.diff(at) != 1)
    return at[np.concatenate(([0], breaks + 1))].tolist(), (at[np.concatenate((breaks, [-1]))] + 1).tolist()


def decoded(buffer: bytes, data: Bytes, encoding: str) -> tuple[Bytes, Ints, Flags] | None:
    """The text in UTF-8, the places of its line ends, and which lines hold what is no text or may not stay; None where lines shift."""
    text, no_text = data, list[int]()
    if not buffer.isascii():
        if codecs.lookup(encoding).name == "utf-8":
            no_text = list(_no_utf8(buffer))
        elif (converted := _converted(buffer, encoding)) is not None:
            text = converted
        else:
            return None
    ends = np.flatnonzero(text == 10)
    bad = np.zeros(len(ends), bool)
    bad[np.searchsorted(ends, no_text)] = True
    if not buffer.isascii():
        high = np.flatnonzero(text >= 0xED)
        if len(high):
            first, second, third = (text[np.minimum(high + k, len(text) - 1)] for k in range(3))
            spoiled = (
                ((first == 0xED) & (second >= 0xA0)) | (first == 0xEE) | (first == 0xF4)
                | ((first == 0xEF) & ((second < 0xA4) | ((second == 0xBF) & (third == 0xBD)) | ((second == 0xBB) & (third == 0xBF))))
                | ((first == 0xF3) & (second >= 0xB0))
            )  # fmt: skip
            bad[np.searchsorted(ends, high[spoiled])] = True
    return text, ends, bad


def _no_utf8(buffer: bytes) -> Iterator[int]:
    """A place in each line that is no UTF-8. Such lines are few, and the others are not to be decoded twice for them."""
    whole, at = memoryview(buffer), 0
    while at < len(buffer):
        stop = buffer.find(b"\n", at + _AT_ONCE) + 1 or len(buffer)
        try:
            str(whole[at:stop], "utf-8")
            at = stop
        except UnicodeDecodeError as problem:
            yield at + problem.start
            at = buffer.find(b"\n", at + problem.start) + 1 or len(buffer)


def _converted(buffer: bytes, encoding: str) -> Bytes | None:
    """The text in UTF-8, with surrogates where it is none; None where its lines shift."""
    try:
        said = buffer.decode(encoding).encode()
    except UnicodeDecodeError:
        try:
            said = buffer.decode(encoding, "surrogateescape").encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return None
    return np.frombuffer(said, np.uint8)


def begin_with(table: Bytes, mark: bytes) -> Flags:
    begins: Flags = (table[:, : len(mark)] == np.frombuffer(mark, np.uint8)).all(axis=1)
    return begins


def true_of(found: pa.BooleanArray) -> Flags:
    flags: Flags = found.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def places(rows: int, columns: int, order: Sequence[int]) -> Ints:
    places: Ints = (np.arange(rows)[:, None] * columns + np.array(order)).reshape(-1)
    return places

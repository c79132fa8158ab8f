"""What records say, as it was read: codes per record, and the distinct values of each part, sealed, beside what is known of each.

Read again are only the records that are asked for. Their values become one coding, in the order of values, as if they had been read together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.engine.coded import MISSING, Coded, text_array
from spark_jobs.identity.engine.form import Form, Shape
from spark_jobs.identity.engine.signs import note_signs
from spark_jobs.identity.engine.standardise import Field, mark_made_of_names
from spark_jobs.identity.store.groups import Places
from spark_jobs.identity.store.sealed import Sealed, sealed

# Of a value, what tells neither the value nor a part of it; beside hashes under the model's key.
_PLAIN = {"family", "band"}
_FLAGS = {"masked", "abbreviated", "shown", "hanzi", "short_han", "several", "joint", "firm"}


@dataclass(frozen=True)
class Piece:
    """Records of one part: `rows` of those asked for, standing at `places` of the part. seals: the part's opened texts, by field."""

    arrays: Mapping[str, Any]
    seals: dict[str, Sealed]
    rows: Places
    places: Places


def arrays(fields: Sequence[Field], form: Form) -> dict[str, Any]:
    """As a part keeps them. What is noted of values on the way is noted in `fields`."""
    found: dict[str, Any] = {}
    for name, field in _codings(fields):
        form.give_bands(field.name, field.coded)
        field.coded.hashes()
        note_signs(field)
        found |= _of_coding(name, field.coded, form.key)
    return found


def _codings(shapes: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Each coding once, under its name: given name and surname are one."""
    seen = set()
    for shape in shapes:
        name = "parts" if shape.kind == "part" else shape.name
        if name not in seen:
            seen.add(name)
            yield name, shape


def _of_coding(name: str, coded: Coded, key: str) -> dict[str, Any]:
    found = {f"code {name} {i}": np.ascontiguousarray(column) for i, column in enumerate(coded.codes.T)}
    return found | _of_values(name, pa.array(coded.values, pa.large_string()), coded.facts, key)


def _of_values(name: str, texts: pa.Array, facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    ends = np.frombuffer(texts.buffers()[1], np.int64)[: len(texts) + 1] if len(texts) else np.zeros(1, np.int64)  # fmt: skip
    content = texts.buffers()[2].slice(0, int(ends[-1])) if len(texts) else pa.py_buffer(b"")
    start, closed = sealed(content, key)
    found = {f"ends {name}": ends[1:], f"start {name}": start, f"sealed {name}": closed}
    for fact, known in sorted(facts.items()):
        if fact in _FLAGS:
            found[f"fact {name} {fact}"] = np.asarray(known).astype(np.uint8)
        elif fact in _PLAIN or (known.dtype == np.int64 and fact != "length"):
            found[f"fact {name} {fact}"] = np.asarray(known)
    return found


def read(pieces: Sequence[Piece], count: int, form: Form) -> list[Field]:
    """The fields of `count` records, of which every piece has some."""
    shapes: Sequence[Shape] = form.shapes or []
    codings = {}
    for name, _ in _codings(shapes):
        codes, texts, fact = together(name, pieces, count, form.key)
        codings[name] = Coded(text_array(texts.to_pylist()), codes, Facts(_names(name, pieces), fact), form.key)  # fmt: skip
    fields = [Field(s.name, s.kind, s.is_shared, coded=codings["parts" if s.kind == "part" else s.name]) for s in shapes]  # fmt: skip
    mark_made_of_names(fields)
    return fields


def _names(name: str, pieces: Sequence[Piece]) -> set[str]:
    start = f"fact {name} "
    return {n.removeprefix(start) for piece in pieces for n in piece.arrays if n.startswith(start)}


class Facts(dict[str, npt.NDArray[Any]]):
    """Facts of values, fetched when one is asked for."""

    def __init__(self, known: set[str], fetch: Callable[[str], npt.NDArray[Any]]) -> None:
        super().__init__()
        self._known, self._fetch = known, fetch

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._known

    def __missing__(self, name: str) -> npt.NDArray[Any]:
        if name not in self._known:
            raise KeyError(name)
        self[name] = self._fetch(name)
        return self[name]


def together(
    name: str, pieces: Sequence[Piece], count: int, key: str
) -> tuple[npt.NDArray[np.int32], pa.Array, Callable[[str], npt.NDArray[Any]]]:
    """One coding of what the pieces say: codes of the records, the distinct values in order, and how to fetch a fact of each."""
    columns = sum(n.startswith(f"code {name} ") for n in pieces[0].arrays) if pieces else 1
    codes = np.full((count, columns), MISSING, np.int32)
    texts, used, first = [], [], 0
    for piece in pieces:
        own = np.stack([piece.arrays[f"code {name} {i}"][piece.places] for i in range(columns)], axis=1)
        flags = np.zeros(len(piece.arrays[f"ends {name}"]), bool)
        flags[own[own >= 0]] = True
        places = np.flatnonzero(flags)
        lookup = np.empty(len(flags) + 1, np.int32)
        lookup[places] = np.arange(first, first + len(places))
        lookup[-1] = MISSING
        codes[piece.rows] = lookup[own]
        texts.append(_opened(piece, name, key).take(places))
        used.append((piece, places))
        first += len(places)
    all_texts = pa.concat_arrays([pa.array([], pa.large_string()), *texts])
    known = [text for text in texts if len(text)]
    if len(known) < 2:
        return codes, all_texts, lambda fact: _fetched(name, fact, used)
    coded = all_texts.dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy(zero_copy_only=False).astype(np.int64)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order))
    place = rank[coded.indices.to_numpy(zero_copy_only=False)]
    at = np.empty(len(order), np.int64)
    at[place[::-1]] = np.arange(len(place))[::-1]
    codes = np.where(codes >= 0, place[np.maximum(codes, 0)], MISSING).astype(np.int32)
    return codes, all_texts.take(pa.array(at)), lambda fact: _fetched(name, fact, used)[at]


def _opened(piece: Piece, name: str, key: str) -> Sealed:
    if name not in piece.seals:
        start, content, ends = (piece.arrays[f"{what} {name}"] for what in ("start", "sealed", "ends"))
        piece.seals[name] = Sealed(start, content, ends, key)
    return piece.seals[name]


def _fetched(name: str, fact: str, used: Sequence[tuple[Piece, Places]]) -> npt.NDArray[Any]:
    """A fact of the values of each piece, one piece after the other. Of no values nothing may be known."""
    found = [piece.arrays[f"fact {name} {fact}"][places] for piece, places in used if len(places)]
    whole = np.concatenate(found) if found else np.empty(0, np.int64)
    return whole.astype(bool) if fact in _FLAGS else whole


def folded(pieces: Sequence[Piece], count: int, form: Form) -> dict[str, Any]:
    """As `arrays`, of what several parts say of these records."""
    found: dict[str, Any] = {}
    for name, _ in _codings(form.shapes or []):
        codes, texts, fact = together(name, pieces, count, form.key)
        found |= {f"code {name} {i}": np.ascontiguousarray(column) for i, column in enumerate(codes.T)}
        facts = {each: fact(each) for each in _names(name, pieces)}
        found |= _of_values(name, texts, facts, form.key)
    return found

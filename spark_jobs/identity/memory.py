"""What a run of the identity job leaves to the next, so that only what changed is judged anew. One file beside the lake, nobody's values.

It is a memory and no source of truth: whoever deletes it has the next run judge everything, with the same rows. It counts only where the rules,
the model and the code are those of the run that wrote it, and the tables still those that it wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.compared import Compared, Prints
from spark_jobs.identity.engine.form import Shape
from spark_jobs.identity.reach import HELD, Keys, Ruled
from spark_jobs.identity.reading import Reading, Standing
from spark_jobs.identity.store import arrays
from spark_jobs.identity.together import Groups

_VERSION = 2
# Code on which what is remembered depends, beside the versions of what it reads names and numbers with.
_CODE = ("identity", "columns", "jobs/identity.py")
_LIBRARIES = ("opencc-python-reimplemented", "phonenumbers", "pypinyin", "rapidfuzz", "numpy", "pandas")
# Types in which a column of pairs lies in the file.
_STORED = {pa.date32(): pa.int32(), pa.bool_(): pa.uint8(), pa.int64(): pa.int64()}
_READ = ("party", "since", "until", "said", "own", "has", "born")


@dataclass(frozen=True)
class Memory:
    """What is remembered.

    model      version of the model that was asked, None: there was none
    groups     who hangs together, and digests of what is said of them
    customers  every customer id that these groups made, and the place of a party of its group (`anchors`)
    ruled      what the rules said; compared: of the model, None where none was asked
    """

    model: str | None
    groups: Groups
    customers: Sequence[str]
    anchors: npt.NDArray[np.int64]
    compared: Compared | None
    ruled: Ruled | None = None


def code() -> str:
    """Hash of the code, and of the libraries, that what is remembered was made by."""
    root = Path(__file__).resolve().parents[1]
    files = sorted(file for name in _CODE for file in _sources(root / name))
    found = hashlib.sha256()
    for file in files:
        found.update(file.read_bytes())
    found.update(json.dumps({name: version(name) for name in _LIBRARIES}).encode())
    return found.hexdigest()[:16]


def _sources(place: Path) -> Iterator[Path]:
    return place.rglob("*.py") if place.is_dir() else iter([place])


def write(path: Path, memory: Memory, terms: Mapping[str, Any]) -> None:
    """Keep it whole or not at all. terms: under which it counts, as JSON holds them."""
    said = {
        "terms": _texts([json.dumps({"version": _VERSION, **terms}, sort_keys=True)]),
        "model": _texts([memory.model] if memory.model else []),
        "parties": _texts(memory.groups.parties),
        "group": memory.groups.group,
        "digests": memory.groups.digests.ravel(),
        "customers": _texts(memory.customers),
        "anchors": memory.anchors,
        **(_of_compared(memory.compared) if memory.compared else {}),
        **(_of_ruled(memory.ruled) if memory.ruled else {}),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.touch(mode=0o600)
    arrays.write(part, said)
    os.replace(part, path)


def opened(path: Path, terms: Mapping[str, Any]) -> Memory | None:
    """What is remembered, where it counts under these terms; else None: all is judged anew."""
    if not path.is_file():
        return None
    try:
        found = arrays.Mapped(path)
        known = json.loads(found["terms"][0].as_py())
        if known != {"version": _VERSION, **json.loads(json.dumps(terms))}:
            return None
        groups = Groups(found["parties"].to_pylist(), found["group"], found["digests"].reshape(-1, 2))
        compared = _compared(found) if "pairs" in found else None
        model = next(iter(found["model"].to_pylist()), None)
        ruled = _ruled(found) if "begin" in found else None
        return Memory(model, groups, found["customers"].to_pylist(), found["anchors"], compared, ruled)
    except (OSError, ValueError, KeyError, pa.ArrowException):
        # Half a file, or another's: as if there were none.
        return None


def _texts(texts: Sequence[str]) -> pa.Array:
    return pa.array(list(texts), pa.large_string())


def _of_compared(said: Compared) -> dict[str, Any]:
    reading = said.reading
    found: dict[str, Any] = {}
    for n, each in enumerate(reading.standing):
        found |= {f"keys {n}": each.keys, f"members {n}": each.members}
    for name in _READ:
        array = getattr(reading, name)
        found[name] = np.ascontiguousarray(array.astype(np.uint8) if array.dtype == bool else array).ravel()
    distinct, place = np.unique(said.patterns, return_inverse=True)
    return found | {
        **_of_prints(said.prints),
        "read parties": _texts(reading.parties),
        "rules": _texts(reading.rules),
        "fields": _texts([json.dumps(vars(shape)) for shape in reading.fields]),
        "pairs": said.pairs,
        "patterns": distinct,
        "pattern": place.astype(np.int32),
        "doubted": said.doubted.astype(np.uint8),
    }


def _compared(found: Mapping[str, Any]) -> Compared:
    party, since, until, written, own, has, born = (found[name] for name in _READ)
    rules = found["rules"].to_pylist()
    reading = Reading(
        found["read parties"].to_pylist(), party, since, until, written, rules,
        [Standing(found[f"keys {n}"], found[f"members {n}"]) for n in range(len(rules))],
        own.reshape(len(party), -1), has.reshape(len(party), -1).astype(bool), born,
        [Shape(**json.loads(text)) for text in found["fields"].to_pylist()],
    )  # fmt: skip
    return Compared(_prints(found), reading, found["pairs"], found["patterns"][found["pattern"]], found["doubted"].astype(bool))  # fmt: skip


def _of_prints(prints: Prints) -> dict[str, Any]:
    return {"prints of": _texts(prints.parties), "prints": prints.hashes.ravel()}


def _prints(found: Mapping[str, Any]) -> Prints:
    return Prints(found["prints of"].to_pylist(), found["prints"].reshape(-1, 2))


def _of_ruled(said: Ruled) -> dict[str, Any]:
    """Prints and keys are of the same parties."""
    found = _of_prints(said.prints)
    for name, keys in (("keys", said.keys), ("used", said.used)):
        found |= {f"{name} of": keys.party, name: keys.key}
    found["begin"] = _texts([str(said.begin)] if said.begin else [])
    for name in said.held.column_names:
        column = said.held[name].combine_chunks()
        if pa.types.is_string(column.type):
            coded = column.dictionary_encode()
            found[f"held {name}"] = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)  # fmt: skip
            found[f"held {name} is"] = _texts(coded.dictionary.to_pylist())
        else:
            found[f"held {name}"] = column.cast(_STORED[column.type]).to_numpy(zero_copy_only=False)
    return found


def _ruled(found: Mapping[str, Any]) -> Ruled:
    prints = _prints(found)
    keys, used = (Keys(prints.parties, found[f"{name} of"], found[name]) for name in ("keys", "used"))
    begin = next((date.fromisoformat(day) for day in found["begin"].to_pylist()), None)
    columns = []
    for column in HELD:
        said = pa.array(found[f"held {column.name}"])
        if pa.types.is_string(column.type):
            words = found[f"held {column.name} is"].cast(pa.string())
            columns.append(words.take(pc.if_else(pc.equal(said, -1), None, said)))
        else:
            columns.append(said.cast(column.type))
    return Ruled(prints, keys, used, begin, pa.table(columns, schema=HELD))

"""How samples of one JSON object a line are cut, records as well as logs of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from spark_jobs.bronze.objects import RecordError, parse_json
from spark_jobs.contracts.sources import Layout
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding.guess import MOST_LINES, Guess
from spark_jobs.onboarding.separators import ENOUGH_LINES

_HEAD = 4096
# What only records of a change log have, by the program that writes it.
_CHANGES = {
    "GoldenGate": {"op_type", "op_ts", "pos"},
    "Canal": {"isDdl", "data", "es"},
    "Maxwell": {"xid", "data", "ts"},
}


def json_lines(body: bytes, encoding: str) -> Guess:
    """Paths of the values of all records, in the order in which they come."""
    lines = [line for line in body.split(b"\n") if line.strip()][:MOST_LINES]
    paths: dict[str, None] = {}
    images: dict[str, None] = {}
    read = changes = 0
    wrong: Counter[str] = Counter()
    lists: set[str] = set()
    for line in lines:
        try:
            found = parse_json(line, encoding)
        except RecordError as problem:
            wrong[str(problem)] += 1
            continue
        read += 1
        if (image := _image(found)) is not None:
            changes += 1
            images.update(dict.fromkeys(path for path, _ in _leaves(image, "")))
        lists |= {path for path, value in _leaves(found, "") if _is_table(value)}
        paths.update(dict.fromkeys(path for path, _ in _leaves(found, "")))
    if read < ENOUGH_LINES * len(lines):
        raise DeliveryError(
            f"it begins like JSON but most lines are no object ({wrong.most_common(1)[0][0]}); ask the supplier for one object a line (JSON lines)"
            + (
                ", which `jq -c .` makes of objects that are written over several lines, too"
                if b'"' in body[:_HEAD]
                else ""
            )
        )
    if lists and len(lines) == 1:
        raise DeliveryError(
            f"one object that holds its records in a list (`{min(lists)}`); ask the supplier for one object a line (JSON lines)"
        )
    if not paths:
        raise DeliveryError("its objects have no members; a draft needs a day on which there was something")
    doubts = tuple(
        f"`{path}` holds a list of objects, which fills no column: it stays beside the record (`_rescued`); ask for a feed of its own"
        for path in sorted(lists)
    )
    if images and changes >= ENOUGH_LINES * read:
        told = "a change log, by its `op`, `before` and `after`: fields are those of the row; `source` and the like are left out. Deletions: `delete_when: {op: [d]}`"
        columns = ("$op", "$ts_ms", *images)
        return Guess(Layout("cdc", encoding), columns, len(columns), doubts=(told,))
    writer = _writer_of_changes(paths)
    if writer:
        doubts += (
            f"a change log as {writer} writes it, in a form that `kind: cdc` does not read: as drafted a deletion is a record like others. Ask for Debezium's form (`op` c, u, r, d; `ts_ms`; `before`; `after`), or map with care",
        )
    return Guess(
        Layout("jsonl", encoding), tuple(paths), len(paths), doubts=doubts, is_foreign_log=writer is not None
    )


def _image(found: dict[str, object]) -> dict[str, object] | None:
    """The row of a record of a change log as `kind: cdc` reads it; None where it is none."""
    record = found["payload"] if isinstance(found.get("payload"), dict) and "op" not in found else found
    assert isinstance(record, dict)
    image = record.get("before" if record.get("op") == "d" else "after")
    is_change = record.get("op") in ("c", "u", "r", "d") and "ts_ms" in record
    return image if is_change and isinstance(image, dict) and image else None


def _writer_of_changes(paths: Iterable[str]) -> str | None:
    """Which other program writes its changes with these names; None for plain records."""
    firsts = {path.split(".")[0] for path in paths}
    return next((writer for writer, names in _CHANGES.items() if names <= firsts), None)


def _leaves(found: dict[str, object], before: str) -> Iterator[tuple[str, object]]:
    for name, value in found.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _is_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)

"""What the guards judge a few parties by, read from silver as the identity job reads it (identity/features.py), one party at a time.

Not a second rule: the guards themselves are those of identity/guards.py. tests/spark holds these marks against those of the job.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from spark_jobs.columns.names import parse_name
from spark_jobs.identity.guards import Mark
from spark_jobs.whois.book import BELIEVED, Book, Row, listed

# As identity/features.py; that module opens Spark.
GOOD_BIRTH = ("declared", "agrees")
COMPARABLE = ("full", "latin")


class Own(NamedTuple):
    """The certificate that is a party's own: token, first day, and what its digits say."""

    token: str
    since: date
    birth: date | None
    sex: str | None


def marks(book: Book, parties: Collection[str]) -> dict[str, list[Mark]]:
    """Dated marks of parties up to the book's day."""
    begun = f"{BELIEVED} and valid_from <= date '{book.day}' and party_id in {listed(parties)}"
    told = book.ask(
        "select party_id, name, name_latin, name_quality_code, sex_code, birth_date, birth_date_quality_code, valid_from "
        f"from silver.party_hist where {begun}"
    )
    numbers = book.ask(
        "select party_id, id_kind_code, id_token, id_class_code, checksum_state_code, is_primary, id_birth_date, id_sex_code, valid_from "
        f"from silver.party_identifier where {begun}"
    )
    by_party: dict[str, tuple[list[Row], list[Row]]] = {p: ([], []) for p in parties}
    for rows, place in ((told, 0), (numbers, 1)):
        for row in rows:
            by_party[row["party_id"]][place].append(row)
    return {p: marks_of(versions, ids, book.rules) for p, (versions, ids) in by_party.items()}


def marks_of(versions: Sequence[Row], numbers: Sequence[Row], rules: Mapping[str, Any]) -> list[Mark]:
    """Marks of one party. versions, numbers: its rows of silver.party_hist and silver.party_identifier."""
    own = own_id(numbers, rules["strong_id_kinds"])
    first: dict[tuple[str, str], date] = {}

    def note(kind: str, value: object, since: date) -> None:
        if value is not None:
            key = (kind, str(value))
            first[key] = min(since, first.get(key, since))

    if own:
        note("resident", own.token, own.since)
        note("birth", own.birth, own.since)
        note("sex", own.sex, own.since)
    placeholders = {str(day) for day in rules["placeholder_birth_dates"]}
    for row in versions:
        # What is declared counts until a certificate says it better.
        if own is None or own.birth is None or row["valid_from"] < own.since:
            good = row["birth_date_quality_code"] in GOOD_BIRTH and str(row["birth_date"]) not in placeholders
            note("birth", row["birth_date"] if good else None, row["valid_from"])
            note("sex", row["sex_code"] if row["sex_code"] in ("M", "F") else None, row["valid_from"])
    for name, since in _names(versions):
        note("name", name, since)
    return [Mark(kind, value, since) for (kind, value), since in sorted(first.items())]


def own_id(numbers: Sequence[Row], kinds: Collection[str]) -> Own | None:
    """The first valid certificate known; ties: the one its source calls primary, then the smallest token."""
    valid: dict[str, list[Row]] = defaultdict(list)
    for row in numbers:
        if (
            row["id_kind_code"] in kinds
            and row["id_class_code"] == "strong"
            and row["checksum_state_code"] == "valid"
        ):
            valid[row["id_token"]].append(row)
    if not valid:
        return None
    token, rows = min(
        valid.items(),
        key=lambda each: (
            min(r["valid_from"] for r in each[1]),
            not any(r["is_primary"] for r in each[1]),
            each[0],
        ),
    )
    births, sexes = ([r[c] for r in rows if r[c] is not None] for c in ("id_birth_date", "id_sex_code"))
    return Own(token, min(r["valid_from"] for r in rows), min(births, default=None), min(sexes, default=None))


def _names(versions: Sequence[Row]) -> list[tuple[str, date]]:
    """Every key under which a name of the party meets others, with its day. Names that hide something differ from nobody."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str, date]] = {}
    for row in versions:
        said = row["name"] if row["name"] is not None else row["name_latin"]
        name, latin = parse_name(said), parse_name(row["name_latin"])
        if said is None or name.folded is None:
            continue
        quality = "truncated" if row["name_quality_code"] == "truncated" else name.quality_code
        key = (name.folded, tuple(sorted({*name.pinyin_keys, *latin.pinyin_keys})))
        known = found.get(key, (quality, row["valid_from"]))
        found[key] = (min(quality, known[0]), min(row["valid_from"], known[1]))
    return [
        (each, since)
        for (folded, keys), (quality, since) in found.items() if quality in COMPARABLE
        for each in (folded, *keys)
    ]  # fmt: skip

"""Reads what the lake made of the lines in which defects were planted. No Spark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from demo_bank.score import money
from demo_bank.score.handled import Defect, Handling, Lake, Line, Row, handled
from demo_bank.score.hidden import Hidden
from demo_bank.score.lake import Tables, rows
from demo_bank.score.scores import aum, identity, is_open, membership, parties, place_of

# Encodings of the files in which a defect's bytes are text, by system; utf-8 elsewhere.
ENCODINGS = {"CORE": "gb18030", "ECIF": "gb18030", "LOAN": "gb18030", "WEALTH": "gb18030"}
TABLES: Mapping[str, tuple[str, ...]] = {
    "silver.party_hist": ("party_id", "name_quality_code", "birth_date", "known_to"),
    "silver.party_identifier": ("party_id", "id_value", "id_value_norm", "checksum_state_code", "known_to"),
    "silver.party_contact": (
        "party_id",
        "contact_token",
        "contact_norm",
        "is_placeholder",
        "valid_to",
        "known_to",
    ),
    "silver.call": ("party_id", "ani_contact_token"),
    "silver.complaint": ("party_id",),
    "silver.survey_response": ("party_id", "is_duplicate"),
    "silver.customer_manager_hist": ("party_id", "is_overlap_resolved", "known_to"),
    "silver.transaction": ("is_reversal", "reversed_transaction_id"),
}
BY_PARTY = (
    "silver.party_hist",
    "silver.party_identifier",
    "silver.party_contact",
    "silver.customer_manager_hist",
)
# Feeds whose records name their party by a number.
NUMBERS = {
    "core__cif": "cust_no", "ecif__party": "ecif_id", "ecif__party_cert": "ecif_id", "ecif__party_phone": "ecif_id",
    "card__c_cust": "card_cust_no", "crm__cust_assign": "crm_id",
}  # fmt: skip


def defects(ledger: Iterable[Mapping[str, object]]) -> list[Defect]:
    """The planted ones that ask for no reason."""
    found = []
    for row in ledger:
        if row["reason_code"] is None:
            package, inner = place_of(str(row["file"]))
            system = (package or "").split("_")[0]
            before, after = (
                _text(row[c], ENCODINGS.get(system, "utf-8")) for c in ("original_hex", "corrupted_hex")
            )
            line = None if row["line_no"] is None else int(str(row["line_no"]))
            field = None if row["field"] is None else str(row["field"])
            found.append(
                Defect(
                    str(row["code"]),
                    package,
                    inner,
                    line,
                    field,
                    str(row["expected_handling_code"]),
                    before,
                    after,
                )
            )
    return found


def _text(told: object, encoding: str) -> str | None:
    """Bytes of the ledger as text without what fills the field up; None where they are none."""
    if told is None:
        return None
    try:
        return bytes.fromhex(str(told)).decode(encoding).strip()
    except UnicodeDecodeError:
        return None


def handlings(
    hidden: Hidden, lake: Tables, days: Sequence[money.DayError] | None = None
) -> list[Handling] | None:
    """Handling by code of the defects that need no reason; None where a side is missing. days: errors of AUM, asked for where not given."""
    ledger = hidden.read(
        "defect_ledger",
        (
            "code",
            "file",
            "line_no",
            "field",
            "original_hex",
            "corrupted_hex",
            "expected_handling_code",
            "reason_code",
        ),
    )
    if ledger is None or lake.read("ops.delivery_file", ("file_id",)) is None:
        return None
    if days is None:
        who = identity(hidden, lake)
        days = aum(hidden, lake, who.customer_of) if who else None
    planted = defects(rows(ledger))
    return handled(planted, read(hidden, lake, planted, days))


def read(
    hidden: Hidden, lake: Tables, planted: Sequence[Defect], days: Sequence[money.DayError] | None
) -> Lake:
    """Everything that `handled` asks of the lake."""
    files = rows(
        lake.read("ops.delivery_file", ("file_id", "feed_code", "package_name", "file_name", "state_code", "quarantined_cnt"))
    )  # fmt: skip
    names = {str(f["file_id"]): (_name(f["package_name"]), _name(f["file_name"])) for f in files}
    states: dict[tuple[str | None, str | None], list[tuple[str, int]]] = defaultdict(list)
    for f in files:
        states[names[str(f["file_id"])]].append((str(f["state_code"]), int(str(f["quarantined_cnt"] or 0))))
    made: dict[str, dict[Line, list[Row]]] = {}
    of_party: dict[str, dict[str, list[Row]]] = {table: defaultdict(list) for table in BY_PARTY}
    for table, columns in TABLES.items():
        made[table] = defaultdict(list)
        for row in rows(lake.read(table, (*columns, "_origin"))):
            if "known_to" in columns and not is_open(row["known_to"]):
                continue
            for place in _places(row["_origin"], names):
                made[table][place].append(row)
            if table in BY_PARTY:
                of_party[table][str(row["party_id"])].append(row)
    loaded, party_of = _in_bronze(lake, files, names, {d.place for d in planted})
    return Lake(
        states, loaded, party_of, made, of_party, _versions(lake),
        _persons(hidden, lake), membership(lake) or {}, {d.day: d.exact == d.compared for d in days or ()},
        frozenset((*names.get(str(q["file_id"]), (None, None)), int(str(q["line_no"])))
                  for q in rows(lake.read("ops.quarantine", ("file_id", "line_no")))),
        parties(lake) or {},
    )  # fmt: skip


def _name(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _places(origin: Any, names: Mapping[str, tuple[str | None, str | None]]) -> Iterable[Line]:
    for each in origin if isinstance(origin, list) else ():
        yield (*names.get(str(each["file_id"]), (None, None)), int(str(each["line_no"])))


def _in_bronze(
    lake: Tables, files: Sequence[Row], names: Mapping[str, tuple[str | None, str | None]], wanted: set[Line]
) -> tuple[frozenset[Line], dict[Line, str]]:
    """Of the lines in question those that loaded, and their parties; only feeds that have any are read."""
    asked = {(package, file) for package, file, _ in wanted}
    feeds = {str(f["feed_code"]) for f in files if names[str(f["file_id"])] in asked}
    found: set[Line] = set()
    party_of: dict[Line, str] = {}
    known = parties(lake) or {}
    for feed in sorted(feeds & set(lake.feeds())):
        number = NUMBERS.get(feed)
        table = lake.read(f"bronze.{feed}", ("_file_id", "_line_no", *([number] if number else ())))
        for row in rows(table):
            place = (*names.get(str(row["_file_id"]), (None, None)), int(str(row["_line_no"])))
            if place in wanted:
                found.add(place)
                party = known.get((feed.split("__")[0], str(row[number]))) if number else None
                if party is not None:
                    party_of[place] = party
    return frozenset(found), party_of


def _versions(lake: Tables) -> dict[str, int]:
    given: dict[str, set[date]] = defaultdict(set)
    for row in rows(lake.read("silver.org_hist", ("org_code", "valid_from"))):
        given[str(row["org_code"])].add(row["valid_from"])  # type: ignore[arg-type]
    return {code: len(starts) for code, starts in given.items()}


def _persons(hidden: Hidden, lake: Tables) -> dict[str, frozenset[int]]:
    """Whose each party is."""
    party_of = parties(lake) or {}
    found: dict[str, set[int]] = defaultdict(set)
    for row in rows(hidden.read("truth_link", ("source_code", "source_key", "person_no"))):
        party = party_of.get((str(row["source_code"]), str(row["source_key"])))
        if party is not None and row["person_no"] is not None:
            found[party].add(int(str(row["person_no"])))
    return {party: frozenset(persons) for party, persons in found.items()}

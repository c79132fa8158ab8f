"""What became of planted defects that need no reason: whether the lake handled each as the catalogue says, and what that means by code.

Half of the catalogue is not to be reported but to be put right, flagged, or kept from joining people. A defect is judged by what the lake made
of the very line it was planted in; one whose line no conformed row points back to (the same record had come before) is told as not judged.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

ACCEPTED = ("loaded", "superseded", "duplicate")
# Package, inner file and line of a record.
Line = tuple[str | None, str | None, int | None]
EVER = 9999


@dataclass(frozen=True)
class Defect:
    """A planted defect that asks for no reason. original, corrupted: what stood there before and after, as text; None where it is none."""

    code: str
    package: str | None
    file: str | None
    line: int | None
    field: str | None
    handling: str
    original: str | None = None
    corrupted: str | None = None

    @property
    def place(self) -> Line:
        return self.package, self.file, self.line

    @property
    def day(self) -> date | None:
        digits = (self.file or self.package or "").split(".")[0].rsplit("_", 1)[-1]
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if digits.isdigit() else None


Row = Mapping[str, Any]


@dataclass
class Lake:
    """What the lake says, by the place of the record it was made of.

    states       (state, quarantined records) by package and inner file; in_bronze: lines that loaded
    party_of     party of a line by the number in it, where the feed has one
    rows         table → line → rows made of it
    of_party     table → party → its rows; versions: org code → how often it was given
    persons, customers, parties  person of each party, customer of each party, parties of each person
    aum_exact    date → whether every AUM was exact to the cent
    aside        lines that lie in quarantine
    numbers      party of a record by source and number
    """

    states: Mapping[tuple[str | None, str | None], Sequence[tuple[str, int]]] = field(default_factory=dict)
    in_bronze: frozenset[Line] = frozenset()
    party_of: Mapping[Line, str] = field(default_factory=dict)
    rows: Mapping[str, Mapping[Line, Sequence[Row]]] = field(default_factory=dict)
    of_party: Mapping[str, Mapping[str, Sequence[Row]]] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    persons: Mapping[str, frozenset[int]] = field(default_factory=dict)
    customers: Mapping[str, str] = field(default_factory=dict)
    aum_exact: Mapping[date, bool] = field(default_factory=dict)
    aside: frozenset[Line] = frozenset()
    numbers: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def are_one(self, one: tuple[str, str], other: tuple[str, str]) -> bool | None:
        """Whether two records, by source and number, are one customer; None where the lake has not both."""
        found = [self.customers.get(self.numbers.get(record, "")) for record in (one, other)]
        return None if None in found else found[0] == found[1]

    def at(self, table: str, defect: Defect) -> Sequence[Row]:
        return self.rows.get(table, {}).get(defect.place, ())

    def party(self, defect: Defect) -> str | None:
        """The party of the line, by the number in it or by any row made of it."""
        if defect.place in self.party_of:
            return self.party_of[defect.place]
        for table in sorted(self.rows):
            for row in self.at(table, defect):
                if row.get("party_id"):
                    return str(row["party_id"])
        return None

    def of(self, table: str, defect: Defect) -> Sequence[Row]:
        party = self.party(defect)
        return self.of_party.get(table, {}).get(party, ()) if party else ()


Verdict = Callable[[Lake, Defect], bool | None]


def _loads(lake: Lake, defect: Defect) -> bool | None:
    """The file, or every file of the package, was accepted."""
    found = [
        state
        for (package, file), states in lake.states.items()
        if package == defect.package and defect.file in (None, file)
        for state, _ in states
    ]
    return all(state in ACCEPTED for state in found) if found else None


def _is_superseded(lake: Lake, defect: Defect) -> bool | None:
    states = [state for state, _ in lake.states.get((defect.package, defect.file), ())]
    return "superseded" in states if states else None


def _is_kept(lake: Lake, defect: Defect) -> bool | None:
    """The record is in bronze; not asked of a file that was held."""
    return defect.place in lake.in_bronze if _loads(lake, defect) else None


def _name_is_doubted(lake: Lake, defect: Defect) -> bool | None:
    """Of less than full quality; or nobody takes it for a name yet, because the record waits in quarantine."""
    if defect.place in lake.aside:
        return True
    rows = lake.at("silver.party_hist", defect) or lake.of("silver.party_hist", defect)
    return all(r["name_quality_code"] != "full" for r in rows) if rows else None


def _id_is_restored(lake: Lake, defect: Defect) -> bool | None:
    rows = lake.of("silver.party_identifier", defect)
    return any(r["id_value_norm"] == defect.original for r in rows) if rows else None


def _id_is_invalid(lake: Lake, defect: Defect) -> bool | None:
    rows = [r for r in lake.of("silver.party_identifier", defect) if r["id_value"] == defect.corrupted]
    return all(r["checksum_state_code"] == "invalid" for r in rows) if rows else None


def _is_blocked(lake: Lake, defect: Defect) -> bool | None:
    if defect.field == "cert_no":
        return _joins_nobody_else(lake, defect)
    rows = lake.of("silver.party_contact", defect)
    return any(r["is_placeholder"] for r in rows) if rows else None


def _joins_nobody_else(lake: Lake, defect: Defect) -> bool | None:
    """The customer of the party is no second person."""
    party = lake.party(defect)
    customer = lake.customers.get(party) if party else None
    if customer is None:
        return None
    inside = [lake.persons.get(p, frozenset()) for p, c in lake.customers.items() if c == customer]
    return len(frozenset().union(*inside)) <= 1


def _is_joined(lake: Lake, defect: Defect) -> bool | None:
    """All parties of the person that the lake has are one customer."""
    party = lake.party(defect)
    persons = lake.persons.get(party, frozenset()) if party else frozenset()
    if not persons or party not in lake.customers:
        return None
    theirs = {lake.customers[p] for p, of in lake.persons.items() if of & persons and p in lake.customers}
    return len(theirs) == 1


def _number_is_normalised(lake: Lake, defect: Defect) -> bool | None:
    """Of a call that is nobody's only the number's token is kept: it is that of the right number, where somebody has that."""
    digits = (defect.original or "").lstrip("0")

    def is_right(norm: object) -> bool:
        return str(norm or "").startswith("+") and str(norm).endswith(digits)

    rows = lake.at("silver.party_contact", defect)
    if rows:
        return any(is_right(r["contact_norm"]) for r in rows)
    every = lake.of_party.get("silver.party_contact", {}).values()
    tokens = {r["contact_token"] for theirs in every for r in theirs if is_right(r["contact_norm"])}
    calls = lake.at("silver.call", defect)
    return any(r["ani_contact_token"] in tokens for r in calls) if calls and tokens else None


def _chain_holds_both(lake: Lake, defect: Defect) -> bool | None:
    rows = lake.of("silver.party_identifier", defect)
    known = {r["id_value"] for r in rows}
    return {defect.original, defect.corrupted} <= known if rows else None


def _date_is_right(lake: Lake, defect: Defect) -> bool | None:
    """Parsed to the true day; what was no day is null, or taken from the certificate."""
    rows = lake.of("silver.party_hist", defect)
    if not rows or defect.original is None:
        return None
    digits = defect.original.replace("-", "").replace("/", "")
    true = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    if defect.handling == "parse":
        return all(r["birth_date"] == true for r in rows)
    return all(r["birth_date"] in (None, true) for r in rows)


def _aum_is_exact(lake: Lake, defect: Defect) -> bool | None:
    """On the date of the file; an opening delivery shows in the money of the date after it."""
    if defect.day is None:
        return None
    is_opening = "_00_" in (defect.package or "")
    return lake.aum_exact.get(defect.day + timedelta(days=1) if is_opening else defect.day)


def _both_numbers_are_one(lake: Lake, defect: Defect) -> bool | None:
    """The two numbers of the core system; whether the person's other records came along, the score of identity tells."""
    return lake.are_one(("core", defect.original or ""), ("core", defect.corrupted or ""))


def _is_resolved_later(lake: Lake, defect: Defect) -> bool | None:
    """The record loads; a user who was made known late is one customer with the number they belong to."""
    if not (defect.file or "").startswith("USER_BIND_"):
        return _is_kept(lake, defect)
    told = json.loads(defect.corrupted or "{}")
    return lake.are_one(("mbank", str(told.get("user_id"))), ("core", str(told.get("cust_no"))))


def _is_closed(lake: Lake, defect: Defect) -> bool | None:
    """A contact was ended on that day: one of the party whose row says so, or the number of a row that a full delivery left out."""
    if defect.line:
        rows = lake.of("silver.party_contact", defect)
    else:
        digits = (defect.original or "").lstrip("0")
        every = lake.of_party.get("silver.party_contact", {}).values()
        rows = [r for theirs in every for r in theirs if str(r["contact_norm"] or "").endswith(digits)]
    return any(r["valid_to"] == defect.day for r in rows) if rows else None


def _is_duplicate(lake: Lake, defect: Defect) -> bool | None:
    rows = lake.at("silver.survey_response", defect)
    return all(r["is_duplicate"] for r in rows) if rows else None


def _is_one_at_a_time(lake: Lake, defect: Defect) -> bool | None:
    if defect.field == "org_code":
        versions = lake.versions.get(defect.corrupted or "")
        return None if versions is None else versions > 1
    rows = lake.of("silver.customer_manager_hist", defect)
    return any(r["is_overlap_resolved"] for r in rows) if rows else None


def _is_reversal(lake: Lake, defect: Defect) -> bool | None:
    rows = lake.at("silver.transaction", defect)
    return all(r["is_reversal"] and r["reversed_transaction_id"] for r in rows) if rows else None


# Code → what "handled" means, and how it is seen.
MEANS: Mapping[str, tuple[str, Verdict]] = {
    "D02": ("every file of the package loads", _loads), "D06": ("the first file is superseded by the corrected one", _is_superseded),
    "D09": ("the file loads", _loads), "D10": ("a day off may be empty: the file loads", _loads), "D13": ("the file loads", _loads),
    "D14": ("the record loads as one", _is_kept), "D15": ("the record loads", _is_kept), "D16": ("the file loads", _loads),
    "D20": ("the name is not taken for a whole one, or waits", _name_is_doubted), "D23": ("the id is that without the defect", _id_is_restored),
    "D24": ("the id is that without the defect", _id_is_restored), "D25": ("the id of 18 digits is there", _id_is_restored),
    "D26": ("kept as invalid", _id_is_invalid), "D27": ("flagged; as a certificate, joins nobody else", _is_blocked),
    "D28": ("joins nobody else", _joins_nobody_else), "D29": ("joins nobody else", _joins_nobody_else),
    "D30": ("the number without the defect, with its country", _number_is_normalised), "D31": ("joins nobody else", _joins_nobody_else),
    "D32": ("the person is one customer", _is_joined), "D33": ("the person is one customer", _is_joined),
    "D34": ("the person is one customer", _is_joined), "D35": ("the person is one customer", _is_joined),
    "D36": ("the record loads", _is_kept), "D37": ("both documents belong to the party", _chain_holds_both),
    "D38": ("the true day; of no day, null or the certificate's", _date_is_right), "D39": ("AUM of the day is exact to the cent", _aum_is_exact),
    "D40": ("the contact is ended", _is_closed), "D41": ("joins nobody else", _joins_nobody_else), "D42": ("the record loads; a late user is one customer with the number", _is_resolved_later),
    "D43": ("the second answer is flagged", _is_duplicate), "D44": ("the record loads", _is_kept),
    "D45": ("one manager at a time, flagged; the code has a second life", _is_one_at_a_time),
    "D47": ("taken back, with the entry it takes back", _is_reversal), "D48": ("both numbers are one customer", _both_numbers_are_one),
}  # fmt: skip
# Of flags: rows flagged, of which table, whose place or party has no such defect. Of what joins people, the score of identity tells the rest.
FLAGS: Mapping[str, tuple[str, Callable[[Row], bool]]] = {
    "D26": ("silver.party_identifier", lambda r: r["checksum_state_code"] == "invalid"),
    "D27": ("silver.party_contact", lambda r: bool(r["is_placeholder"])),
    "D43": ("silver.survey_response", lambda r: bool(r["is_duplicate"])),
    "D45": ("silver.customer_manager_hist", lambda r: bool(r["is_overlap_resolved"])),
    "D47": ("silver.transaction", lambda r: bool(r["is_reversal"])),
}  # fmt: skip


@dataclass(frozen=True)
class Handling:
    """One code. judged of planted; handled of judged; false_alarms: flagged without such a defect, null where nothing is flagged."""

    code: str
    means: str
    planted: int
    judged: int
    handled: int
    false_alarms: int | None

    @property
    def recall(self) -> float | None:
        return self.handled / self.judged if self.judged else None


def handled(defects: Iterable[Defect], lake: Lake) -> list[Handling]:
    """By code, of the defects that need no reason."""
    by_code: dict[str, list[Defect]] = defaultdict(list)
    every = list(defects)
    for each in every:
        if each.code in MEANS:
            by_code[each.code].append(each)
    found = []
    for code, mine in sorted(by_code.items()):
        means, verdict = MEANS[code]
        said = Counter(verdict(lake, each) for each in mine)
        alarms = _false_alarms(code, every, lake) if code in FLAGS else None
        found.append(Handling(code, means, len(mine), said[True] + said[False], said[True], alarms))
    return found


def _false_alarms(code: str, defects: Sequence[Defect], lake: Lake) -> int:
    """Flagged lines where nothing was planted in the line, nor in any line of its party."""
    table, is_flagged = FLAGS[code]
    places = {d.place for d in defects}
    parties = {p for d in defects if (p := lake.party(d))}
    return sum(
        place not in places and not any(r.get("party_id") in parties for r in rows)
        for place, rows in lake.rows.get(table, {}).items()
        if any(is_flagged(r) for r in rows)
    )


def unmeasured(known: Mapping[str, object], codes: Iterable[str], reported: Iterable[str]) -> dict[str, str]:
    """Codes of the catalogue of which nothing is told, and why. known: the catalogue; codes: measured here; reported: planted with a reason."""
    told = {*codes, *reported}
    return {code: "not planted in this bank" for code in sorted(known) if code not in told}

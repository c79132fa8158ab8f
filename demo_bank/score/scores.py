"""Brings truth and lake together: which records are whose in both, and what follows from it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from demo_bank.score import causes, clusters, defects, money
from demo_bank.score.hidden import Hidden
from demo_bank.score.lake import Tables, rows

OPEN_YEAR = 9999
Key = tuple[str, str]
# Sources whose records have no number of a person: the lake finds the party through the record itself.
RECORD_TABLES = {
    "call": ("silver.call", "call_no_call"), "cmpl": ("silver.complaint", "complaint_no_cmpl"),
    "survey": ("silver.survey_invitation", "invitation_id"),
}  # fmt: skip
# Words of the lake for what the catalogue calls otherwise.
SAME_REASONS = {
    "row_count_control": "row_count", "row_count_control_2": "row_count", "control_total_sum1": "control_total", "control_total_sum2": "control_total",
    "control_total_debit": "control_total", "control_total_credit": "control_total", "date_mismatch_control": "date_mismatch",
    "date_mismatch_control_2": "date_mismatch", "schema_missing": "schema_added",
}  # fmt: skip
AT_MOST = 20
# The bronze gate's check of ticket machines, which names files.
CLOCKS = "outlet_clocks_agree_with_the_counter"
ABSENT = "absent "


@dataclass(frozen=True)
class FalseMerge:
    """A customer who is more than one person. Tokens only."""

    customer_id: str
    party_ids: tuple[str, ...]
    persons: int


@dataclass(frozen=True)
class FalseSplit:
    """A person who is more than one customer in the lake: the parties of each. Tokens only."""

    customers: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class OfSource:
    """How well the records of one system were put: B-cubed over them, judged against the records of all systems."""

    records: int
    not_in_lake: int
    b_cubed: clusters.Share


@dataclass(frozen=True)
class Identity:
    """Records known to both sides, and how well they were put together. Records the lake does not have count as alone.

    in_lake    the same shares over the records that the lake has: what matching could know of
    """

    records: int
    not_in_lake: int
    not_in_truth: int
    by_source: Mapping[str, OfSource]
    pairwise: clusters.Share
    exact: clusters.Share
    b_cubed: clusters.Share
    in_lake: Mapping[str, clusters.Share]
    false_merge_cnt: int
    false_merges: tuple[FalseMerge, ...]
    split_persons: int
    false_split_cnt: int
    false_splits: tuple[FalseSplit, ...]
    customer_of: Mapping[int, str] = field(repr=False, default_factory=dict)


def identity(hidden: Hidden, lake: Tables) -> Identity | None:
    """Scores of the belief that holds on the last valid day; null where a side is missing."""
    links = hidden.read("truth_link", ("source_code", "source_key", "person_no"))
    party_of, customer_of_party = parties(lake), membership(lake)
    if links is None or party_of is None or customer_of_party is None:
        return None
    truth: dict[Key, int] = {
        (str(r["source_code"]), str(r["source_key"])): int(str(r["person_no"])) for r in rows(links) if r["person_no"] is not None
    }  # fmt: skip
    noise = {(str(r["source_code"]), str(r["source_key"])) for r in rows(links) if r["person_no"] is None}
    # Several records may be one party (calls of the same name and number); a party counts once for each person it holds.
    seen: dict[tuple[str, int], str] = {}
    source_of: dict[tuple[str, int], str] = {}
    absent: Counter[str] = Counter()
    for key, person in sorted(truth.items()):
        party = party_of.get(key)
        customer = customer_of_party.get(party) if party else None
        if party is None or customer is None:
            absent[key[0]] += 1
            record = (f"{ABSENT}{'/'.join(key)}", person)
            seen[record] = f"{ABSENT}{key}"
        else:
            record = (party, person)
            seen[record] = customer
        source_of[record] = key[0]
    true = [person for _, person in seen]
    found = list(seen.values())
    table = clusters.cells(true, found)
    merged = [str(label) for label in clusters.merged(true, found)]
    known = {party_of[key] for key in truth.keys() | noise if key in party_of}
    there = [record for record in seen if not record[0].startswith(ABSENT)]
    kept = clusters.cells([person for _, person in there], [seen[record] for record in there])
    split = _false_splits(seen)
    return Identity(
        records=len(seen), not_in_lake=sum(absent.values()), not_in_truth=len(set(customer_of_party) - known),
        by_source=_by_source(true, found, [source_of[record] for record in seen], absent), pairwise=clusters.pairwise(table),
        exact=clusters.exact(table), b_cubed=clusters.b_cubed(table),
        in_lake={"pairwise": clusters.pairwise(kept), "exact": clusters.exact(kept), "b_cubed": clusters.b_cubed(kept)},
        false_merge_cnt=len(merged), false_merges=tuple(_false_merge(customer, seen) for customer in merged[:AT_MOST]),
        split_persons=_split(seen), false_split_cnt=len(split), false_splits=tuple(split[:AT_MOST]), customer_of=_one_to_one(seen),
    )  # fmt: skip


def _by_source(
    true: Sequence[object], found: Sequence[object], sources: Sequence[str], absent: Mapping[str, int]
) -> dict[str, OfSource]:
    count = Counter(sources)
    shares = clusters.b_cubed_by(true, found, sources) if sources else {}
    return {
        source: OfSource(count[source], absent.get(source, 0), shares[source]) for source in sorted(count)
    }


def _false_splits(seen: Mapping[tuple[str, int], str]) -> list[FalseSplit]:
    """Persons whom the lake has as several customers, those of most parties first. Records the lake does not have are nobody's fault."""
    parts: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (party, person), customer in seen.items():
        if not party.startswith(ABSENT):
            parts[person][customer].append(party)
    several = [
        FalseSplit(tuple((customer, tuple(sorted(parties))) for customer, parties in sorted(customers.items())))
        for customers in parts.values() if len(customers) > 1
    ]  # fmt: skip
    return sorted(
        several, key=lambda split: (-sum(len(parties) for _, parties in split.customers), split.customers)
    )


def parties(lake: Tables) -> dict[Key, str] | None:
    """party_id of every source record."""
    parties = lake.read("silver.party", ("source_code", "party_no_source", "party_id"))
    if parties is None:
        return None
    found = {(str(r["source_code"]), str(r["party_no_source"])): str(r["party_id"]) for r in rows(parties)}
    for source, (table, number) in RECORD_TABLES.items():
        for row in rows(lake.read(table, (number, "party_id"))):
            if row["party_id"] is not None:
                found[(source, str(row[number]))] = str(row["party_id"])
    return found


def membership(lake: Tables) -> dict[str, str] | None:
    """Customer of each party on the last day, as believed now."""
    belief = lake.read("identity.party_customer", ("party_id", "customer_id", "valid_to", "known_to"))
    if belief is None:
        return None
    return {
        str(r["party_id"]): str(r["customer_id"]) for r in rows(belief) if is_open(r["valid_to"]) and is_open(r["known_to"])
    }  # fmt: skip


def is_open(end: object) -> bool:
    return isinstance(end, date | datetime) and end.year == OPEN_YEAR


def _false_merge(customer: str, seen: Mapping[tuple[str, int], str]) -> FalseMerge:
    inside = [pair for pair, of in seen.items() if of == customer]
    return FalseMerge(
        customer, tuple(sorted({party for party, _ in inside})), len({person for _, person in inside})
    )


def _split(seen: Mapping[tuple[str, int], str]) -> int:
    """Persons who are more than one customer."""
    customers: dict[int, set[str]] = defaultdict(set)
    for (_, person), customer in seen.items():
        customers[person].add(customer)
    return sum(len(found) > 1 for found in customers.values())


def _one_to_one(seen: Mapping[tuple[str, int], str]) -> dict[int, str]:
    """Persons who are exactly one customer that is nobody else, records the lake does not have left aside."""
    customers: dict[int, set[str]] = defaultdict(set)
    persons: dict[str, set[int]] = defaultdict(set)
    for (party, person), customer in seen.items():
        if not party.startswith(ABSENT):
            customers[person].add(customer)
            persons[customer].add(person)
    return {
        person: next(iter(found)) for person, found in customers.items()
        if len(found) == 1 and len(persons[next(iter(found))]) == 1
    }  # fmt: skip


def aum(hidden: Hidden, lake: Tables, customer_of: Mapping[int, str]) -> list[money.DayError] | None:
    """Errors per date; null where a side is missing."""
    truth = _owned(hidden)
    said = lake.read("profile.o_customer_daily", ("business_date", "customer_id", "aum_cny"))
    if truth is None or said is None:
        return None
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for row in rows(said):
        found[_day(row["business_date"])][str(row["customer_id"])] = _cents(row["aum_cny"])
    gone = _erased(lake)
    return money.compare(truth, found, {p: c for p, c in customer_of.items() if c not in gone})


def _erased(lake: Tables) -> set[str]:
    """Customers whom the lake no longer knows because they asked for it: nothing is to be said of their money, so none can be compared."""
    told = rows(lake.read("identity.customer", ("customer_id", "status_code")))
    return {str(row["customer_id"]) for row in told if row["status_code"] == "erased"}


def _owned(hidden: Hidden) -> dict[date, dict[int, int]] | None:
    """True AUM in cents of CNY by date and person: the parts that are owned; a person who only owes has 0."""
    parts = hidden.read("truth_balance_daily", ("business_date", "person_no", "cents", "is_in_aum"))
    if parts is None:
        return None
    owned: dict[date, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows(parts):
        cents = int(str(row["cents"])) if row["is_in_aum"] else 0
        owned[_day(row["business_date"])][int(str(row["person_no"]))] += cents
    return owned


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise TypeError(f"not a date: {type(value).__name__}")


def _cents(value: object) -> int:
    return int((Decimal(str(value or 0)) * 100).to_integral_value())


def planted(hidden: Hidden, lake: Tables) -> tuple[list[defects.CodeScore], Mapping[str, int]] | None:
    """Recall per defect code and false alarms per reason; null where a side is missing."""
    columns = ("code", "file", "line_no", "reason_code")
    ledger = hidden.read("defect_ledger", columns)
    files = lake.read(
        "ops.delivery_file", ("file_id", "feed_code", "package_name", "file_name", "state_code", "reason_code")
    )  # fmt: skip
    if ledger is None or files is None:
        return None
    names = {str(r["file_id"]): (_text(r["package_name"]), _text(r["file_name"])) for r in rows(files)}
    told = [
        defects.Report(_text(r["package_name"]), _text(r["file_name"]), None, str(r["reason_code"]))
        for r in rows(files) if r["reason_code"] is not None and r["state_code"] != "missing"
    ]  # fmt: skip
    told += _failed_checks(lake, names)
    told += list(_quarantined(lake, names))
    told += list(_repaired(lake, names))
    told += list(_clocks(lake, names))
    wanted = [_planted(row) for row in rows(ledger)]
    scores, alarms = defects.score(wanted, told, SAME_REASONS, _suspected(lake, names))
    return scores, dict(sorted(alarms.items()))


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _planted(row: Mapping[str, object]) -> defects.Planted:
    package, inner = place_of(_text(row["file"]) or "")
    line = row["line_no"]
    return defects.Planted(
        str(row["code"]), package, inner, None if line is None else int(str(line)), _text(row["reason_code"])
    )


def place_of(path: str) -> tuple[str | None, str | None]:
    """(package, inner file) of `file` in the ledger: a path whose last part is the inner file, the package, or `package/inner file`."""
    parts = path.replace("!", "/").split("/")
    package = next((part for part in parts if part.endswith((".tar.gz", ".OK"))), None)
    inner = parts[-1] if parts[-1] != package else None
    if package and package.endswith(".OK"):
        package = package.removesuffix(".OK") + ".tar.gz"
    return package, inner


def _clocks(lake: Tables, names: Mapping[str, tuple[str | None, str | None]]) -> Iterable[defects.Report]:
    """Files of machines whose clock the bronze gate doubts, by its newest judgement of each range of dates."""
    newest: dict[tuple[object, object], Mapping[str, object]] = {}
    columns = ("check_code", "from_date", "to_date", "judged_at", "sample_tokens")
    for row in rows(lake.read("ops.quality_verdict", columns)):
        key = row["from_date"], row["to_date"]
        if row["check_code"] == CLOCKS and (
            key not in newest or str(row["judged_at"]) > str(newest[key]["judged_at"])
        ):
            newest[key] = row
    files = {str(f) for row in newest.values() for f in (row["sample_tokens"] or ())}  # type: ignore[attr-defined]
    return [defects.Report(*names.get(file, (None, None)), None, "clock_shift") for file in sorted(files)]


def _failed_checks(lake: Tables, names: Mapping[str, tuple[str | None, str | None]]) -> list[defects.Report]:
    checks = lake.read("ops.control_check", ("file_id", "check_code", "verdict_code"))
    return [
        defects.Report(*names.get(str(r["file_id"]), (None, None)), None, str(r["check_code"]))
        for r in rows(checks) if r["verdict_code"] == "fail"
    ]  # fmt: skip


def _quarantined(
    lake: Tables, names: Mapping[str, tuple[str | None, str | None]]
) -> Iterable[defects.Report]:
    for row in rows(lake.read("ops.quarantine", ("file_id", "line_no", "reason_codes"))):
        yield from _lines(row, names, row["reason_codes"])


def _repaired(lake: Tables, names: Mapping[str, tuple[str | None, str | None]]) -> Iterable[defects.Report]:
    """Records that loaded with a repair carry its reason in bronze."""
    for feed in lake.feeds():
        table = lake.read(f"bronze.{feed}", ("_file_id", "_line_no", "_reason_codes"))
        for row in rows(table):
            if row["_reason_codes"]:
                yield from _lines(
                    {"file_id": row["_file_id"], "line_no": row["_line_no"]}, names, row["_reason_codes"]
                )


Names = Mapping[str, tuple[str | None, str | None]]


def _suspected(lake: Tables, names: Names) -> list[defects.Report]:
    """Lines from which the identifiers come of parties that the lake holds for two people under one number."""
    items = rows(lake.read("identity.review_item", ("kind_code", "party_ids")))
    doubted = {
        str(party)
        for item in items
        if item["kind_code"] == "suspect_ecif_merge" and isinstance(item["party_ids"], list)
        for party in item["party_ids"]
    }
    told: list[defects.Report] = []
    for row in rows(lake.read("silver.party_identifier", ("party_id", "_origin"))):
        if str(row["party_id"]) in doubted:
            told += _origins(row["_origin"], names, "suspect_ecif_merge")
    return told


def _origins(origin: object, names: Names, reason: str) -> list[defects.Report]:
    found = origin if isinstance(origin, list) else []
    return [
        defects.Report(*names.get(str(each["file_id"]), (None, None)), int(str(each["line_no"])), reason)
        for each in found
    ]


def _lines(
    row: Mapping[str, object], names: Mapping[str, tuple[str | None, str | None]], reasons: object
) -> Iterable[defects.Report]:
    line = row["line_no"]
    for reason in reasons if isinstance(reasons, list) else []:
        yield defects.Report(
            *names.get(str(row["file_id"]), (None, None)),
            None if line is None else int(str(line)),
            str(reason),
        )


def complaints(hidden: Hidden, lake: Tables) -> causes.Causes | None:
    """Complaints attributed to the right incident; null where a side is missing."""
    events = hidden.read("truth_event", ("kind", "refs"))
    said = lake.read("profile.x_complaint", ("complaint_no_cmpl", "caused_by_incident_no_apm"))
    if events is None or said is None:
        return None
    truth: dict[str, str | None] = {}
    for row in rows(events):
        refs = row["refs"]
        if row["kind"] == "complaint_cause" and isinstance(refs, list):
            truth[str(refs[0])] = str(refs[1]) if len(refs) > 1 else None
    lake_says = {str(r["complaint_no_cmpl"]): _text(r["caused_by_incident_no_apm"]) for r in rows(said)}
    return causes.attributed(truth, lake_says)

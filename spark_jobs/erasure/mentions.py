"""What names an erased person in bytes: their own numbers and names, held in memory while they are purged, never written.

Records of other people that mention one of the numbers, and records in quarantine, which belong to nobody, keep everything else: numbers and
names become blanks of the same length.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from spark_jobs.contracts.sources import SourceContract
from spark_jobs.erasure import purge
from spark_jobs.erasure.delivered import Delivered, Place, personal
from spark_jobs.erasure.gone import Gone
from spark_jobs.erasure.store import Store, listed

QUARANTINE = "ops.quarantine"
# A shorter text, or one with fewer digits, is in other people's records by chance.
LEAST_LETTERS, LEAST_DIGITS = 7, 5


@dataclass(frozen=True)
class Values:
    """Customer → numbers that are nobody else's (certificates, phones, numbers of customer and account), and names.

    Never to be logged, stored or shown.
    """

    numbers: Mapping[str, frozenset[str]]
    names: Mapping[str, frozenset[str]]

    @property
    def all_numbers(self) -> dict[str, str]:
        return {number: customer for customer in sorted(self.numbers) for number in self.numbers[customer]}

    def of(self, customers: Iterable[str]) -> list[str]:
        """All texts that name these customers, sorted."""
        return sorted(
            {text for c in customers for text in (*self.numbers.get(c, ()), *self.names.get(c, ()))}
        )


def values(store: Store, gone: Gone, delivered: Iterable[Delivered]) -> Values:
    """Texts that silver and bronze still have of these persons; none once they are purged."""
    owners = gone.keys["party"]
    people = pa.table({"party_id": pa.array(sorted(owners), pa.string())})
    numbers: dict[str, set[str]] = {}
    names: dict[str, set[str]] = {}
    for table, columns in (
        ("silver.party_hist", ("party_no_source",)),
        ("silver.party_identifier", ("id_value", "id_value_norm")),
        ("silver.party_contact", ("contact_value", "contact_norm")),
    ):
        for column in columns:
            rows = store.ask(
                f"select party_id as p, {column} as v from {{t}} where party_id in (select party_id from {{g}}) and {column} is not null "
                f"and {column} not in (select {column} from {{t}} where party_id not in (select party_id from {{g}}) and {column} is not null)",
                t=table, g=people,
            )  # fmt: skip
            for row in rows:
                if telling(row["v"].strip()):
                    numbers.setdefault(owners[row["p"]], set()).add(row["v"].strip())
    for row in store.ask(
        "select distinct party_id as p, name as v from {t} where party_id in (select party_id from {g}) and name is not null",
        t="silver.party_hist", g=people,
    ):  # fmt: skip
        if len(row["v"].strip()) > 1:
            names.setdefault(owners[row["p"]], set()).add(row["v"].strip())
    for feed in delivered:
        for number, customer in feed.numbers.items():
            if telling(number):
                numbers.setdefault(customer, set()).add(number)
    return Values({c: frozenset(v) for c, v in numbers.items()}, {c: frozenset(v) for c, v in names.items()})


def telling(number: str) -> bool:
    """Whether the text by itself names somebody: long enough, of digits, nothing masked."""
    return (
        len(number) >= LEAST_LETTERS and "*" not in number and sum(c.isdigit() for c in number) >= LEAST_DIGITS
    )  # fmt: skip


def in_bronze(
    store: Store, source: SourceContract, told: Values, goes: Mapping[Place, str]
) -> dict[Place, str]:
    """Records of others in one feed that name one of the persons by number → customer."""
    numbers = told.all_numbers
    columns = [c for c in personal(source) if c in store.columns(source.table)]
    if not numbers or not columns:
        return {}
    wanted = pa.table({"v": pa.array(sorted(numbers), pa.string())})
    found: dict[Place, str] = {}
    for column in columns:
        rows = store.ask(
            f'select _file_id as f, _line_no as n, trim("{column}") as v from {{t}} where trim("{column}") in (select v from {{w}})',
            t=source.table, w=wanted,
        )  # fmt: skip
        for row in rows:
            if (row["f"], row["n"]) not in goes:
                found.setdefault((row["f"], row["n"]), numbers[row["v"]])
    return found


def blank_in_bronze(store: Store, source: SourceContract, places: Mapping[Place, str], told: Values) -> int:
    """Blank them there; how many files were rewritten."""
    if not places:
        return 0
    texts = told.of(set(places.values()))
    columns, encoding = personal(source), source.layout.encoding

    def blanked(rows: pa.Table) -> pa.Table:
        return purge.blanked(rows, texts, columns, encoding, "_record")

    return purge.change(store, source.table, purge.at_places(places), blanked)


def in_quarantine(store: Store, encodings: Mapping[str, str], told: Values) -> dict[str, str]:
    """Records in quarantine that hold one of the numbers → customer, by id. encodings: feed → how its bytes are written."""
    found: dict[str, str] = {}
    rows = store.ask(
        "select quarantine_id as q, feed_code as f, record as r from {t} where record is not null", t=QUARANTINE
    ) if told.numbers else []  # fmt: skip
    for row in rows:
        encoding = encodings.get(row["f"], "utf-8")
        for number, customer in told.all_numbers.items():
            if number.encode(encoding, "ignore") in row["r"]:
                found[row["q"]] = customer
    return found


def blank_in_quarantine(
    store: Store, encodings: Mapping[str, str], records: Mapping[str, str], told: Values
) -> int:
    """Blank them there, feed by feed; how many files were rewritten."""
    if not records:
        return 0
    texts, count = told.of(set(records.values())), 0
    for encoding in sorted({*encodings.values(), "utf-8"}):
        feeds = [f for f, of in encodings.items() if of == encoding]
        if feeds:
            count += purge.change(
                store,
                QUARANTINE,
                f"quarantine_id in ({listed(sorted(records))}) and feed_code in ({listed(sorted(feeds))})",
                lambda rows, encoding=encoding: purge.blanked(rows, texts, (), encoding, "record"),  # type: ignore[misc]
            )
    return count

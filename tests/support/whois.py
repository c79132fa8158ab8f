"""A small bank's identity on disk, without a JVM: parties and evidence as a picture, folded as the identity job folds them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from spark_jobs import settings as settings_module
from spark_jobs.columns.names import parse_name
from spark_jobs.contracts import Contracts, load
from spark_jobs.contracts.types import split_types
from spark_jobs.identity.fold import fold
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.outcome import MODEL, Pair, customers, events, links, memberships, reviews, stated
from spark_jobs.identity.timeline import OPEN, Timeline
from spark_jobs.identity.words import Decision, epochs
from spark_jobs.privacy.tokens import tokeniser
from spark_jobs.settings import Settings

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
KNOWN = {"known_from": datetime(2026, 9, 1, tzinfo=UTC), "known_to": datetime(9999, 12, 31, tzinfo=UTC)}
Row = dict[str, Any]
_PLAIN = {"string": pa.string(), "boolean": pa.bool_(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(), "date": pa.date32(),
          "timestamp": pa.timestamp("us", "UTC"), "binary": pa.binary()}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A record as a source has it. `key` is source:number; certificate and phone are numbers as they would be typed."""

    key: str
    name: str | None = None
    birth: str | None = None
    sex: str | None = None
    certificate: str | None = None
    phone: str | None = None
    core_no: str | None = None
    since: date = FIRST
    until: date = OPEN

    @property
    def source(self) -> str:
        return self.key.partition(":")[0]


@dataclass(frozen=True)
class Tied:
    """Evidence between two records, by key: one line of what identity/evidence.py judged."""

    one: str
    other: str
    rule: str
    evidence: str
    since: date = FIRST
    until: date = OPEN
    is_contradiction: bool = False
    is_ambiguous: bool = False
    probability: float = 1.0


@dataclass(frozen=True)
class Decided:
    """A steward's decision about records, or one that takes another back."""

    decision_id: str
    code: str
    keys: tuple[str, ...]
    day: date
    undoes: str | None = None
    staff: tuple[str, str] = ("H1", "H2")


def resident(first_17: str) -> str:
    """A resident number with its check digit (GB 11643: weights 2^(18-i) mod 11)."""
    total = sum(int(digit) * (2 ** (17 - n) % 11) for n, digit in enumerate(first_17))
    return first_17 + "10X98765432"[total % 11]


def arrow(text: str) -> pa.DataType:
    """A contract's type for Arrow."""
    if text in _PLAIN:
        return _PLAIN[text]
    kind, _, inner = text.removesuffix(")" if "(" in text else ">").partition(
        "(" if text.startswith("decimal") else "<"
    )
    if kind == "decimal":
        precision, scale = inner.split(",")
        return pa.decimal128(int(precision), int(scale))
    parts = split_types(inner)
    if kind == "array":
        return pa.list_(arrow(parts[0]))
    if kind == "map":
        return pa.map_(arrow(parts[0]), arrow(parts[1]))
    return pa.struct([(name, arrow(of)) for name, _, of in (p.partition(":") for p in parts)])


def write(settings: Settings, contracts: Contracts, table: str, rows: Iterable[Row]) -> None:
    """A table with every column of its contract; what a row does not say is null."""
    told = list(rows)
    fields = {f.name: arrow(f.type) for f in contracts.stored_fields(table)}
    strange = {name for row in told for name in row} - set(fields)
    assert not strange, f"{table} has no {strange}"
    arrays = [pa.array([_of(row.get(name), of) for row in told], of) for name, of in fields.items()]
    write_deltalake(
        str(settings.warehouse / table.replace(".", "/")), pa.table(arrays, list(fields)), mode="overwrite", schema_mode="overwrite",
    )  # fmt: skip


def _of(value: Any, of: pa.DataType) -> Any:
    return (
        Decimal(repr(value)).quantize(Decimal(1).scaleb(-of.scale))
        if isinstance(value, float) and pa.types.is_decimal(of)
        else value
    )


class Bank:
    """A lake of these people, and the ids they got. `party` and `customer` name them by source:number."""

    def __init__(
        self, home: Path, people: Sequence[Person], ties: Sequence[Tied], decided: Sequence[Decided] = (), aum: dict[str, str] | None = None
    ) -> None:  # fmt: skip
        self.settings = settings_module.load(home=home / "home", landing=home / "landing", prefix="").with_(
            steward=home / "steward" / "decisions.jsonl"
        )
        self.contracts = load(self.settings.conf_dirs)
        self.rules = settings_module.rules(self.settings, "identity")
        self.tokens = tokeniser(self.settings)
        self.people, self.ties, self.decided, self.aum = people, ties, list(decided), aum or {}
        self.line = self._write()

    def party(self, key: str) -> str:
        return self.tokens.value("party", *key.split(":"))

    def customer(self, key: str, day: date = LAST) -> str:
        """Who owned the record on a day."""
        party = self.party(key)
        return next(
            m.customer_id
            for m in self.line.memberships
            if m.party_id == party and m.valid_from <= day < m.valid_to
        )

    def owners(self, day: date = LAST) -> set[frozenset[str]]:
        """Records of each customer on a day, by key."""
        found: dict[str, set[str]] = {}
        for p in self.people:
            if p.since <= day:
                found.setdefault(self.customer(p.key, day), set()).add(p.key)
        return {frozenset(keys) for keys in found.values()}

    def run(self, rows: Sequence[Row]) -> None:
        """The next run of the identity job, with rows more in the decisions' ledger."""
        self.extra = [*getattr(self, "extra", []), *rows]
        self.line = self._write()

    def _decisions(self) -> list[Decision]:
        at = lambda day: datetime(day.year, day.month, day.day, 2)  # noqa: E731
        told = [
            Decision(d.decision_id, d.code, tuple(map(self.party, d.keys)), d.undoes, d.day, at(d.day))
            for d in self.decided
        ]
        return told + [
            Decision(r["decision_id"], r["steward_decision_code"], tuple(r["party_ids"] or ()), r["decision_subject"], r["decided_on_date"],
                     r["decided_at"].replace(tzinfo=None))
            for r in getattr(self, "extra", [])
        ]  # fmt: skip

    def _marks(self) -> dict[str, list[Mark]]:
        found: dict[str, list[Mark]] = {}
        for p in self.people:
            name = parse_name(p.name)
            keys = [name.folded, *name.pinyin_keys] if name.quality_code in ("full", "latin") else []
            told = [
                ("resident", p.certificate),
                ("sex", p.sex),
                ("birth", p.birth),
                *(("name", k) for k in keys),
            ]
            found[self.party(p.key)] = [Mark(kind, str(value), p.since) for kind, value in told if value]
        return found

    def _pairs(self) -> list[Pair]:
        found = []
        for t in self.ties:
            (a, x), (b, y) = sorted((self.party(k), k.partition(":")[0]) for k in (t.one, t.other))
            found.append(
                Pair(
                    a,
                    b,
                    t.rule,
                    t.since,
                    t.until,
                    t.is_contradiction,
                    t.is_ambiguous,
                    x,
                    y,
                    f"{t.rule} {t.evidence}",
                    t.probability,
                )
            )
        return found

    def _write(self) -> Timeline:
        pairs, decisions = self._pairs(), self._decisions()
        rank = {code: rule["rank"] for code, rule in self.rules["rules"].items()} | {MODEL: 99}
        edges = [
            p.edge(rank[p.rule_code]) for p in pairs if p.is_link
        ]  # fmt: skip
        born = {self.party(p.key): p.since for p in self.people}
        founders = {self.party(p.key): self.rules["founders"].index(p.source) for p in self.people}
        # Marks go by number here, by token in the lake; what differs in the one differs in the other.
        line = fold(
            born,
            edges,
            self._marks(),
            lambda *c: self.tokens.value("customer", *c),
            frozenset(),
            founders,
            epochs(decisions),
        )
        confidence = {c: float(r["confidence"]) for c, r in self.rules["rules"].items()}
        self._table("identity.party_customer", memberships(line, confidence),
                    "party_id customer_id link_reason_code confidence_ratio valid_from valid_to", **KNOWN)  # fmt: skip
        self._table(
            "identity.customer",
            customers(line),
            "customer_id created_date status_code retired_into_customer_id party_cnt",
        )
        self._table(
            "identity.customer_event",
            events(line),
            "customer_event_id kind_code customer_id other_customer_id moved_party_ids business_date",
        )
        self._table("identity.link_event", links(pairs, line) + stated(decisions, line),
                    "link_event_id link_kind_code party_id_a party_id_b actor_code link_reason_code effective_from is_refused evidence_text probability_ratio")  # fmt: skip
        self._table(
            "identity.review_item",
            reviews(pairs, line, [], 60, decisions),
            "review_item_id kind_code party_ids state_code opened_on_date",
        )
        scores = {(p.party_id_a, p.party_id_b): p for p in pairs}
        write(self.settings, self.contracts, "identity.pair_score", [
            {"party_id_a": a, "party_id_b": b, "rule_codes": [p.rule_code], "score_ratio": 0.9, "model_version": "rules-2",
             "evidence_text": p.evidence_text} for (a, b), p in scores.items()
        ])  # fmt: skip
        self._write_people()
        self._write_watch()
        self._write_decisions(decisions)
        self._publish(line)
        return line

    def _write_people(self) -> None:
        dated = [
            (
                {
                    "party_id": self.party(p.key),
                    "source_code": p.source,
                    "valid_from": p.since,
                    "valid_to": p.until,
                }
                | KNOWN,
                p,
            )
            for p in self.people
        ]
        tell = lambda table, rows: write(self.settings, self.contracts, table, rows)  # noqa: E731
        tell("silver.party_hist", [
            base | {"party_kind_code": "person", "party_no_source": p.key.partition(":")[2], "name": p.name, "sex_code": p.sex,
                    "birth_date": p.birth and date.fromisoformat(p.birth), "birth_date_quality_code": "declared" if p.birth else "missing",
                    "name_quality_code": parse_name(p.name).quality_code} for base, p in dated
        ])  # fmt: skip
        token = lambda kind, number: self.tokens.value(kind, number)  # noqa: E731
        numbers = [
            base | {"id_kind_code": "01", "id_token": token("id", p.certificate), "id_class_code": "strong", "checksum_state_code": "valid",
                    "id_value_norm": p.certificate}
            for base, p in dated if p.certificate
        ]  # fmt: skip
        numbers += [
            base | {"id_kind_code": "cust_no_core", "id_token": token("core", p.core_no), "checksum_state_code": "none",
                    "id_class_code": "medium" if p.source == "ecif" else "strong"} for base, p in dated if p.core_no
        ]  # fmt: skip
        tell("silver.party_identifier", numbers)
        tell("silver.party_contact", [
            base | {"contact_kind_code": "mobile", "contact_token": token("phone", p.phone), "contact_norm": "+86" + p.phone,
                    "is_masked": False, "is_placeholder": False} for base, p in dated if p.phone
        ])  # fmt: skip
        used: dict[str, set[str]] = {}
        for p in self.people:
            if p.phone:
                used.setdefault(p.phone, set()).add(p.name or "")
        tell("identity.identifier", [
            {"id_kind_code": "phone", "id_token": token("phone", phone), "party_cnt": sum(p.phone == phone for p in self.people), "is_hub": len(names) > 12,
             "hub_reason_code": "too_many_names" if len(names) > 12 else "shared" if len(names) > 4 else None} for phone, names in used.items()
        ])  # fmt: skip
        tell(
            "identity.record",
            [
                {"party_id": self.party(p.key), "source_code": p.source, "first_seen_date": p.since}
                for p in self.people
            ],
        )

    def _write_watch(self) -> None:
        """How many records the model compared on the last day."""
        write(self.settings, self.contracts, "identity.model_watch", [
            {"business_date": LAST, "compared_with_code": "model", "measure_code": "share", "pair_class_code": "chance", "record_cnt": len(self.people)}
        ])  # fmt: skip

    def _write_decisions(self, decisions: Sequence[Decision]) -> None:
        staff = {d.decision_id: d.staff for d in self.decided}
        write(self.settings, self.contracts, "ops.steward_decision", [
            {"decision_id": d.decision_id, "subject_kind_code": "decision" if d.undoes else "review_item", "decision_subject": d.undoes,
             "party_ids": sorted(d.parties), "steward_decision_code": d.code, "first_staff_id": staff.get(d.decision_id, ("H1", "H2"))[0],
             "second_staff_id": staff.get(d.decision_id, ("H1", "H2"))[1], "decision_reason_code": "checked", "decided_at": d.at.replace(tzinfo=UTC),
             "decided_on_date": d.day, "decision_state_code": "accepted"} for d in decisions
        ])  # fmt: skip

    def _publish(self, line: Timeline) -> None:
        held = {key: self.party(key) for key in self.aum}
        owner = {m.party_id: m.customer_id for m in line.memberships if m.valid_to == OPEN}
        write(self.settings, self.contracts, "profile.customer_current", [
            {"customer_id": owner[party], "business_date": LAST, "status_code": "active", "aum_cny": Decimal(self.aum[key])}
            for key, party in held.items()
        ])  # fmt: skip
        self.settings.current_release.write_text(json.dumps({
            "release_id": "r1", "business_date": str(LAST), "run_id": "x", "rules_version": "x", "code_version": "x",
            "published_at": "2026-10-01T22:30:00Z", "tables": {},
        }))  # fmt: skip

    def _table(self, table: str, rows: Iterable[Sequence[Any]], columns: str, **more: Any) -> None:
        write(
            self.settings,
            self.contracts,
            table,
            [dict(zip(columns.split(), row, strict=True)) | more for row in rows],
        )


def later(person: Person, day: int) -> Person:
    """The same record, delivered on a day of September."""
    return replace(person, since=date(2026, 9, day))

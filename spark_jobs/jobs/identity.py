"""Identity: evidence, closure under the guards, stable ids, golden record. The whole timeline follows from silver."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from functools import partial, reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.identity import evidence, features, households, memory, opinion, registers, scores
from spark_jobs.identity import scope as scoping
from spark_jobs.identity import words as stewards
from spark_jobs.identity.compared import Prints
from spark_jobs.identity.deciding import Case, Person, Purged, decided
from spark_jobs.identity.golden import assemble_golden, facts
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.outcome import Pair
from spark_jobs.identity.prints import CONTACTS, NUMBERS, PARTIES, Silver
from spark_jobs.identity.scope import Scope, everything, remembered, scope
from spark_jobs.identity.together import Said, groups
from spark_jobs.identity.words import Decision
from spark_jobs.tables import Lake

_log = logging.getLogger(__name__)
_SCHEMAS = {
    "identity.link_event": "link_event_id string, link_kind_code string, party_id_a string, party_id_b string, actor_code string, "
    "link_reason_code string, effective_from date, is_refused boolean, evidence_text string, probability_ratio double",
    "identity.review_item": "review_item_id string, kind_code string, party_ids array<string>, state_code string, opened_on_date date",
    "identity.party_customer": "party_id string, customer_id string, link_reason_code string, confidence_ratio double, "
    "valid_from date, valid_to date",
    "identity.customer": "customer_id string, created_date date, status_code string, retired_into_customer_id string, party_cnt bigint",
    "identity.customer_event": "customer_event_id string, kind_code string, customer_id string, other_customer_id string, "
    "moved_party_ids array<string>, business_date date",
}  # fmt: skip
_WATCH = (
    "business_date date, compared_with_code string, measure_code string, pair_class_code string, record_cnt bigint, pair_cnt bigint, "
    "observed_ratio double, reference_ratio double, moved_ratio double, cause_text string"
)


@dataclass(frozen=True)
class Known:
    """What the sources say up to the last date: current beliefs of silver, and features made of them.

    silver   what persons are compared by, in memory; numbers: of it, the identifiers as a frame
    parties, identifiers, contacts  all that is known of them
    """

    silver: Silver
    numbers: DataFrame
    parties: DataFrame
    identifiers: DataFrame
    contacts: DataFrame
    relations: DataFrame
    seen: DataFrame
    ids: DataFrame
    phones: DataFrame
    traits: DataFrame
    decisions: list[Decision]
    asked: dict[str, date]
    purged: Purged


@dataclass(frozen=True)
class _Evidence:
    """What ties pairs and keeps them apart. seen: `features.first_seen`; held: pairs by rules, of which `told` is what decides; asked: of the model."""

    seen: pa.Table
    held: DataFrame
    told: pa.Table
    apart: pa.Table
    asked: scores.Asked


@dataclass(frozen=True)
class _Made:
    """rows: of the tables that follow group by group; islands: every id that was made → a party of its group."""

    rows: dict[str, DataFrame]
    islands: Mapping[str, str]


_TOLD = (
    "party_id_a", "party_id_b", "rule_code", "effective_from", "effective_to", "is_contradiction", "is_ambiguous", "source_a", "source_b",
    "evidence_text",
)  # fmt: skip
# Tables that follow group by group from what is said (identity/together.py), and by which column a group's rows are known.
_BY_PARTY = {
    "identity.pair_score": "party_id_a",
    "identity.link_event": "party_id_a",
    "identity.review_item": "get(party_ids, 0)",
    "identity.party_customer": "party_id",
}
_BY_CUSTOMER = ("identity.customer", "identity.customer_event")
_AUDIT = "business_date date, table_name string, carried_row_cnt bigint, differing_row_cnt bigint"


def run(lake: Lake, dates: DateRange) -> None:
    """Decide who is who as of the last date, for every day up to it. Of whom the same is said as in the last run, the rows are those it made."""
    rules = lake.rules("identity")
    known = _known(lake, dates, rules)
    before = memory.opened(lake.settings.identity_memory, _terms(lake))
    prints = known.silver.prints()
    held = _held(known, rules)
    ask = partial(scores.asked, lake, known.silver, rules, list(dates), prints)
    said = _Evidence(
        known.seen.toArrow(), held, held.select(*_TOLD).toArrow(), _apart(known, rules).toArrow(),
        ask(before.compared if before else None),
    )  # fmt: skip
    before = before if before and before.model == said.asked.version else None
    now = groups(*_said(known, said, prints))
    new = scope(now, before) if before else everything(now)
    _log.info("%s", _told_of(new, said.asked))
    audit: list[tuple[Any, ...]] = []
    if before and _is_audited(dates, rules):
        said, by_memory = replace(said, asked=ask(None)), said.asked
        made = _judged(lake, known, said, everything(now), rules)
        audit = [*_audited_pairs(by_memory, said.asked, dates.last), *_audited(lake, made, new, dates.last)]
        now, found = groups(*_said(known, said, prints)), made.rows
        new = everything(now, before)
    else:
        made = _judged(lake, known, said, new, rules)
        found = _with_carried(lake, made.rows, new) if before else made.rows
    lake.publish_all({
        **found,
        "identity.model_watch": lake.spark.createDataFrame([astuple(row) for row in said.asked.watched], _WATCH),
        "identity.memory_audit": lake.spark.createDataFrame(audit, _AUDIT),
    }, dates)  # fmt: skip
    _publish_beside(lake, known, rules)
    left = remembered(new, before, now, made.islands, said.asked.version, said.asked.compared)
    memory.write(lake.settings.identity_memory, left, _terms(lake))


def _publish_beside(lake: Lake, known: Known, rules: Any) -> None:
    """Tables that are made of all customers: registers, relations, households and the golden record."""
    every = current_belief(lake.read("identity.party_customer"))
    members = registers.leave_out_erased(every, lake.read("identity.customer"))
    _publish_registers(lake, known, rules, every, members)
    # Cut here and there: a plan deeper than a hundred messages cannot be sent.
    said = facts(known.parties, known.identifiers, known.contacts).localCheckpoint()
    golden = assemble_golden(members, said, list(rules["survivorship"])).localCheckpoint()
    lake.publish("identity.golden_hist", golden)


# --- what is remembered ---------------------------------------------------------------------------------------------


def _terms(lake: Lake) -> dict[str, Any]:
    """Under which a memory counts: what decides, and the tables that its run left."""
    tables = [*_BY_PARTY, *_BY_CUSTOMER]
    return {
        "rules": lake.run.rules_version,
        "code": memory.code(),
        "tables": {table: lake.version(table) if lake.exists(table) else None for table in tables},
    }


def _is_audited(dates: DateRange, rules: Any) -> bool:
    """Whether a run over these dates compares and judges everything anew, to see that what is remembered is right."""
    every = int(rules["memory"]["audit_every_days"])
    return any(day.toordinal() % every == 0 for day in dates)


def _said(known: Known, said: _Evidence, prints: Prints) -> tuple[list[str], list[Said]]:
    """All persons, and everything from which follows what becomes of them."""
    parties = sorted({*said.seen["party_id"].to_pylist(), *known.purged.parties})
    place = {party: n for n, party in enumerate(parties)}
    found = [
        *scoping.of_parties(place, said.seen, prints),
        scoping.of_pairs(place, "rule", said.told),
        scoping.of_pairs(place, "apart", said.apart),
        *scoping.of_decisions(place, known.decisions),
        *scoping.of_erasure(place, known.asked, known.purged.parties, known.purged.ties),
    ]
    if said.asked.seen is not None and said.asked.rows is not None:
        found.append(scoping.of_alike(place, said.asked.seen, said.asked.rows))
    return parties, found


def _with_carried(lake: Lake, rows: Mapping[str, DataFrame], new: Scope) -> dict[str, DataFrame]:
    """The rows that were judged, and those of the run before; nothing where nothing changed."""
    if new.is_nothing:
        return {}
    return {table: frame.unionByName(_carried(lake, table, frame.columns, new)) for table, frame in rows.items()}  # fmt: skip


def _carried(lake: Lake, table: str, columns: Sequence[str], new: Scope) -> DataFrame:
    kept = lake.read(table)
    kept = current_belief(kept) if "known_to" in kept.columns else kept
    return _without(lake, table, kept.select(*columns), new)


def _without(lake: Lake, table: str, rows: DataFrame, new: Scope) -> DataFrame:
    """The rows of groups that are not judged."""
    named = F.expr(_BY_PARTY.get(table, "customer_id"))
    gone = new.gone_parties if table in _BY_PARTY else new.gone_customers
    return rows.join(_listed(lake, "_gone", gone), named == F.col("_gone"), "left_anti")


def _audited(lake: Lake, made: _Made, new: Scope, day: date) -> Iterator[tuple[Any, ...]]:
    """Rows of identity.memory_audit: of the rows that would have been carried, how many are not what is judged now, those that are no more or new
    among them."""
    moved = frozenset(customer for customer, party in made.islands.items() if party in new.parties)
    for table, frame in made.rows.items():
        carried = _carried(lake, table, frame.columns, new)
        judged = _without(lake, table, frame, replace(new, gone_customers=new.gone_customers | moved))
        differing = carried.exceptAll(judged).unionByName(judged.exceptAll(carried))
        yield day, table, carried.count(), differing.count()


def _audited_pairs(by_memory: scores.Asked, anew: scores.Asked, day: date) -> Iterator[tuple[Any, ...]]:
    """The row of identity.memory_audit about pairs that were not compared again."""
    if by_memory.compared and anew.compared and by_memory.work:
        recalled = by_memory.work.pairs - by_memory.work.compared
        yield day, "identity.memory", recalled, by_memory.compared.differing(anew.compared)


def _told_of(new: Scope, asked: scores.Asked) -> str:
    """What a run has to do, in counts."""
    work = asked.work
    words = f"{new.judged:,} of {new.groups:,} groups of records judged anew"
    if work:
        words += f"; {work.read:,} of {work.parties:,} parties read, {work.compared:,} of {work.pairs:,} pairs compared"  # fmt: skip
    return words


def _known(lake: Lake, dates: DateRange, rules: Any) -> Known:
    begun = F.col("valid_from") <= F.lit(dates.last)
    parties, identifiers, contacts, relations = (
        current_belief(lake.read(f"silver.{table}")).where(begun)
        for table in ("party_hist", "party_identifier", "party_contact", "party_relation")
    )
    owners = [rule["owner"] for rule in rules["rules"].values() if rule["key"] == "reference"]
    people, numbers, called = (
        parties.select(*PARTIES),
        identifiers.select(*NUMBERS),
        contacts.select(*CONTACTS),
    )
    seen = features.first_seen(people, owners).localCheckpoint()
    ids = features.own_ids(numbers, rules["strong_id_kinds"]).localCheckpoint()
    placeholders = [date.fromisoformat(str(day)) for day in rules["placeholder_birth_dates"]]
    born = features.births(people, ids, placeholders)
    traits = features.traits(seen, features.names(people), born, ids).localCheckpoint()
    phones = features.phones(called).localCheckpoint()
    silver = Silver(people.toArrow(), numbers.toArrow(), called.toArrow(), rules)
    return Known(
        silver, numbers, parties, identifiers, contacts, relations, seen, ids, phones, traits, _decisions(lake, dates), _asked(lake, dates),
        _purged(lake, dates),
    )  # fmt: skip


def _asked(lake: Lake, dates: DateRange) -> dict[str, date]:
    """Parties to be erased up to the last date → the local day of the request."""
    local = F.to_date(F.from_utc_timestamp("erased_at", lake.settings.zone))
    rows = lake.read("ops.erasure_tombstone").select("party_no_token", local.alias("day"))
    return {r["party_no_token"]: r["day"] for r in rows.where(F.col("day") <= F.lit(dates.last)).collect()}


def _purged(lake: Lake, dates: DateRange) -> Purged:
    """Remembered by token up to the last date, because what they were compared by is gone; a bank that never purged remembers nobody."""
    if not lake.exists("ops.erasure_key"):
        return Purged({}, [])
    begun = F.col("first_seen_date") <= F.lit(dates.last)
    keys = lake.read("ops.erasure_key").where(begun & (F.col("erasure_key_kind_code") == "party")).collect()
    parties = {r["erasure_key"]: (r["source_code"], r["first_seen_date"]) for r in keys}
    ties = [
        Pair(
            r["party_id_a"], r["party_id_b"], r["link_reason_code"], r["effective_from"], r["tie_until_date"], False, False,
            parties.get(r["party_id_a"], ("",))[0], parties.get(r["party_id_b"], ("",))[0], r["evidence_text"],
        ) for r in lake.read("ops.erasure_tie").where(F.col("effective_from") <= F.lit(dates.last)).collect()
    ] if parties else []  # fmt: skip
    return Purged(parties, ties)


def _decisions(lake: Lake, dates: DateRange) -> list[Decision]:
    """Accepted decisions about persons up to the last date."""
    rows = lake.read("ops.steward_decision").where(
        (F.col("decision_state_code") == "accepted")
        & F.col("steward_decision_code").isin(*stewards.CODES)
        & (F.col("decided_on_date") <= F.lit(dates.last))
    )
    return [
        Decision(r["decision_id"], r["steward_decision_code"], tuple(r["party_ids"] or ()), r["decision_subject"], r["decided_on_date"],
                 r["decided_at"]) for r in rows.collect()
    ]  # fmt: skip


def _apart(known: Known, rules: Any) -> DataFrame:
    """Pairs that relations keep apart: a, b, smaller first."""
    related = known.relations.where(F.col("relation_code").isin(*rules["apart_relations"]))
    sides = ("party_id_from", "party_id_to")
    return related.select(F.least(*sides).alias("a"), F.greatest(*sides).alias("b")).distinct()


def _held(known: Known, rules: Any) -> DataFrame:
    """Pairs that rules tie or contradict, on some day."""
    pairs = evidence.candidates(rules, known.traits, known.numbers, known.phones).localCheckpoint()
    met = evidence.compared(pairs, known.traits).localCheckpoint()
    return evidence.described(evidence.unambiguous(evidence.judged(met, rules), rules)).localCheckpoint()


def _judged(lake: Lake, known: Known, said: _Evidence, judged: Scope, rules: Any) -> _Made:
    """Who is who among the parties of the scope."""
    told, alike = judged.pairs(said.told), said.asked.alike(judged)
    seen = [row for row in said.seen.to_pylist() if row["party_id"] in judged.parties]
    persons = {
        r["party_id"]: Person(r["source_code"], r["first_seen_date"], r["is_identifiable"]) for r in seen
    }
    second = known.ids.where("not is_own").select("party_id", "id_since_date").collect()
    foreign = [(r[0], persons[r[0]].source, r[1]) for r in second if r["party_id"] in persons]
    apart = frozenset((r["a"], r["b"]) for r in said.apart.to_pylist() if r["a"] in judged.parties)
    case = Case(
        persons, told, alike, _marked(lake, known.traits, scores.compared_parties(told, alike)), foreign, apart, known.decisions,
        known.asked, known.purged.among(judged.parties),
    )  # fmt: skip
    made = decided(case, rules, partial(lake.tokens.value, "customer"))
    by_model = lake.spark.createDataFrame(list(made.scores), opinion.SCORE)
    held = said.held if judged.judged == judged.groups else _of(lake, judged.parties, said.held)
    rows = {table: lake.spark.createDataFrame(found, _SCHEMAS[table]) for table, found in made.rows.items()}
    rows["identity.pair_score"] = scores.pair_scores(held, by_model, rules, said.asked.version)
    return _Made(rows, made.islands)


def _listed(lake: Lake, name: str, ids: Iterable[str]) -> DataFrame:
    """Ids as a frame of the one column `name`, in their order."""
    found = pa.table({name: pa.array(sorted(ids), pa.string())})
    return F.broadcast(lake.spark.createDataFrame(found, f"{name} string"))


def _of(lake: Lake, parties: Iterable[str], pairs: DataFrame) -> DataFrame:
    """Pairs of these parties."""
    ids = _listed(lake, "_party", parties)
    return pairs.join(ids, F.col("party_id_a") == F.col("_party"), "left_semi")


def _marked(lake: Lake, traits: DataFrame, parties: Sequence[str]) -> dict[str, list[Mark]]:
    """Marks of every party that a rule or the model compares with another."""
    compared = _listed(lake, "party_id", parties)
    return {
        row["party_id"]: scores.marks(row) for row in traits.join(compared, "party_id", "left_semi").collect()
    }


def _publish_registers(lake: Lake, known: Known, rules: Any, every: DataFrame, members: DataFrame) -> None:
    """How often a number is used counts in `every` membership; relations and households are those of `members`, who were not erased."""
    columns = ["party_id_from", "party_id_to", "relation_code", "valid_from", "valid_to"]
    relations = [
        known.relations.select(*columns),
        registers.household_books(known.identifiers).select(*columns),
    ]
    lifted = registers.lift_relations(reduce(DataFrame.unionByName, relations), members).localCheckpoint()
    lake.publish_all({
        "identity.record": registers.assemble_records(known.traits, known.ids, known.phones, known.parties),
        "identity.identifier": registers.assemble_identifiers(
            known.identifiers, known.contacts, known.traits, every, rules["limits"]
        ),
        "identity.relation_hist": lifted,
        "identity.household_member": _households(lake, lifted, rules),
    })  # fmt: skip


def _households(lake: Lake, relations: DataFrame, rules: Any) -> DataFrame:
    """identity.household_member of `relations`, identity.relation_hist."""
    sides = ["customer_id_from", "customer_id_to", "valid_from", "valid_to"]
    said = (
        relations.where(F.col("relation_code").isin(*rules["household_relations"])).select(*sides).collect()
    )
    kept = [tuple(row) for row in said]
    new_id = partial(lake.tokens.value, "household")
    rows = households.members(kept, new_id, int(rules["limits"]["household_customers"]))
    return lake.spark.createDataFrame(
        rows, "customer_id string, household_id string, valid_from date, valid_to date"
    )

"""Identity: evidence, closure under the guards, stable ids, golden record. The whole timeline follows from silver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date
from functools import partial, reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.identity import erasure, evidence, features, households, opinion, registers, scores
from spark_jobs.identity import words as stewards
from spark_jobs.identity.fold import fold
from spark_jobs.identity.golden import assemble_golden, facts
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.opinion import Opinion
from spark_jobs.identity.outcome import MODEL, Pair, customers, events, links, memberships, reviews, stated
from spark_jobs.identity.timeline import Edge, Timeline, Words
from spark_jobs.identity.words import Decision
from spark_jobs.tables import Lake

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
class Purged:
    """What is left of persons who were purged (`oxpecker erase`): party → source and first day, and what tied them."""

    parties: dict[str, tuple[str, date]]
    ties: list[Pair]


@dataclass(frozen=True)
class Known:
    """What the sources say up to the last date: current beliefs of silver, and features made of them."""

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


_TOLD = (
    "party_id_a", "party_id_b", "rule_code", "effective_from", "effective_to", "is_contradiction", "is_ambiguous", "source_a", "source_b",
    "evidence_text",
)  # fmt: skip


def run(lake: Lake, dates: DateRange) -> None:
    """Decide who is who as of the last date, for every day up to it."""
    rules = lake.rules("identity")
    known = _known(lake, dates, rules)
    pairs = evidence.candidates(rules, known.traits, known.identifiers, known.phones).localCheckpoint()
    met = evidence.compared(pairs, known.traits).localCheckpoint()
    held = evidence.described(evidence.unambiguous(evidence.judged(met, rules), rules)).localCheckpoint()
    told = [Pair(**row.asDict()) for row in held.select(*_TOLD).collect()]
    asked = scores.asked(lake.settings, known.parties, known.identifiers, known.contacts, rules, list(dates))
    marks = _marked(lake, known.traits, scores.compared_parties(told, asked.alike))
    persons = known.seen.where("is_identifiable").select("party_id", "source_code").collect()
    thought = opinion.opinion(asked.alike, told, {r["party_id"]: r["source_code"] for r in persons}, marks)
    by_model = lake.spark.createDataFrame(list(thought.scores), opinion.SCORE)
    moved = lake.spark.createDataFrame([astuple(row) for row in asked.watched], _WATCH)
    lake.publish_all({
        "identity.pair_score": scores.pair_scores(held, by_model, rules, asked.version),
        "identity.model_watch": moved,
    }, dates)  # fmt: skip
    told, tied = erasure.with_purged(known.purged.ties, told, thought.ties)
    thought = replace(thought, ties=tuple(tied))
    line, erased = _folded(lake, known, [*told, *thought.ties], marks, rules)
    _publish(lake, known, line, told, thought, erased, rules)
    every = current_belief(lake.read("identity.party_customer"))
    members = registers.leave_out_erased(every, lake.read("identity.customer"))
    _publish_registers(lake, known, rules, every, members)
    # Cut here and there: a plan deeper than a hundred messages cannot be sent.
    said = facts(known.parties, known.identifiers, known.contacts).localCheckpoint()
    golden = assemble_golden(members, said, list(rules["survivorship"])).localCheckpoint()
    lake.publish("identity.golden_hist", golden)


def _known(lake: Lake, dates: DateRange, rules: Any) -> Known:
    begun = F.col("valid_from") <= F.lit(dates.last)
    parties, identifiers, contacts, relations = (
        current_belief(lake.read(f"silver.{table}")).where(begun)
        for table in ("party_hist", "party_identifier", "party_contact", "party_relation")
    )
    owners = [rule["owner"] for rule in rules["rules"].values() if rule["key"] == "reference"]
    seen = features.first_seen(parties, owners).localCheckpoint()
    ids = features.own_ids(identifiers, rules["strong_id_kinds"]).localCheckpoint()
    placeholders = [date.fromisoformat(str(day)) for day in rules["placeholder_birth_dates"]]
    born = features.births(parties, ids, placeholders)
    traits = features.traits(seen, features.names(parties), born, ids).localCheckpoint()
    phones = features.phones(contacts).localCheckpoint()
    return Known(
        parties, identifiers, contacts, relations, seen, ids, phones, traits, _decisions(lake, dates), _asked(lake, dates), _purged(lake, dates)
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


def _marked(lake: Lake, traits: DataFrame, parties: Sequence[str]) -> dict[str, list[Mark]]:
    """Marks of every party that a rule or the model compares with another."""
    compared = lake.spark.createDataFrame([(party,) for party in parties], "party_id string")
    return {
        row["party_id"]: scores.marks(row) for row in traits.join(compared, "party_id", "left_semi").collect()
    }


def _folded(
    lake: Lake, known: Known, told: Sequence[Pair], marks: Mapping[str, list[Mark]], rules: Any
) -> tuple[Timeline, frozenset[str]]:
    """The timeline of these pairs, and the ids that were erased."""
    rank = {code: int(rule["rank"]) for code, rule in rules["rules"].items()}
    # The weakest of all: where rules have spoken, likeness adds nothing.
    rank[MODEL] = max(rank.values(), default=0) + 1
    edges = [p.edge(rank.get(p.rule_code, len(rank))) for p in told if p.is_link]
    related = known.relations.where(F.col("relation_code").isin(*rules["apart_relations"])).select(
        F.least("party_id_from", "party_id_to").alias("a"),
        F.greatest("party_id_from", "party_id_to").alias("b"),
    )
    seen = known.seen.select("party_id", "source_code", "first_seen_date").collect()
    first = {row["party_id"]: (row["source_code"], row["first_seen_date"]) for row in seen}
    # A purged record that its source sends again is as old as it was.
    first |= known.purged.parties
    rank_of = {source: n for n, source in enumerate(rules["founders"])}
    apart = frozenset((row["a"], row["b"]) for row in related.distinct().collect())
    born = {party: day for party, (_, day) in first.items()}
    founders = {party: rank_of.get(source, len(rank_of)) for party, (source, _) in first.items()}

    def folded(edges: Sequence[Edge], said: Sequence[tuple[date, Words]]) -> Timeline:
        new_id = partial(lake.tokens.value, "customer")
        return fold(born, edges, marks, new_id, apart, founders, said)

    said = stewards.epochs(known.decisions)
    line = folded(edges, said)
    # Who goes with a party that asks is known only after all were tied; what may tie them from then on, only after that.
    gone = erasure.covered(line, known.asked)
    if gone:
        line = folded(erasure.part_edges(edges, gone), erasure.part_words(said, gone))
    return line, erasure.erased(line, gone)


def _publish(
    lake: Lake, known: Known, line: Timeline, ruled: list[Pair], thought: Opinion, erased: frozenset[str], rules: Any
) -> None:  # fmt: skip
    told = [*ruled, *thought.ties]
    foreign = (
        known.ids.where("not is_own")
        .join(known.seen, "party_id")
        .select("party_id", "source_code", "id_since_date")
        .collect()
    )
    rows = {
        "identity.link_event": links(told, line) + stated(known.decisions, line),
        "identity.review_item": reviews(
            told,
            line,
            [tuple(row) for row in foreign],
            int(rules["limits"]["customer_parties"]),
            known.decisions,
            thought.grey,
        ),
        "identity.party_customer": memberships(
            line, {c: float(r["confidence"]) for c, r in rules["rules"].items()}, thought.certain
        ),
        "identity.customer": customers(line, erased),
        "identity.customer_event": events(line),
    }
    lake.publish_all(
        {table: lake.spark.createDataFrame(found, _SCHEMAS[table]) for table, found in rows.items()}
    )


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

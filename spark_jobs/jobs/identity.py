"""Identity: evidence, closure under the guards, stable ids, golden record. The whole timeline follows from silver."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial, reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.errors import SettingsError
from spark_jobs.history import OPEN_DATE, current_belief
from spark_jobs.identity import bank_model, erasure, evidence, features, households, opinion, registers
from spark_jobs.identity import versions as record_versions
from spark_jobs.identity import words as stewards
from spark_jobs.identity.fold import fold
from spark_jobs.identity.golden import assemble_golden, facts
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.modelled import Likeness, Thresholds, judged
from spark_jobs.identity.opinion import Opinion
from spark_jobs.identity.outcome import MODEL, Pair, customers, events, links, memberships, reviews, stated
from spark_jobs.identity.timeline import Edge, Timeline, Words
from spark_jobs.identity.words import Decision
from spark_jobs.tables import Lake

_SCHEMAS = {
    "identity.link_event": "link_event_id string, link_kind_code string, party_id_a string, party_id_b string, actor_code string, "
    "link_reason_code string, effective_from date, is_refused boolean, evidence_text string",
    "identity.review_item": "review_item_id string, kind_code string, party_ids array<string>, state_code string, opened_on_date date",
    "identity.party_customer": "party_id string, customer_id string, link_reason_code string, confidence_ratio double, "
    "valid_from date, valid_to date",
    "identity.customer": "customer_id string, created_date date, status_code string, retired_into_customer_id string, party_cnt bigint",
    "identity.customer_event": "customer_event_id string, kind_code string, customer_id string, other_customer_id string, "
    "moved_party_ids array<string>, business_date date",
}  # fmt: skip


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


_TOLD = (
    "party_id_a", "party_id_b", "rule_code", "effective_from", "effective_to", "is_contradiction", "is_ambiguous", "source_a", "source_b",
    "evidence_text",
)  # fmt: skip
_log = logging.getLogger(__name__)


def run(lake: Lake, dates: DateRange) -> None:
    """Decide who is who as of the last date, for every day up to it."""
    rules = lake.rules("identity")
    known = _known(lake, dates, rules)
    pairs = evidence.candidates(rules, known.traits, known.identifiers, known.phones).localCheckpoint()
    met = evidence.compared(pairs, known.traits).localCheckpoint()
    held = evidence.described(evidence.unambiguous(evidence.judged(met, rules), rules)).localCheckpoint()
    told = [Pair(**row.asDict()) for row in held.select(*_TOLD).collect()]
    model, alike = _alike(lake, known, rules)
    marks = _marked(lake, known, told, alike)
    persons = known.seen.where("is_identifiable").select("party_id", "source_code").collect()
    thought = opinion.opinion(alike, told, {r["party_id"]: r["source_code"] for r in persons}, marks)
    lake.publish("identity.pair_score", _pair_scores(lake, held, thought, rules, model))
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
        parties, identifiers, contacts, relations, seen, ids, phones, traits, _decisions(lake, dates), _asked(lake, dates)
    )  # fmt: skip


def _asked(lake: Lake, dates: DateRange) -> dict[str, date]:
    """Parties to be erased up to the last date → the local day of the request."""
    local = F.to_date(F.from_utc_timestamp("erased_at", lake.settings.zone))
    rows = lake.read("ops.erasure_tombstone").select("party_no_token", local.alias("day"))
    return {r["party_no_token"]: r["day"] for r in rows.where(F.col("day") <= F.lit(dates.last)).collect()}


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


def _alike(lake: Lake, known: Known, rules: Any) -> tuple[str | None, list[Likeness]]:
    """Version of the bank's model, and pairs as it sees them; None and nobody where no model opens here: the gate tells."""
    if not rules.get("model"):
        return None, []
    try:
        model = bank_model.opened(lake.settings)
    except SettingsError as error:
        _log.warning("named rules decide alone: %s", error)
        return None, []

    def read(frame: DataFrame, columns: Sequence[str]) -> pa.Table:
        return frame.select(*columns).toArrow()

    said = record_versions.versions(
        read(known.parties, record_versions.PARTY),
        read(known.identifiers, record_versions.NUMBER),
        read(known.contacts, record_versions.CONTACT),
        rules,
    )
    limits = Thresholds(float(rules["model"]["link_from"]), float(rules["model"]["review_from"]))
    return model.version, judged(said, model.frozen, limits)


def _marked(
    lake: Lake, known: Known, told: Sequence[Pair], alike: Sequence[Likeness]
) -> dict[str, list[Mark]]:
    """Marks of every party that a rule or the model compares with another."""
    pairs = [(p.party_id_a, p.party_id_b) for p in told] + [(each.party_a, each.party_b) for each in alike]
    compared = [(party,) for party in sorted({party for pair in pairs for party in pair})]
    traits = known.traits.join(
        lake.spark.createDataFrame(compared, "party_id string"), "party_id", "left_semi"
    )
    return {row["party_id"]: _marks(row) for row in traits.collect()}


def _pair_scores(lake: Lake, held: DataFrame, thought: Opinion, rules: Any, model: str | None) -> DataFrame:
    """One row per pair with everything that ties it now. Grain: party_id_a, party_id_b."""
    worth = F.create_map(
        *[F.lit(x) for code, rule in rules["rules"].items() for x in (code, float(rule["confidence"]))]
    )
    ruled = held.withColumn("worth", worth[F.col("rule_code")])
    every = ruled.select(*opinion.COLUMNS).unionByName(
        lake.spark.createDataFrame(list(thought.scores), opinion.SCORE)
    )
    by_model = F.col("rule_code") == MODEL
    now = F.col("effective_from") < F.col("effective_to")
    holds = now & (F.col("effective_to") == F.lit(OPEN_DATE))
    return every.groupBy("party_id_a", "party_id_b").agg(
        F.array_sort(F.collect_set(F.when(holds, F.col("rule_code")))).alias("rule_codes"),
        F.coalesce(F.max(F.when(~by_model, F.col("pattern_code"))), F.max("pattern_code")).alias(
            "pattern_code"
        ),
        # What is grey has its probability, too; a rule that does not hold says nothing.
        F.coalesce(F.max(F.when(holds | (by_model & ~now), F.col("worth"))), F.lit(0.0)).alias("score_ratio"),
        F.lit("+".join([f"rules-{rules['version']}", *([model] if model else [])])).alias("model_version"),
        F.array_join(F.array_sort(F.collect_set("evidence_text")), "; ").alias("evidence_text"),
    )


def _folded(
    lake: Lake, known: Known, told: Sequence[Pair], marks: Mapping[str, list[Mark]], rules: Any
) -> tuple[Timeline, frozenset[str]]:
    """The timeline of these pairs, and the ids that were erased."""
    rank = {code: int(rule["rank"]) for code, rule in rules["rules"].items()}
    # The weakest of all: where rules have spoken, likeness adds nothing.
    rank[MODEL] = max(rank.values(), default=0) + 1
    edges = [
        Edge(rank[p.rule_code], p.party_id_a, p.party_id_b, p.rule_code, p.effective_from, p.effective_to) for p in told if p.is_link
    ]  # fmt: skip
    related = known.relations.where(F.col("relation_code").isin(*rules["apart_relations"])).select(
        F.least("party_id_from", "party_id_to").alias("a"),
        F.greatest("party_id_from", "party_id_to").alias("b"),
    )
    seen = known.seen.select("party_id", "source_code", "first_seen_date").collect()
    rank_of = {source: n for n, source in enumerate(rules["founders"])}
    apart = frozenset((row["a"], row["b"]) for row in related.distinct().collect())
    born = {row["party_id"]: row["first_seen_date"] for row in seen}
    founders = {row["party_id"]: rank_of.get(row["source_code"], len(rank_of)) for row in seen}

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


def _marks(row: Any) -> list[Mark]:
    """What the guards judge a party by; names that are masked, cut or damaged differ from nobody."""
    found = [Mark("resident", row["own_id"]["token"], row["own_id"]["since"])] if row["own_id"] else []
    found += [Mark("sex", each["value"], each["since"]) for each in row["sexes"] or []]
    found += [Mark("birth", each["value"], each["since"]) for each in row["birth_dates"] or []]
    for name in row["names"] or []:
        if name["name_quality_code"] in ("full", "latin"):
            keys = {name["name_folded"], *name["name_pinyin_keys"]}
            found += [Mark("name", key, name["since"]) for key in sorted(keys)]
    return found


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

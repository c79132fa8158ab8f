"""Identity: evidence, closure under the guards, stable ids, golden record. The whole timeline follows from silver."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial, reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from spark_jobs.history import current_belief
from spark_jobs.identity import households, memory, opinion, registers, scores
from spark_jobs.identity import scope as scoping
from spark_jobs.identity.carried import BY_NUMBER, TABLES, Carried, audited_pairs
from spark_jobs.identity.deciding import Case, Person, decided
from spark_jobs.identity.golden import assemble_golden, facts
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.known import Features, Known, known, listed
from spark_jobs.identity.memory import Memory
from spark_jobs.identity.reach import HELD, recounted, used_numbers
from spark_jobs.identity.ruled import Looked, looked, whole
from spark_jobs.identity.scope import Scope, everything, remembered, scope
from spark_jobs.identity.together import Groups, groups
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
class _Evidence:
    """What ties pairs and keeps them apart: rules, relations, the model."""

    known: Known
    ruled: Looked
    apart: pa.Table
    asked: scores.Asked

    @property
    def told(self) -> pa.Table:
        """Of the pairs by rules what decides."""
        return self.ruled.ruled.held.select(_TOLD)

    def features(self, parties: frozenset[str] | None) -> Features:
        """What these parties, and maybe others, are compared by; None: all."""
        held = self.ruled.features
        return held if held is not None and self.ruled.covers(parties) else self.known.features(parties)

    def groups(self) -> Groups:
        """All persons, by everything from which follows what becomes of them."""
        parties = sorted({*self.known.seen["party_id"].to_pylist(), *self.known.purged.parties})
        place = {party: n for n, party in enumerate(parties)}
        found = [
            *scoping.of_parties(place, self.known.seen, self.ruled.ruled.prints),
            scoping.of_pairs(place, "rule", self.told),
            scoping.of_pairs(place, "apart", self.apart),
            *scoping.of_decisions(place, self.known.decisions),
            *scoping.of_erasure(place, self.known.asked, self.known.purged.parties, self.known.purged.ties),
        ]
        if self.asked.seen is not None and self.asked.rows is not None:
            found.append(scoping.of_alike(place, self.asked.seen, self.asked.rows))
        return groups(parties, found)


@dataclass(frozen=True)
class _Made:
    """rows: of the tables that follow group by group; islands: every id that was made → a party of its group."""

    rows: dict[str, DataFrame]
    islands: Mapping[str, str]


_TOLD = [name for name in HELD.names if name != "pattern_code"]
_HELD = (
    "party_id_a string, party_id_b string, rule_code string, effective_from date, effective_to date, is_contradiction boolean, "
    "is_ambiguous boolean, source_a string, source_b string, evidence_text string, pattern_code bigint"
)
_AUDIT = "business_date date, table_name string, carried_row_cnt bigint, differing_row_cnt bigint"


def run(lake: Lake, dates: DateRange) -> None:
    """Decide who is who as of the last date, for every day up to it. Of whom the same is said as in the last run, the rows are those it made."""
    rules = lake.rules("identity")
    said_by_silver = known(lake, dates, rules)
    before = memory.opened(lake.settings.identity_memory, _terms(lake))
    ruled = looked(said_by_silver, before.ruled if before else None)
    ask = partial(scores.asked, lake, said_by_silver.silver, rules, list(dates), ruled.ruled.prints)
    asked = ask(before.compared if before else None)
    said = _Evidence(said_by_silver, ruled, _apart(said_by_silver).toArrow(), asked)
    before = before if before and before.ruled and before.model == asked.version else None
    now = said.groups()
    new = scope(now, before) if before else everything(now)
    _log.info("%s", _told_of(new, said))
    audit: list[tuple[Any, ...]] = []
    if before is None:
        made, found = _judged_whole(lake, said, new)
    elif _is_audited(dates, rules):
        carried = _carried(lake, said, new, before)[0]
        anew = replace(said, ruled=whole(said_by_silver, ruled.ruled), asked=ask(None))
        made, found = _judged_whole(lake, anew, everything(now))
        audit = [
            *_audited_pairs(said, anew), *carried.audited(found, made.islands, new.parties),
        ]  # fmt: skip
        said, now = anew, anew.groups()
        new = everything(now, before)
    else:
        made, found = _brought_up_to(lake, said, new, before)
    lake.publish_all({
        **found,
        "identity.model_watch": lake.spark.createDataFrame([astuple(row) for row in said.asked.watched], _WATCH),
        "identity.memory_audit": lake.spark.createDataFrame([(dates.last, *row) for row in audit], _AUDIT),
    }, dates)  # fmt: skip
    _publish_relations(lake, said_by_silver)
    left = remembered(
        new, before, now, made.islands, said.asked.version, said.asked.compared, said.ruled.ruled
    )
    memory.write(lake.settings.identity_memory, left, _terms(lake))


# --- what is remembered ---------------------------------------------------------------------------------------------


def _terms(lake: Lake) -> dict[str, Any]:
    """Under which a memory counts: what decides, and the tables that its run left."""
    return {
        "rules": lake.run.rules_version,
        "code": memory.code(),
        "tables": {table: lake.version(table) if lake.exists(table) else None for table in TABLES},
    }


def _is_audited(dates: DateRange, rules: Any) -> bool:
    """Whether a run over these dates compares and judges everything anew, to see that what is remembered is right."""
    every = int(rules["memory"]["audit_every_days"])
    return any(day.toordinal() % every == 0 for day in dates)


def _carried(lake: Lake, said: _Evidence, new: Scope, before: Memory) -> tuple[Carried, frozenset[str]]:
    """What of the run before still holds, and who has a number that is counted anew."""
    assert before.ruled
    ruled, silver = said.ruled, said.known.silver
    counted = recounted(ruled.ruled.used, before.ruled.used, new.gone_parties | ruled.changed)
    _, numbers, contacts = silver.rows_of(counted.holders)
    return Carried.of(lake, new, counted, used_numbers(counted.keys, numbers, contacts)), counted.holders


def _brought_up_to(
    lake: Lake, said: _Evidence, new: Scope, before: Memory
) -> tuple[_Made, dict[str, DataFrame]]:
    """What is judged, and the rows of all tables of which some are other than before: those, and those that still hold."""
    carried, holders = _carried(lake, said, new, before)
    if new.is_nothing and not carried.numbers.num_rows:
        return _Made({}, {}), {}
    features = said.features(new.parties | holders)
    made = _judged(lake, said, new, features)
    every = {table: frame.unionByName(carried.rows(table, frame)) for table, frame in made.rows.items()}
    found = {} if new.is_nothing else dict(every)
    if carried.numbers.num_rows:
        some = lake.spark.createDataFrame(carried.numbers, "id_kind_code string, id_token string")
        counted = _identifiers(features, every, said.known.rules)
        counted = counted.join(F.broadcast(some), ["id_kind_code", "id_token"], "left_semi").localCheckpoint()
        found[BY_NUMBER] = counted.unionByName(carried.rows(BY_NUMBER, counted))
    return made, found


def _audited_pairs(said: _Evidence, anew: _Evidence) -> Iterator[tuple[Any, ...]]:
    """Rows of identity.memory_audit about pairs that were not compared, or not judged by rules, again."""
    yield audited_pairs(said.ruled.ruled, anew.ruled.ruled, said.ruled.compared)
    by_memory, by_values = said.asked, anew.asked
    if by_memory.compared and by_values.compared and by_memory.work:
        recalled = by_memory.work.pairs - by_memory.work.compared
        yield "identity.memory", recalled, by_memory.compared.differing(by_values.compared)


def _told_of(new: Scope, said: _Evidence) -> str:
    """What a run has to do, in counts."""
    work, held = said.asked.work, said.ruled.ruled.held.num_rows
    words = f"{new.judged:,} of {new.groups:,} groups of records judged anew; {said.ruled.compared:,} of {held:,} pairs by rules"
    if work:
        words += f"; {work.read:,} of {work.parties:,} parties read, {work.compared:,} of {work.pairs:,} pairs compared"  # fmt: skip
    return words


# --- what is judged -------------------------------------------------------------------------------------------------


def _apart(known: Known) -> DataFrame:
    """Pairs that relations keep apart: a, b, smaller first."""
    related = known.relations.where(F.col("relation_code").isin(*known.rules["apart_relations"]))
    sides = ("party_id_from", "party_id_to")
    return related.select(F.least(*sides).alias("a"), F.greatest(*sides).alias("b")).distinct()


def _judged_whole(lake: Lake, said: _Evidence, all_: Scope) -> tuple[_Made, dict[str, DataFrame]]:
    """All groups judged, and the rows of all tables."""
    features = said.features(None)
    made = _judged(lake, said, all_, features)
    return made, made.rows | {BY_NUMBER: _identifiers(features, made.rows, said.known.rules)}


def _judged(lake: Lake, said: _Evidence, judged: Scope, features: Features) -> _Made:
    """Who is who among the parties of the scope, and what is known of them. features: what those are compared by, and maybe others."""
    known, rules = said.known, said.known.rules
    told, alike = judged.pairs(said.told), said.asked.alike(judged)
    seen = [row for row in known.seen.to_pylist() if row["party_id"] in judged.parties]
    persons = {
        r["party_id"]: Person(r["source_code"], r["first_seen_date"], r["is_identifiable"]) for r in seen
    }
    second = features.ids.where("not is_own").select("party_id", "id_since_date").collect()
    foreign = [(r[0], persons[r[0]].source, r[1]) for r in second if r["party_id"] in persons]
    apart = frozenset((r["a"], r["b"]) for r in said.apart.to_pylist() if r["a"] in judged.parties)
    case = Case(
        persons, told, alike, _marked(lake, features.traits, scores.compared_parties(told, alike)), foreign, apart, known.decisions,
        known.asked, known.purged.among(judged.parties),
    )  # fmt: skip
    made = decided(case, rules, partial(lake.tokens.value, "customer"))
    by_model = lake.spark.createDataFrame(list(made.scores), opinion.SCORE)
    held = lake.spark.createDataFrame(judged.rows(said.ruled.ruled.held), _HELD)
    rows = {table: lake.spark.createDataFrame(found, _SCHEMAS[table]) for table, found in made.rows.items()}
    rows["identity.pair_score"] = scores.pair_scores(held, by_model, rules, said.asked.version)
    return _Made(rows | _described(lake, features, rows, rules, judged), made.islands)


def _described(
    lake: Lake, features: Features, rows: Mapping[str, DataFrame], rules: Any, judged: Scope
) -> dict[str, DataFrame]:
    """What persons of the scope are compared by, and the golden record of their customers, who were not erased."""
    # Cut here and there: a plan deeper than a hundred messages cannot be sent.
    records = registers.assemble_records(features.traits, features.ids, features.phones, features.parties)
    if judged.judged < judged.groups:
        these = listed(lake, "_party", judged.parties)
        records = records.join(these, F.col("party_id") == F.col("_party"), "left_semi")
    members = registers.leave_out_erased(rows["identity.party_customer"], rows["identity.customer"])
    told = facts(features.parties, features.numbers, features.contacts).localCheckpoint()
    golden = assemble_golden(members, told, list(rules["survivorship"])).localCheckpoint()
    return {"identity.record": records, "identity.golden_hist": golden}


def _identifiers(features: Features, rows: Mapping[str, DataFrame], rules: Any) -> DataFrame:
    """How often a number is used, of those that the features' parties have; rows: of all customers. Counts everybody, erased or not."""
    return registers.assemble_identifiers(
        features.numbers, features.contacts, features.traits, rows["identity.party_customer"], rules["limits"]
    )


def _marked(lake: Lake, traits: DataFrame, parties: Sequence[str]) -> dict[str, list[Mark]]:
    """Marks of every party that a rule or the model compares with another."""
    compared = listed(lake, "party_id", parties)
    return {
        row["party_id"]: scores.marks(row) for row in traits.join(compared, "party_id", "left_semi").collect()
    }


# --- what is made of all customers ----------------------------------------------------------------------------------


def _publish_relations(lake: Lake, known: Known) -> None:
    """Relations and households of those who were not erased."""
    every = current_belief(lake.read("identity.party_customer"))
    members = registers.leave_out_erased(every, lake.read("identity.customer"))
    columns = ["party_id_from", "party_id_to", "relation_code", "valid_from", "valid_to"]
    relations = [
        known.relations.select(*columns),
        registers.household_books(known.numbers).select(*columns),
    ]
    lifted = registers.lift_relations(reduce(DataFrame.unionByName, relations), members).localCheckpoint()
    lake.publish_all({
        "identity.relation_hist": lifted,
        "identity.household_member": _households(lake, lifted, known.rules),
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

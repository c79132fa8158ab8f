"""What the model and the rules say of each pair: the model asked about silver, and both opinions as one table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_jobs.errors import SettingsError
from spark_jobs.history import OPEN_DATE
from spark_jobs.identity import bank_model, opinion
from spark_jobs.identity import versions as record_versions
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.looks import look
from spark_jobs.identity.modelled import Likeness, Thresholds, likely
from spark_jobs.identity.outcome import MODEL, Pair
from spark_jobs.identity.watch import Watched, watched
from spark_jobs.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the bank's model says. version: None where no model opened; watched: how its pairs moved, by day."""

    version: str | None = None
    alike: list[Likeness] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)


def asked(
    settings: Settings, parties: DataFrame, numbers: DataFrame, contacts: DataFrame, rules: Mapping[str, Any], days: Sequence[date]
) -> Asked:  # fmt: skip
    """The model's opinion of silver's current belief, and a watch over `days`. Nothing where no model opens here: a gate tells."""
    if not rules.get("model"):
        return Asked()
    try:
        model = bank_model.opened(settings)
    except SettingsError as error:
        _log.warning("named rules decide alone: %s", error)
        return Asked()

    def read(frame: DataFrame, columns: Sequence[str]) -> pa.Table:
        return frame.select(*columns).toArrow()

    said = record_versions.versions(
        read(parties, record_versions.PARTY),
        read(numbers, record_versions.NUMBER),
        read(contacts, record_versions.CONTACT),
        rules,
    )
    if not len(said.people):
        return Asked(model.version)
    limits = rules["model"]
    seen = look(said, model.frozen)
    alike = likely(said, seen, Thresholds(float(limits["link_from"]), float(limits["review_from"])))
    moved = watched(said, seen, days, model.frozen.seen, float(limits["watch_from_pairs"]))
    return Asked(model.version, alike, moved)


def compared_parties(told: Iterable[Pair], alike: Iterable[Likeness]) -> list[str]:
    """Parties that a rule or the model compares with another, sorted."""
    pairs = [(p.party_id_a, p.party_id_b) for p in told] + [(each.party_a, each.party_b) for each in alike]
    return sorted({party for pair in pairs for party in pair})


def marks(traits: Row) -> list[Mark]:
    """What the guards judge a party by, of a row of `features.traits`; names that are masked, cut or damaged differ from nobody."""
    found = (
        [Mark("resident", traits["own_id"]["token"], traits["own_id"]["since"])] if traits["own_id"] else []
    )
    found += [Mark("sex", each["value"], each["since"]) for each in traits["sexes"] or []]
    found += [Mark("birth", each["value"], each["since"]) for each in traits["birth_dates"] or []]
    for name in traits["names"] or []:
        if name["name_quality_code"] in ("full", "latin"):
            keys = {name["name_folded"], *name["name_pinyin_keys"]}
            found += [Mark("name", key, name["since"]) for key in sorted(keys)]
    return found


def pair_scores(
    held: DataFrame, by_model: DataFrame, rules: Mapping[str, Any], model: str | None
) -> DataFrame:
    """One row per pair with everything that ties it now. Grain: party_id_a, party_id_b.

    held      pairs by rule as `evidence.described` gives them; by_model: rows of `opinion.SCORE`
    rules     conf/rules/identity.yml; model: version of the model that was asked, None: none
    """
    worth = F.create_map(
        *[F.lit(x) for code, rule in rules["rules"].items() for x in (code, float(rule["confidence"]))]
    )
    ruled = held.withColumn("worth", worth[F.col("rule_code")])
    every = ruled.select(*opinion.COLUMNS).unionByName(by_model)
    is_model = F.col("rule_code") == MODEL
    now = F.col("effective_from") < F.col("effective_to")
    holds = now & (F.col("effective_to") == F.lit(OPEN_DATE))
    return every.groupBy("party_id_a", "party_id_b").agg(
        F.array_sort(F.collect_set(F.when(holds, F.col("rule_code")))).alias("rule_codes"),
        F.coalesce(F.max(F.when(~is_model, F.col("pattern_code"))), F.max("pattern_code")).alias(
            "pattern_code"
        ),
        # What is grey has its probability, too; a rule that does not hold says nothing.
        F.coalesce(F.max(F.when(holds | (is_model & ~now), F.col("worth"))), F.lit(0.0)).alias("score_ratio"),
        F.lit("+".join([f"rules-{rules['version']}", *([model] if model else [])])).alias("model_version"),
        F.array_join(F.array_sort(F.collect_set("evidence_text")), "; ").alias("evidence_text"),
    )

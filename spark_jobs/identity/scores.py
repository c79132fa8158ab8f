"""What the model and the rules say of each pair: the model asked about silver, and both opinions as one table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from spark_jobs.errors import SettingsError
from spark_jobs.history import OPEN_DATE
from spark_jobs.identity import bank_model, opinion
from spark_jobs.identity.compared import Compared, Prints, Work, brought_up_to
from spark_jobs.identity.guards import Mark
from spark_jobs.identity.looks import Looks
from spark_jobs.identity.modelled import Alike, Likeness, Thresholds, alike_enough, likely
from spark_jobs.identity.outcome import MODEL, Pair
from spark_jobs.identity.prints import Silver
from spark_jobs.identity.scope import Scope
from spark_jobs.identity.spread import spread
from spark_jobs.identity.watch import Watched, watched
from spark_jobs.tables import Lake

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """What the bank's model says. Nothing where no model opened, or nobody said enough to be compared.

    version   of the model; watched: how its pairs moved, by day
    seen, rows  all pairs, and those that are to be told of; limits: by which
    compared  what to keep for the next run; work: what was done
    """

    version: str | None = None
    watched: list[Watched] = field(default_factory=list)
    seen: Looks | None = None
    rows: Alike | None = None
    limits: Thresholds = field(default_factory=Thresholds)
    compared: Compared | None = None
    work: Work | None = None

    def alike(self, scope: Scope) -> list[Likeness]:
        """Pairs of what is judged in this run."""
        if self.seen is None or self.rows is None:
            return []
        return likely(self.seen, scope.alike(self.seen, self.rows), self.limits)


def asked(
    lake: Lake, silver: Silver, rules: Mapping[str, Any], days: Sequence[date], prints: Prints, before: Compared | None
) -> Asked:  # fmt: skip
    """The model's opinion of silver's current belief, and a watch over `days`. Nothing where no model opens here: a gate tells.

    before  what the last run compared; prints: of what silver says now
    """
    if not rules.get("model"):
        return Asked()
    try:
        model = bank_model.opened(lake.settings)
    except SettingsError as error:
        _log.warning("named rules decide alone: %s", error)
        return Asked()
    said = rules["model"]
    elsewhere = spread(lake.spark, model.frozen, int(said["spread_from_pairs"]))
    seen, compared, work = brought_up_to(before, prints, silver.versions, model.frozen, elsewhere)
    if not len(seen.reading.party):
        return Asked(model.version)
    limits = Thresholds(float(said["link_from"]), float(said["review_from"]))
    moved = watched(seen, days, model.frozen.seen, float(said["watch_from_pairs"]))
    return Asked(model.version, moved, seen, alike_enough(seen, limits), limits, compared, work)


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

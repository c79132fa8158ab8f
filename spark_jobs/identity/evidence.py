"""Evidence between parties: pairs that meet under a key, compared once, judged by the named rules of conf/rules/identity.yml.

Candidates are joins on keys (blocking), never all against all. A value under too many names is no key from the day it passes the limit,
so no block grows with the bank. What a pair agrees on is dated: a rule holds from the day on which all it needs was known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.history import OPEN_DATE
from spark_jobs.identity.features import passes

Rules = Mapping[str, Any]
_PAIR = ("party_id_a", "party_id_b", "rule_code", "key_from", "key_to")
# Two names meet: folded alike; by reading, where one side is not fully in Chinese characters (two people may well sound alike); one cut
# from the other; or one is the other with characters hidden (王*) or lost (黄?), which stand for anything.
_HIDDEN = """({x}.name_quality_code in ('masked', 'damaged') and {x}.name_folded rlike '\\\\p{{L}}'
  and {y}.name_folded rlike concat('^', regexp_replace({x}.name_folded, '[^\\\\p{{L}}]+', '.+'), '$'))"""
_NAMES_MEET = f"""(x.name_folded = y.name_folded
  or ((x.name_quality_code <> 'full' or y.name_quality_code <> 'full') and arrays_overlap(x.name_pinyin_keys, y.name_pinyin_keys))
  or ((x.name_quality_code = 'truncated' or y.name_quality_code = 'truncated') and least(length(x.name_folded), length(y.name_folded)) >= 5
      and (startswith(x.name_folded, y.name_folded) or startswith(y.name_folded, x.name_folded)))
  or {_HIDDEN.format(x="x", y="y")} or {_HIDDEN.format(x="y", y="x")})"""
_VALUES_MEET = "x.value = y.value"


def candidates(rules: Rules, traits: DataFrame, identifiers: DataFrame, phones: DataFrame) -> DataFrame:
    """Pairs of parties that share a key of some rule.

    traits, phones: results of features.py; identifiers: current belief of silver.party_identifier.
    Grain: party_id_a < party_id_b, rule_code; key_from, key_to (the days on which both had the key and it was one).
    """
    parts = []
    for code, rule in rules["rules"].items():
        if rule["key"] == "certificate":
            pairs = same_number(_keys(rule, identifiers), traits, rules["limits"]["id_hub_names"])
        elif rule["key"] == "reference":
            pairs = referred(_keys(rule, identifiers), rule["owner"], identifiers)
        elif rule["key"] == "phone":
            pairs = same_phone(phones, traits, rules["limits"][rule["limit"]])
        elif rule["key"] == "masked_phone":
            pairs = same_mask(phones, traits)
        else:
            raise ValueError(
                f"rule {code}: unknown key `{rule['key']}`; known are certificate, reference, phone, masked_phone"
            )
        parts.append(pairs.withColumn("rule_code", F.lit(code)))
    every = parts[0]
    for part in parts[1:]:
        every = every.unionByName(part)
    known = traits.select("party_id", "first_seen_date")
    a, b = (
        known.select(F.col("party_id").alias(f"party_id_{s}"), F.col("first_seen_date").alias(f"_{s}"))
        for s in "ab"
    )
    return (
        every.join(a, "party_id_a").join(b, "party_id_b")
        .withColumn("key_from", F.greatest("key_from", "_a", "_b"))
        .where("key_from < key_to")
        .groupBy("party_id_a", "party_id_b", "rule_code")
        .agg(F.min("key_from").alias("key_from"), F.max_by("key_to", F.struct("key_to")).alias("key_to"))
        .select(*_PAIR)
    )  # fmt: skip


def _keys(rule: Rules, identifiers: DataFrame) -> DataFrame:
    """party_id, id_token, since of the numbers a rule trusts. A number whose check fails, and a placeholder, is no key."""
    kept = identifiers.where(
        F.col("id_kind_code").isin(*rule["id_kinds"])
        & F.col("id_class_code").isin(*rule["id_classes"])
        & (F.col("checksum_state_code") != "invalid")
    )
    return kept.groupBy(
        "party_id",
        "source_code",
        F.concat_ws(":", "id_kind_code", "id_token").alias("kind_token"),
        "id_token",
    ).agg(F.min("valid_from").alias("since"))


def _ordered(one: Column, other: Column) -> list[Column]:
    return [F.least(one, other).alias("party_id_a"), F.greatest(one, other).alias("party_id_b")]


def same_number(keys: DataFrame, traits: DataFrame, limit: int) -> DataFrame:
    """Pairs by one certificate: everybody with the first of the same number and name, and those firsts with each other.

    So a number held by n records under k names gives n + k² pairs, and each pair exists from the day the later side did.
    """
    named = traits.select("party_id", F.explode_outer("names").alias("n")).select(
        "party_id",
        F.coalesce("n.name_folded", F.lit("")).alias("name_folded"),
        F.col("n.since").alias("_named"),
    )
    rows = keys.join(named, "party_id").select(
        "party_id",
        "id_token",
        F.expr("nullif(name_folded, '')").alias("name_folded"),
        F.greatest("since", "_named").alias("since"),
    )
    hubs = passes(rows, "id_token", limit).select(
        "id_token", F.coalesce("hub_date", F.lit(OPEN_DATE)).alias("key_to")
    )
    rows = rows.join(hubs, "id_token", "left").withColumn("key_to", F.coalesce("key_to", F.lit(OPEN_DATE)))
    group = Window.partitionBy("id_token", "name_folded")
    rows = rows.where("since < key_to").withColumn("_first", F.min(F.struct("since", "party_id")).over(group))
    stars = rows.where("party_id <> _first.party_id").select(
        *_ordered(F.col("party_id"), F.col("_first.party_id")),
        F.greatest("since", "_first.since").alias("key_from"),
        "key_to",
    )
    firsts = rows.where("party_id = _first.party_id and since = _first.since").select(
        "id_token", "party_id", "since", "key_to"
    )
    one, other = firsts.alias("x"), firsts.alias("y")
    across = one.join(other, (F.col("x.id_token") == F.col("y.id_token")) & (F.col("x.party_id") < F.col("y.party_id"))).select(
        F.col("x.party_id").alias("party_id_a"), F.col("y.party_id").alias("party_id_b"),
        F.greatest("x.since", "y.since").alias("key_from"), F.col("x.key_to").alias("key_to"),
    )  # fmt: skip
    return stars.unionByName(across)


def referred(keys: DataFrame, owner: str, identifiers: DataFrame) -> DataFrame:
    """Pairs of a party with the owner, in its own system, of the number it refers to; until it refers to another number."""
    dates = keys.select("party_id", "since").distinct()
    until = Window.partitionBy("party_id").orderBy("since")
    ends = dates.withColumn("key_to", F.coalesce(F.lead("since").over(until), F.lit(OPEN_DATE)))
    own = (
        identifiers.where(F.col("source_code") == owner)
        .groupBy(
            F.concat_ws(":", "id_kind_code", "id_token").alias("kind_token"),
            F.col("party_id").alias("_owner"),
        )
        .agg(F.min("valid_from").alias("_since"))
    )
    met = keys.where(F.col("source_code") != owner).join(ends, ["party_id", "since"]).join(own, "kind_token")
    return met.select(
        *_ordered(F.col("party_id"), F.col("_owner")),
        F.greatest("since", "_since").alias("key_from"),
        "key_to",
    )


def phone_names(phones: DataFrame, traits: DataFrame) -> DataFrame:
    """phone_token, party_id, name_folded, since: under which names a number is known. Masked names do not count as further people."""
    named = traits.select("party_id", F.explode("names").alias("n")).where("n.name_quality_code = 'full'")
    return (
        phones.where("not is_masked")
        .join(named, "party_id")
        .select(
            "phone_token",
            "party_id",
            F.col("n.name_folded").alias("name_folded"),
            F.greatest("valid_from", "n.since").alias("since"),
        )
    )


def same_phone(phones: DataFrame, traits: DataFrame, limit: int) -> DataFrame:
    """Pairs that had one number at the same time, while it was known under no more than `limit` names."""
    hubs = passes(phone_names(phones, traits), "phone_token", limit).select("phone_token", "hub_date")
    rows = (
        phones.where("not is_masked")
        .join(hubs, "phone_token", "left")
        .withColumn("_to", F.least("valid_to", F.coalesce("hub_date", F.lit(OPEN_DATE))))
        .where("valid_from < _to")
        .select(
            "phone_token",
            "party_id",
            "valid_from",
            "_to",
            F.coalesce("hub_date", F.lit(OPEN_DATE)).alias("_hub"),
        )
    )
    return _overlapping(rows, "phone_token")


def _overlapping(rows: DataFrame, *key: str) -> DataFrame:
    """Once both had the key at one time the evidence stays, until the key becomes a hub."""
    x, y = rows.alias("x"), rows.alias("y")
    same = F.lit(True)
    for column in key:
        same = same & (F.col(f"x.{column}") == F.col(f"y.{column}"))
    start = F.greatest("x.valid_from", "y.valid_from")
    together = same & (F.col("x.party_id") < F.col("y.party_id"))
    return x.join(y, together).where(start < F.least("x._to", "y._to")).select(
        F.col("x.party_id").alias("party_id_a"), F.col("y.party_id").alias("party_id_b"), start.alias("key_from"),
        F.col("x._hub").alias("key_to"),
    )  # fmt: skip


def same_mask(phones: DataFrame, traits: DataFrame) -> DataFrame:
    """Pairs of a masked number with a full one of the same visible digits, born in the same month."""
    months = traits.select("party_id", F.explode("birth_months").alias("m")).select(
        "party_id", F.col("m.value").alias("month"), F.col("m.since").alias("_since")
    )
    rows = phones.where("phone_mask is not null").join(months, "party_id").select(
        "phone_mask", "month", "party_id", "is_masked", F.greatest("valid_from", "_since").alias("_from"), F.col("valid_to").alias("_to")
    )  # fmt: skip
    x, y = rows.where("is_masked").alias("x"), rows.where("not is_masked").alias("y")
    start = F.greatest("x._from", "y._from")
    met = x.join(y, (F.col("x.phone_mask") == F.col("y.phone_mask")) & (F.col("x.month") == F.col("y.month")))
    return met.where(
        (F.col("x.party_id") != F.col("y.party_id")) & (start < F.least("x._to", "y._to"))
    ).select(
        *_ordered(F.col("x.party_id"), F.col("y.party_id")),
        start.alias("key_from"),
        F.lit(OPEN_DATE).alias("key_to"),
    )


def _meeting(side: str, condition: str) -> Column:
    """First day on which some value of both sides met; null where none does."""
    return F.expr(
        f"array_min(flatten(transform(a.{side}, x -> transform(b.{side}, y -> "
        f"if({condition}, greatest(x.since, y.since), cast(null as date))))))"
    )


def _known(side: str) -> Column:
    """Day from which both sides know something; null where one never does."""
    first = "array_min(transform({}.{}, x -> x.since))"
    both = [F.expr(first.format(s, side)) for s in "ab"]
    return F.when(both[0].isNotNull() & both[1].isNotNull(), F.greatest(*both))


def compared(pairs: DataFrame, traits: DataFrame) -> DataFrame:
    """Pairs with what they agree on and since when.

    Grain as given; name_met, birth_met, month_met, sex_met, id_met (first day of agreement, null: never), name_known, birth_known,
    sex_known, id_known (first day on which both sides knew), own tokens and sources of both sides.
    """
    a, b = (traits.alias(s) for s in "ab")
    met = pairs.join(a, F.col("party_id_a") == F.col("a.party_id")).join(
        b, F.col("party_id_b") == F.col("b.party_id")
    )
    own_known = F.greatest("a.own_id.since", "b.own_id.since")
    both_own = F.col("a.own_id").isNotNull() & F.col("b.own_id").isNotNull()
    same_own = F.col("a.own_id.token") == F.col("b.own_id.token")
    return met.select(
        *_PAIR, _meeting("names", _NAMES_MEET).alias("name_met"), _meeting("birth_dates", _VALUES_MEET).alias("birth_met"),
        _meeting("birth_months", _VALUES_MEET).alias("month_met"), _meeting("sexes", _VALUES_MEET).alias("sex_met"),
        F.when(both_own & same_own, own_known).alias("id_met"), _known("names").alias("name_known"),
        _known("birth_dates").alias("birth_known"), _known("sexes").alias("sex_known"), F.when(both_own, own_known).alias("id_known"),
        F.col("a.own_id").alias("own_a"), F.col("b.own_id").alias("own_b"),
        *[F.expr(f"get(filter({side}.names, x -> x.name_quality_code = 'full'), 0).name_folded").alias(f"full_{side}") for side in "ab"],
        F.col("a.birth_dates").alias("births_a"), F.col("b.birth_dates").alias("births_b"),
        F.col("a.source_code").alias("source_a"), F.col("b.source_code").alias("source_b"),
    )  # fmt: skip


def judged(met: DataFrame, rules: Rules) -> DataFrame:
    """Pairs for which a rule holds or is contradicted.

    met: `compared`. Grain: pair × rule_code; effective_from, effective_to (of the link), is_contradiction (the key ties them, but name and
    birth date both speak against it; where a rule lives by the name, the birth date alone). Other pairs for which a rule does not hold
    are left out.
    """
    by_need: dict[str, list[str]] = {}
    for code, rule in rules["rules"].items():
        by_need.setdefault(rule["needs"], []).append(code)
    unknown = set(by_need) - {"not_contradicted", "name_or_birth", "name", "name_and_birth"}
    if unknown:
        raise ValueError(f"unknown `needs` in the identity rules: {', '.join(sorted(unknown))}")
    far = F.lit(OPEN_DATE)
    # `greatest` passes over nulls, so what must be known on both sides is asked first.
    all_known = F.col("name_known").isNotNull() & F.col("birth_known").isNotNull()
    nothing_met = F.col("name_met").isNull() & F.col("birth_met").isNull()
    other_person = F.when(all_known & nothing_met, F.greatest("key_from", "name_known", "birth_known"))
    other_birth = F.when(
        F.col("birth_known").isNotNull() & F.col("birth_met").isNull() & F.col("name_met").isNotNull(),
        F.greatest("key_from", "birth_known"),
    )
    agreed = F.least(F.coalesce("name_met", far), F.coalesce("birth_met", far))
    unsure = F.greatest(F.coalesce("name_known", far), F.coalesce("birth_known", far)) > F.col("key_from")
    needs = {
        "not_contradicted": F.when(unsure, F.col("key_from")).otherwise(F.greatest("key_from", agreed)),
        "name_or_birth": F.greatest("key_from", agreed),
        "name": F.greatest("key_from", F.coalesce("name_met", far)),
        "name_and_birth": F.greatest("key_from", F.coalesce("name_met", far), F.coalesce("birth_met", far)),
    }
    start = F.lit(OPEN_DATE)
    for need, codes in sorted(by_need.items()):
        start = F.when(F.col("rule_code").isin(*codes), needs[need]).otherwise(start)
    against = F.when(F.col("rule_code").isin(*by_need.get("name", [])), other_birth).otherwise(other_person)
    told = met.withColumns({
        "effective_from": start,
        "effective_to": F.least("key_to", F.coalesce(against, far)),
        "is_contradiction": F.coalesce(against < F.col("key_to"), F.lit(False)),
    })  # fmt: skip
    told = told.where(
        ~F.col("rule_code").isin(*by_need.get("name_and_birth", [])) | ~F.col("is_contradiction")
    )
    return told.where("effective_from < effective_to or is_contradiction")


def unambiguous(held: DataFrame, rules: Rules) -> DataFrame:
    """Ends a `unique` rule on the day it ties a party without a valid id to a second person.

    Two people: two different valid ids, birth dates or full names among those it is tied to by the rule. Adds is_ambiguous.
    """
    codes = [code for code, rule in rules["rules"].items() if rule["unique"]]
    weak = held.where(F.col("rule_code").isin(*codes) & (F.col("effective_from") < F.col("effective_to")))
    sides = []
    for own, other in (("a", "b"), ("b", "a")):
        marks = F.array(
            F.struct(F.lit("id").alias("kind"), F.col(f"own_{other}.token").alias("value")),
            F.struct(F.lit("birth").alias("kind"), F.get(f"births_{other}", 0)["value"].alias("value")),
            F.struct(F.lit("name").alias("kind"), F.col(f"full_{other}").alias("value")),
        )
        sides.append(
            weak.where(f"own_{own} is null").select(
                F.col(f"party_id_{own}").alias("party_id"), "rule_code", "effective_from", F.inline(marks)
            )
        )
    first = sides[0].unionByName(sides[1]).where("value is not null").groupBy("party_id", "rule_code", "kind", "value").agg(
        F.min("effective_from").alias("since")
    )  # fmt: skip
    order = Window.partitionBy("party_id", "rule_code", "kind").orderBy("since", "value")
    second = first.withColumn("_nth", F.row_number().over(order)).where("_nth = 2")
    doubt = second.groupBy("party_id", "rule_code").agg(F.min("since").alias("_doubt"))
    a, b = (
        doubt.select(
            F.col("party_id").alias(f"party_id_{s}"), "rule_code", F.col("_doubt").alias(f"_doubt_{s}")
        )
        for s in "ab"
    )
    both = held.join(a, ["party_id_a", "rule_code"], "left").join(b, ["party_id_b", "rule_code"], "left")
    far = F.lit(OPEN_DATE)
    end = F.least("effective_to", F.coalesce("_doubt_a", far), F.coalesce("_doubt_b", far))
    return (
        both.withColumn("is_ambiguous", end < F.col("effective_to"))
        .withColumn("effective_to", end)
        .drop("_doubt_a", "_doubt_b")
    )


def described(held: DataFrame) -> DataFrame:
    """Adds pattern_code and evidence_text: what agrees (+), differs (-) or is unknown (?), without a value.

    pattern_code packs the levels as base-3 digits, name first: 2 agrees, 1 unknown, 0 differs.
    """
    pattern, words = F.lit(0), []
    for what in ("name", "birth", "sex", "id"):
        level = (
            F.when(F.col(f"{what}_met").isNotNull(), 2).when(F.col(f"{what}_known").isNull(), 1).otherwise(0)
        )
        pattern = pattern * 3 + level
        words.append(
            F.concat(F.lit(f"{what}"), F.element_at(F.array(F.lit("-"), F.lit("?"), F.lit("+")), level + 1))
        )
    return held.withColumn("pattern_code", pattern.cast("bigint")).withColumn(
        "evidence_text", F.concat_ws(" ", F.col("rule_code"), *words)
    )

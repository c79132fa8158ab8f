"""What is known of a party and since when: names, birth dates, sex, its own certificate, phones. From conformed tables.

Values are kept with the day they were first known and never taken back, so that a day judged later is judged the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.names import parsed_name

GOOD_BIRTH = ("declared", "agrees")


def own_ids(identifiers: DataFrame, kinds: Sequence[str]) -> DataFrame:
    """Valid certificates that name one person, and which of them is the party's own.

    Grain: party_id, id_token; id_since_date, is_own, id_birth_date, id_sex_code. identifiers: current belief of
    silver.party_identifier. A 15-digit id carries the token of its 18-digit form; placeholders and ids whose check digit fails are
    left out. Where a source gives a party several different valid ids it has taken two people for one: the first one known is the
    party's own (ties: the one it calls primary, then the smallest token), the others tie it to nobody.
    """
    valid = identifiers.where(
        F.col("id_kind_code").isin(*kinds)
        & (F.col("id_class_code") == "strong")
        & (F.col("checksum_state_code") == "valid")
    )
    ids = valid.groupBy("party_id", "id_token").agg(
        F.min("valid_from").alias("id_since_date"),
        F.max(F.coalesce("is_primary", F.lit(False))).alias("_primary"),
        F.min("id_birth_date").alias("id_birth_date"),
        F.min("id_sex_code").alias("id_sex_code"),
    )
    order = Window.partitionBy("party_id").orderBy("id_since_date", F.desc("_primary"), "id_token")
    return ids.withColumn("is_own", F.row_number().over(order) == 1).drop("_primary")


def names(party_history: DataFrame) -> DataFrame:
    """Every name a party ever had, with the keys under which spellings meet.

    Grain: party_id, name_folded, name_pinyin_keys; name_quality_code, name_since_date. A Latin name beside the Chinese one (embossed,
    pinyin) adds its keys: it is what a masked name can be compared by.
    """
    named = party_history.where(F.col("name").isNotNull() | F.col("name_latin").isNotNull())
    told = named.withColumn("_n", parsed_name(F.coalesce("name", "name_latin"))).withColumn(
        "_l", parsed_name(F.col("name_latin"))
    )
    keys = F.array_sort(F.array_distinct(F.concat("_n.pinyin_keys", "_l.pinyin_keys")))
    quality = F.when(F.col("name_quality_code") == "truncated", "truncated").otherwise(
        F.col("_n.quality_code")
    )
    return (
        told.select(
            "party_id", F.col("_n.folded").alias("name_folded"), keys.alias("name_pinyin_keys"),
            quality.alias("name_quality_code"), "valid_from",
        )
        .where("name_folded is not null")
        .groupBy("party_id", "name_folded", "name_pinyin_keys")
        .agg(F.min("name_quality_code").alias("name_quality_code"), F.min("valid_from").alias("name_since_date"))
    )  # fmt: skip


def births(party_history: DataFrame, ids: DataFrame, placeholders: Sequence[date]) -> DataFrame:
    """Birth dates, months and sexes of a party: those of its own certificate, else those declared before it was known.

    Grain: party_id; birth_dates, birth_months, sexes as sorted arrays of (value, since). ids: `own_ids`. Dates that disagree with the
    certificate, or mean none, are left out.
    """
    own = ids.where("is_own").select("party_id", "id_since_date", "id_birth_date", "id_sex_code")
    declared = party_history.join(own, "party_id", "left").where(
        F.col("id_birth_date").isNull() | (F.col("valid_from") < F.col("id_since_date"))
    )
    known = F.col("birth_date").isNotNull() & ~F.col("birth_date").isin(*placeholders)
    good = known & F.col("birth_date_quality_code").isin(*GOOD_BIRTH)
    month = known & F.col("birth_date_quality_code").isin(*GOOD_BIRTH, "month_only")
    told = F.array(
        _fact("birth", F.when(good, F.col("birth_date"))),
        _fact("month", F.when(month, F.trunc("birth_date", "month"))),
        _fact("sex", F.when(F.col("sex_code").isin("M", "F"), F.col("sex_code"))),
    )
    proven = F.array(
        _fact("birth", F.col("id_birth_date")), _fact("month", F.trunc("id_birth_date", "month")), _fact("sex", F.col("id_sex_code"))
    )  # fmt: skip
    facts = declared.select(
        "party_id", F.col("valid_from").alias("since"), F.explode(told).alias("f")
    ).unionByName(own.select("party_id", F.col("id_since_date").alias("since"), F.explode(proven).alias("f")))
    earliest = (
        facts.where("f.value is not null")
        .groupBy("party_id", "f.kind", "f.value")
        .agg(F.min("since").alias("since"))
    )
    return earliest.groupBy("party_id").agg(
        *[
            F.array_sort(F.collect_list(F.when(F.col("kind") == kind, F.struct("value", "since")))).alias(
                column
            )
            for kind, column in (("birth", "birth_dates"), ("month", "birth_months"), ("sex", "sexes"))
        ]
    )


def _fact(kind: str, value: Column) -> Column:
    return F.struct(F.lit(kind).alias("kind"), value.cast("string").alias("value"))


def phones(contacts: DataFrame) -> DataFrame:
    """Numbers that can be a key, with the days on which the party had them.

    Grain: party_id, phone_token, valid_from; phone_mask (first three and last four digits of a mainland number, else null), valid_to.
    contacts: current belief of silver.party_contact. Placeholders and what has no normal form are left out.
    """
    usable = contacts.where(
        F.col("contact_kind_code").isin("mobile", "ani")
        & ~F.coalesce("is_placeholder", F.lit(False))
        & F.col("contact_norm").isNotNull()
    )
    national = F.regexp_replace("contact_norm", r"^\+86", "")
    mask = F.when(
        F.regexp_like(national, F.lit(r"^1\d{2}(\d{4}|\*+)\d{4}$")),
        F.concat(F.substring(national, 1, 3), F.lit("*"), F.right(national, F.lit(4))),
    )
    return (
        usable.select(
            "party_id", F.col("contact_token").alias("phone_token"), mask.alias("phone_mask"), "is_masked",
            "valid_from", "valid_to",
        )
        .groupBy("party_id", "phone_token", "phone_mask", "is_masked", "valid_from")
        .agg(F.max("valid_to").alias("valid_to"))
    )  # fmt: skip


def traits(seen: DataFrame, named: DataFrame, born: DataFrame, ids: DataFrame) -> DataFrame:
    """One row per party that may be compared, everything known of it as dated arrays.

    Grain: party_id; source_code, first_seen_date, names, birth_dates, birth_months, sexes, own_id (token, since) or null.
    seen: `Silver.seen` (prints.py); named, born, ids: results of `names`, `births`, `own_ids`.
    """
    name = F.struct(
        "name_folded", "name_quality_code", "name_pinyin_keys", F.col("name_since_date").alias("since")
    )
    by_party = named.groupBy("party_id").agg(F.array_sort(F.collect_list(name)).alias("names"))
    own = ids.where("is_own").select(
        "party_id",
        F.struct(F.col("id_token").alias("token"), F.col("id_since_date").alias("since")).alias("own_id"),
    )
    return (
        seen.where("is_identifiable")
        .join(by_party, "party_id", "left")
        .join(born, "party_id", "left")
        .join(own, "party_id", "left")
    )


def passes(rows: DataFrame, key: str, limit: int) -> DataFrame:
    """Day on which a value has more than `limit` different names, by key; null where it never does.

    rows: key, name_folded, since. Grain: key; name_cnt, hub_date.
    """
    first = (
        rows.where("name_folded is not null").groupBy(key, "name_folded").agg(F.min("since").alias("_since"))
    )
    order = Window.partitionBy(key).orderBy("_since", "name_folded")
    ranked = first.withColumn("_nth", F.row_number().over(order))
    return ranked.groupBy(key).agg(
        F.max("_nth").cast("bigint").alias("name_cnt"),
        F.min(F.when(F.col("_nth") == limit + 1, F.col("_since"))).alias("hub_date"),
    )

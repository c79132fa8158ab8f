"""Happenings: entries with their reversals, digital events, calls, complaints, surveys, messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from spark_jobs.columns.phones import CHINA, normalised_phone
from spark_jobs.dates import DateRange
from spark_jobs.silver.folds import keep_first, keep_newest
from spark_jobs.silver.party import Token, contact_token

# An event that comes again within so many days is a repeat; suppliers resend at most a week.
REPEAT_DAYS = 7
# A reversal (冲正) is looked up among the entries of so many days before it.
REVERSAL_DAYS = 31


def keep_entries(rows: DataFrame, dates: DateRange) -> DataFrame:
    """Entries of the range and of the days a reversal may reach back to, each once, with its signed amount.

    rows: entity `transaction` since REVERSAL_DAYS + REPEAT_DAYS before the range.
    """
    wide = DateRange(dates.first - timedelta(days=REVERSAL_DAYS), dates.last)
    entries = keep_first(rows, ["transaction_id"], wide, REPEAT_DAYS)
    is_reversal = F.coalesce("is_reversal", F.lit(False))
    sign = F.when(F.col("direction_code") == "credit", 1).otherwise(-1)
    signed = F.col("amount_amt") * sign * F.when(is_reversal, -1).otherwise(1)
    return entries.withColumns({"is_reversal": is_reversal, "signed_amt": signed.cast("decimal(18,2)")})


def link_reversals(entries: DataFrame) -> DataFrame:
    """Which entry each reversal takes back. Grain: one row per reversal that finds its entry.

    Same account, number, amount and flag; the supplier's number repeats from day to day, so the newest accounting date not after
    the reversal's is meant. One entry is taken back once: a second reversal of it finds nothing.
    """
    reversals = entries.where(F.col("is_reversal") & F.col("reversed_no_source").isNotNull()).select(
        F.col("transaction_id").alias("_by"), F.col("booked_date").alias("_by_date"), F.col("_day").alias("_by_day"),
        F.col("reversed_no_source").alias("entry_no_source"), "agreement_id", "direction_code", "amount_amt",
    )  # fmt: skip
    originals = entries.where(~F.col("is_reversal")).select(
        "transaction_id", "booked_date", "business_date", "entry_no_source", "agreement_id", "direction_code", "amount_amt",
    )  # fmt: skip
    pairs = originals.join(
        reversals, ["entry_no_source", "agreement_id", "direction_code", "amount_amt"]
    ).where((F.col("booked_date") <= F.col("_by_date")) & (F.col("business_date") <= F.col("_by_day")))
    nearest = pairs.groupBy("_by", "_by_day").agg(
        F.max_by(
            F.struct("transaction_id", "business_date"), F.struct("booked_date", "transaction_id")
        ).alias("_of")
    )
    once = nearest.groupBy("_of").agg(
        F.min_by(F.struct("_by", "_by_day"), F.struct("_by_day", "_by")).alias("_r")
    )
    return once.select(
        F.col("_of.transaction_id").alias("transaction_id"), F.col("_of.business_date").alias("business_date"),
        F.col("_r._by").alias("reversed_by"), F.col("_r._by_day").alias("reversed_day"),
    )  # fmt: skip


def derive_reversed(entries: DataFrame, links: DataFrame) -> DataFrame:
    """Marks entries that were taken back, and on each reversal the entry it takes back."""
    taken = links.select("transaction_id", F.lit(True).alias("is_reversed"))
    by = links.select(
        F.col("reversed_by").alias("transaction_id"), F.col("transaction_id").alias("reversed_transaction_id")
    )
    bare = entries.drop("is_reversed", "reversed_transaction_id")
    return (
        bare.join(taken, "transaction_id", "left")
        .join(by, "transaction_id", "left")
        .withColumn("is_reversed", F.coalesce("is_reversed", F.lit(False)))
    )


def search_topic(text: Column, topics: Mapping[str, Mapping[str, str]]) -> Column:
    """Topic of a search text by the word list `search_topic`: the first topic of the list with a word in the text."""
    found: Column = F.lit("other")
    for code, row in reversed(list(topics.items())):
        words = [w for w in (row.get("aliases") or "").split(";") if w]
        if words:
            hit = F.lit(False)
            for word in words:
                hit = hit | F.contains(F.lower(text), F.lit(word.lower()))
            found = F.when(hit, code).otherwise(found)
    return F.when(text.isNotNull(), found)


def touchpoint_of_page(page: Column, touchpoints: Mapping[str, Mapping[str, str]]) -> Column:
    """Touchpoint that a page stands for, null when none does."""
    pairs = [
        f"{page_code}={code}"
        for code, row in touchpoints.items()
        for page_code in filter(None, (row.get("page_codes") or "").split(";"))
    ]
    return F.try_element_at(F.str_to_map(F.lit(";".join(pairs)), F.lit(";"), F.lit("=")), page)


def derive_touchpoints(
    events: DataFrame, topics: Mapping[str, Mapping[str, str]], touchpoints: Mapping[str, Mapping[str, str]]
) -> DataFrame:
    """Digital events with search topic, and touchpoint by page or by kind where the source names none."""
    by_kind = F.when(F.col("kind_code") == "login", "mb_login").when(F.col("kind_code") == "search", "mb_search").when(
        F.col("kind_code") == "transfer_fail", "mb_transfer"
    )  # fmt: skip
    page = F.regexp_extract("page_code", r"([^/?#]+)/?(?:[?#].*)?$", 1)
    page = F.when(page != "", F.lower(page))
    return events.withColumns({
        "page_code": page,
        "touchpoint_code": F.coalesce("touchpoint_code", touchpoint_of_page(page, touchpoints), by_kind),
        "search_topic_code": search_topic(F.col("search_text"), topics),
    })  # fmt: skip


def derive_caller(calls: DataFrame, token: Token, region: str = CHINA) -> DataFrame:
    """Calls with the caller's number as a token, the verified person before the one who says so, and abandonment."""
    told = calls.withColumn("_p", normalised_phone(F.col("contact_value"), region))
    norm = F.coalesce("_p.norm", "_p.masked")
    given_up = F.col("agent_staff_id").isNull() & (F.coalesce("talk_secs", F.lit(0)) == 0)
    return told.withColumns({
        "ani_contact_token": F.when(norm.isNotNull(), contact_token(token, norm, F.col("contact_value"))),
        "is_abandoned": F.coalesce("is_abandoned", given_up),
    })  # fmt: skip


def fold_complaints(rows: DataFrame) -> DataFrame:
    """Each complaint once, though several feeds tell of it: field by field the word of the first feed that has one, by feed_rank.

    rows: entity `complaint`. Within a feed its newest row holds. It was received when the earliest of them says. `_origin` names the records
    of all feeds. Grain out: complaint_no_cmpl.
    """
    ranked = rows.withColumn("feed_rank", F.coalesce("feed_rank", F.lit(99)))
    newest = keep_newest(ranked, ["complaint_no_cmpl", "feed_rank"]).where(~F.col("_gone"))
    told = [c for c in newest.columns if c not in ("complaint_no_cmpl", "feed_rank", "received_at", "_day")]
    meta = [c for c in told if c.startswith("_") and c != "_origin"]
    origins = (
        [F.array_sort(F.flatten(F.collect_list("_origin"))).alias("_origin")] if "_origin" in told else []
    )
    first = [
        F.min_by(c, F.when(F.col(c).isNotNull(), F.col("feed_rank"))).alias(c)
        for c in told
        if c not in (*meta, "_origin")
    ]
    return newest.groupBy("complaint_no_cmpl").agg(
        *first, *[F.min_by(c, "feed_rank").alias(c) for c in meta], *origins, F.min("feed_rank").alias("feed_rank"),
        F.min("received_at").alias("received_at"), F.max("_day").alias("_day"),
    ).withColumn("business_date", F.col("_day"))  # fmt: skip


def derive_answers(answers: DataFrame) -> DataFrame:
    """Scores on 0–100 (rules: NPS, CSAT, CES). NPS on another scale than 0–10 has no score and is never rescaled."""
    low = F.regexp_extract("scale_code", r"(\d+)\D+(\d+)", 1).try_cast("int")
    high = F.regexp_extract("scale_code", r"(\d+)\D+(\d+)", 2).try_cast("int")
    told = answers.withColumns({"_low": low, "_high": high})
    raw, metric = F.col("value_raw"), F.col("metric_code")
    inside = raw.between(F.col("_low"), F.col("_high"))
    own_low = F.when(metric.isin("CSAT", "CES"), 1).when(metric == "NPS", 0)
    own_high = F.when(metric == "CSAT", 5).when(metric == "CES", 7).when(metric == "NPS", 10)
    is_own = (F.col("_low") == own_low) & (F.col("_high") == own_high)
    # CSAT 0–10: x ÷ 10 × 4 + 1; CES 1–5: (x − 1) ÷ 4 × 6 + 1. Both keep the place on the scale, so 0–100 is linear in it.
    accepted = is_own | ((metric == "CSAT") & (F.col("_low") == 0) & (F.col("_high") == 10)) | (
        (metric == "CES") & (F.col("_low") == 1) & (F.col("_high") == 5)
    )  # fmt: skip
    place = F.try_divide((raw - F.col("_low")) * F.lit(100), F.col("_high") - F.col("_low"))
    return told.withColumns({
        "value_score": F.when(accepted & inside, place).cast("decimal(9,4)"),
        "is_rescaled": F.coalesce(accepted & ~is_own, F.lit(False)),
    })  # fmt: skip


def derive_duplicates(responses: DataFrame, expiries: DataFrame) -> DataFrame:
    """Responses with `is_duplicate` (the same invitation was answered before) and `is_late`.

    responses  all of them up to the last date; expiries: invitation_id, expires_at
    """
    order = Window.partitionBy("invitation_id").orderBy("submitted_at", "_day", "_order")
    again = F.col("invitation_id").isNotNull() & (F.row_number().over(order) > 1)
    known = expiries.select("invitation_id", F.col("expires_at").alias("_expires"))
    return (
        responses.withColumn("is_duplicate", again)
        .join(known, "invitation_id", "left")
        .withColumn("is_late", F.col("submitted_at") > F.col("_expires"))
    )


def assemble_messages(
    rows: DataFrame, opt_outs: DataFrame, contacts: DataFrame, token: Token, region: str = CHINA
) -> DataFrame:
    """silver.message: sendings with their receipts, the next opt-out of the number, and the party that held it.

    rows       entity `message`: sendings have sent_at, receipts have receipt_at and status_code
    opt_outs   silver.contact_opt_out
    contacts   current belief of silver.party_contact
    """
    sends = keep_newest(rows.where(F.col("sent_at").isNotNull()), ["message_id"]).withColumn(
        "_p", normalised_phone(F.col("contact_value"), region)
    )
    sends = sends.withColumn(
        "contact_token", contact_token(token, F.coalesce("_p.norm", "_p.masked"), F.col("contact_value"))
    )
    receipts = (
        rows.where(F.col("receipt_at").isNotNull())
        .groupBy("message_id")
        .agg(
            F.max_by("status_code", F.struct("_day", "_order")).alias("_status"),
            F.min(F.when(F.col("status_code") == "delivered", F.col("receipt_at"))).alias("_delivered_at"),
            F.min("receipt_at").alias("_receipt_at"),
        )
    )
    told = sends.drop("delivered_at").join(receipts, "message_id", "left").withColumns({
        "status_code": F.coalesce("_status", "status_code", F.lit("sent")),
        "delivered_at": F.col("_delivered_at"),
        "is_receipt_before_send": F.col("_receipt_at") < F.col("sent_at"),
        "business_date": F.col("_day"),
    })  # fmt: skip
    outs = opt_outs.select("contact_token", "channel_code", F.col("opted_out_at").alias("_out"))
    told = told.join(outs, ["contact_token", "channel_code"], "left")
    # The opt-out is credited to the newest message before it.
    last = F.max("sent_at").over(
        Window.partitionBy("contact_token", "channel_code", F.col("sent_at") <= F.col("_out"))
    )
    told = told.withColumn(
        "opted_out_at",
        F.when((F.col("sent_at") <= F.col("_out")) & (F.col("sent_at") == last), F.col("_out")),
    )
    return link_holder(told, contacts)


def link_holder(messages: DataFrame, contacts: DataFrame) -> DataFrame:
    """`party_id`: who held the number on the business date, where exactly one party of the first source that knows it did.

    Sources in the order core, ecif, then by name: a number that a household shares names nobody.
    """
    rank = F.when(F.col("source_code") == "core", 0).when(F.col("source_code") == "ecif", 1).otherwise(2)
    held = contacts.where(~F.col("is_masked") & ~F.col("is_placeholder")).select(
        "contact_token", F.col("party_id").alias("_party"), F.concat(rank.cast("string"), F.col("source_code")).alias("_source"),
        F.col("valid_from").alias("_from"), F.col("valid_to").alias("_to"),
    )  # fmt: skip
    numbers = messages.select("contact_token", "business_date").distinct()
    on_day = numbers.join(held, "contact_token").where(
        (F.col("_from") <= F.col("business_date")) & (F.col("business_date") < F.col("_to"))
    )
    best = on_day.groupBy("contact_token", "business_date", "_source").agg(
        F.when(F.count_distinct("_party") == 1, F.min("_party")).alias("_party")
    )
    first = best.groupBy("contact_token", "business_date").agg(F.min_by("_party", "_source").alias("_holder"))
    return (
        messages.join(first, ["contact_token", "business_date"], "left")
        .withColumn("party_id", F.coalesce("party_id", "_holder"))
        .drop("_holder")
    )


def fold_opt_outs(rows: DataFrame, token: Token, region: str = CHINA) -> DataFrame:
    """silver.contact_opt_out: the first opt-out of a number from a channel."""
    told = rows.withColumn("_p", normalised_phone(F.col("contact_value"), region)).withColumn(
        "contact_token", contact_token(token, F.coalesce("_p.norm", "_p.masked"), F.col("contact_value"))
    )
    return (
        told.dropna(subset=["contact_token", "channel_code", "opted_out_at"])
        .groupBy("contact_token", "channel_code")
        .agg(
            F.min("opted_out_at").alias("opted_out_at"),
            F.min_by("source_code", F.struct("opted_out_at", "_day", "_order")).alias("source_code"),
            F.min_by("_origin", F.struct("opted_out_at", "_day", "_order")).alias("_origin"),
        )
    )


def since(first: date, days: int) -> date:
    """So many days before the first date of a range."""
    return first - timedelta(days=days)

"""What CRM receives: each row of the rule's table of eligibility and consent, the order of a delta, a manager's day."""

from __future__ import annotations

import random
from datetime import date, datetime

import pytest
from pyspark.sql import functions as F

from examples.crm_reader import State, apply_delta
from spark_jobs import settings
from spark_jobs.errors import ExportHeld
from spark_jobs.exports import crm, delta, worklist
from spark_jobs.jobs import export
from tests.support.tables import table

RULES = settings.rules(settings.load(), "export")
PEOPLE = (
    "customer_id string, status_code string, product_cnt bigint, relationship_date date, manager_staff_id string, is_minor boolean, "
    "is_deceased boolean, aum_30_avg_cny decimal(18,2)"
)
# One customer a line, named for the worked example of the rule it tells.
CUSTOMERS = """
full     | active  | 1 | 2020-01-01 | m1 | false | false | 1000000.00
silent   | active  | 1 | 2020-01-01 |    | false | false | 999999.99
some     | active  | 1 | 2020-01-01 | m1 | false | false | 0.00
closed   | active  | 0 | 2020-01-01 |    | false | false | 0.00
never    | active  | 0 |            |    | false | false |
managed  | active  | 0 | 2020-01-01 | m2 | false | false | 0.00
dead     | active  | 1 | 2020-01-01 |    | false | true  | 10.00
minor    | active  | 1 | 2020-01-01 |    | true  | false | 10.00
angry    | active  | 1 | 2020-01-01 |    | false | false | 10.00
doubted  | active  | 1 | 2020-01-01 | m1 | false | false | 10.00
fresh    | active  | 1 | 2020-01-01 | m1 | false | false | 10.00
merged   | retired | 1 | 2020-01-01 | m1 | false | false | 10.00
erased   | erased  | 1 | 2020-01-01 | m1 | false | false | 10.00
"""
CONSENT = (
    "customer_id string, purpose_code string, data_class_code string, channel_code string, state_code string"
)
ALL = ["full", "closed", "managed", "dead", "minor", "angry", "doubted", "fresh"]
GRANTS = "\n".join(
    f"{who} | {purpose} | {data} | any | granted"
    for who in ALL
    for purpose, data in (
        ("care", "contact"),
        ("recommendation", "contact"),
        ("recommendation", "transaction"),
    )
)
# care by the managers' channel, recommendation refused there although all channels were granted once
GRANTS += """
some | care           | contact | crm | granted
some | recommendation | contact | any | granted
some | recommendation | contact | crm | withdrawn
"""


class Plain:
    """Tokens one can read."""

    def column(self, kind, *parts):
        return F.concat_ws("/", F.lit(kind), *[part.cast("string") for part in parts])


def layers(spark):
    def one(schema: str, text: str):
        return table(spark, schema, text)

    everybody = [line.split("|")[0].strip() for line in CUSTOMERS.strip().splitlines()]
    return crm.Layers(
        golden=one("customer_id string, name string, mobile_norm string", "\n".join(f"{c} | name of {c} | +86154" for c in everybody)),
        grants=crm.summarise_grants(one(CONSENT, GRANTS), RULES["consents"]),
        numbers=one("customer_id string, customer_no_crm string, party_no_ecif string", "full | R1 | E1"),
        complaints=one("customer_id string, complaint_open_cnt bigint", "angry | 1\n full | 0"),
        scores=one("customer_id string, band_code string, reason_codes array<string>", '\n'.join(f'{c} | N | ["no_model"]' for c in everybody)),
        preferences=one("customer_id string, preferred_channel_code string", "full | phone"),
        staff=one("manager_staff_id string, manager_staff_no string, team_code string", "m1 | RM1 | T1\n m2 | RM2 | T1"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def judged(spark):
    from spark_jobs.jobs.export_inputs import CONCLUSIONS
    from spark_jobs.profile.a_person import complete_columns

    people = complete_columns(
        table(spark, PEOPLE, CUSTOMERS), {**CONCLUSIONS, "sex_code": "string", "age_band_code": "string"}
    )
    doubtful = table(spark, "customer_id string", "doubted\n fresh\n closed")
    return crm.judge_eligibility(people, doubtful).localCheckpoint()


@pytest.fixture(scope="module")
def rows(spark, judged):
    wanted = judged.where(F.col("eligibility_code").isin("eligible", "in_doubt"))
    return crm.assemble_rows(wanted, layers(spark), Plain(), RULES).localCheckpoint()


def test_the_first_condition_that_fails_decides(judged):
    told = {row["customer_id"]: row["eligibility_code"] for row in judged.collect()}

    assert told == {
        "full": "eligible", "silent": "eligible", "some": "eligible", "managed": "eligible", "dead": "eligible", "minor": "eligible",
        "angry": "eligible", "doubted": "in_doubt", "fresh": "in_doubt", "closed": "closed", "never": "out_of_scope",
        "merged": "retired", "erased": "erased",
    }  # fmt: skip


def test_each_field_is_there_where_consent_and_guards_leave_it_and_else_says_why(rows):
    told = {
        r["customer_id"]: (
            r["export_name"] is not None, r["export_mobile"] is not None, r["can_sell"], r["can_care"], r["churn_band_code"],
            r["aum_band_code"], str(r["aum_exact_cny"]) if r["aum_exact_cny"] is not None else None, tuple(r["withheld_codes"]),
        )
        for r in rows.collect()
    }  # fmt: skip

    alone = "aum_exact:no_manager"
    assert told["full"] == (True, True, True, True, "N", "<5M", "1000000.00", ())
    assert told["silent"] == (
        False, False, False, False, None, "<1M", None,
        (alone, "care:consent", "churn:consent", "contact:consent", "sell:consent"),
    )  # fmt: skip
    # care is enough for name and mobile, not for an offer; an amount of nought is a band of its own
    assert told["some"] == (
        True,
        True,
        False,
        True,
        None,
        "0",
        "0.00",
        ("churn:consent", "sell:consent"),
    )
    assert told["dead"] == (
        True, True, False, False, "N", "<10k", None, (alone, "care:deceased", "sell:deceased")
    )  # fmt: skip
    assert told["minor"] == (True, True, False, True, "N", "<10k", None, (alone, "sell:minor"))
    assert told["angry"] == (True, True, False, True, "N", "<10k", None, (alone, "sell:open_complaint"))
    assert told["managed"] == (True, True, True, True, "N", "0", "0.00", ())


def test_the_dead_are_not_to_be_contacted_for_ever_and_an_open_complaint_shows(rows):
    told = {r["customer_id"]: (r["do_not_contact_until"], r["has_open_complaint"]) for r in rows.collect()}

    assert told["dead"][0].year == 9999
    assert [told[who] for who in ("full", "angry")] == [(None, False), (None, True)]


def test_who_is_in_doubt_keeps_the_row_crm_has_and_loses_only_what_is_no_longer_allowed(spark, rows):
    given = rows.where("customer_id in ('full', 'doubted')").withColumn("tier_code", F.lit("GOLD"))
    now = rows.where("customer_id in ('doubted', 'fresh', 'full')")

    kept = {r["customer_id"]: r for r in crm.keep_last_exported(now, given).collect()}

    assert set(kept) == {"full", "doubted"}, "one that CRM never had waits"
    assert (kept["doubted"]["tier_code"], kept["doubted"]["export_basis_code"]) == ("GOLD", "kept")
    assert (kept["full"]["tier_code"], kept["full"]["export_basis_code"]) == (None, "current")
    withdrawn = now.withColumn("withheld_codes", F.array(F.lit("contact:consent"), F.lit("sell:consent")))
    [row] = crm.keep_last_exported(withdrawn, given).where("customer_id = 'doubted'").collect()
    assert (row["export_name"], row["can_sell"], row["can_care"], row["tier_code"]) == (
        None,
        False,
        True,
        "GOLD",
    )
    assert row["withheld_codes"] == ["contact:consent", "sell:consent"]


def test_a_row_that_says_the_same_has_the_same_hash_and_what_is_withheld_is_part_of_it(rows):
    once = crm.keep_last_exported(rows, rows.where("false").withColumn("export_basis_code", F.lit("current")))
    hashed = crm.hash_rows(once, Plain())
    other = crm.hash_rows(once.withColumn("withheld_codes", F.array(F.lit("x"))), Plain())

    one = {r["customer_id"]: r["row_hash"] for r in hashed.collect()}
    assert one == {r["customer_id"]: r["row_hash"] for r in crm.hash_rows(once, Plain()).collect()}
    assert not set(one.values()) & {r["row_hash"] for r in other.collect()}


STATE = "crm_customer_token string, row_hash string"
LEADS = "crm_customer_token string, to_crm_customer_token string"
MOVES = LEADS + ", moved_parties array<string>"
WHY = "crm_customer_token string, op_reason_code string"


@pytest.mark.parametrize(
    ("base", "now", "retired", "moves", "why", "told"),
    [
        ("a|1\nb|1", "a|2", "b|a", "", "", [("merge", "b", "a", None), ("upsert", "a", None, None)]),
        ("a|2", "a|1\nb|1", "", 'a|b|["E2"]', "", [("split", "a", "b", None), ("upsert", "a", None, None), ("upsert", "b", None, None)]),
        ("a|1\nb|1", "a|1", "", "", "b|erased", [("erase", "b", None, None)]),
        ("a|1", "", "", "", "a|closed", [("delete", "a", None, "closed")]),
        ("", "c|1", "", "", "", [("upsert", "c", None, None)]),
        # absorbed by somebody whom CRM may not know; gone without a reason of its own
        ("a|1\nz|1", "", "a|b", "", "", [("delete", "a", None, "ineligible"), ("delete", "z", None, "out_of_scope")]),
        # absorbed and erased on one day: erase, whatever else is true
        ("a|1\nb|1", "a|1", "b|a", "", "b|erased", [("erase", "b", None, None)]),
    ],
)  # fmt: skip
def test_a_delta_says_what_happened_in_the_order_in_which_it_is_applied(
    spark, base, now, retired, moves, why, told
):
    changes = delta.derive_changes(
        table(spark, STATE, base), table(spark, STATE, now), table(spark, LEADS, retired), table(spark, MOVES, moves),
        table(spark, WHY, why),
    )  # fmt: skip

    found = changes.orderBy("seq_no").collect()
    columns = ("op_code", "crm_customer_token", "to_crm_customer_token", "op_reason_code")
    assert [tuple(row[c] for c in columns) for row in found] == told
    assert [row["seq_no"] for row in found] == list(range(1, len(told) + 1))


def test_whoever_applies_a_delta_to_its_base_has_the_state_whatever_happened_between(spark):
    """Two hundred random pairs of states in one plan; customers come, change, leave, merge, part, are erased and come back."""
    chance = random.Random(20260930)
    bases, nows, retired, moves, why = [], [], [], [], []
    for n in range(200):
        people = [f"{n:03d}/{each}" for each in "abcdefgh"]
        base = {p: str(chance.randint(1, 2)) for p in people if chance.random() < 0.6}
        now = {p: str(chance.randint(1, 2)) for p in people if chance.random() < 0.6}
        bases += base.items()
        nows += now.items()
        for gone in set(people) - set(now):
            if chance.random() < 0.5:
                retired.append((gone, chance.choice(people)))
            if chance.random() < 0.3:
                why.append((gone, chance.choice(["closed", "erased"])))
        for left in people:
            if chance.random() < 0.2:
                moves.append((left, chance.choice([p for p in people if p != left]), ["E1"]))
    frames = [
        spark.createDataFrame(rows, schema)
        for rows, schema in ((bases, STATE), (nows, STATE), (retired, LEADS), (moves, MOVES), (why, WHY))
    ]

    found = [row.asDict() for row in delta.derive_changes(*frames).orderBy("seq_no").collect()]

    assert {row["op_code"] for row in found} == set(delta.OPERATIONS)
    told: dict[str, list[dict]] = {f"{n:03d}": [] for n in range(200)}
    for row in found:
        told[row["crm_customer_token"][:3]].append(row)
    for n, operations in told.items():
        held = State({p: {"crm_customer_token": p, "row_hash": h} for p, h in bases if p.startswith(n)})
        after = apply_delta(held, operations)
        assert {p: row["row_hash"] for p, row in after.rows.items()} == {
            p: h for p, h in nows if p.startswith(n)
        }
        order = [delta.OPERATIONS.index(row["op_code"]) for row in operations]
        assert order == sorted(order)
        changed = [row["crm_customer_token"] for row in operations if row["op_code"] != "split"]
        assert len(changed) == len(set(changed)), "one operation a row"
        assert all(
            row["to_crm_customer_token"] in after.rows
            for row in operations
            if row["op_code"] in ("merge", "split")
        )


def test_parties_that_came_back_did_not_move_and_those_that_moved_twice_are_where_they_are(spark):
    left = table(spark, "customer_id string, party_id string", "a | p\n a | q\n a | r\n a | s")
    owners = table(
        spark, "party_id string, owner_id string, party_no_ecif string", "p | a | E1\n q | b | E2\n r | c |\n s | b | E4"
    )  # fmt: skip

    moves = {r["to_customer_id"]: r["moved_parties"] for r in delta.keep_moves(left, owners).collect()}

    assert moves == {"b": ["E2", "E4"], "c": []}


TASK = (
    "rule_hit_id string, rule_code string, manager_staff_no string, customer_id string, purpose_code string, priority_code string, "
    "due_at timestamp, not_before_at timestamp, reason_codes array<string>, aum_30_avg_cny decimal(18,2), withheld_codes array<string>, "
    "trigger string"
)
# Wednesday 30 September; Thursday 1 October begins a holiday that ends on the 8th (working again).
NEXT = datetime(2026, 10, 8, 0, 30)


def day(is_working: bool = True, capacity: int = 20) -> worklist.Day:
    start = datetime(2026, 9, 30, 0, 30) if is_working else NEXT
    return worklist.Day(date(2026, 9, 30), is_working, start, NEXT, capacity, "Asia/Shanghai")


def ranked(spark, text: str, today: worklist.Day, waiting: str = ""):
    tasks = worklist.open_tasks(
        table(spark, TASK, text), table(spark, "rule_hit_id string, _waits_until timestamp", waiting)
    )
    rows = worklist.rank_tasks(tasks, today).collect()
    return {
        r["rule_hit_id"]: (r["rank_no"], r["outcome_code"], tuple(r["reason_codes"]), r["not_before_at"]) for r in rows
    }  # fmt: skip


def test_23_tasks_of_one_manager_give_the_urgent_one_and_19_others_today(spark):
    lines = [
        f"h{n:02d} | A03 | RM1 | c{n:02d} | sale | 2 | 2026-10-01 | | [] | {n} | [] | {{}}" for n in range(22)
    ]
    lines += ["last | A01 | RM1 | zz | care | 1 | 2026-12-31 | | [] | 0 | [] | {}"]

    told = ranked(spark, "\n".join(lines), day())

    sent = sorted((rank, hit) for hit, (rank, outcome, _, _) in told.items() if outcome == "sent")
    # priority 1 first, then the larger assets; three wait until work begins on the next working day
    assert [hit for _, hit in sent] == ["last", *[f"h{n:02d}" for n in range(21, 2, -1)]]
    assert {told[f"h{n:02d}"][1:] for n in range(3)} == {("queued", ("capacity",), NEXT)}


def test_an_urgent_task_is_for_today_even_beyond_the_capacity_and_on_a_holiday(spark):
    urgent = "\n".join(
        f"u{n} | A01 | RM1 | c{n} | care | 1 | 2026-10-01 | | [] | 0 | [] | {{}}" for n in range(3)
    )
    plain = "\nx | A03 | RM1 | d | sale | 2 | 2026-10-01 | | [] | 0 | [] | {}"

    assert [told[1] for _, told in sorted(ranked(spark, urgent + plain, day(capacity=2)).items())] == [
        "sent", "sent", "sent", "queued",
    ]  # fmt: skip
    holiday = ranked(spark, urgent + plain, day(is_working=False))
    assert [told[1] for _, told in sorted(holiday.items())] == ["sent", "sent", "sent", "queued"]
    assert holiday["x"][2:] == (("not_working",), NEXT)


def test_what_waited_is_ranked_with_the_new_unless_the_customer_no_longer_allows_it(spark):
    text = """
        old     | A03 | RM1 | a | sale | 2 | 2026-09-29 |                     | []            | 0 | []               | {}
        later   | A09 | RM1 | b | care | 3 | 2026-10-09 | 2026-10-08 00:30:00 | ["scheduled"] | 0 | []               | {}
        refused | A03 | RM1 | c | sale | 2 | 2026-09-29 |                     | []            | 0 | ["sell:consent"] | {}
        new     | A03 | RM1 | c | sale | 2 | 2026-09-28 |                     | []            | 0 | ["sell:consent"] | {}
    """
    waiting = "old | 2026-09-30 00:30:00\n refused | 2026-09-30 00:30:00"

    told = ranked(spark, text, day(), waiting)

    # the guards have just spoken of a new hit; what they said of an old one may have changed since
    assert told == {
        "new": (1, "sent", (), None), "old": (2, "sent", (), None),
        "later": (3, "queued", ("scheduled",), datetime(2026, 10, 8, 0, 30)), "refused": (None, "suppressed", ("consent",), None),
    }  # fmt: skip


def test_managers_read_why_in_their_own_words_and_no_product_where_money_left(spark):
    text = """
        a | A01 | RM1 | a | care | 1 | 2026-09-30 | | [] | 0 | [] | {"outflow_cny": 270000.00, "aum_before_cny": 600000.00}
        b | A03 | RM1 | b | sale | 2 | 2026-09-30 | | [] | 0 | [] | {"matures_date": "2026-10-10", "market_value_cny": 5.00}
        c | Z99 | RM1 | c | sale | 2 | 2026-09-30 | | [] | 0 | [] | {}
    """
    rules = settings.rules(settings.load(), "worklist")
    tasks = worklist.rank_tasks(
        worklist.open_tasks(table(spark, TASK, text), table(spark, "rule_hit_id string, _waits_until timestamp", "")), day(capacity=2)
    )  # fmt: skip

    told = {
        r["rule_code"]: (r["reason_text"], r["waiting_text"])
        for r in worklist.write_reasons(tasks, rules).collect()
    }

    assert told["A01"] == ("近日有较大金额资金转出，请致电了解近况并致以关怀，本次不作任何推介。", None)
    assert told["A03"][0] == "持有资产将于 2026-10-10 到期，请提前了解客户打算。"
    assert told["Z99"] == ("请按规则要求跟进客户。", "当日任务已满，顺延至下一工作日。")


@pytest.mark.parametrize(
    ("change", "broken"),
    [({}, None), ({"export_name": "x"}, "no_contact_without_consent"), ({"can_sell": "true"}, "permission_and_reason_agree"),
     ({"aum_exact_cny": "1"}, "exact_money_only_with_a_manager")],
)  # fmt: skip
def test_a_row_that_says_more_than_its_reasons_allow_stops_the_whole_export(spark, lake, change, broken):
    row = {
        "export_name": None, "export_mobile": None, "can_sell": "false", "can_care": "true", "aum_exact_cny": None,
        "withheld_codes": '["aum_exact:no_manager","contact:consent","sell:consent"]',
    } | change  # fmt: skip
    schema = "export_name string, export_mobile string, can_sell boolean, can_care boolean, aum_exact_cny decimal(18,2), withheld_codes array<string>"
    rows = table(
        spark,
        schema,
        " | ".join(
            row[c] or ""
            for c in (
                "export_name",
                "export_mobile",
                "can_sell",
                "can_care",
                "aum_exact_cny",
                "withheld_codes",
            )
        ),
    )

    if broken is None:
        export.refuse_broken(lake, export.FULL, rows)
    else:
        with pytest.raises(ExportHeld, match=broken):
            export.refuse_broken(lake, export.FULL, rows)

"""A small bank drawn by hand, each story in a few rows, as silver: for tests of who is who."""

from __future__ import annotations

from datetime import date

from pyspark.sql import functions as F

from spark_jobs.dates import DateRange
from tests.support.tables import table

DATES = DateRange(date(2026, 9, 1), date(2026, 9, 30))
PARTY = "party_id string, name string, birth_date date, birth_date_quality_code string, sex_code string, name_latin string, valid_from date"
NUMBER = "party_id string, id_kind_code string, id_token string, id_class_code string, checksum_state_code string, valid_from date"
PHONE = "party_id string, contact_norm string, valid_from date, valid_to date"

# The part of a party id before the dot is its source, the part behind it the person it really is.
PEOPLE = """
core.wang      | 王敏     | 1980-01-01 | agrees  | F | | 2026-09-01
wealth.wang    | 王敏     |            |         |   | | 2026-09-01
ecif.wang      | 王敏     | 1980-01-01 | agrees  | F | | 2026-09-01
mbank.wang     |          |            |         |   | | 2016-03-03
crm.wang       |          |            |         |   | | 2026-09-01
call.wang      | 王敏     |            |         |   | | 2026-09-20
card.wang      | 王*      | 1980-01-01 | month_only | F | WANG MIN | 2026-09-01
core.twin1     | 李一     | 1990-05-05 | agrees  | M | | 2026-09-01
core.twin2     | 李二     | 1990-05-05 | agrees  | M | | 2026-09-01
core.siba      | 钱思源   | 1990-03-07 | agrees  | M | | 2026-09-01
core.sibb      | 钱思远   | 1992-03-07 | agrees  | M | | 2026-09-01
ecif.siba      | 钱思源   | 1990-03-07 | agrees  | M | | 2026-09-01
core.father    | 赵伟     | 1970-02-02 | agrees  | M | | 2026-09-01
core.son       | 赵炜     | 2000-02-02 | declared | M | | 2026-09-01
ecif.son       | 赵炜     | 2000-02-02 | declared | M | | 2026-09-01
core.old       | 周平     | 1960-06-06 | declared | M | | 2026-09-01
ecif.new       | 周平     |            |         | M | | 2026-09-01
core.typo      | 孙丽     | 1985-07-07 | declared | F | | 2026-09-01
loan.typo      | 孙丽     | 1985-07-07 | declared | F | | 2026-09-05
core.cheung    | 張偉     | 1975-08-08 | declared | M | | 2026-09-01
wealth.cheung  | ZHANG WEI | 1975-08-08 | declared | M | | 2026-09-01
loan.lost      | 王敏     | 1981-11-11 | declared | F | | 2026-09-02
core.same1     | 陈杰     | 1966-01-01 | agrees  | M | | 2026-09-01
core.same2     | 陈杰     | 1977-01-01 | agrees  | M | | 2026-09-01
cmpl.nobody    | 陈杰     |            |         |   | | 2026-09-10
call.typo      | 孙?      |            |         |   | | 2026-09-20
call.twin      | 李?      |            |         |   | | 2026-09-20
"""
COLLEAGUES = "\n".join(
    f"core.staff{n:02d} | 员工{chr(0x4E00 + n)} | 1990-01-{1 + n:02d} | declared | | | 2026-09-01"
    for n in range(14)
)
NUMBERS = """
core.wang      | 01           | id-wang  | strong | valid   | 2026-09-01
wealth.wang    | 01           | id-wang  | strong | valid   | 2026-09-01
core.wang      | cust_no_core | C1       | strong | none    | 2026-09-01
ecif.wang      | cust_no_core | C1       | medium | none    | 2026-09-01
ecif.wang      | ecif_no      | E1       | strong | none    | 2026-09-01
crm.wang       | ecif_no      | E1       | strong | none    | 2026-09-01
mbank.wang     | cust_no_core | C1       | strong | none    | 2016-03-03
core.twin1     | 01           | id-t1    | strong | valid   | 2026-09-01
core.twin2     | 01           | id-t2    | strong | valid   | 2026-09-01
core.siba      | 01           | id-sa    | strong | valid   | 2026-09-01
core.sibb      | 01           | sb-7731  | strong | valid   | 2026-09-01
ecif.siba      | 01           | id-sa    | strong | valid   | 2026-09-01
ecif.siba      | 01           | sb-7731  | strong | valid   | 2026-09-22
core.father    | 01           | id-f     | strong | valid   | 2026-09-01
core.son       | 03           | id-f     | medium | valid   | 2026-09-01
core.son       | cust_no_core | C8       | strong | none    | 2026-09-01
ecif.son       | 03           | id-f     | medium | valid   | 2026-09-01
ecif.son       | cust_no_core | C8       | medium | none    | 2026-09-01
core.typo      | 01           | id-typo  | blocked | invalid | 2026-09-01
loan.typo      | 01           | id-ok    | strong | valid   | 2026-09-05
core.cheung    | 06           | id-hk    | medium | none    | 2026-09-01
wealth.cheung  | 06           | id-hk    | medium | none    | 2026-09-01
loan.lost      | 01           | id-lost  | strong | valid   | 2026-09-02
loan.lost      | cust_no_core | C1       | strong | none    | 2026-09-02
core.same1     | 01           | id-s1    | strong | valid   | 2026-09-01
core.same2     | 01           | id-s2    | strong | valid   | 2026-09-01
"""
PHONES = """
core.wang   | +8615400000001 | 2026-09-01 | 9999-12-31
call.wang   | +8615400000001 | 2026-09-20 | 9999-12-31
card.wang   | 154****0001    | 2026-09-01 | 9999-12-31
core.twin1  | +8615400000002 | 2026-09-01 | 9999-12-31
core.twin2  | +8615400000002 | 2026-09-01 | 9999-12-31
core.father | +8615400000003 | 2026-09-01 | 9999-12-31
core.son    | +8615400000003 | 2026-09-01 | 9999-12-31
core.old    | +8615400000004 | 2016-01-01 | 2026-04-30
ecif.new    | +8615400000004 | 2026-08-10 | 9999-12-31
core.typo   | +8615400000005 | 2026-09-01 | 9999-12-31
loan.typo   | +8615400000005 | 2026-09-05 | 9999-12-31
core.same1  | +8615400000006 | 2026-09-01 | 9999-12-31
core.same2  | +8615400000006 | 2026-09-01 | 9999-12-31
cmpl.nobody | +8615400000006 | 2026-09-10 | 9999-12-31
call.typo   | +8615400000005 | 2026-09-20 | 9999-12-31
call.twin   | +8615400000002 | 2026-09-20 | 9999-12-31
""" + "\n".join(f"core.staff{n:02d} | +8657112345678 | 2026-09-01 | 9999-12-31" for n in range(14))


def stocked(lake, spark, people="", phones="", numbers=""):
    """The drawn bank as silver, and more people, phones and numbers of theirs."""

    def shaped(frame, of, **more):
        wide = frame.withColumn("source_code", F.split("party_id", r"\.")[0])
        for column, value in more.items():
            wide = wide.withColumn(column, value)
        for column in lake.contracts.table(of).columns:
            if column not in wide.columns:
                wide = wide.withColumn(column, F.lit(None))
        lake.publish(of, wide)

    forever = F.lit("9999-12-31").cast("date")
    masked = F.col("name").contains("*")
    drawn = table(spark, PARTY, f"{PEOPLE}{COLLEAGUES}\n{people}")
    shaped(
        drawn, "silver.party_hist", party_no_source=F.col("party_id"), party_kind_code=F.lit("person"), valid_to=forever,
        name_quality_code=F.when(masked, "masked").when(F.col("name").contains("?"), "damaged").when(F.col("name").rlike("[A-Z]"), "latin").when(F.col("name").isNotNull(), "full"),
        is_masked=F.coalesce(masked, F.lit(False)),
    )  # fmt: skip
    given = table(spark, NUMBER, f"{NUMBERS}\n{numbers}")
    shaped(given, "silver.party_identifier", valid_to=forever, id_value_norm=F.col("id_token"))
    called = table(spark, PHONE, f"{PHONES}\n{phones}")
    hidden = F.col("contact_norm").contains("*")
    shaped(
        called, "silver.party_contact", contact_kind_code=F.lit("mobile"), contact_token=F.col("contact_norm"), is_masked=hidden,
        is_placeholder=F.lit(False),
    )  # fmt: skip


def decide(lake, spark, told):
    """Accepted decisions of stewards."""
    rows = table(
        spark, "decision_id string, steward_decision_code string, parties string, decision_subject string, decided_on_date date, decided_at timestamp_ntz",
        told,
    )  # fmt: skip
    wide = rows.withColumn("party_ids", F.split("parties", ",")).withColumn("decision_state_code", F.lit("accepted"))  # fmt: skip
    for column in lake.contracts.table("ops.steward_decision").columns:
        if column not in wide.columns:
            wide = wide.withColumn(column, F.lit(None))
    lake.publish("ops.steward_decision", wide)

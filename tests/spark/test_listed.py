"""Lists of persons by certificate say of a customer what they say of that certificate, on the days on which they do."""

import pytest

from spark_jobs.profile.listed import flag_listed, keep_certificates
from spark_jobs.silver.party import fold_lists
from tests.support.tables import table
from tests.support.whois import resident

DAY = "business_date date"


@pytest.mark.requirement("R-ING-17")
def test_who_is_listed_who_is_not_and_of_whom_it_is_not_known(spark):
    memberships = table(spark, f"party_id string, customer_id string, {DAY}", """
        core  | both   | 2026-09-21
        card  | both   | 2026-09-21
        plain | plain  | 2026-09-21
        plain | plain  | 2026-09-22
        wm    | nobody | 2026-09-21
        plain | plain  | 2026-09-20
    """)  # fmt: skip
    shown = table(spark, f"party_id string, id_token string, {DAY}", """
        core  | listed | 2026-09-21
        card  | second | 2026-09-21
        plain | other  | 2026-09-20
        plain | other  | 2026-09-21
        plain | other  | 2026-09-22
    """)  # fmt: skip
    entries = table(spark, f"id_token string, {DAY}", """
        listed | 2026-09-21
        listed | 2026-09-21
        third  | 2026-09-21
        other  | 2026-09-22
    """)  # fmt: skip

    told = {
        (r["customer_id"], str(r["business_date"])): r["is_staff"]
        for r in flag_listed(memberships, shown, entries, "is_staff").collect()
    }

    # Nothing of `nobody`, who showed no certificate, and nothing of the 20th, for which no list came.
    assert told == {
        ("both", "2026-09-21"): True,
        ("plain", "2026-09-21"): False,
        ("plain", "2026-09-22"): True,
    }


def test_only_a_certificate_that_names_one_person_says_anything(spark):
    shown = table(spark, "party_id string, id_kind_code string, id_class_code string, checksum_state_code string", """
        kept      | 01          | strong  | valid
        ecif      | ecif_no     | strong  | none
        blocked   | 01          | blocked | invalid
        household | 05          | strong  | valid
    """)  # fmt: skip

    assert [r["party_id"] for r in keep_certificates(shown, ["01", "02", "08"]).collect()] == ["kept"]


def test_an_entry_counts_under_the_certificate_s_own_token_and_not_without_a_valid_one(spark, make_lake):
    cert = resident("33980119900101001")
    broken = cert[:17] + ("0" if cert[17] != "0" else "1")
    meta = (
        "_day date, _line bigint, _record string, _order string, _gone boolean, _until date, _feed string, _stub boolean, "
        "_valid_from date, _valid_to date, _origin array<struct<file_id:string,line_no:bigint>>"
    )
    rows = table(spark, f"list_code string, list_entry_id string, source_code string, id_kind_code string, id_value string, id_token string, {meta}", f"""
        staff | e1 | hrorg | 01 | {cert}   | | 2026-09-21 | 1 | r1 | 1 | false | | f | false | 2018-01-01 | 9999-12-31 | []
        staff | e2 | hrorg | 01 | {broken} | | 2026-09-21 | 2 | r2 | 2 | false | | f | false | 2018-01-01 | 9999-12-31 | []
        staff | e3 | hrorg | 01 |          | | 2026-09-21 | 3 | r3 | 3 | false | | f | false | 2018-01-01 | 9999-12-31 | []
    """)  # fmt: skip
    lake = make_lake()

    (kept,) = fold_lists(rows, lake.token).collect()

    # As silver.party_identifier has it: kinds 01, 02, 03 and 08 share one space of numbers.
    assert (kept["list_entry_id"], str(kept["valid_from"])) == ("e1", "2018-01-01")
    assert kept["id_token"] == lake.tokens.value("id", "resident", cert)

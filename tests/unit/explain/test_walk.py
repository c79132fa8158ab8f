"""One value back to the bytes: a lake of two accounts, one of them joint, and the package their balances came in."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from rich.console import Console

from spark_jobs import settings as settings_module
from spark_jobs.errors import OxpeckerError
from spark_jobs.explain import show, walk
from spark_jobs.explain.places import inner_file

DAY = date(2026, 9, 30)
OPEN = (
    date(2026, 9, 1),
    date(9999, 12, 31),
    datetime(2026, 9, 1, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
)
HISTORY = ("valid_from", "valid_to", "known_from", "known_to")
# Two records of a file whose numbers and names must never come out again, behind a header.
SECRET = "6222021234567890"
LINES = [
    b"acct|owner|balance",
    f"{SECRET}|王小明|700.00".encode("gb18030"),
    f"{SECRET[::-1]}|李红|61.00".encode("gb18030"),
]
FILE = b"\n".join(LINES) + b"\n"
ORIGIN = pa.list_(pa.struct([("file_id", pa.string()), ("line_no", pa.int64())]))
CENT = pa.decimal128(18, 2)


def offset(line: int) -> int:
    """Where the n-th record begins: after the header and the records before it, with their line ends."""
    return sum(len(each) + 1 for each in LINES[:line])


def write(settings, table, rows, columns, **types):
    """One Delta table of rows written in the order of `columns`; types: of columns that Arrow cannot guess."""
    arrays = {
        name: pa.array([row[n] for row in rows], types.get(name)) for n, name in enumerate(columns.split())
    }
    write_deltalake(str(settings.warehouse / table.replace(".", "/")), pa.table(arrays), mode="append")


@pytest.fixture
def bank(tmp_path):
    """Customer `wang` is party `p`, who holds account `a` alone (700.00) and half of `b` (61.00)."""
    settings = settings_module.load(home=tmp_path / "home", landing=tmp_path / "landing", prefix="")
    folder = settings.landing / "CORE" / "20260930"
    folder.mkdir(parents=True)
    with tarfile.open(folder / "CORE_01_20260930.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("BAL_20260930.txt")
        member.size = len(FILE)
        archive.addfile(member, io.BytesIO(FILE))
    write(settings, "profile.customer_daily", [("wang", DAY, Decimal("730.50"), Decimal("730.50"), "F")],
          "customer_id business_date aum_cny deposit_cny sex_code", aum_cny=CENT, deposit_cny=CENT)  # fmt: skip
    write(settings, "identity.party_customer", [("p", "wang", "core_number", 0.999, *OPEN)],
          "party_id customer_id link_reason_code confidence_ratio " + " ".join(HISTORY))  # fmt: skip
    shares = [
        ("a", "wang", DAY, "deposit", Decimal(700), Decimal(700), True),
        ("b", "wang", DAY, "deposit", Decimal("30.50"), Decimal(61), True),
    ]
    write(settings, "profile.o_account_daily", shares,
          "agreement_id customer_id business_date product_kind_code balance_cny gross_balance_cny is_in_aum",
          balance_cny=CENT, gross_balance_cny=CENT)  # fmt: skip
    held = [
        ("a", "p", "holder", 1, None, [], *OPEN),
        ("b", "p", "holder", 1, None, [], *OPEN),
        ("b", "q", "joint_holder", 2, None, [], *OPEN),
    ]
    write(settings, "silver.party_agreement", held, "agreement_id party_id role_code holder_rank share_ratio _origin " + " ".join(HISTORY),
          _origin=ORIGIN, share_ratio=pa.decimal128(9, 6))  # fmt: skip
    balances = [
        (a, DAY, Decimal(amount), "CNY", False, [{"file_id": "f1", "line_no": n}])
        for a, amount, n in (("a", 700, 1), ("b", 61, 2))
    ]
    write(settings, "silver.deposit_daily", balances, "agreement_id business_date balance_amt balance_ccy is_carried _origin",
          _origin=ORIGIN, balance_amt=CENT)  # fmt: skip
    records = [
        ("f1", n, offset(n), len(LINES[n]), hashlib.blake2b(LINES[n], digest_size=12).hexdigest())
        for n in (1, 2)
    ]
    write(settings, "bronze.core__acct_bal", records, "_file_id _line_no _byte_offset _byte_len _row_hash")
    write(settings, "ops.delivery_file", [("f1", "core__acct_bal", DAY, "CORE_01_20260930.tar.gz", "BAL_20260930.txt", 1, "x", "loaded", 2, 2)],
          "file_id feed_code business_date package_name file_name sequence_no sha256 state_code rows_declared rows_found")  # fmt: skip
    write(
        settings,
        "ops.control_check",
        [("f1", "row_count", "pass"), ("f1", "sum:bal", "pass")],
        "file_id check_code verdict_code",
    )
    write(settings, "identity.customer", [("wang", "active", None), ("old", "retired", "wang")],
          "customer_id status_code retired_into_customer_id", retired_into_customer_id=pa.string())  # fmt: skip
    write(settings, "ops.stage_commit", [("silver.deposit_daily", 0, datetime(2026, 9, 30, 22, tzinfo=UTC))],
          "table_name delta_version_after started_at")  # fmt: skip
    table = {
        "version": 0,
        "path": str(settings.warehouse / "profile/customer_daily"),
        "physical": "profile.customer_daily",
    }
    settings.current_release.write_text(json.dumps({
        "release_id": "r1", "business_date": str(DAY), "run_id": "x", "rules_version": "x", "code_version": "x",
        "published_at": "2026-09-30T22:30:00Z", "tables": {"profile.customer_daily": table},
    }))  # fmt: skip
    return settings


def balances_of(told):
    """(amount, record) of each balance the value rests on."""
    [step] = [s for s in told.steps if s.table == "silver.deposit_daily"]
    return [(row.values["balance_amt"], row.records[0]) for row in step.rows]


def test_the_bytes_named_hold_the_record(bank):
    told = walk.explain(bank, "wang", "deposit_cny")

    for (amount, record), line in zip(balances_of(told), (1, 2), strict=True):
        content = inner_file(bank.landing, record.file.package, record.file.name)
        cut = content[record.byte_offset : record.byte_offset + record.byte_len]
        assert cut == LINES[line]
        assert Decimal(cut.decode("gb18030").split("|")[2]) == amount
        assert record.bytes_are == "same"


def test_the_parts_of_a_joint_account_add_up_to_the_value(bank):
    told = walk.explain(bank, "wang", "aum_cny")

    assert told.value == Decimal("730.50")
    assert told.adds_up is True


def test_a_value_that_its_parts_do_not_give_is_told(bank):
    write_deltalake(
        str(bank.warehouse / "profile/o_account_daily"),
        pa.table({"agreement_id": ["c"], "customer_id": ["wang"], "business_date": [DAY], "product_kind_code": ["deposit"],
                  "balance_cny": pa.array([Decimal(5)], CENT), "gross_balance_cny": pa.array([Decimal(5)], CENT), "is_in_aum": [True]}),
        mode="append",
    )  # fmt: skip

    assert walk.explain(bank, "wang", "aum_cny").adds_up is False


def test_nothing_that_identifies_comes_out(bank):
    told = walk.explain(bank, "wang", "aum_cny")
    shown = io.StringIO()
    Console(file=shown, width=200).print(show.tree(told))

    for text in (shown.getvalue(), json.dumps(show.as_json(told), ensure_ascii=False)):
        assert SECRET not in text
        assert "王小明" not in text
        assert "BAL_20260930.txt" in text


def test_the_rule_its_parameters_and_the_control_totals_are_named(bank):
    told = walk.explain(bank, "wang", "outflow_cny")
    deposit = walk.explain(bank, "wang", "deposit_cny")

    flows = told.parameters["conf/rules/aum.yml"]
    assert flows["flow_of"]["transfer_out_other_bank"] in flows["outflow"]
    assert balances_of(deposit)[0][1].file.checks == {"row_count": "pass", "sum:bal": "pass"}


def test_a_file_that_changed_since_is_told(bank):
    package = bank.landing / "CORE" / "20260930" / "CORE_01_20260930.tar.gz"
    with tarfile.open(package, "w:gz") as archive:
        member = tarfile.TarInfo("BAL_20260930.txt")
        member.size = len(FILE)
        archive.addfile(member, io.BytesIO(FILE.replace(b"700.00", b"900.00")))

    changed, same = (record.bytes_are for _, record in balances_of(walk.explain(bank, "wang", "deposit_cny")))

    assert (changed, same) == ("differ", "same")


def test_a_package_that_was_put_away_is_no_error(bank):
    (bank.landing / "CORE" / "20260930" / "CORE_01_20260930.tar.gz").unlink()

    assert {r.bytes_are for _, r in balances_of(walk.explain(bank, "wang", "deposit_cny"))} == {
        "package_gone"
    }


def test_what_a_later_run_wrote_without_publishing_does_not_mix_in(bank):
    """The release was made from version 0 of the balances; version 1 came with a run that published nothing."""
    row = pa.table({
        "agreement_id": ["a"], "business_date": [DAY], "balance_amt": pa.array([Decimal(1)], CENT), "balance_ccy": ["CNY"],
        "is_carried": [False], "_origin": pa.array([[]], ORIGIN),
    })  # fmt: skip
    write_deltalake(str(bank.warehouse / "silver/deposit_daily"), row, mode="append")

    assert [amount for amount, _ in balances_of(walk.explain(bank, "wang", "deposit_cny"))] == [700, 61]


def test_how_far_the_walk_came_is_said(bank):
    deposit, outflow = (walk.explain(bank, "wang", column) for column in ("deposit_cny", "outflow_cny"))

    # The three rows that say who holds the accounts were written without a place, so the walk ends there and says so.
    assert (deposit.reaches, deposit.stops) == ("silver", "3 of 5 rows of silver name no record in bronze")
    assert outflow.reaches == "profile"
    assert "no supplier's row stands behind it" in outflow.stops


def test_a_column_without_a_trail_leads_to_the_layer_that_brings_it_and_says_so(bank):
    told = walk.explain(bank, "wang", "customer_bucket")

    assert told.steps[0].table == "profile.a_customer_daily"
    assert told.function == "spark_jobs.jobs.profile_a:run"
    assert (told.reaches, told.stops) == (
        "value",
        "`customer_bucket` has no trail in spark_jobs/explain/trails",
    )


@pytest.mark.parametrize(
    ("customer", "column", "day", "told"),
    [
        ("wang", "aum_cni", None, "did you mean `aum_cny`"),
        ("wong", "aum_cny", None, "no customer `wong`"),
        ("old", "aum_cny", None, "lives on as `wang`"),
        ("wang", "aum_cny", date(2026, 9, 3), "known from 2026-09-30 to 2026-09-30"),
        ("wang' or 1=1 --", "aum_cny", None, "letters, digits"),
        ("wang", "customer_id", None, "part of the key"),
    ],
)
def test_a_question_that_cannot_be_answered_says_what_is_known(bank, customer, column, day, told):
    with pytest.raises(OxpeckerError, match=told):
        walk.explain(bank, customer, column, day)

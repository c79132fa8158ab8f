"""Readers see what is published and nothing else, and a query that goes wrong says what would have been right."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from spark_jobs import settings as settings_module
from spark_jobs.errors import OxpeckerError
from spark_jobs.exports import published


@pytest.fixture
def shown(tmp_path):
    """A release that shows `mart.dim_customer` at its first version, which a later run has added to."""
    settings = settings_module.load(home=tmp_path, prefix="")
    path = settings.warehouse / "mart_build" / "dim_customer"
    for age in (47, 99):
        content = pa.table({"customer_id": ["wang"], "age_years": pa.array([age], pa.int32())})
        write_deltalake(str(path), content, mode="append")
    write_deltalake(str(settings.warehouse / "silver" / "party_hist"), pa.table({"name": ["王小明"]}))
    table = {"version": 0, "path": str(path), "physical": "mart_build.dim_customer"}
    release = {
        "release_id": "r1", "business_date": str(date(2026, 9, 30)), "run_id": "x", "rules_version": "x", "code_version": "x",
        "published_at": "2026-09-30T22:30:00Z", "tables": {"mart.dim_customer": table},
    }  # fmt: skip
    settings.current_release.write_text(json.dumps(release))
    return settings


def test_a_query_sees_the_version_that_the_release_names(shown):
    assert published.query(shown, "select age_years from mart.dim_customer") == (["age_years"], [(47,)])


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "select * from mart.dim_customers",
            "no table `dim_customers` is published; did you mean `mart.dim_customer`",
        ),
        ("select * from dim_customer", "did you mean `mart.dim_customer`"),
        (
            "select * from silver.party_hist",
            "no table `silver.party_hist` is published; published are: mart.dim_customer",
        ),
        ("select age_year from mart.dim_customer", 'Candidate bindings: "age_years"'),
        ("selct 1", "syntax error"),
    ],
)
def test_a_wrong_query_names_what_there_is(shown, statement, told):
    with pytest.raises(OxpeckerError, match=told):
        published.query(shown, statement)


def test_no_file_can_be_read_or_written_by_a_query(shown, tmp_path):
    """The sealed tables lie on the same disk as files that a query engine could open by name."""
    [sealed] = (shown.warehouse / "silver" / "party_hist").glob("*.parquet")

    for statement in (
        f"select * from read_parquet('{sealed}')", f"select * from '{sealed}'", f"copy (select 1) to '{tmp_path / 'x.csv'}'",
        f"attach '{tmp_path / 'x.db'}' as x", "set enable_external_access = true",
    ):  # fmt: skip
        with pytest.raises(OxpeckerError) as refused:
            published.query(shown, statement)
        assert "王小明" not in str(refused.value)
    assert not (tmp_path / "x.csv").exists()


def test_no_variable_of_the_program_is_a_table(shown):
    with pytest.raises(OxpeckerError, match="no table `connection` is published"):
        published.query(shown, "select * from connection")


def test_a_value_that_cannot_be_cast_is_not_repeated(shown):
    with pytest.raises(OxpeckerError) as refused:
        published.query(shown, "select cast(customer_id as int) from mart.dim_customer")

    assert "wang" not in str(refused.value)

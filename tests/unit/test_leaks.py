"""The search for readable people finds what was planted, and nothing where there is nothing."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spark_jobs import settings as settings_module
from spark_jobs.contracts import load
from tests.support.leaks import found_in

CERTIFICATE, MOBILE, NAME = "339801199003070013", "15480000007", "金雀甲子"


@pytest.fixture
def lake(tmp_path):
    return settings_module.load(home=tmp_path).with_(prefix="t_")


def lay(settings, table: str, **columns: list[object]) -> None:
    schema, thing = table.split(".")
    folder = settings.warehouse / f"t_{schema}" / thing
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "part-0.parquet")


def search(settings) -> dict[str, dict[str, int]]:
    return {
        place: dict(kinds)
        for place, kinds in found_in(settings.home, settings, load(settings.conf_dirs)).items()
    }


def test_what_is_planted_in_a_mart_a_page_a_log_and_an_export_is_found(lake):
    lay(lake, "mart_build.dim_customer", customer_id=["a", MOBILE], org_name=[NAME, None])
    for place, text in (
        ("report/2026-09-30.html", f"<p>{CERTIFICATE}</p>"),
        ("dbt/logs/dbt.log", f"phone={MOBILE};+86{MOBILE}"),
    ):
        (lake.home / place).parent.mkdir(parents=True)
        (lake.home / place).write_text(text, encoding="utf-8")
    (lake.home / "exports").mkdir()
    pq.write_table(
        pa.table({"export_mobile": [MOBILE], "reason_text": [f"call {NAME}"]}),
        lake.home / "exports" / "x.parquet",
    )

    assert search(lake) == {
        str((lake.warehouse / "t_mart_build/dim_customer/part-0.parquet").relative_to(lake.home)): {
            "mobile": 1,
            "name": 1,
        },
        "report/2026-09-30.html": {"certificate": 1},
        "dbt/logs/dbt.log": {"mobile": 2},
        "exports/x.parquet": {"name": 1},
    }


def test_sealed_tables_tokens_amounts_and_longer_numbers_are_no_leak(lake):
    lay(lake, "silver.party", name=[NAME])
    lay(lake, "bronze.core__cif", cert_no=[CERTIFICATE])
    lay(
        lake,
        "profile.o_customer_daily",
        customer_id=["466yk5ml5hb43on7rrj7ly3ru3", "0aa91ea7-d9a9-4096-bd31-a15480000007"],
        aum=[15480000007, None],
        account=["9154800000071", None],
    )

    assert search(lake) == {}

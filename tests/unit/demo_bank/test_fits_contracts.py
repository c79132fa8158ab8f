"""What the demo bank lays down, read with the pipeline's own reader: the clean twin fits every contract."""

from __future__ import annotations

import re
import tarfile
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demo_bank.generate import generate
from demo_bank.sizes import DEFAULT_SEED, SIZES
from spark_jobs.bronze.controls import verify
from spark_jobs.bronze.discovery import listed
from spark_jobs.bronze.records import read
from spark_jobs.contracts.sources import load_sources
from spark_jobs.settings import conf_dirs

_PACKAGE = re.compile(r"([A-Z]+)_(\d{2})_(\d{8})\.tar\.gz")


def findings(landing: Path) -> Counter[str]:
    """Reasons by feed that the reader gives for anything it does not take as it is."""
    sources = load_sources(conf_dirs()).values()
    found: Counter[str] = Counter()
    for path in sorted(landing.rglob("*.tar.gz")):
        system, _, day = _PACKAGE.fullmatch(path.name).groups()  # type: ignore[union-attr]
        ok = path.with_name(path.name.replace(".tar.gz", ".OK"))
        told = listed(ok) if ok.is_file() else {}
        with tarfile.open(path) as archive:
            inside = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}  # type: ignore[union-attr]
        for source in (s for s in sources if s.delivery.system == system and s.delivery.member):
            name = (source.delivery.member or "").replace("{date}", day)
            if name not in inside:
                continue
            control = inside.get(name.rsplit(".", 1)[0] + ".ctl")
            checked = verify(
                inside[name], source, date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}"), told.get(name), control
            )  # fmt: skip
            found[f"{source.feed} files"] += 1
            if checked.reason:
                found[f"{source.feed} {checked.reason}"] += 1
            for record in read(inside[name], source):
                found[f"{source.feed} rows"] += 1
                for reason in record.reasons:
                    found[f"{source.feed} {reason}"] += 1
    return found


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    folder = tmp_path_factory.mktemp("clean")
    generate(replace(SIZES["nano"], people=80), folder, DEFAULT_SEED)
    return findings(folder / "landing")


def test_every_file_of_the_clean_twin_passes_its_controls_and_every_record_is_read(clean: Counter[str]):
    assert not [reason for reason in clean if not reason.endswith((" files", " rows"))]


@pytest.mark.parametrize(
    "feed",
    [
        "core__cif", "core__acct_opening", "core__cust_opening", "core__cust_month_hist", "ecif__party", "ecif__party_cert",
        "ecif__party_phone", "hrorg__employee", "hrorg__org_tree", "ref__region_code", "crm__tier_hist", "wealth__wm_cust", "wealth__risk_assess", "wealth__product", "wealth__holding", "wealth__trade",
        "wealth__hold_month_hist", "loan__apply", "loan__duebill", "loan__repay", "loan__guarantor", "card__c_cust",
        "card__c_acct", "card__c_txn",
    ],
)  # fmt: skip
@pytest.mark.requirement("R-ING-01")
def test_every_feed_of_people_brings_rows(clean: Counter[str], feed: str):
    assert clean[f"{feed} rows"] > 0

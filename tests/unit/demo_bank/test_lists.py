"""Lists of persons by certificate: who of the demo bank's customers works there, and who signed for ETC."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from demo_bank.dirt.plan import NONE
from demo_bank.generate import generate
from demo_bank.population import make_world
from demo_bank.sizes import DEFAULT_SEED, SIZES
from demo_bank.systems import hrorg
from spark_jobs.columns.certificates import parse_certificate

NANO, TINY = SIZES["nano"], SIZES["tiny"]


def employees(size: str) -> list[dict[str, str]]:
    made = hrorg.package(make_world(SIZES[size]), date(2026, 9, 21))
    content = next(inner.content for inner in made if inner.name.startswith("EMPLOYEE"))
    return list(csv.DictReader(io.StringIO(content.decode())))


@pytest.mark.parametrize("size", ["nano", "tiny"])
def test_every_employee_shows_a_valid_certificate_of_his_own(size):
    certs = [row["cert_no"] for row in employees(size)]

    assert len({*certs}) == len(certs)
    assert {parse_certificate("01", cert).checksum_code for cert in certs} == {"valid"}
    assert all(cert.startswith("3398") for cert in certs)


@pytest.mark.parametrize("size", ["nano", "tiny"])
def test_some_customers_work_at_the_bank_and_nobody_else_has_an_employee_s_number(size):
    world = make_world(SIZES[size])
    customers = dict(zip(world.certs.tolist(), world.names.tolist(), strict=True))
    listed = {row["cert_no"]: row["name"] for row in employees(size)}

    both = listed.keys() & customers.keys()
    assert {cert: listed[cert] for cert in both} == {cert: customers[cert] for cert in both}
    assert both == {world.certs[p] for p in hrorg.own_customers(world)}
    assert 0 < len(both) < len(listed)


def test_the_list_of_employees_is_the_same_whenever_it_is_made():
    assert employees("nano") == employees("nano")


def test_etc_contracts_are_signed_on_accounts_of_this_bank_by_their_holders(tmp_path: Path):
    from openpyxl import load_workbook

    size = replace(TINY, people=400)
    generate(size, tmp_path, DEFAULT_SEED, ("CORE", "AGENCY"), NONE)
    world = make_world(size, DEFAULT_SEED)
    names = dict(zip(world.certs.tolist(), world.names.tolist(), strict=True))
    import tarfile

    (package,) = (tmp_path / "landing" / "AGENCY").rglob("*.tar.gz")
    signed = []
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            if member.name.startswith("ETC_SIGN"):
                stream = archive.extractfile(member)
                assert stream is not None
                rows = list(load_workbook(io.BytesIO(stream.read()))["明细"].iter_rows(values_only=True))
                assert rows[0] == ("name", "cert_no", "acct_no", "plate_no", "signed_dt")
                signed += rows[1:]

    assert signed
    assert all(names[cert] == name for name, cert, *_ in signed)
    assert len({plate for *_, plate, _ in signed}) == len(signed)
    assert all(str(day) < "2026-09-07" for *_, day in signed)

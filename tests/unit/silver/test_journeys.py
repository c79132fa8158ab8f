"""Journeys are configured: a bank adds a stage without code, and what cannot be walked is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from spark_jobs import settings
from spark_jobs.contracts.loader import load_codes
from spark_jobs.errors import ContractError
from spark_jobs.silver.journeys import check_journeys

HEADS = {
    "touchpoint": "code,zh,en,channel_code,journey_code,stage_no,page_codes",
    "journey": "code,zh,en,aliases,owner,entry,exit,is_active",
}


def bank(folder: Path, **lines: str) -> set[str]:
    """Checks the shipped journeys with a line of the bank's own laid over them; gives the touchpoints that were accepted."""
    (folder / "codes").mkdir(parents=True)
    for name, line in lines.items():
        (folder / "codes" / f"{name}.csv").write_text(f"{HEADS[name]}\n{line}\n", encoding="utf-8")
    dirs = settings.load(overlay=folder).conf_dirs
    touchpoints = load_codes(dirs, "touchpoint")
    check_journeys(touchpoints, load_codes(dirs, "journey"))
    return set(touchpoints)


@pytest.mark.requirement("R-JRN-01")
def test_a_bank_adds_a_stage_and_a_journey_without_code(tmp_path):
    stage = bank(
        tmp_path / "a", touchpoint="mb_transfer_done,转账结果,Result,mobile,transfer,2,transfer_result"
    )
    journey = bank(
        tmp_path / "b", touchpoint="kiosk,自助机,Kiosk,counter,onboarding,1,",
        journey="onboarding,开户,Onboarding,,Outlet management,kiosk,kiosk,true",
    )  # fmt: skip
    assert {"mb_transfer", "mb_transfer_done"} <= stage
    assert {"mb_transfer", "kiosk"} <= journey


@pytest.mark.requirement("R-JRN-01")
@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ({"touchpoint": "mb_again,转账,Again,mobile,transfer,1,"}, "mb_transfer, mb_again are all stage 1 of the journey `transfer`"),
        ({"touchpoint": "mb_x,转账,X,mobile,tranfer,1,"}, "`mb_x`: no journey `tranfer`; did you mean `transfer`"),
        ({"touchpoint": "kiosk,自助机,Kiosk,counter,onboarding,1,"}, "`onboarding`: is not active and has touchpoints: kiosk"),
        ({"journey": "transfer,转账,Transfer,,,mb_transfer,mb_transfer,true"}, "`transfer`: `owner` is missing"),
        ({"journey": "transfer,转账,Transfer,,Payments,mb_login,mb_transfer,true"}, "`transfer`: `entry` is mb_login"),
    ],
)  # fmt: skip
def test_what_cannot_be_walked_is_refused(tmp_path, lines, said):
    with pytest.raises(ContractError, match=said):
        bank(tmp_path, **lines)

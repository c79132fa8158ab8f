"""Defects of the card centre's and the loan centre's records, planted where these systems are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo_bank import names
from demo_bank.dirt.files import Delimited, Fixed, Layout, SoiledFile
from demo_bank.registry import Registry

Planter = Callable[[SoiledFile, int, int, Registry], None]
_C_CUST = {
    "rec_type": 1, "card_cust_no": 16, "name_mask": 30, "phone_mask": 11, "cert_type": 2, "cert_hash": 64, "hash_ver": 2, "birth_ym": 6,
    "sex": 1, "emboss_name": 30, "open_dt": 8, "stat": 1, "filler": 8,
}  # fmt: skip
_APPLY = (
    "apply_no", "cust_no", "cert_type", "cert_no", "name", "mobile", "product_code", "amount", "step", "step_ts", "result",
)  # fmt: skip
_DUEBILL = (
    "duebill_no", "contract_no", "cust_no", "product_code", "ccy", "principal", "balance", "rate", "start_dt", "mature_dt", "next_due_dt",
    "next_due_amt", "overdue_days", "class5", "purpose", "branch",
)  # fmt: skip
LAYOUTS: Mapping[tuple[str, str], Layout] = {
    ("CARD", "C_CUST"): Fixed(_C_CUST), ("LOAN", "APPLY"): Delimited(_APPLY, "|@|", "gb18030"),
    ("LOAN", "DUEBILL"): Delimited(_DUEBILL, "|@|", "gb18030"),
}  # fmt: skip


def d20_broken_mask(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """A question mark for the surname: the card centre's old system does not have the hanzi."""
    told = file.value(row, "name_mask").decode().strip()
    file.put("D20", row, "name_mask", f"?{told[1:]}".encode(), "lower_quality")


def d32_embossed(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The surname on the card as it is read elsewhere; 吕 as LV or LU."""
    told = names.misread(str(registry.world.names[person]))
    if told.startswith("LV ") and person % 2:
        told = "LU " + told[3:]
    file.put("D32", row, "emboss_name", told.encode(), "pinyin_set")


def d25_old_id(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The id as it was before 1999: no century, no check digit."""
    cert = file.value(row, "cert_no")
    if len(cert) == 18:
        file.put("D25", row, "cert_no", cert[:6] + cert[8:17], "convert")


def d15_bar(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """A bar inside the text: a part of the separator, but not all of it."""
    told = file.value(row, "purpose").decode("gb18030")
    file.put("D15", row, "purpose", f"{told}|装修".encode("gb18030"), "accept")


PLANTERS: Mapping[tuple[str, str], tuple[tuple[str, Planter], ...]] = {
    ("CARD", "C_CUST"): (("card name", d20_broken_mask), ("card pinyin", d32_embossed)),
    ("LOAN", "APPLY"): (("fifteen loan", d25_old_id),),
    ("LOAN", "DUEBILL"): (("bar", d15_bar),),
}  # fmt: skip

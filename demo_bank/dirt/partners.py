"""Defects of the records of the card centre, the loan centre and the wealth department, planted where these systems are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo_bank import names
from demo_bank.dirt.files import Delimited, Fixed, Layout, SoiledFile
from demo_bank.packages import Inner
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
_GUARANTOR = ("duebill_no", "name", "cert_type", "cert_no", "mobile", "rel")
_HOLDING = (
    "wm_no", "pos_no", "product_code", "units", "nav", "mkt_value", "cost", "buy_dt", "mature_dt", "auto_roll",
)  # fmt: skip
LAYOUTS: Mapping[tuple[str, str], Layout] = {
    ("CARD", "C_CUST"): Fixed(_C_CUST), ("LOAN", "APPLY"): Delimited(_APPLY, "|@|", "gb18030"),
    ("LOAN", "DUEBILL"): Delimited(_DUEBILL, "|@|", "gb18030"), ("LOAN", "GUARANTOR"): Delimited(_GUARANTOR, "|@|", "gb18030"),
    ("WEALTH", "HOLDING"): Delimited(_HOLDING, ",", "gb18030", header=1, quote=True),
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


def d15_whole_separator(file: SoiledFile) -> None:
    """The whole separator inside the last record's text: the record has a column more than it should."""
    row = file.rows[-1]
    told = file.value(row, "rel").decode("gb18030")
    file.put("D15", row, "rel", f"{told}|@|同事".encode("gb18030"), "quarantine", "column_count")


def d31_masked(file: SoiledFile, registry: Registry) -> None:
    """Names, phones and certificates of all records are masked; the first one's name stands for them."""
    row = file.rows[0]
    person = int(file.value(row, "card_cust_no").strip()[1:]) - 800_000_000
    file.note("D31", row, "name_mask", str(registry.world.names[person]).encode(), "masked_comparator")


def d39_unit(file: SoiledFile) -> None:
    """Market values come in ten thousands of yuan, what was paid in yuan; the first record stands for all."""
    row = file.rows[0]
    whole, _, rest = file.value(row, "mkt_value").decode().partition(".")
    yuan = f"{int(whole + rest) // 100}.{int(rest[-2:]):02d}"
    file.note("D39", row, "mkt_value", yuan.encode(), "unit")


def of_file(path: str, system: str, inner: Inner, registry: Registry) -> SoiledFile | None:
    """Files whose defect does not depend on whose records they hold; None for others."""
    name = inner.name.rsplit("_", 1)[0]
    if (system, name) not in (("LOAN", "GUARANTOR"), ("WEALTH", "HOLDING")) or inner.rows == 0:
        return None
    file = SoiledFile(path, inner, LAYOUTS[(system, name)])
    if system == "WEALTH":
        d39_unit(file)
    elif "/LOAN_00_" in path:
        d15_whole_separator(file)
    return file

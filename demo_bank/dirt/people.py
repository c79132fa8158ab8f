"""Defects of people's records in CORE and ECIF, one function per code and place; D-codes as in docs/demo-bank.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from demo_bank import cast, names
from demo_bank.dirt import partners
from demo_bank.dirt.files import Delimited, Fixed, Layout, SoiledFile
from demo_bank.dirt.ledger import NOWHERE, Defect
from demo_bank.dirt.plan import Plan
from demo_bank.packages import Inner
from demo_bank.registry import Registry
from demo_bank.systems import core_customers, ecif, hrorg
from demo_bank.systems.ecif import merged_into, office_phone, renewed_number, vanishes_on

GB = "gb18030"
_CIF_FIELDS = (
    "rec_type", "cust_no", "cust_type", "cert_type", "cert_no", "cust_name", "sex", "birth_dt", "nation", "mobile", "tel", "addr", "occup",
    "open_org", "open_dt", "cust_stat", "cert_exp_dt", "last_upd_ts",
)  # fmt: skip
CIF = Fixed(dict(zip(_CIF_FIELDS, core_customers.WIDTHS, strict=True)))
_ECIF = {name: Delimited(columns, ecif.SEPARATOR, GB) for name, columns in ecif.OBJECTS.items()}
LAYOUTS: Mapping[tuple[str, str], Layout] = {
    ("CORE", "CIF"): CIF,
    **partners.LAYOUTS,
    **{(ecif.SYSTEM, name): told for name, told in _ECIF.items()},
}
ORG_TREE = Delimited(hrorg.ORG_TREE, ",", "utf-8", header=1)
_DOTS = "•・‧∙."
_EPOCH = date(1899, 12, 30)
Planter = Callable[[SoiledFile, int, int, Registry], None]


def private_use(sign: str) -> bytes:
    """How the bank's old systems write a hanzi they do not have: two bytes of the user-defined area, by place in the bank's list."""
    return bytes((0xAA, 0xA1 + names.RARE.index(sign)))


# --- CORE CIF ----------------------------------------------------------------------------------------------------


def d19_private_use(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """A rare hanzi as private-use code point. Same name in CORE and ECIF files."""
    field = "cust_name" if "cust_name" in _fields(file) else "name_cn"
    name = file.value(row, field).decode(GB).strip()
    told = b"".join(private_use(sign) if sign in names.RARE else sign.encode(GB) for sign in name)
    file.put("D19", row, field, told, "repair", "private_use")


def _fields(file: SoiledFile) -> tuple[str, ...]:
    return (
        tuple(file.layout.fields)
        if isinstance(file.layout, Fixed)
        else tuple(getattr(file.layout, "columns", ()))
    )


def d23_full_width(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The last two signs of the id in full width: more do not fit into twenty bytes."""
    cert = file.value(row, "cert_no").decode().strip()
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in cert[-2:])
    file.put("D23", row, "cert_no", cert[:-2].encode() + wide.encode(GB), "fold")


def d24_lower_x(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    file.put("D24", row, "cert_no", file.value(row, "cert_no").strip().replace(b"X", b"x"), "fold")


def d24_inner_spaces(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    cert = file.value(row, "cert_no").strip()
    file.put("D24", row, "cert_no", b" ".join((cert[:6], cert[6:14], cert[14:])), "fold")


def d25_fifteen_digits(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The id as it was before 1999: no century, no check digit."""
    cert = file.value(row, "cert_no").strip()
    file.put("D25", row, "cert_no", cert[:6] + cert[8:17], "convert")


def d26_bad_checksum(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    cert = file.value(row, "cert_no").strip()
    other = b"1" if cert[-1:] != b"1" else b"2"
    file.put("D26", row, "cert_no", cert[:-1] + other, "keep_unlinked")


def d27_placeholder_id(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    file.put("D27", row, "cert_no", b"1" * 18, "block")


def d27_placeholder_phone(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    field = "mobile" if "mobile" in _fields(file) else "phone_no"
    file.put("D27", row, field, b"13800138000" if person % 2 else b"00000000000", "block")


def d28_family_phone(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The head's phone stands in the record of somebody else of the household."""
    field = "mobile" if "mobile" in _fields(file) else "phone_no"
    mobile = str(registry.world.mobiles[registry.world.heads[person]])
    file.put("D28", row, field, mobile.encode(), "weak_key")


def d28_company_phone(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    file.put("D28", row, "mobile", cast.COMPANY_PHONE.encode(), "weak_key")


def d35_dot(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """Another middle dot, or none."""
    name = file.value(row, "cust_name").decode(GB).strip()
    dot = [*_DOTS, ""][person % (len(_DOTS) + 1)]
    file.put("D35", row, "cust_name", name.replace("·", dot).encode(GB), "fold")


def d36_cut_name(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """Cut at twenty bytes; with a dot of one byte before it, in the middle of a hanzi."""
    name = file.value(row, "cust_name").decode(GB).strip()
    told = (name.replace("·", ".") if person % 2 else name).encode(GB)[:20]
    try:
        told.decode(GB)
    except UnicodeDecodeError:
        file.put("D36", row, "cust_name", told, "keep_flagged", "name_truncated")
    else:
        file.put("D36", row, "cust_name", told, "keep_flagged")


def d38_no_birth(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    file.put("D38", row, "birth_dt", b"00000000", "null")


def d48_second_number(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The person's other number: nothing is wrong with the record, but it is not another person."""
    file.note("D48", row, "cust_no", str(registry.cust_no[person]).ljust(16).encode(), "link")


# --- ECIF --------------------------------------------------------------------------------------------------------


def d18_half_character(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The last hanzi lost its second byte; its first byte takes a bar of the separator for it."""
    name = file.value(row, "name_cn")
    if file.put("D18", row, "name_cn", name[:-1], "quarantine", "half_character"):
        try:
            file.lines[row].decode(GB)
        except UnicodeDecodeError:
            raise ValueError(f"D18: half of a character that no bar completes in {file.path}") from None


def d32_misread(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The surname as it is read elsewhere."""
    file.put(
        "D32", row, "name_pinyin", names.misread(str(registry.world.names[person])).encode(), "pinyin_set"
    )


def d33_southern(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """Spelled as passports of Hong Kong and Taiwan do."""
    file.put(
        "D33",
        row,
        "name_pinyin",
        names.southern(str(registry.world.names[person])).encode(),
        "romanisation_map",
    )


def d34_old_script(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    file.put("D34", row, "name_cn", names.old_spelling(str(registry.world.names[person])).encode(GB), "fold")


def _birth(registry: Registry, person: int) -> date:
    return registry.world.births[person].astype("datetime64[D]").astype(date)


def d38_impossible(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The thirtieth of February."""
    file.put(
        "D38", row, "birth_date", f"{_birth(registry, person).year}-02-30".encode(), "null", "date_invalid"
    )


def d38_roc(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """Years of the republic."""
    born = _birth(registry, person)
    file.put("D38", row, "birth_date", f"{born.year - 1911}/{born:%m/%d}".encode(), "parse")


def d38_serial(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """A spreadsheet's day number."""
    file.put("D38", row, "birth_date", str((_birth(registry, person) - _EPOCH).days).encode(), "parse")


def d29_recycled(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """A row of a number the person no longer has."""
    if file.value(row, "exp_date"):
        file.note("D29", row, "phone_no", str(registry.world.mobiles[person]).encode(), "validity")


def d37_renewed(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The row of the new passport."""
    if file.value(row, "cert_no") == renewed_number(person).encode():
        file.note("D37", row, "cert_no", f"E{10_000_000 + person}".encode(), "chain")


def d40_deleted(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    if file.value(row, "del_flag") == b"1":
        file.note("D40", row, "del_flag", b"0", "tombstone")


def d41_wrong_merge(file: SoiledFile, row: int, person: int, registry: Registry) -> None:
    """The second person's certificate under the first one's number, and the second one's record gone."""
    if "cert_no" in _fields(file):
        other = merged_into(registry, person)
        if (
            file.value(row, "cert_no").decode() == str(registry.records("ECIF").certs[person])
            and file.value(row, "ecif_id") == str(registry.ecif_no[other]).encode()
        ):
            file.note(
                "D41",
                row,
                "ecif_id",
                str(registry.ecif_no[person]).encode(),
                "cannot_link",
                "suspect_ecif_merge",
            )
    elif file.value(row, "del_flag") == b"1":
        file.note("D41", row, "del_flag", b"0", "cannot_link")


# --- who and where -----------------------------------------------------------------------------------------------

PLANTERS: Mapping[tuple[str, str], tuple[tuple[str, Planter], ...]] = {
    **partners.PLANTERS,
    ("CORE", "CIF"): (
        ("rare core", d19_private_use), ("full width", d23_full_width), ("lower x", d24_lower_x), ("inner spaces", d24_inner_spaces),
        ("fifteen", d25_fifteen_digits), ("bad check core", d26_bad_checksum), ("placeholder id", d27_placeholder_id),
        ("placeholder phone", d27_placeholder_phone), ("family phone", d28_family_phone), ("dot", d35_dot), ("cut name", d36_cut_name),
        ("no birth", d38_no_birth),
    ),
    (ecif.SYSTEM, "PARTY"): (
        ("rare ecif", d19_private_use), ("polyphone", d32_misread), ("hong kong", d33_southern), ("old script", d34_old_script),
        ("impossible birth", d38_impossible), ("roc birth", d38_roc), ("serial birth", d38_serial), ("wrong merge", d41_wrong_merge),
        ("half character", d18_half_character),
    ),
    (ecif.SYSTEM, "PARTY_CERT"): (
        ("bad check ecif", d26_bad_checksum), ("lower x", d24_lower_x), ("renewed", d37_renewed), ("wrong merge", d41_wrong_merge),
    ),
    (ecif.SYSTEM, "PARTY_PHONE"): (
        ("placeholder phone ecif", d27_placeholder_phone), ("family phone", d28_family_phone), ("recycled phone", d29_recycled),
        ("deleted", d40_deleted),
    ),
}  # fmt: skip
_KEY = {"CORE": "cust_no", ecif.SYSTEM: "ecif_id", "CARD": "card_cust_no", "LOAN": "cust_no"}
# Planters that look at every row of a person; the others take the first.
_ALL_ROWS = (d29_recycled, d37_renewed, d40_deleted, d41_wrong_merge)


def soil(path: str, system: str, inner: Inner, plan: Plan) -> SoiledFile | None:
    """A file of people's records with what the plan has for it; None for other files."""
    name = inner.name.rsplit("_", 1)[0]
    if system == hrorg.SYSTEM and name == "ORG_TREE" and plan.soils:
        return _reused_place(SoiledFile(path, inner, ORG_TREE))
    planters = PLANTERS.get((system, name))
    if not plan.soils or inner.rows == 0:
        return None
    if planters is None:
        return partners.of_file(path, system, inner, plan.registry)
    file = SoiledFile(path, inner, LAYOUTS[(system, name)])
    places = _places(file, _KEY[system])
    records = plan.registry.records(system)
    for group, planter in planters:
        for person in plan.persons(group).tolist():
            rows = list(places.get(str(records.key_of(np.array([person]))[0]), []))
            if planter is d41_wrong_merge:
                rows += places.get(str(plan.registry.ecif_no[merged_into(plan.registry, person)]), [])
            for row in rows if planter in _ALL_ROWS else rows[:1]:
                planter(file, row, person, plan.registry)
    if system == "CORE":
        _core_extras(file, places, plan)
    if system == "CARD":
        partners.d31_masked(file, plan.registry)
    if name == "PARTY_PHONE":
        _vanished(file, plan)
    return file


def _vanished(file: SoiledFile, plan: Plan) -> None:
    """D40: phones that the complete delivery leaves out."""
    day = file.inner.name.rsplit("_", 1)[1].removesuffix(".txt")
    for person in plan.persons("deleted").tolist():
        gone = vanishes_on(plan.registry, person)
        if gone is not None and f"{gone:%Y%m%d}" == day:
            number = office_phone(person).encode().hex()
            file.absences.append(
                Defect("D40", file.path, NOWHERE, None, None, "phone_no", number, None, "tombstone", None)
            )


def _reused_place(file: SoiledFile) -> SoiledFile:
    """D45: the last place of the tree bears the code of the one before it, which was given up."""
    last = file.rows[-1]
    file.note("D45", last, "org_code", file.value(last, "name"), "validity")
    return file


def _places(file: SoiledFile, key: str) -> dict[str, list[int]]:
    """Rows of each key, in order."""
    found: dict[str, list[int]] = {}
    for row in file.rows:
        line = file.lines[row]
        if isinstance(file.layout, Fixed):
            told = line[1:17]
        else:
            told = line.split(b"|", 1)[0] if key == "ecif_id" else file.value(row, key)
        found.setdefault(told.decode().strip(), []).append(row)
    return found


def _core_extras(file: SoiledFile, places: Mapping[str, list[int]], plan: Plan) -> None:
    """What falls on fixed groups of people."""
    registry = plan.registry
    for person in plan.colleagues().tolist():
        for row in places.get(str(registry.cust_no[person]), []):
            d28_company_phone(file, row, person, registry)
    for person, number in zip(
        registry.world.second_numbers().tolist(), registry.world.second_cust_numbers(), strict=True
    ):
        for row in places.get(str(number), []):
            d48_second_number(file, row, person, registry)


__all__ = ["LAYOUTS", "PLANTERS", "private_use", "soil"]

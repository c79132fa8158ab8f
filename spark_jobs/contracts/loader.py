"""Reads `conf/fields` and `conf/contracts/tables`, overlays included, and refuses what does not fit together."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from spark_jobs.contracts.model import LAYERS, Check, Contracts, Field, PrivacyClass, TableContract, Write
from spark_jobs.contracts.types import check_type
from spark_jobs.errors import ContractError, nearest
from spark_jobs.settings import overlaid_files, read_overlaid

FIELD_KEYS = {"type", "unit", "zh", "en", "description", "class", "codes"}
TABLE_KEYS = {
    "table", "zh", "description", "grain", "key", "write", "columns", "not_null", "checks", "sealed", "published",
    "retention", "subject", "cluster", "purpose", "group", "limits", "leaves",
}  # fmt: skip
# What is to be said of an export before it may leave; the version at the end of its name marks one.
LEAVES = ("recipient", "place", "ground")
PACKAGE = re.compile(r"export\.\w+_v\d+")
RETENTIONS = {"RT-landing", "RT-txn", "RT-profile", "RT-statutory", "RT-ops", "RT-ref"}


@cache
def load(dirs: tuple[Path, ...]) -> Contracts:
    """All contracts of these configuration folders; every error names file and key."""
    fields: dict[str, Field] = {}
    for relative in overlaid_files(dirs, "fields"):
        content = read_overlaid(dirs, relative) or {}
        for name, given in content.items():
            if name in fields:
                raise ContractError(
                    f"{relative}: field `{name}` is explained a second time; one name, one meaning"
                )
            fields[name] = _field(name, given, relative)
    tables: dict[str, TableContract] = {}
    for relative in overlaid_files(dirs, "contracts/tables"):
        contract = _table(read_overlaid(dirs, relative) or {}, relative)
        if contract.table in tables:
            raise ContractError(f"{relative}: table `{contract.table}` has a contract already")
        for column in contract.stored_columns:
            if column not in fields:
                raise ContractError(
                    f"{relative}: column `{column}` is not explained in conf/fields; {nearest(column, fields)}"
                )
        _check_privacy(contract, fields, relative)
        tables[contract.table] = contract
    return Contracts(fields=fields, tables=tables)


def _known_keys(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise ContractError(f"{where}: unknown key `{key}`; {nearest(key, known)}")


def _required(given: Mapping[str, Any], key: str, where: str) -> Any:
    if given.get(key) in (None, "", []):
        raise ContractError(f"{where}: `{key}` is missing")
    return given[key]


def _field(name: str, given: Mapping[str, Any], relative: str) -> Field:
    where = f"{relative}, field `{name}`"
    _known_keys(given, FIELD_KEYS, where)
    privacy = str(_required(given, "class", where))
    if privacy not in set(PrivacyClass):
        hint = "C3 data is refused at the door" if privacy == "C3" else nearest(privacy, list(PrivacyClass))
        raise ContractError(f"{where}: class `{privacy}` does not exist here; {hint}")
    return Field(
        name=name,
        type=check_type(str(_required(given, "type", where)), where),
        zh=str(_required(given, "zh", where)),
        en=str(_required(given, "en", where)),
        description=" ".join(str(_required(given, "description", where)).split()),
        privacy=PrivacyClass(privacy),
        unit=given.get("unit"),
        codes=given.get("codes"),
    )


def _table(given: Mapping[str, Any], relative: str) -> TableContract:
    _known_keys(given, TABLE_KEYS, relative)
    name = str(_required(given, "table", relative))
    layer, _, thing = name.partition(".")
    if layer not in LAYERS or not thing:
        raise ContractError(f"{relative}: table `{name}` is in no layer; {nearest(layer, LAYERS)}")
    write = str(_required(given, "write", relative))
    if write not in set(Write):
        raise ContractError(f"{relative}: unknown way of writing `{write}`; {nearest(write, list(Write))}")
    retention = given.get("retention", "RT-profile")
    if retention not in RETENTIONS:
        raise ContractError(f"{relative}: unknown retention `{retention}`; {nearest(retention, RETENTIONS)}")
    columns = tuple(_required(given, "columns", relative))
    doubled = sorted({c for c in columns if columns.count(c) > 1})
    if doubled:
        raise ContractError(f"{relative}: columns listed twice: {', '.join(doubled)}")
    contract = TableContract(
        table=name,
        zh=str(_required(given, "zh", relative)),
        description=" ".join(str(_required(given, "description", relative)).split()),
        grain=str(_required(given, "grain", relative)),
        key=tuple(_required(given, "key", relative)),
        write=Write(write),
        columns=columns,
        not_null=tuple(given.get("not_null", ())),
        checks=tuple(_check(c, relative) for c in given.get("checks", ())),
        sealed=bool(given.get("sealed", False)),
        published=bool(given.get("published", False)),
        retention=retention,
        subject=given.get("subject"),
        cluster=tuple(given.get("cluster", ())),
        purpose=given.get("purpose"),
        group=given.get("group"),
        limits=given.get("limits"),
        leaves=_leaves(given, name, relative),
    )
    stored = set(contract.stored_columns)
    for kind in ("key", "not_null", "cluster"):
        for column in getattr(contract, kind):
            if column not in stored:
                raise ContractError(
                    f"{relative}: `{column}` in `{kind}` is no column; {nearest(column, stored)}"
                )
    if write == Write.REPLACE_RANGE and "business_date" not in columns:
        raise ContractError(f"{relative}: a table that is replaced by range needs the column business_date")
    return contract


def _leaves(given: Mapping[str, Any], name: str, relative: str) -> Mapping[str, str]:
    """Recipient, place and legal ground of what leaves the lake; a package without them is not made."""
    told = given.get("leaves", {})
    where = f"{relative}, `leaves`"
    _known_keys(told, set(LEAVES), where)
    if PACKAGE.fullmatch(name):
        for key in ("purpose", *LEAVES):
            _required(given if key == "purpose" else told, key, relative if key == "purpose" else where)
    return {key: str(value) for key, value in told.items()}


def _check(given: Mapping[str, Any], relative: str) -> Check:
    where = f"{relative}, check `{given.get('name', '?')}`"
    _known_keys(given, {"name", "where", "severity", "description"}, where)
    severity = given.get("severity", "fail")
    if severity not in ("fail", "warn"):
        raise ContractError(f"{where}: severity `{severity}` is neither fail nor warn")
    return Check(
        name=str(_required(given, "name", where)),
        where=str(_required(given, "where", where)),
        severity=severity,
        description=str(given.get("description", "")),
    )


def _check_privacy(contract: TableContract, fields: Mapping[str, Field], relative: str) -> None:
    """A readable identifier may stand in sealed tables only."""
    if contract.sealed:
        return
    open_ids = [c for c in contract.stored_columns if fields[c].privacy is PrivacyClass.IDENTIFYING]
    if open_ids:
        raise ContractError(
            f"{relative}: {', '.join(open_ids)} identify a person (C2-id) but the table is not sealed; "
            "publish a token instead, or set `sealed: true`"
        )


@cache
def load_codes(dirs: tuple[Path, ...], name: str) -> Mapping[str, Mapping[str, str]]:
    """`conf/codes/<name>.csv` keyed by its column `code`; a later folder's rows win code by code."""
    rows: dict[str, Mapping[str, str]] = {}
    found = False
    for folder in dirs:
        path = folder / "codes" / f"{name}.csv"
        if not path.is_file():
            continue
        found = True
        with path.open(encoding="utf-8", newline="") as stream:
            lines = csv.DictReader(stream)
            for row in lines:
                if None in row or None in row.values():
                    raise ContractError(
                        f"codes/{name}.csv, line {lines.line_num}: not as many columns as the header has"
                    )
                rows[row["code"]] = row
    if not found:
        known = [Path(p).stem for p in overlaid_files(dirs, "codes", "*.csv")]
        raise ContractError(f"no code list `{name}` in conf/codes; {nearest(name, known)}")
    return rows


def aliases(codes: Mapping[str, Mapping[str, str]], source: str) -> dict[str, str]:
    """Supplier's word → code: the code itself, aliases for every source, and those for this source, which go first."""
    found = {code: code for code in codes}
    own: dict[str, str] = {}
    for code, row in codes.items():
        for word in filter(None, (row.get("aliases") or "").split(";")):
            system, colon, value = word.partition(":")
            if not colon:
                found.setdefault(word, code)
            elif system == source:
                own[value] = code
    return found | own

"""Contracts of suppliers' feeds (`conf/contracts/sources/<system>__<object>.yml`): how a file comes, how it is cut, what it means.

No Spark. A bank's own folder is laid over the shipped files key by key, so a feed is onboarded without touching the product.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from spark_jobs.contracts.shape import check_shape, place, plain
from spark_jobs.contracts.source_model import (
    Control,
    Delivery,
    Layout,
    Marks,
    SourceContract,
    SourceField,
    Sum,
)
from spark_jobs.contracts.source_parts import band_of, controls_of, delivery_of, field_of, layout_of, texts_of
from spark_jobs.contracts.terms import terms_of
from spark_jobs.errors import ContractError, nearest
from spark_jobs.settings import laid_over, overlaid_files, read_overlaid, rules_of

__all__ = [
    "IN_USE",
    "Control",
    "Delivery",
    "Layout",
    "Marks",
    "SourceContract",
    "SourceField",
    "Sum",
    "load_sources",
]

IN_USE = "rules/feeds.yml"
FORMS = "contracts/controls"


@cache
def load_sources(dirs: tuple[Path, ...]) -> Mapping[str, SourceContract]:
    """The feeds this bank has, by name: those that `rules/feeds.yml` leaves in use and that are not `enabled: false`.

    Every error names file, line and key. A feed that is not in use is not read further than that.
    """
    files = overlaid_files(dirs, "contracts/sources")
    in_use = _in_use(dirs, [Path(relative).stem for relative in files])
    found = {}
    for relative in files:
        name = Path(relative).stem
        if not any(fnmatchcase(name, pattern) for pattern in in_use):
            continue
        given = plain(read_overlaid(dirs, relative) or {}, relative)
        if given.get("enabled") is False:
            continue
        given = _with_forms(given, dirs, relative)
        check_shape(given, dirs, relative)
        contract = _contract(given, relative)
        terms = terms_of(given.get("terms", {}), contract.maps, dirs, place(dirs, relative, ["terms"]))
        contract = replace(contract, terms=terms)
        named = given["layout"].get("substitute")
        if named:
            signs = _signs(dirs, str(named), contract.layout.encoding, relative)
            contract = replace(contract, layout=replace(contract.layout, signs=signs))
        if name != contract.feed:
            raise ContractError(
                f"{relative}: the feed is called `{contract.feed}`; name the file {contract.feed}.yml"
            )
        found[contract.feed] = contract
    return found


def _in_use(dirs: tuple[Path, ...], feeds: Sequence[str]) -> Sequence[str]:
    """Names of the feeds this bank has, `*` for anything. One that names no feed is refused: its files would lie there in silence."""
    if not any((folder / IN_USE).is_file() for folder in dirs):
        return ["*"]
    in_use: Sequence[str] = rules_of(dirs, "feeds")["in_use"]
    for pattern in in_use:
        if not any(fnmatchcase(feed, pattern) for feed in feeds):
            raise ContractError(f"{IN_USE}: `{pattern}` names no feed; {nearest(pattern, feeds)}")
    return in_use


def _with_forms(given: Mapping[str, Any], dirs: tuple[Path, ...], relative: str) -> Mapping[str, Any]:
    """The contract with the forms that its `control` names written out."""
    told = given.get("control")
    if isinstance(told, list):
        return {
            **given,
            "control": [_of_form(each, dirs, relative, ["control", at]) for at, each in enumerate(told)],
        }
    return {**given, "control": _of_form(told, dirs, relative, ["control"])} if told is not None else given


def _of_form(control: Any, dirs: tuple[Path, ...], relative: str, path: list[Any]) -> Any:
    """What several feeds declare alike (`contracts/controls/<form>.yml`), with what this one says laid over it."""
    if not isinstance(control, Mapping) or "form" not in control:
        return control
    name = str(control["form"])
    file = f"{FORMS}/{name}.yml"
    form = read_overlaid(dirs, file)
    if form is None:
        known = [Path(each).stem for each in overlaid_files(dirs, FORMS)]
        raise ContractError(
            f"{place(dirs, relative, [*path, 'form'])}: there is no form `{name}`; {nearest(name, known)}"
        )
    form = plain(form, file)
    check_shape(form, dirs, file, "control")
    if "form" in form:
        raise ContractError(f"{place(dirs, file, ['form'])}: a form is written out; it names no other")
    return laid_over(form, control)


def _signs(dirs: tuple[Path, ...], name: str, encoding: str, where: str) -> Mapping[int, str]:
    """The list of a bank's private signs, keyed by bytes, as code points of the feed's encoding."""
    content = read_overlaid(dirs, f"rules/{name}.yml")
    if content is None:
        raise ContractError(
            f"{where}, layout: `substitute: {name}` names no rules; conf/rules/{name}.yml is missing"
        )
    try:
        return {
            ord(bytes.fromhex(code).decode(encoding)): str(sign) for code, sign in content["signs"].items()
        }
    except (ValueError, TypeError, KeyError) as problem:
        raise ContractError(
            f"rules/{name}.yml: every entry is two or four bytes in hex and one sign ({problem})"
        ) from problem


def _contract(given: Mapping[str, Any], relative: str) -> SourceContract:
    layout = layout_of(given["layout"], f"{relative}, layout")
    fields = tuple(
        field_of(name, f, given["layout"], layout, f"{relative}, field `{name}`")
        for name, f in given["fields"].items()
    )
    checks = given.get("checks", {})
    controls = controls_of(given.get("control"), layout, f"{relative}, control")
    names = [f.name for f in fields]
    sums = [each for control in controls for each in control.sums.values()]
    for kind, listed in (
        ("key", given.get("key", [])),
        ("keep", given.get("keep", {})),
        ("set_aside", given.get("set_aside", {})),
        ("not_null", checks.get("not_null", [])),
        ("in_order", checks.get("in_order", [])),
        ("sums", [name for each in sums for name in (each.of, *each.where, *each.where_not)]),
    ):
        for name in listed:
            if name not in names:
                raise ContractError(f"{relative}: `{name}` in `{kind}` is no field; {nearest(name, names)}")
    return SourceContract(
        feed=str(given["feed"]),
        source_code=str(given.get("source") or given["feed"].split("__")[0]),
        delivery=delivery_of(given["delivery"], f"{relative}, delivery"),
        layout=layout,
        key=tuple(given.get("key", ())),
        fields=fields,
        keep={k: texts_of(v) for k, v in given.get("keep", {}).items()},
        maps=given.get("maps", {}),
        not_null=tuple(checks.get("not_null", ())),
        empty_working_day=checks.get("empty_working_day", "accept"),
        last_line_end=checks.get("last_line_end", "any"),
        volume_band=band_of(checks["volume_band"], f"{relative}, checks")
        if "volume_band" in checks
        else None,
        in_order=tuple(checks.get("in_order", ())),
        controls=controls,
        drift=given.get("drift", {}),
        header_again=checks.get("header_again", "not_counted"),
        set_aside={k: texts_of(v) for k, v in given.get("set_aside", {}).items()},
    )

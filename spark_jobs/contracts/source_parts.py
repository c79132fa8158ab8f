"""Parts of a feed's contract, from YAML to what `source_model` holds. Every error names file and key."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from typing import Any

from spark_jobs.contracts import patterns
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.source_model import (
    Control,
    Delivery,
    Layout,
    Marks,
    SourceField,
    Sum,
)
from spark_jobs.errors import ContractError, nearest


def band_of(given: Sequence[float], where: str) -> tuple[float, float]:
    least, most = given
    if not least < most:
        raise ContractError(f"{where}: `volume_band` is [least, most]; {least} is not less than {most}")
    return float(least), float(most)


def texts_of(given: Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(str, given))


def delivery_of(given: Mapping[str, Any], where: str) -> Delivery:
    if bool(given.get("member")) == bool(given.get("file")):
        raise ContractError(
            f"{where}: give either `member` (a file inside a package) or `file` (a plain file)"
        )
    templates = [given[kind] for kind in ("file", "package") if given.get(kind)]
    for template in templates:
        _known_date(patterns.date_format(template), where)
        if patterns.date_format(template) in ("excel", "excel1904"):
            raise ContractError(f"{where}: `{template}`: no file is named by a spreadsheet's number of a day")
        if "{date" not in template:
            raise ContractError(
                f"{where}: `{template}` needs {{date}}, the business date, in a name or a folder"
            )
    if given.get("password") and not given.get("member"):
        raise ContractError(f"{where}: `password` is for packages; a plain file has none")
    if given.get("member") and not given.get("system"):
        raise ContractError(f"{where}: `system` is missing; it names the sender of the package")
    return Delivery(
        system=str(given.get("system", "")), member=given.get("member"), file=given.get("file"),
        mode=given.get("mode", "full"), due=given.get("due", "06:00"),
        required=given.get("required", False), carry_forward=given.get("carry_forward", False),
        opening=given.get("opening", False), full_on=tuple(given.get("full_on", ())),
        package=given.get("package"), has_ok=given.get("ok", True), cadence=given.get("cadence", "daily"),
        password=given.get("password"),
    )  # fmt: skip


def layout_of(given: Mapping[str, Any], where: str) -> Layout:
    record_type = given.get("record_type", {})
    kind, encoding = given["kind"], given.get("encoding", "utf-8")
    if kind == "fixed" and not given.get("record_bytes"):
        raise ContractError(f"{where}: `record_bytes` is missing; fixed-width records have a length")
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise ContractError(
            f"{where}: no encoding is called `{encoding}`; {nearest(encoding, _ENCODINGS)}"
        ) from None
    if "\n".encode(encoding) != b"\n":
        raise ContractError(
            f"{where}: in `{encoding}` a line does not end in one byte; let the supplier send utf-8"
        )
    if given.get("line_end") == "none" and kind != "fixed":
        raise ContractError(f"{where}: `line_end: none` is for fixed width only; other records need an end")
    if given.get("escape") and (kind != "delimited" or given.get("quote")):
        raise ContractError(f"{where}: `escape` is for delimited files without `quote`")
    marks = marks_of(record_type, kind, where)
    return Layout(
        kind=kind, encoding=encoding, record_bytes=given.get("record_bytes", 0),
        detail=None if marks else record_type.get("detail"), trailer_mark=record_type.get("trailer"),
        separator=given.get("separator", ","), header=given.get("header", False),
        quote=given.get("quote", False), decimal=given.get("decimal", "."), skip_lines=given.get("skip_lines", 0),
        marks=marks, line_end=given.get("line_end", "lf"), longest_record=given.get("longest_record", Layout.longest_record),
        keep_signs=tuple(given.get("keep_signs", ())), sheet=given.get("sheet"), escape=given.get("escape", False),
    )  # fmt: skip


def marks_of(given: Mapping[str, Any], kind: str, where: str) -> Marks | None:
    at, column = given.get("at"), given.get("column")
    if not at and not column:
        if given.get("others") or isinstance(given.get("detail"), list):
            raise ContractError(
                f"{where}: `record_type` needs `at` (bytes) or `column`, where a record says its kind"
            )
        return None
    if kind not in ("fixed", "delimited") or bool(at) != (kind == "fixed"):
        raise ContractError(f"{where}: `record_type` has `at` in fixed width and `column` in delimited files")
    ours = given.get("detail", ())
    return Marks(
        (ours,) if isinstance(ours, str) else tuple(ours), tuple(given.get("others", ())), tuple(at) if at else None, column
    )  # fmt: skip


_ENCODINGS = (
    "utf-8",
    "gb18030",
    "gbk",
    "big5",
    "cp950",
    "big5hkscs",
    "cp1252",
    "iso8859-1",
    "iso8859-15",
    "shift_jis",
    "euc-kr",
    "cp1251",
)


def _known_date(pattern: str | None, where: str) -> None:
    unknown = patterns.unknown_letters(pattern) if pattern else None
    if unknown:
        raise ContractError(
            f"{where}: `{unknown}` in `{pattern}` is no part of a date; known are yyyy yy MM M dd d HH H mm ss"
        )


def controls_of(
    given: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None, layout: Layout, where: str
) -> tuple[Control, ...]:
    """One control or a list of them: a trailer and a file, whose sums have different names."""
    listed = [given] if isinstance(given, Mapping) else list(given or ())
    controls = tuple(_control_of(each, layout, where) for each in listed)
    if len({control.file is None for control in controls}) < len(controls):
        raise ContractError(f"{where}: a list is of one trailer (`in: trailer`) and one file (`in: file`)")
    names = [name for control in controls for name in control.sums]
    for name in names:
        if names.count(name) > 1:
            raise ContractError(
                f"{where}: two sums are called `{name}`; the checks of a file bear their names"
            )
    return controls


def _control_of(given: Mapping[str, Any], layout: Layout, where: str) -> Control:
    if given["in"] == "file" and not given.get("file"):
        raise ContractError(f"{where}: `file` is missing; write for example `{{stem}}.ctl`")
    if given["in"] == "trailer" and not layout.trailer_mark:
        raise ContractError(
            f"{where}: layout needs `record_type: {{trailer: …}}`, what the last line begins with"
        )
    _known_date(given.get("date_format"), where)
    sums = {group: _sum_of(of) for group, of in given.get("sums", {}).items()}
    try:
        pattern = re.compile(given["pattern"])
    except re.error as problem:
        raise ContractError(f"{where}: `pattern` is no regular expression ({problem})") from None
    for group in (*sums, *pattern.groupindex):
        # Not every feed sums up all that a form of several feeds has room for.
        is_left_out = "form" in given and group in pattern.groupindex
        if not is_left_out and (group not in pattern.groupindex or group not in ("rows", "date", *sums)):
            raise ContractError(
                f"{where}: group `{group}` stands in only one of `pattern` and `sums`; known beside sums are rows and date"
            )
    return Control(
        pattern, given.get("file") if given["in"] == "file" else None, given.get("date_format"), sums
    )


def _sum_of(given: str | Mapping[str, Any]) -> Sum:
    if isinstance(given, str):
        return Sum(given)
    where = given.get("where", {})
    return Sum(
        given["of"],
        {name: texts_of(words) for name, words in where.items() if not isinstance(words, Mapping)},
        {name: texts_of(words["not"]) for name, words in where.items() if isinstance(words, Mapping)},
        given.get("only"),
        given.get("without_sign", False),
    )


def field_of(
    name: str, given: Mapping[str, Any], shared: Mapping[str, Any], layout: Layout, where: str
) -> SourceField:
    at = given.get("at")
    if layout.kind == "fixed":
        if not at:
            raise ContractError(f"{where}: `at` is missing; give first and last byte, counted from 1")
        if not 1 <= at[0] <= at[1] <= layout.record_bytes:
            raise ContractError(
                f"{where}: bytes {at[0]}–{at[1]} lie outside a record of {layout.record_bytes} bytes"
            )
    privacy = str(given.get("class", "C1"))
    if privacy not in set(PrivacyClass):
        hint = "C3 data is refused at the door" if privacy == "C3" else nearest(privacy, list(PrivacyClass))
        raise ContractError(f"{where}: class `{privacy}` does not exist here; {hint}")
    kind = given.get("type", "string")
    written = given.get("format") or shared.get(f"{kind}_format")
    if written != "utc":
        _known_date(written, where)
    return SourceField(
        name=name, type=kind, privacy=PrivacyClass(privacy), at=(at[0], at[1]) if at else None,
        null=texts_of(given.get("null", ())), source_name=str(given.get("from", name)), format=written, decimal=layout.decimal,
        is_overpunched=given.get("sign") == "overpunch", needed_for=str(given.get("needed_for", "")),
    )  # fmt: skip

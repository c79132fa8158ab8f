"""What the names of files and columns tell: where the date stands, and what our names for them would be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pypinyin import lazy_pinyin

from spark_jobs.contracts.patterns import parse_day

# How a date stands in a name; the first way that gives a plausible day is taken.
_IN_NAMES: tuple[tuple[str, str | None], ...] = (
    (r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)", None),
    (r"(?<!\d)\d{8}(?!\d)", None),
    (r"(?<!\d)\d{8}(?!\d)", "ddMMyyyy"),
    (r"(?<!\d)\d{4}_\d{2}_\d{2}(?!\d)", "yyyy_MM_dd"),
    (r"(?<!\d)\d{4}\.\d{2}\.\d{2}(?!\d)", "yyyy.MM.dd"),
    (r"(?<!\d)\d{2}\.\d{2}\.\d{4}(?!\d)", "dd.MM.yyyy"),
    (r"(?<!\d)\d{2}-\d{2}-\d{4}(?!\d)", "dd-MM-yyyy"),
    (r"\d{4}年\d{2}月\d{2}日", "yyyy年MM月dd日"),
    # The hour or the time of day, or a number, right behind the day.
    (r"(?<!\d)20\d{6}(?=([01]\d|2[0-3])([0-5]\d){0,2}(?!\d))", None),
    (r"(?<!\d)1\d{6}(?!\d)", "roc"),
    (r"(?<!\d)\d{6}(?!\d)", "yyMMdd"),
    (r"(?<!\d)\d{6}(?=\d{2}(?!\d))", "yyMMdd"),
)
EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
_SEQUENCE = re.compile(r"(?<=[_\-])\d{2}(?=[_.\-]|$)")
# What stands behind the day and changes from file to file: a time of day, a number, or another day.
_CLOCK = re.compile(
    r"(?:(?<=\})|(?<=[_\-.tT]))(?:[01]\d|2[0-3])(?:[0-5]\d){1,2}(?=[_.\-]|$)|(?<=\})(?:[01]\d|2[0-3])(?=[_.\-]|$)"
)
_COUNTED = re.compile(r"(?<=\})\d{2}(?=\D|$)|(?<=[_\-(vV])\d{1,3}(?=[_.\-)]|$)")
# Bare, these are true, false or null for YAML; the reader of contracts refuses them.
# Letters without a decomposition, as German and Nordic suppliers write them.
_SPELLED = {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE"}
YAML_WORDS = {"no", "yes", "on", "off", "true", "false", "null", "y", "n"}


@dataclass(frozen=True)
class Template:
    """Name of a file with the date taken out. `text` is what `delivery.file` or `member` would say; `doubts` what to ask."""

    text: str
    day: date | None
    doubts: tuple[str, ...] = ()


def template_of(path: Path) -> Template:
    """The template of a file's name; of its folder and name where only the folder bears a date."""
    found = _dated(path.name)
    if found is not None:
        return _with_places(*found)
    folder = _dated(path.parent.name)
    if folder is not None:
        return Template(f"{folder[0]}/{path.name}", folder[1])
    return Template(
        f"{{date}}/{path.name}", None,
        ("the name bears no business date: put each file into a folder of its day (2026-09-30/…), or ask for a date in the name",),
    )  # fmt: skip


def _with_places(text: str, day: date) -> Template:
    """A name with the day taken out, and what else changes from file to file: another day, then a time, or else a number."""
    doubts = []
    begin, brace, behind = text.partition("}")
    if other := _dated(behind):
        place = other[0].index("{date")
        behind = f"{behind[:place]}*{other[0][other[0].index('}', place) + 1 :]}"
        doubts.append(
            "there are two days in the name: is the first one the business date? The other one may be any (`*`)"
        )
    text = f"{begin}{brace}{behind}"
    at = len(begin)
    for pattern, start, question in (
        (_CLOCK, at, "is the time in the name when the file was made (a later one replaces an earlier one: `{seq}`), or its hour of the day (each counts: `{part}`)?"),
        (_SEQUENCE, 0, "is the two-digit number in the name the sequence of a corrected file? a higher one replaces a lower one"),
        (_COUNTED, at, "is the number behind the day the sequence of a corrected file (a higher one replaces a lower one: `{seq}`), or one of several files a day (`{part}`)?"),
    ):  # fmt: skip
        numbered = list(pattern.finditer(text, start))
        if len(numbered) == 1:
            text = f"{text[: numbered[0].start()]}{{seq}}{text[numbered[0].end() :]}"
            doubts.append(question)
            break
    return Template(text, day, tuple(doubts))


def _dated(name: str) -> tuple[str, date] | None:
    for pattern, written in _IN_NAMES:
        for found in re.finditer(pattern, name):
            day = parse_day(found[0], written)
            if day is not None and EARLIEST <= day <= LATEST:
                place = f"{{date:{written}}}" if written else "{date}"
                return f"{name[: found.start()]}{place}{name[found.end() :]}", day
    return None


def plain_word(text: str) -> str:
    """A name of ours for a supplier's: ASCII, lower case, words joined by `_`; hanzi by their reading. May be empty."""
    read = (
        "".join(f" {syllable} " if syllable != text else syllable for syllable in lazy_pinyin(text))
        if not text.isascii()
        else text
    )
    spelled = "".join(_SPELLED.get(c, c) for c in read)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:60].strip("_")


def field_names(given: Iterable[str]) -> list[str]:
    """Our names for a supplier's columns, each once, none that YAML reads as something else."""
    taken: dict[str, int] = {}
    names = []
    for at, text in enumerate(given, 1):
        name = plain_word(text) or f"c{at:02d}"
        if name in YAML_WORDS:
            name = f"{name}_"
        if name[0].isdigit():
            name = f"c{name}"
        taken[name] = taken.get(name, 0) + 1
        while taken[name] > 1 and f"{name}_{taken[name]}" in taken:
            taken[name] += 1
        unique = name if taken[name] == 1 else f"{name}_{taken[name]}"
        taken.setdefault(unique, 1)
        names.append(unique)
    return names


def feed_name(template: str, system: str | None) -> str:
    """`<system>__<object>` from the name of a file."""
    stem = re.sub(r"\{[^{}]*\}", "", Path(template).name)
    stem = re.sub(
        r"(\.(gz|tgz|tar|txt|csv|dat|del|psv|tsv|jsonl|json|parquet|asc))+$", "", stem, flags=re.IGNORECASE
    )
    thing = plain_word(stem) or "file"
    sender = plain_word(system or "") or "supplier"
    sender, thing = (
        (f"s{sender}" if sender[0].isdigit() else sender),
        (f"f{thing}" if thing[0].isdigit() else thing),
    )
    return f"{re.sub('_+', '_', sender)}__{re.sub('_+', '_', thing)}"

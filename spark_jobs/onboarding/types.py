"""The type of a column, told by how its values are written, in the words of a contract. What is ambiguous stays text, with a question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.patterns import parse_day
from spark_jobs.onboarding.hints import DAY_WORDS, ENOUGH, NEARLY, hints, rounding, share_of, tabs

# Words that stand for nothing, whatever the column.
NO_WORDS = {
    "null", "n/a", "na", "#n/a", "none", "nil", ".", "-", "--", "---", "\\n", "unknown", "unbekannt", "k.a.", "不详", "不詳", "未知", "无", "無",
    "暂无", "暫無", "空",
}  # fmt: skip
NO_DAYS = {
    "00000000", "0000-00-00", "0000/00/00", "00.00.0000", "19000101", "1900-01-01", "1900/01/01", "01.01.1900", "00010101", "0001-01-01",
    "01.01.0001", "1800-01-01", "00000000000000",
}  # fmt: skip
OPEN_DAYS = {"99991231", "9999-12-31", "9999/12/31", "31.12.9999", "31/12/9999", "99991231235959"}
_ENDS = re.compile(
    r"(?i)exp|end|until|_to$|^to$|valid|matur|due|到期|失效|截止|有效|终止|終止|bis|ablauf|ende"
)
_TRUTHS = ({"true", "false"}, {"y", "n"}, {"yes", "no"}, {"是", "否"})
_NUMBER_WORDS = re.compile(
    r"(?i)(^|_)(n|amt|amount|bal|balance|cnt|count|num|qty|units?|days?|sec|secs|seconds|ms|term|score|age|duration|rate|ratio|limit|price|nav|cost|"
    r"value|sum|total|fee|betrag|saldo|anzahl|alter)\d*($|_)|金额|金額|余额|餘額|笔数|天数|期数|限额|額度|额度|次数|份额"
)
_CODE_WORDS = re.compile(
    r"(?i)(^|_)(no|nr|id|code|cd|type|kind|status|stat|flag|key|num?mer|org|branch|zip|plz|phone|mobile|tel|level|grade|class)($|_)|号|號|编码|編碼|代码|代碼|类型|類型|标志|状态"
)
# Longer words first: a million is no ten thousand.
_UNITS = (
    ("million", "百万|百萬|佰万"), ("wan", "万元|萬元|[(（_]万[)）]?$"), ("yi", "亿元|億元"), ("qian", "千元|仟元"), ("fen", "[(（]分[)）]|_分$"),
)  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """Type of a column as a contract says it. `share` of the values that are of it; `doubts` are questions to the supplier."""

    type: str = "string"
    format: str | None = None
    null: tuple[str, ...] = ()
    share: float = 1.0
    doubts: tuple[str, ...] = ()


def decimal_sign(columns: Iterable[Counter[str]]) -> str:
    """Comma where numbers of the file are written 1.234,56 or 1234,56, else a full stop."""
    comma = point = 0
    for words in columns:
        for word, number in words.items():
            if re.fullmatch(r"[+-]?(\d{1,3}([.\s\u00a0\u202f'’]\d{3})+|\d+),\d{1,2}[+-]?", word):
                comma += number
            elif re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)\.\d+[+-]?", word) and not re.fullmatch(
                r"\d{1,3}\.\d{3}", word
            ):
                point += number
    return "," if comma > point else "."


def guess_type(name: str, words: Counter[str], decimal: str = ".") -> Typed:
    """The type of a column from its values and, where they leave a choice, its name. words: value → how often, without blanks."""
    said, name = name, re.sub(r"\W+", "_", name)
    if {"-"} < words.keys() <= {"+", "-"}:
        return Typed(
            doubts=(
                'signs of the number beside: map that by {sign_by: [amount, column, {"+": 1, "-": -1}]}?',
            )
        )
    given = {w: n for w, n in words.items() if w.casefold() not in NO_WORDS}
    said_nothing = tuple(sorted(w for w in words if w.casefold() in NO_WORDS))
    if not given:
        return Typed(
            null=said_nothing, doubts=("never filled in the sample: what is it, and when is it filled?",)
        )
    for guess in (_boolean, _day, _moment, lambda n, g: _number(n, g, decimal)):
        typed = guess(name, given)
        if typed is not None:
            unit = unit_said(said) if typed.type == "number" else None
            doubts = (f"its name says a unit: map it by {{unit: [column, {unit}]}}, or it is yuan",) if unit else ()  # fmt: skip
            return Typed(
                typed.type,
                typed.format,
                tuple(sorted({*said_nothing, *typed.null})),
                typed.share,
                (*typed.doubts, *doubts, *tabs(given)),
            )
    return Typed(null=said_nothing, doubts=(*hints(name, given, decimal), *tabs(given)))


def unit_said(name: str) -> str | None:
    """The unit of amounts that a column's name says, in the words of a map; None for yuan."""
    return next((unit for unit, said in _UNITS if re.search(said, name)), None)


def _boolean(name: str, words: dict[str, int]) -> Typed | None:
    said = {w.casefold() for w in words}
    if any(said <= pair and (len(said) == 2 or pair == _TRUTHS[0]) for pair in _TRUTHS):
        return Typed("boolean")
    return None


# (shape, type, format): shapes that need no evidence beside being a day.
_DAYS: tuple[tuple[str, str, str | None], ...] = (
    (r"\d{4}-\d{1,2}-\d{1,2}", "date", None),
    (r"\d{4}[/.]\d{1,2}[/.]\d{1,2}", "date", None),
    (r"\d{8}", "date8", None),
    (r"\d{8}", "date", "ddMMyyyy"),
    (r"\d{2}\.\d{2}\.\d{4}", "date", "dd.MM.yyyy"),
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "date", "d.M.yyyy"),
    (r"\d{2}\.\d{2}\.\d{2}", "date", "dd.MM.yy"),
    (r"\d{4}年\d{2}月\d{2}日", "date", "yyyy年MM月dd日"),
    (r"\d{4}年\d{1,2}月\d{1,2}日", "date", "yyyy年M月d日"),
    # In several ways in one column, each of which is read.
    (r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}", "date", None),
)


def _day(name: str, words: dict[str, int]) -> Typed | None:
    told = {w: n for w, n in words.items() if w not in NO_DAYS | OPEN_DAYS}
    nothing = {w for w in words if w in NO_DAYS}
    is_open = {w for w in words if w in OPEN_DAYS}
    if not told:
        is_day = bool(is_open) or bool(DAY_WORDS.search(name))
        return (
            Typed("date8" if all(len(w) == 8 for w in words) else "date", None, tuple(nothing))
            if is_day
            else None
        )
    for pattern, kind, written in (*_DAYS, *_marked_days(told)):
        share = share_of(told, partial(_is_day, pattern, written))
        if share >= ENOUGH:
            doubts: tuple[str, ...] = ()
            if is_open and not _ENDS.search(name):
                nothing |= is_open
            elif is_open:
                doubts = (
                    f"{len(is_open)} way of writing an open end is kept as a date ({', '.join(sorted(is_open))}): does it mean one?",
                )
            return Typed(kind, written, tuple(nothing), share, doubts)
    return None


def _marked_days(words: dict[str, int]) -> list[tuple[str, str, str | None]]:
    """Days whose order of parts only the values tell: 115/09/30, 30/09/2026, 09/30/2026. Nothing where they do not."""
    found: list[tuple[str, str, str | None]] = []
    for mark in "/-.":
        parts = [
            tuple(map(int, w.split(mark)))
            for w in words
            if re.fullmatch(rf"\d{{1,3}}\{mark}\d{{1,2}}\{mark}\d{{1,4}}", w, re.ASCII)
        ]
        if len(parts) < NEARLY * len(words):
            continue
        first, second, third = (max(p[i] for p in parts) for i in range(3))
        if first > 31 and second <= 12 and third <= 31:
            found.append((rf"\d{{2,3}}\{mark}\d{{1,2}}\{mark}\d{{1,2}}", "date", "roc"))
        elif third > 31 and first <= 31 and second <= 31 and (first > 12) != (second > 12):
            year = "yyyy" if third > 999 else "yy"
            days = f"dd{mark}MM" if first > 12 else f"MM{mark}dd"
            short = days.replace("dd", "d").replace("MM", "M")
            is_padded = all(re.match(r"\d{2}\D\d{2}\D", w) for w in words)
            found.append(
                (
                    rf"\d{{1,2}}\{mark}\d{{1,2}}\{mark}\d{{2,4}}",
                    "date",
                    f"{days if is_padded else short}{mark}{year}",
                )
            )
    sevens = [w for w in words if re.fullmatch(r"[01]\d{6}", w, re.ASCII)]
    if len(sevens) >= NEARLY * len(words) and len(words) >= 3:
        found.append((r"[01]\d{6}", "date", "roc"))
    return found


def _is_day(pattern: str, written: str | None, word: str) -> bool:
    if not re.fullmatch(pattern, word, re.ASCII):
        return False
    day = parse_day(word, written) if written else parse_date(word)[0]
    return day is not None and date(1850, 1, 1) <= day <= date(2100, 12, 31)


_MOMENTS: tuple[tuple[str, str, str | None], ...] = (
    (r"\d{14}", "timestamp14", None),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)?", "timestamp", None),
    (r"\d{4}-\d{2}-\d{2}-\d{2}\.\d{2}\.\d{2}(\.\d{1,12})?", "timestamp", None),
    (r"\d{4}/\d{1,2}/\d{1,2} \d{2}:\d{2}:\d{2}", "timestamp", None),
    (r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}", "timestamp", "dd.MM.yyyy HH:mm"),
    (r"\d{2}\.\d{2}\.\d{4} \d{2}:\d{2}:\d{2}", "timestamp", "dd.MM.yyyy HH:mm:ss"),
)


def _moment(name: str, words: dict[str, int]) -> Typed | None:
    told = {w: n for w, n in words.items() if w not in NO_DAYS | OPEN_DAYS}
    for pattern, kind, written in _MOMENTS if told else ():
        share = share_of(told, partial(_is_moment, pattern, kind))
        if share >= ENOUGH:
            local = written is None and not any(re.search(r"(Z|[+-]\d{2}(:?\d{2})?)$", w[16:]) for w in told)
            doubts = (
                ("is it local time? `format: utc` where it is not",) if local and kind == "timestamp" else ()
            )
            return Typed(kind, written, tuple(w for w in words if w in NO_DAYS), share, doubts)
    return None


def _is_moment(pattern: str, kind: str, word: str) -> bool:
    if not re.fullmatch(pattern, word, re.ASCII):
        return False
    if kind != "timestamp14":
        return True
    try:
        return 1850 <= datetime.strptime(word, "%Y%m%d%H%M%S").year <= 2100
    except ValueError:
        return False


def _number(name: str, words: dict[str, int], decimal: str) -> Typed | None:
    share = share_of(words, lambda w: parse_number(w, 0, decimal) is not None)
    if share < ENOUGH:
        return None
    has_parts = any(decimal in w for w in words)
    has_sign = any(w[0] in "+-" or w[-1] in "+-" for w in words)
    is_padded = any(re.match(r"[+-]?0\d", w) for w in words)
    if has_sign and is_padded and not has_parts:
        return Typed("number", share=share, doubts=(
            "padded with zeros and without a point: are these whole units, or has it decimals that are not written (implied2 is cents)?",
        ))  # fmt: skip
    if is_padded and not has_parts:
        return None
    if rounded := rounding(words):
        return Typed("number", share=share, doubts=rounded)
    if has_parts or has_sign or _NUMBER_WORDS.search(name):
        return Typed("number", share=share)
    if _CODE_WORDS.search(name) or len(words) <= 12 or len({len(w) for w in words}) == 1:
        return None
    return Typed(
        "number", share=share, doubts=("a number by its looks: is it one, or the number of something?",)
    )

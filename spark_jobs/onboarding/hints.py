"""What to ask about a column of text that looks like something no type of ours says. The values are as they came; nothing is guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from spark_jobs.columns.dates import parse_date
from spark_jobs.columns.money import parse_number
from spark_jobs.contracts.patterns import parse_day

# A column is of a type when so many of its values are; the rest is what the reader would call invalid.
ENOUGH = 0.98
NEARLY = 0.8
DAY_WORDS = re.compile(r"(?i)dat(e|um)|_dt$|^dt|day|日期|日$|tag")
# (shape, fewest different values, what to ask): what text could be that our types do not say.
_LOOKS: tuple[tuple[str, int, str], ...] = (
    (r"1[0-9]{12}", 1, "milliseconds since 1970? then map it by {python: [epoch_ms, …]}"),
    (r"(19|20)\d{2}-?(0[1-9]|1[0-2])", 1, "months? then map it by {python: [month_start, …]}"),
    (r"([01]\d|2[0-3])[0-5]\d[0-5]\d", 4, "a time of day? then map it by {python: [date_and_time, …, …]}"),
    (r"1[0-9]{9}", 4, "seconds since 1970? They are no moment as they are; ask for 2026-09-30 08:15:00"),
    (r"\{.*\}|\[.*\]", 4, "objects or lists of JSON inside of a field, which stay text: ask for columns"),
    (r"\d{1,2}([/.-])\d{1,2}\1\d{2,4}", 1, "dates whose order of day and month no value tells: ask, then say `type: date` with its `format`"),
)  # fmt: skip
_CURRENCY = r"([¥￥$€£]|CNY|RMB|EUR|USD|HKD|TWD|NTD|JPY|GBP)"
# What is written so that nothing of ours reads it. The values are as they came; the question is what they were meant to be.
_UNREADABLE: tuple[tuple[str, str], ...] = (
    (r"\?{2,}", "question marks where somebody lost characters before: ask for the file in an encoding that has them"),
    (r"[\d０-９٠-٩۰-۹．，－／：\s./:,+-]*[０-９٠-٩۰-۹][\d０-９٠-٩۰-۹．，－／：\s./:,+-]*", "full-width figures, or Arabic ones: no date and no number is read from them; ask for plain ones"),
    (rf"{_CURRENCY}\s*[+-]?\d[\d,.]*|[+-]?\d[\d,.]*\s*{_CURRENCY}", "a currency sign or word before or behind the number, which is not read so; ask for plain numbers and a column of currencies"),
    (r"\d[\d,.]*\s*(CR|DR|借|贷)|[\d,]+\.\d{2}\s*[CD]", "its side (debit or credit) behind the number, which is not read so; ask for a sign, or for a column of sides"),
    (r"[+-]?[\d,.]+\s*%", "per cent with its sign, which is no number; ask for plain numbers"),
    (r"[+-]?[\d,.]+\s*[万亿千百元][万元亿]*", "numbers with a unit behind, which are not read so; ask for plain numbers in one unit"),
    (r"(民國|民国)\d{2,3}年\d{1,2}月\d{1,2}日", "years of the Republic in words, which are not read so; ask for 115/09/30 (`format: roc`)"),
    (r"\d{1,2}[- ]?[A-Za-z]{3,9}[- ]?\d{2,4}( .*|:.*)?", "dates with the month in words, which are not read so; ask for 2026-09-30"),
    (r"\d{4}[-/]\d{1,2}[-/]\d{1,2}\s+((上午|下午|[AP]M)\s*\d{1,2}:.*|\d{1,2}:.*[AP]M)", "a time of the morning or afternoon, which is not read so; ask for 24 hours"),
    (r"(&#x?[0-9A-Fa-f]+;|\\u[0-9A-Fa-f]{4}|(%[0-9A-F]{2}){2,})+", "characters as numbers (&#29579; \\u738b %E7%8E%8B), as web pages write them, which stay so; ask for the characters"),
    (r"'.*'", "apostrophes around or before the values are a part of them: ask for plain values"),
    (r"'\d+|`.*|=\"?.*", "written so that a spreadsheet takes it for text; the signs are a part of the value: ask for plain values"),
)  # fmt: skip
# So many values written so are no accident.
_SOME = 0.05
# One number in a thousand ends in three zeros; of those that end in X a spreadsheet makes text.
_MOST = 0.5
_UNSEEN = "\t\x1c\x1d\x1e\x1f\xad\ufeff" + "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)))
)
_INSIDE = re.compile(r"[\x01-\x08\x0e-\x1f]")
_ROUNDED = r"\d(\.\d+)?[eE]\+?\d+"


def share_of(words: Mapping[str, int], fits: Callable[[str], bool]) -> float:
    """How many of the values fit, each as often as it stands there."""
    return sum(n for w, n in words.items() if fits(w)) / sum(words.values())


def rounding(words: Mapping[str, int]) -> tuple[str, ...]:
    """The question about numbers that a spreadsheet rounded; empty where there are none."""
    found = share_of(words, partial(_looks, _ROUNDED))
    return (
        (f"{found:.1%} are written like 1e+05: a spreadsheet wrote them, and maybe rounded them; ask for plain numbers",)
        if found
        else ()
    )  # fmt: skip


def tabs(words: Mapping[str, int]) -> tuple[str, ...]:
    """The question about values with signs around them that nobody sees; empty where there are none.

    By a tab exports keep a spreadsheet from rounding a number; 0x1E behind the last field ends a record where a line end follows.
    """
    found = share_of(words, lambda w: w != w.strip(_UNSEEN)) if words else 0
    inside = share_of(words, lambda w: bool(_INSIDE.search(w.strip()))) if words else 0
    if inside >= _SOME and found < _SOME:
        return (
            f"{inside:.0%} have a sign inside that nobody sees, as lists of a warehouse have (0x02) between their parts: one value, or several?",
        )
    return (
        (
            f"{found:.0%} have a tab or another sign that nobody sees before or behind them, which is a part of the value: ask for plain ones",
        )
        if found >= _SOME
        else ()
    )


def _names_inside(words: Mapping[str, int]) -> tuple[str, ...]:
    """The question about values that begin with the name of their field; empty where they do not."""
    begins = Counter[str]()
    for word, count in words.items():
        if said := re.match(r"([A-Za-z_\u4e00-\u9fff]\w{0,30})[=：:](?!//)", word):
            begins[said[1]] += count
    name, count = begins.most_common(1)[0] if begins else ("", 0)
    if count < ENOUGH * sum(words.values()):
        return ()
    return (
        f"each value begins with `{name}` and a sign behind it: the name stands in the value; ask for plain values",
    )


def _odd_days(words: Mapping[str, int]) -> str | None:
    """What to ask of a column that is called a day and whose numbers could be days."""
    for pattern, written, asked in (
        (r"\d{6}", "yyMMdd", "days with years of two digits? then `type: date` with `format: yyMMdd`"),
        (r"20\d{2}[0-3]\d{2}", "%Y%j", "days by their number in the year (2026273), which are not read so? Ask for 20260930"),
        (r"[34]\d{4}", "excel", "days by the number that a spreadsheet keeps them by? then `type: date` with `format: excel`"),
    ):  # fmt: skip
        if share_of(words, partial(_is_number_of_a_day, pattern, written)) >= ENOUGH:
            return asked
    return None


def hints(name: str, words: Mapping[str, int], decimal: str) -> tuple[str, ...]:
    """Questions about the values of a column; none where they are plain text. words: value → how often, without blanks."""
    if rounded := rounding(words) or _names_inside(words):
        return rounded
    if len(words) > 1 and share_of(words, partial(_looks, r"[1-9]\d{14}0{3}")) >= _MOST:
        return (
            "three zeros at the end of eighteen digits: a spreadsheet keeps fifteen and has rounded the rest; ask for the column as text",
        )
    if _is_punched(words):
        return (
            "does the last digit bear the sign, as COBOL writes it? Then `type: number` (implied2 for cents) with `sign: overpunch`",
        )
    for pattern, told in _UNREADABLE:
        if share_of(words, partial(_looks, pattern)) >= _SOME:
            return (told,)
    if re.search(DAY_WORDS, name) and (asked := _odd_days(words)):
        return (asked,)
    for pattern, fewest, asked in _LOOKS:
        if len(words) >= fewest and share_of(words, partial(_looks, pattern)) >= ENOUGH:
            return (asked,)
    if len(words) <= 12:
        return ()
    days = share_of(words, lambda w: len(w) >= 7 and parse_date(w)[0] is not None)
    numbers = share_of(words, lambda w: parse_number(w, 0, decimal) is not None)
    for share, kind in ((days, "dates"), (numbers, "numbers")):
        if NEARLY <= share < ENOUGH:
            return (f"{share:.0%} are {kind}, the rest is not: ask what else may stand here",)
    return ()


def _is_punched(words: Mapping[str, int]) -> bool:
    """Whether figures end in one of COBOL's signed digits, in many of them: account numbers end in one letter or two."""
    ends = {word[-1] for word in words}
    return len(ends) >= 5 and share_of(words, partial(_looks, r"\d{3,}[{}A-R]")) >= ENOUGH


def _looks(pattern: str, word: str) -> bool:
    return bool(re.fullmatch(pattern, word, re.ASCII))


def _is_number_of_a_day(pattern: str, written: str, word: str) -> bool:
    if written == "%Y%j":
        return _looks(pattern, word) and 1 <= int(word[4:]) <= 366
    return _looks(pattern, word) and parse_day(word, written) is not None

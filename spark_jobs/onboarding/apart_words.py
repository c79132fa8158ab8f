"""Lines of a sample that are no records of anybody: sums (合计, 城东小计, Subtotal) and notes (制表人：…), by their first cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from spark_jobs.bronze.apart import plain
from spark_jobs.bronze.delimited import cells
from spark_jobs.bronze.records import Record, read
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.onboarding.samples import Sample

_SUM = "[合总總小累共][计計]"
WORDS = re.compile(
    rf"(?i){_SUM}|本[页頁日月年]{_SUM}|((sub|grand)[ _-]?)?totals?|sum|(zwischen|gesamt)?summe|gesamt"
)
# The sum of a group bears its name: 城东支行小计.
_OF_A_GROUP = re.compile(rf"[^\W\d_]{{2,20}}?(?P<word>{_SUM})")
_NOTE = re.compile(
    r"(?i)(?P<word>制表|填表|复核|復核|审核|審核|经办|經辦|打印|列印|导出|導出|统计|備註|备注|说明|說明|注|附注|note|remark|prepared|printed)"
    r"[^:：]{0,6}[:：].*"
)
# How many there were (共60笔记录, "60 rows selected."), rules of hyphens, and what ends a dump of PostgreSQL.
_COUNT = re.compile(r"[共总總][计計有]?[:：]?\d+(?P<word>[笔筆条條行户戶人]).*")
_ROWS = re.compile(r"(?i)\(?\d+(rows?|records?)(selected|inset)?\.?\)?")
_RULE = re.compile(r"(?P<word>[+=*]?[-=_*~]{4})[-+=_*~]*")
_END = "\\."
# More than so many of them are no sums of others.
MOST = 0.25


def words_apart(samples: Sequence[Sample], source: SourceContract) -> Mapping[str, tuple[str, ...]]:
    """Field → words, as the contract's `set_aside` has them. A sum of a group and a note leave some columns empty; records do not."""
    found: dict[str, dict[str, None]] = {}
    for sample in samples:
        records = list(read(sample.content, source))
        rows = [filled for record in records if (filled := _filled(record, source))]
        most = max(map(len, rows), default=0)
        told = [(row[0][0], word) for row in rows if (word := _word(row[0][1], len(row) < most))]
        if len(told) <= max(1, MOST * len(records)):
            for name, word in told:
                found.setdefault(name, {})[word] = None
    return {name: tuple(words) for name, words in found.items()}


def _word(cell: str, leaves_out: bool) -> str | None:
    """What the contract would call a line with this first cell; None for a record. Only words of ours, never a value."""
    word = plain(cell)
    if WORDS.fullmatch(word):
        return word
    if leaves_out and (group := _OF_A_GROUP.fullmatch(word)):
        return f"*{group['word']}"
    if leaves_out and (count := _COUNT.fullmatch(word)):
        return f"{word[0]}*{count['word']}*"
    if leaves_out and (_ROWS.fullmatch(word) or word == _END):
        return re.sub(r"\d+", "*", word)
    if leaves_out and (note := _NOTE.fullmatch(cell) or _RULE.fullmatch(cell)):
        return f"{note['word']}*"
    return None


def _filled(record: Record, source: SourceContract) -> list[tuple[str, str]]:
    """Names and cells of the filled fields; of a line with too few columns, too, since sums leave columns out."""
    values: Iterable[str | None] = record.values or ()
    if record.values is None and source.layout.kind == "delimited" and "column_count" in record.reasons:
        values = cells(record.raw.decode(source.layout.encoding), source.layout) or ()
    named = zip(source.names(), values, strict=False)
    return [(name, value.strip()) for name, value in named if value and value.strip()]

"""A draft as YAML that a person reads, answers and edits. Comments give confidence and shapes, never a customer's value."""

from __future__ import annotations

import re
from collections.abc import Iterable

from spark_jobs.bronze import apart
from spark_jobs.bronze.columnar import KINDS as COLUMNAR_KINDS
from spark_jobs.bronze.objects import KINDS as JSON_KINDS
from spark_jobs.onboarding.controls import Declared, Of
from spark_jobs.onboarding.draft import Draft
from spark_jobs.onboarding.masks import common_shapes
from spark_jobs.onboarding.names import YAML_WORDS
from spark_jobs.onboarding.proposals import Column

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
WIDTH = 140


def quoted(text: str) -> str:
    """A word of YAML that is read back as this text."""
    if _BARE.fullmatch(text) and text.lower() not in YAML_WORDS:
        return text
    return in_quotes(text)


def in_quotes(text: str) -> str:
    """The text in double quotes; what no eye sees is escaped."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    code = ord(sign)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def questions_of(draft: Draft) -> list[str]:
    """What to ask the supplier, in the order of the file; each names a column or a place, none a value."""
    asked = list(draft.feed.template.doubts)
    if draft.encoding.confidence < 0.9:
        asked.append(
            f"which encoding is the file in? {draft.encoding.name} is drafted ({draft.encoding.why})"
        )
    asked += draft.guess.doubts
    asked += draft.questions
    asked.append(_about_mode(draft))
    if draft.key is None:
        asked.append(
            "what names a record? No column, and no three together, is never empty and never twice (or the sample is too small)"
        )
    elif draft.key.others:
        others = "; ".join("+".join(draft.columns[p].name for p in each) for each in draft.key.others)
        asked.append(f"is {'+'.join(draft.key_names)} what names a record? These would do as well: {others}")
    if (draft.guess.layout.trailer_mark or any(s.control for s in draft.feed.samples)) and not draft.controls:
        asked.append(
            "what does the last line (or the file beside) declare? It fits neither the rows nor the day, so nothing is compared"
        )
    asked += [
        f"`{group}` of the last line (or the file beside): is it {of.told}? It is so in all samples"
        for declared, _ in draft.controls
        for group, of in declared.sums.items()
        if not of.is_whole
    ]
    for column in draft.columns:
        asked += [f"`{column.name}`: {doubt}" for doubt in column.typed.doubts]
        if column.typed.null:
            asked.append(
                f"`{column.name}`: does {' and '.join(column.typed.null)} mean unknown? It is drafted so"
            )
        if column.means("secret"):
            asked.append(
                f"`{column.name}` looks like a secret (C3), which is refused: ask the supplier not to send it"
            )
        if column.means("gone"):
            asked.append(f"`{column.name}`: does it mark deleted records? Then map with `delete_when`")
    return [*asked, *draft.proposal.questions]


def _about_mode(draft: Draft) -> str:
    if draft.again is None:
        return "does each file hold everything (mode: full), changed records, or new ones (new_rows)? What a full file leaves out is gone"
    return (
        f"does each file hold everything? {draft.again:.0%} of the records of one file come again in the next; "
        f"`mode: {_mode(draft)}` is drafted"
    )


def _mode(draft: Draft) -> str | None:
    if draft.again is None:
        return None
    return "full" if draft.again >= 0.9 else "changed_rows" if draft.again > 0 else "new_rows"


def as_yaml(draft: Draft) -> str:
    """The contract, ready for `--conf`."""
    names = ", ".join(sorted({s.name for s in draft.feed.samples})[:3]) + (
        " …" if len(draft.feed.samples) > 3 else ""
    )
    lines = [
        f"# Drafted from {names}: {draft.rows} records. Read it, ask what stands below, then `oxpecker contract check`."
    ]
    none = {reason: n for reason, n in draft.unreadable.items() if reason in apart.REASONS}
    if none:
        told = ", ".join(f"{n} {reason}" for reason, n in none.items())
        lines.append(f"# No records: {told}. They are set aside and count as no rows.")
    if len(none) < len(draft.unreadable):
        told = ", ".join(f"{n} {reason}" for reason, n in draft.unreadable.items() if reason not in none)
        lines.append(
            f"# Not readable this way: {told}. They will be kept aside; ask the supplier why they differ."
        )
    if not all(s.is_whole for s in draft.feed.samples):
        lines.append(
            "# Only the beginning of the largest sample was looked at: key and words are those of its records."
        )
    lines.append("# Ask the supplier:")
    for number, question in enumerate(questions_of(draft), 1):
        lines += _wrapped(f"#  {number}. {question}")
    lines += [f"feed: {draft.name}", _delivery(draft), *_layout(draft)]
    if draft.controls:
        lines += _controls(draft)
    if draft.key is not None:
        lines.append(
            f"key: [{', '.join(map(quoted, draft.key_names))}]   # {draft.key.confidence:.2f}: {draft.key.why}"
        )
    lines.append("fields:")
    width = max(len(quoted(c.name)) for c in draft.columns) + 1
    lines += [_field(c, draft, width) for c in draft.columns]
    if draft.set_aside:
        told = ", ".join(
            f"{quoted(name)}: [{', '.join(map(in_quotes, words))}]" for name, words in draft.set_aside.items()
        )
        lines.append(f"set_aside: {{{told}}}")
    checks = [f"not_null: [{', '.join(map(quoted, draft.key_names))}]"] if draft.key is not None else []
    checks += ["last_line_end: hold"] if _ends_tell(draft) else []
    checks += ["header_again: counted"] if draft.header_again == "counted" else []
    if checks:
        lines.append(f"checks: {{{', '.join(checks)}}}")
    # In quotes what is not printable is escaped; in comments it would only spoil the file.
    seen = ["".join(c if c.isprintable() else "·" for c in line) for line in (*lines, *_maps(draft))]
    return "\n".join([*seen, ""])


def _ends_tell(draft: Draft) -> bool:
    """Whether the end of the last line is all that shows that a file came whole: nothing counts its rows, and all samples have it."""
    is_text = draft.guess.layout.kind in ("delimited", *JSON_KINDS)
    is_counted = (
        draft.controls or draft.guess.layout.trailer_mark or (draft.feed.system and draft.feed.has_ok)
    )
    whole = [s.content for s in draft.feed.samples if s.is_whole and s.content]
    return (
        is_text
        and not is_counted
        and bool(whole)
        and all(c.rstrip(b"\x1a").endswith((b"\n", b"\r")) for c in whole)
    )


def _wrapped(text: str) -> Iterable[str]:
    """A comment in lines of bearable length, cut between words."""
    line = ""
    for word in text.split(" "):
        if line and len(line) + len(word) >= WIDTH:
            yield line
            line = f"#     {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line


def _delivery(draft: Draft) -> str:
    feed = draft.feed
    told = []
    if feed.system:
        told += [f"system: {quoted(feed.system)}"]
        told += [f"package: {quoted(feed.package)}"] if feed.package else []
        told += [f"member: {quoted(feed.template.text)}"]
        told += [] if feed.has_ok else ["ok: false"]
    else:
        told.append(f"file: {quoted(feed.template.text)}")
    mode = _mode(draft)
    told += [f"mode: {mode}"] if mode else []
    return f"delivery: {{{', '.join(told)}}}"


def _layout(draft: Draft) -> list[str]:
    layout = draft.guess.layout
    told = [f"kind: {layout.kind}"]
    if layout.kind not in COLUMNAR_KINDS:
        told.append(f"encoding: {quoted(layout.encoding)}")
    if layout.kind == "delimited":
        told.append(f"separator: {in_quotes(layout.separator)}")
    if layout.record_bytes:
        told.append(f"record_bytes: {layout.record_bytes}")
    told += [f"{word}: true" for word in ("header", "quote", "escape") if getattr(layout, word)]
    told += [f"skip_lines: {layout.skip_lines}"] if layout.skip_lines else []
    told += [f"line_end: {layout.line_end}"] if layout.line_end != "lf" else []
    told += [f"sheet: {quoted(layout.sheet)}"] if layout.sheet else []
    told += ['decimal: ","'] if layout.decimal == "," else []
    marks = [f"detail: {in_quotes(layout.detail)}"] if layout.detail else []
    marks += [f"trailer: {in_quotes(layout.trailer_mark)}"] if layout.trailer_mark else []
    told += [f"record_type: {{{', '.join(marks)}}}"] if marks else []
    why = [] if layout.kind in COLUMNAR_KINDS else [f"{draft.encoding.confidence:.2f}: {draft.encoding.why}"]
    if layout.kind in ("delimited", "fixed"):
        why.append(f"{draft.guess.confidence:.0%} of the lines are cut alike")
    return [*(f"# layout {w}" for w in why), f"layout: {{{', '.join(told)}}}"]


def _controls(draft: Draft) -> list[str]:
    made = [f"{{{', '.join(_control(declared, file))}}}" for declared, file in draft.controls]
    written = [f"control: {made[0]}"] if len(made) == 1 else ["control:", *(f"  - {each}" for each in made)]
    return ["# control 0.90: what it declares is what the samples hold", *written]


def _control(declared: Declared, file: str | None) -> list[str]:
    place = [f"in: file, file: {in_quotes(file)}"] if file else ["in: trailer"]
    pattern = declared.pattern
    in_single = "'" + pattern.replace("'", "''") + "'"
    told = [*place, f"pattern: {in_single if pattern.isprintable() else in_quotes(pattern)}"]
    told += [f"date_format: {quoted(declared.date_format)}"] if declared.date_format else []
    if declared.sums:
        told.append(f"sums: {{{', '.join(f'{group}: {_sum(of)}' for group, of in declared.sums.items())}}}")
    return told


def _sum(of: Of) -> str:
    if of.is_whole:
        return quoted(of.column)
    told = [f"of: {quoted(of.column)}"]
    if of.by:
        words = f"[{', '.join(map(in_quotes, of.words))}]"
        told.append(f"where: {{{quoted(of.by)}: {words if of.is_meant else f'{{not: {words}}}'}}}")
    told += [f"only: {of.only}"] if of.only else []
    told += ["without_sign: true"] if of.without_sign else []
    return f"{{{', '.join(told)}}}"


def _field(column: Column, draft: Draft, width: int) -> str:
    typed = column.typed
    told = [f"at: [{column.at[0]}, {column.at[1]}]"] if column.at else []
    if column.source_name != column.name:
        told.append(f"from: {quoted(column.source_name)}")
    told.append(f"type: {typed.type}")
    told += [f"format: {quoted(typed.format)}"] if typed.format else []
    told.append(f"class: {column.privacy}")
    told += [f"null: [{', '.join(in_quotes(w) for w in typed.null)}]"] if typed.null else []
    if (
        not (draft.guess.layout.header or draft.guess.layout.kind in ("fixed", *JSON_KINDS, *COLUMNAR_KINDS))
        and draft.guess.columns
    ):
        told.append(f"description: {in_quotes(draft.guess.columns[draft.columns.index(column)])}")
    return f"  {quoted(column.name) + ':':<{width}} {{{', '.join(told)}}}   # {_seen(column)}"


def _seen(column: Column) -> str:
    filled = sum(column.words.values())
    told = []
    if column.meaning is not None:
        told.append(
            f"{column.meaning.confidence:.2f} {column.meaning.kind.replace('_', ' ')}: {column.meaning.why}"
        )
    told.append(f"{len(column.words)} different")
    if filled < column.rows:
        told.append(f"{1 - filled / column.rows:.0%} empty")
    shapes = common_shapes(column.words)
    if shapes:
        told.append("like " + " ".join(shapes))
    return " · ".join(told).replace("\n", " ")


def _maps(draft: Draft) -> list[str]:
    lines = []
    entities = dict.fromkeys(entity for entity, _ in draft.proposal.maps)
    for entity in entities:
        several = [given for name, given in draft.proposal.maps if name == entity]
        lines.append(f"  {entity}:")
        for given in several:
            for at, line in enumerate(given):
                head = "    " if len(several) == 1 else "    - " if at == 0 else "      "
                lines.append(f"{head}{line.column}: {line.expression}   # {line.confidence:.2f}: {line.why}")
    return ["maps:", *lines] if lines else []

"""A contract drafted from samples of one feed: what the bytes say, what is proposed, what is to be asked. Same samples, same draft."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from spark_jobs.bronze import apart
from spark_jobs.bronze.archives import ZIP
from spark_jobs.bronze.cut import Cut
from spark_jobs.bronze.records import read
from spark_jobs.columns.certificates import Kind, declared_kinds
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import Delivery, Layout, SourceContract, SourceField
from spark_jobs.errors import DeliveryError
from spark_jobs.onboarding import controls, keys
from spark_jobs.onboarding.apart_words import words_apart
from spark_jobs.onboarding.encodings import Encoding, census
from spark_jobs.onboarding.foreign import refuse_foreign
from spark_jobs.onboarding.guess import Guess, bare
from spark_jobs.onboarding.layouts import guess_layout
from spark_jobs.onboarding.meanings import are_codes, guess_meaning, privacy_of
from spark_jobs.onboarding.names import feed_name, field_names
from spark_jobs.onboarding.proposals import Column, Proposal, propose
from spark_jobs.onboarding.samples import Feed, Sample
from spark_jobs.onboarding.types import decimal_sign, guess_type, rounding, tabs
from spark_jobs.onboarding.widths import guess_columns
from spark_jobs.settings import overlaid_files

# So many values of a column decide its type; more change nothing but the time.
MOST_ROWS = 20_000
# Sums of parts of a file are looked for by columns of so few words.
MOST_WORDS = 6
# What Parquet files and workbooks begin with: they have no encoding of their own.
COLUMNAR = (b"PAR1", ZIP)
Rows = list[list[str | None]]


@dataclass(frozen=True)
class Draft:
    """Everything that was found out of a feed.

    controls      what last lines declare, then what files beside do with the name of such a file
    unreadable    records of the samples that this contract cannot read, by reason; what is no record (`apart`) beside them
    header_again  of the contract's `checks`; set_aside: of the contract
    """

    feed: Feed
    name: str
    encoding: Encoding
    guess: Guess
    columns: tuple[Column, ...]
    key: keys.Key | None
    again: float | None
    controls: tuple[tuple[controls.Declared, str | None], ...]
    proposal: Proposal
    rows: int
    unreadable: Mapping[str, int] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    header_again: str = "not_counted"
    set_aside: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def key_names(self) -> list[str]:
        return [self.columns[p].name for p in self.key.columns] if self.key else []


def draft(
    feed: Feed, dirs: tuple[Path, ...], system: str | None = None, likely_encoding: Encoding | None = None
) -> Draft:
    """The draft of one feed. Raises DeliveryError where nothing can be drafted, with what to ask the supplier for.

    likely_encoding  of other files of the same sender, for samples that are ASCII only
    """
    filled = [s for s in feed.samples if s.content.strip()]
    if not filled:
        raise DeliveryError("every sample is empty; a draft needs a day on which there was something")
    for sample in filled:
        refuse_foreign(sample.content)
    encoding = encoding_of(filled)
    if encoding.confidence <= 0.1:
        raise DeliveryError(encoding.why)
    if encoding.confidence <= 0.6 and likely_encoding is not None:
        encoding = Encoding(
            likely_encoding.name, 0.7, "all bytes are ASCII; other files of the sender are in it"
        )
    guess = _best_guess(filled, encoding.name)
    names, places, doubts = _columns(guess, filled)
    name = feed_name(feed.template.text, system or feed.system)
    plain = _contract(name, guess.layout, names, _source_names(guess, names), places)
    plain = replace(plain, set_aside=words_apart(filled, plain))
    files, rows, unreadable, misshapen = _values(filled, plain)
    if not rows:
        told = (
            f"none of {sum(unreadable.values())} records can be read"
            if unreadable
            else "the samples have a header and no record"
        )
        raise DeliveryError(f"{told}; a draft needs a day on which there was something")
    codes = lambda code_list: load_codes(dirs, code_list)  # noqa: E731
    columns, decimal = _described(files, names, plain, places, declared_kinds(codes("cert_kind")))
    key = keys.guess_key(
        files, [c.typed for c in columns], [c.meaning for c in columns], [c.source_name for c in columns]
    )
    columns = [_with_shape(c) if c.source_name in misshapen else c for c in columns]
    doubts += [
        f"`{name}`: are rows with {' and '.join(words)} no records, but sums or notes? They are drafted so (`set_aside`), and load nowhere"
        for name, words in plain.set_aside.items()
    ]
    guess = replace(guess, layout=replace(guess.layout, decimal=decimal))
    declared, header_again = _controls(filled, plain, columns, decimal, files)
    key_names = [columns[p].name for p in key.columns] if key else []
    lists = [Path(p).stem for p in overlaid_files(dirs, "codes", "*.csv")]
    proposal = propose(columns, key_names, lists, codes, name.split("__")[0])
    if guess.is_foreign_log:
        proposal = Proposal(questions=["no map is proposed for a change log of another form"])
    again = keys.overlap(files, key.columns) if key else None
    return Draft(
        feed, name, encoding, guess, tuple(columns), key, again, declared, proposal, rows, unreadable, tuple(doubts),
        header_again, plain.set_aside,
    )  # fmt: skip


def encoding_of(samples: Sequence[Sample]) -> Encoding:
    """The encoding of a feed, from all of its samples."""
    texts = [s.content for s in samples if not s.content.startswith(COLUMNAR)]
    return census(b"\n".join(texts)) if texts else Encoding("utf-8", 1.0, "no text")


def _best_guess(samples: Sequence[Sample], encoding: str) -> Guess:
    """The layout of the sample with most lines; quotes, trailers and names of fields are put together from all."""
    largest = max(samples, key=lambda s: (s.content.count(b"\n"), len(s.content), s.name))
    guess = guess_layout(largest.content, encoding)
    others = []
    for each in samples:
        if each is not largest:
            try:
                others.append(guess_layout(each.content, encoding))
            except DeliveryError:
                continue
    alike = [
        o
        for o in others
        if (o.layout.kind, o.layout.separator, o.width)
        == (guess.layout.kind, guess.layout.separator, guess.width)
    ]
    layout = guess.layout
    if layout.kind == "delimited":
        quote = layout.quote or any(o.layout.quote for o in alike)
        escape = not quote and (layout.escape or any(o.layout.escape for o in alike))
        layout = replace(layout, quote=quote, escape=escape)
    if layout.kind in ("jsonl", "cdc"):
        columns = dict.fromkeys(guess.columns or ())
        for other in others:
            columns.update(dict.fromkeys(other.columns or () if other.layout.kind == layout.kind else ()))
        # A field that is an object on one record and empty on another is named by its parts only.
        plain = tuple(c for c in columns if not any(o.startswith(f"{c}.") for o in columns))
        guess = replace(guess, columns=plain, width=len(plain))
    if layout.kind == "fixed" and layout.trailer_mark is None:
        marked = next((o for o in alike if o.layout.trailer_mark), None)
        if marked is not None:
            layout = replace(layout, trailer_mark=marked.layout.trailer_mark, detail=marked.layout.detail)
    return replace(guess, layout=layout)


def _columns(
    guess: Guess, samples: Sequence[Sample]
) -> tuple[list[str], list[tuple[int, int]] | None, list[str]]:
    """Our names of the columns, their places (fixed width only), and what to ask."""
    if guess.layout.kind != "fixed":
        return field_names(guess.columns or [f"c{n:02d}" for n in range(1, guess.width + 1)]), None, []
    lines = [line.raw for s in samples for line in Cut(s.content, bare(guess.layout)).details()]
    lines = [line for line in lines if len(line) == guess.layout.record_bytes]
    mark = (guess.layout.detail or "").encode()
    found = guess_columns([line for line in lines if line.startswith(mark)], len(mark))
    told = [c for c in found if not c.is_filler]
    doubts = [
        f"the layout of the record: columns were told apart by the bytes of {len(lines)} records, and codes that adjoin look like one"
    ]
    doubts += [f"bytes {c.first} to {c.last} are always blank: a filler?" for c in found if c.is_filler]
    return [f"b{c.first:03d}" for c in told], [(c.first, c.last) for c in told], doubts


def _source_names(guess: Guess, names: Sequence[str]) -> Sequence[str]:
    by_name = guess.layout.kind in ("jsonl", "cdc", "parquet", "excel") or guess.layout.header
    return guess.columns if by_name and guess.columns else names


def _contract(
    name: str,
    layout: Layout,
    names: Sequence[str],
    source_names: Sequence[str],
    places: Sequence[tuple[int, int]] | None,
) -> SourceContract:
    """The layout alone, every column text: what the reader gives is what is looked at."""
    fields = tuple(
        SourceField(
            n, "string", PrivacyClass.IDENTIFYING, places[at] if places else None, (), source_names[at]
        )
        for at, n in enumerate(names)
    )
    delivery = Delivery("", None, "{date}", "full", "06:00", False, False, False)
    return SourceContract(name, name.split("__")[0], delivery, layout, (), fields)


def _values(
    samples: Sequence[Sample], source: SourceContract
) -> tuple[list[Rows], int, dict[str, int], set[str]]:
    """Values of the first readable records of each file, how many are readable, how many are not by reason, and fields that held no plain value."""
    files: list[Rows] = []
    readable = 0
    unreadable: Counter[str] = Counter()
    misshapen: set[str] = set()
    for sample in samples:
        rows: Rows = []
        for record in read(sample.content, source):
            if record.values is None:
                unreadable.update(record.reasons)
                continue
            readable += 1
            if "schema_type" in record.reasons:
                misshapen |= {f.source_name for f in source.fields} & (record.rescued or {}).keys()
            if len(rows) < MOST_ROWS:
                rows.append(list(record.values))
        files.append(rows)
    return files, readable, dict(sorted(unreadable.items())), misshapen


def _described(
    files: Sequence[Rows], names: Sequence[str], source: SourceContract, places: Sequence[tuple[int, int]] | None,
    kinds: Mapping[str, Kind],
) -> tuple[list[Column], str]:  # fmt: skip
    rows = [row for file in files for row in file][:MOST_ROWS]
    if source.layout.kind == "excel":
        # A day of a sheet is an instant at midnight until the contract says that it is a day.
        rows = [[v.removesuffix(" 00:00:00") if v else v for v in row] for row in rows]
    words = [Counter(value for row in rows if (value := row[at]) is not None) for at in range(len(names))]
    # Whether words repeat is seen within one file: a full delivery brings every customer again each day.
    largest = max(files, key=len)
    decimal = decimal_sign(words)
    columns = []
    for at, name in enumerate(names):
        said = source.fields[at].source_name
        typed = guess_type(said, words[at], decimal)
        meaning = guess_meaning(said, words[at], typed, kinds)
        # Numbers that name a person or an account are no amounts, however they are written.
        if (
            meaning is not None
            and meaning.kind in ("national_id", "phone", "account", "customer")
            and typed.type in ("number", "boolean")
        ):
            signs = (*rounding(words[at]), *tabs(words[at]))
            kept = tuple(doubt for doubt in typed.doubts if doubt in signs)
            typed = replace(typed, type="string", format=None, doubts=kept)
        if source.layout.kind == "excel" and _is_merged([row[at] for row in largest]):
            told = "filled in the first of several rows only, as cells that were merged are: the others are empty; ask for every row to be filled"
            typed = replace(typed, doubts=(*typed.doubts, told))
        is_code = are_codes(Counter(value for row in largest if (value := row[at]) is not None))
        privacy = privacy_of(meaning, typed, is_code)
        is_code = is_code and privacy == "C1"
        columns.append(
            Column(
                name,
                said,
                typed,
                meaning,
                privacy,
                words[at],
                len(rows),
                is_code,
                places[at] if places else None,
            )
        )
    return columns, decimal


def _is_merged(values: Sequence[str | None]) -> bool:
    """Whether a column of a sheet looks like one whose cells were merged over rows: it begins filled, and most cells below another are empty."""
    filled = sum(v is not None for v in values)
    return len(values) >= 6 and values[0] is not None and 0 < filled <= len(values) / 2 and values[1] is None


def _with_shape(column: Column) -> Column:
    """The column with what to say of values that are a list, an object, an error or a formula instead of a plain one."""
    told = "some values are no plain ones (a list, an object, an error or a formula); they fill nothing and stay beside the record (`_rescued`)"
    return replace(
        column, typed=replace(column.typed, doubts=(told, *(column.typed.doubts if column.words else ())))
    )


def _controls(
    samples: Sequence[Sample],
    source: SourceContract,
    columns: Sequence[Column],
    decimal: str,
    files: Sequence[Rows],
) -> tuple[tuple[tuple[controls.Declared, str | None], ...], str]:
    """What last lines declare, and files beside them with the name of such a file; and whether they count headers that come again."""
    codes = [
        (at, c.name, sorted(c.words))
        for at, c in enumerate(columns)
        if c.is_code and 1 < len(c.words) <= MOST_WORDS
    ]
    numbers = [(at, c.name) for at, c in enumerate(columns) if c.typed.type == "number"]
    lines: list[controls.Told] = []
    beside: list[controls.Told] = []
    again = 0
    for sample, rows in zip(samples, files, strict=True):
        made = Cut(sample.content, source)
        details = sum(1 for _ in made.details())
        none = Counter(r.reasons[0] for r in read(sample.content, source) if r.values is None)
        again += none[apart.HEADER_AGAIN]
        count = details - none[apart.NO_RECORD] - none[apart.HEADER_AGAIN]
        totals = controls.totals_of(rows, numbers, codes, decimal)
        told = (count, none[apart.HEADER_AGAIN], sample.day, totals)
        if made.trailer is not None:
            lines.append(controls.Told(made.trailer.decode(source.layout.encoding, "replace"), *told))
        if sample.control is not None:
            beside.append(controls.Told(sample.control.decode(source.layout.encoding, "replace"), *told))
    found: list[tuple[controls.Declared, str | None]] = []
    counting = "not_counted"
    if len(beside) < len(samples):
        beside = []
    separator = source.layout.separator if source.layout.kind == "delimited" else ""
    for given, parted_by, file in ((lines, separator, None), (beside, "", _control_name(samples))):
        prefix = "file_total" if found else "total"
        declared = controls.first_that_holds(given, decimal, prefix, parted_by)
        if again and not (declared and declared.counts_rows):
            with_headers = controls.first_that_holds(
                [t.with_headers() for t in given], decimal, prefix, parted_by
            )
            if with_headers is not None and with_headers.counts_rows:
                declared, counting = with_headers, "counted"
        if declared is not None:
            found.append((declared, file))
    return tuple(found), counting


def _control_name(samples: Sequence[Sample]) -> str:
    name, other = samples[0].name, samples[0].control_name or ""
    if other.startswith(name):
        return "{name}" + other.removeprefix(name)
    stem = name.rsplit(".", 1)[0]
    return "{stem}" + other.removeprefix(stem)

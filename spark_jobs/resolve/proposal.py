"""A map for files that came without one: which column plays which role, why, and what only their owner can say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
from phonenumbers import country_code_for_region

from spark_jobs.columns.phones import parse_phone
from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine import people
from spark_jobs.onboarding.writing import quoted
from spark_jobs.resolve import headings, reading
from spark_jobs.resolve.columns import ENOUGH, Guess, Looked, guessed, looked_at

# Countries whose phone numbers are tried, in the order in which ties are settled.
_REGIONS = ("CN", "HK", "TW", "US", "GB", "AU", "DE", "IN", "SG", "FR", "ES", "JP")
_MOST_PHONES = 1000
# Fewer numbers that are some country's tell nothing.
_LEAST_KNOWN = 0.3
# In this order roles stand in a map, and parts of a name behind the part that they belong to.
_PARTS: Mapping[str, str] = {headings.MIDDLE: people.GIVEN, headings.SUFFIX: people.SURNAME}
_ONE_ONLY = (people.BIRTH_DATE, people.SEX)
_PARTS_OF_A_DATE = (
    r"year|yr|yyyy|年",
    r"month|mon(?!d)|(^|[^a-z])mm($|[^a-z])|月",
    r"(^|[^a-z])(day|dd)|day_of|birth_?day|日",
)
_WIDTH = 44
_HEAD = "# Proposed from headings and values; look at the reasons before you trust it. Digest "


@dataclass
class FileProposal:
    """What is proposed for a file. roles: role → columns with the reason for each; unused: columns that play none, and why."""

    path: Path
    record: tuple[str, str] | None = None
    source: tuple[str, str] | None = None
    roles: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    unused: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Proposal:
    """A map for all files. questions: what must be answered before it is used; empty when it is sure."""

    files: list[FileProposal]
    region: str
    why_region: str
    questions: list[str]

    @property
    def is_sure(self) -> bool:
        """Whether nothing is open."""
        return not self.questions

    def text(self) -> str:
        """The map as YAML, each line with its reason."""
        lines = [
            *(f"# Open: {question}" for question in self.questions),
            _line(f"region: {self.region}", self.why_region),
            "files:",
        ]
        for each in self.files:
            lines.append(f"  {quoted(each.path.name)}:")
            for key, said in (("id", each.record), ("source", each.source)):
                if said:
                    lines.append(_line(f"    {key}: {quoted(said[0])}", said[1]))
            lines.append("    roles:")
            for role in (r for r in people.ROLES if r in each.roles):
                lines += _role_lines(role, each.roles[role])
            lines += [f"    # not used: {quoted(name)} ({why})" for name, why in each.unused]
        body = "\n".join(lines) + "\n"
        return f"{_HEAD}{_digest(body)}\n{body}"


def is_untouched(text: str) -> bool:
    """Whether a map is as it was proposed: its first line holds the digest of all others."""
    first, _, said = text.partition("\n")
    return first == f"{_HEAD}{_digest(said)}"


def _digest(said: str) -> str:
    return sha256(said.encode()).hexdigest()[:12]


def _role_lines(role: str, columns: Sequence[tuple[str, str]]) -> list[str]:
    if len(columns) == 1:
        return [_line(f"      {role}: {quoted(columns[0][0])}", columns[0][1])]
    return [f"      {role}:", *(_line(f"        - {quoted(name)}", why) for name, why in columns)]


def _line(said: str, why: str) -> str:
    return f"{said:<{_WIDTH}}  # {why}"


def propose(paths: Sequence[Path], truth: str | None = None) -> Proposal:
    """A map for these files. truth: a column that says who is who, which plays no role.

    Errors: SettingsError where two files have one name, or a first line holds values and no headings.
    """
    names = Counter(path.name for path in paths)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise SettingsError(
            f"{twice[0]}: two files have this name; a map tells files apart by it, so rename one"
        )
    asked: dict[str, list[str]] = {}
    files, phones = [], Counter[str]()
    for path in paths:
        table = reading.read_table(path)
        _check_headings(path, table)
        looked = [looked_at(name, _whole(table[name])) for name in table.column_names if name != truth]
        made = _of_file(path, looked, table, truth, asked)
        files.append(made)
        by_name = {each.name: each for each in looked}
        for name, _ in made.roles.get(people.PHONE, ()):
            phones.update(dict(by_name[name].words.most_common(_MOST_PHONES)))
    _keep_common_others(files)
    questions = [f"{', '.join(where)}: {question}" for question, where in asked.items()]
    return Proposal(files, *_region(phones), questions)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)


def _check_headings(path: Path, table: pa.Table) -> None:
    """Errors: SettingsError where the first line is a record: a map could name no column by it."""
    if any(_is_value(name) for name in table.column_names):
        raise SettingsError(
            f"{path.name}: its first line looks like a record; put a line with the names of the columns before it"
        )


def _is_value(text: str) -> bool:
    """Whether a heading is a value: a day, a mail address or a long number."""
    digits = sum(c.isdigit() for c in text)
    return "@" in text or digits >= 6


def _of_file(
    path: Path, looked: Sequence[Looked], table: pa.Table, truth: str | None, asked: dict[str, list[str]]
) -> FileProposal:
    made = FileProposal(path)
    guesses = [guessed(each, at == 0) for at, each in enumerate(looked)]
    for each, guess in zip(looked, guesses, strict=True):
        _place(made, each, guess, truth, asked)
    if truth in table.column_names:
        made.unused.append((str(truth), "--truth"))
    _settle_names(made)
    _settle_one_only(made, asked)
    if not any(role in made.roles for role in (people.FULL_NAME, people.GIVEN, people.SURNAME)):
        _ask(
            asked,
            made,
            "which column has the names? None looks like it (roles full_name, or given_name and surname)",
        )
    return made


def _place(
    made: FileProposal, column: Looked, guess: Guess, truth: str | None, asked: dict[str, list[str]]
) -> None:
    name, told = column.name, (column.name, guess.why)
    if guess.role == headings.TRUTH:
        # Where the truth is named, nothing else is taken for it by its values alone.
        if truth is None or guess.confidence >= ENOUGH:
            _ask(
                asked,
                made,
                f"does `{name}` say who is who ({guess.why})? Then resolve without it, or give it as --truth; if it is a number that "
                "the person has in all sources, it is `other_id`",
            )
        made.unused.append((name, f"it may say who is who: {guess.why}"))
    elif guess.role == headings.RECORD:
        if made.record is None:
            made.record = told
        else:
            made.unused.append((name, "another number of the record"))
    elif guess.role == headings.SOURCE:
        if made.source is None:
            made.source = told
        else:
            made.unused.append((name, "another source"))
    elif guess.role == headings.UNUSED:
        made.unused.append(told)
    elif guess.confidence < ENOUGH:
        _ask(
            asked,
            made,
            f"is `{name}` of role {_PARTS.get(guess.role, guess.role)}? {guess.why[0].upper()}{guess.why[1:]}",
        )
        made.unused.append(told)
    else:
        made.roles.setdefault(guess.role, []).append(told)


def _ask(asked: dict[str, list[str]], made: FileProposal, question: str) -> None:
    asked.setdefault(question, []).append(made.path.name)


def _settle_names(made: FileProposal) -> None:
    """Parts of a name come together; a whole name beside its parts says nothing that they do not, unless it is in another script."""
    for part, of in _PARTS.items():
        more = made.roles.pop(part, [])
        if of in made.roles:
            made.roles[of] += more
        else:
            made.unused += [(name, "a part of a name whose main part is not there") for name, _ in more]
    if people.GIVEN in made.roles and people.SURNAME not in made.roles and people.FULL_NAME in made.roles:
        made.unused += [(name, "the whole name is there") for name, _ in made.roles.pop(people.GIVEN)]
    if people.GIVEN in made.roles and people.SURNAME in made.roles:
        made.unused += [
            (name, "the parts of the name are there") for name, _ in made.roles.pop(people.FULL_NAME, [])
        ]


def _settle_one_only(made: FileProposal, asked: dict[str, list[str]]) -> None:
    """Of these roles one column counts: the one whose heading says so, if it is one. A birth date may stand in three columns."""
    for role in _ONE_ONLY:
        columns = made.roles.get(role, [])
        if len(columns) < 2:
            continue
        by_heading = [told for told in columns if told[1].startswith("its heading")]
        if role == people.BIRTH_DATE and (parts := _parts_of_a_date(by_heading)):
            made.roles[role] = parts
        elif len(by_heading) == 1:
            made.roles[role] = by_heading
        else:
            names = ", ".join(f"`{name}`" for name, _ in columns)
            _ask(asked, made, f"which of {names} is the {role}? One counts; the first is proposed")
            made.roles[role] = columns[:1]
        kept = made.roles[role]
        made.unused += [(told[0], f"may be {role}, too: {told[1]}") for told in columns if told not in kept]


def _parts_of_a_date(columns: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Year, month and day, in this order, where three headings say so; empty otherwise."""
    found = [[told for told in columns if re.search(word, told[0].lower())] for word in _PARTS_OF_A_DATE]
    return [of[0] for of in found] if all(len(of) == 1 for of in found) else []


def _keep_common_others(files: Sequence[FileProposal]) -> None:
    """Columns of `other` are compared one by one, in their order: only those that all files have, called alike, can be."""
    if len(files) < 2:
        return
    names = [{name.lower() for name, _ in each.roles.get(people.OTHER, [])} for each in files]
    common = set.intersection(*names)
    for each in files:
        columns = each.roles.pop(people.OTHER, [])
        if kept := sorted(
            (told for told in columns if told[0].lower() in common), key=lambda t: t[0].lower()
        ):
            each.roles[people.OTHER] = kept
        each.unused += [
            (name, "only some files have it") for name, _ in columns if name.lower() not in common
        ]


def _region(phones: Counter[str]) -> tuple[str, str]:
    """The country in which most phone numbers without a country code are numbers, and why.

    Some countries have numbers of nearly every kind: whose mobile numbers they are, and which country other numbers of the files name,
    says more.
    """
    local = Counter({w: n for w, n in phones.items() if not _is_international(w)})
    if not local:
        return "CN", "no phone without a country code says otherwise"
    abroad = phones - local
    known = {region: _share_known(local, region) for region in _REGIONS}
    best = max(known.values())
    if best < _LEAST_KNOWN:
        return "CN", f"phones are no country's numbers: {best:.0%} at most"
    likely = [region for region in _REGIONS if known[region] > _LEAST_KNOWN]
    told = {
        region: known[region] + _share_known(local, region, "mobile") + _share_named(abroad, region)
        for region in likely
    }
    region = max(likely, key=lambda r: told[r])
    return region, f"{known[region]:.0%} of the phones are numbers there"


def _is_international(word: str) -> bool:
    return word.strip().startswith(("+", "00"))


def _share_known(words: Mapping[str, int], region: str, kind: str | None = None) -> float:
    found = {w: parse_phone(w, region=region).kind_code for w in words}
    known = sum(n for w, n in words.items() if (found[w] == kind if kind else found[w] is not None))
    return known / sum(words.values())


def _share_named(words: Mapping[str, int], region: str) -> float:
    code = str(country_code_for_region(region))
    named = sum(n for w, n in words.items() if re.sub(r"\D", "", w).lstrip("0").startswith(code))
    return named / max(sum(words.values()), 1)

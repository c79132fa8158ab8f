"""Silver maps that a draft proposes, each column with its confidence. What is not sure is said as a question and left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from spark_jobs.onboarding.keys import OF_THE_LINE
from spark_jobs.onboarding.meanings import SURE, Meaning
from spark_jobs.onboarding.types import Typed, unit_said
from spark_jobs.silver.compile import aliases

# A column is mapped when it is this sure; below it is a question.
ENOUGH = 0.7
# A code list is used when it knows so many of the records' words; the others are listed.
KNOWN = 0.5
# A number of the person that is empty more often does not say whose record it is.
ENOUGH_FILLED = 0.95
MOST_WORDS_SHOWN = 12
LISTS: Mapping[str, str] = {
    "id_kind": "cert_kind", "sex": "sex", "currency": "currency", "direction": "direction", "nationality": "nationality",
    "transaction_kind": "transaction_kind", "party_status": "party_status", "agreement_status": "agreement_status", "channel": "channel",
}  # fmt: skip
Codes = Callable[[str], Mapping[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Column:
    """A column of the sample with what was found out. words: value → how often, without blanks; rows: records looked at.

    is_code  few short words that repeat within one file: its words may be shown
    """

    name: str
    source_name: str
    typed: Typed
    meaning: Meaning | None
    privacy: str
    words: Counter[str]
    rows: int
    is_code: bool = False
    at: tuple[int, int] | None = None

    def means(self, *kinds: str) -> float:
        """How sure it is that the column is about one of these; 0 where it is about something else."""
        return self.meaning.confidence if self.meaning is not None and self.meaning.kind in kinds else 0.0


@dataclass(frozen=True)
class Lookup:
    """A column whose words a code list knows. `unknown`: words that it does not, with how often they come."""

    code_list: str
    known: float
    unknown: Mapping[str, int]

    are_shown: bool = True

    def told(self) -> str:
        if not self.are_shown:
            return f"codes.{self.code_list} knows {self.known:.0%}"
        shown = sorted(self.unknown.items(), key=lambda wn: (-wn[1], wn[0]))[:MOST_WORDS_SHOWN]
        words = ", ".join(f"{word} ({number})" for word, number in shown)
        return f"codes.{self.code_list} knows {self.known:.0%}" + (f"; not: {words}" if words else "")


@dataclass(frozen=True)
class Line:
    """One column of a map: expression as YAML, and why."""

    column: str
    expression: str
    confidence: float
    why: str


@dataclass
class Proposal:
    """Maps by entity, each a list of lines, and what to ask."""

    maps: list[tuple[str, list[Line]]] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def look_up(column: Column, code_list: str, codes: Codes, source: str) -> Lookup | None:
    """How well a code list knows the words of a column; None where it is no column of codes."""
    words = {w: n for w, n in column.words.items() if w not in column.typed.null}
    if not words or not (column.is_code or column.means(*LISTS)):
        return None
    known = aliases(codes(code_list), source)
    unknown = {w: n for w, n in words.items() if w not in known}
    if not column.is_code and len(unknown) == len(words):
        return None
    return Lookup(code_list, 1 - sum(unknown.values()) / sum(words.values()), unknown, column.is_code)


def fitting_lists(column: Column, lists: Sequence[str], codes: Codes, source: str) -> list[Lookup]:
    """Code lists that know most words of a column that nothing else is known of; plain digits fit too many and are left out."""
    words = [w for w in column.words if w not in column.typed.null]
    if not column.is_code or sum(any(c.isalpha() for c in w) for w in words) < 2:
        return []
    found = [look for name in lists if (look := look_up(column, name, codes, source)) and look.known >= 0.8]
    return sorted(found, key=lambda look: (-look.known, look.code_list))[:3]


def propose(
    columns: Sequence[Column], key: Sequence[str], lists: Sequence[str], codes: Codes, source: str
) -> Proposal:
    """Party, its identifiers and contacts, and entries of accounts; balances are asked about, for nobody sees which kind they are."""
    made = Proposal()
    best = {
        kind: _best(columns, kind)
        for kind in (
            *LISTS,
            "name",
            "national_id",
            "customer",
            "account",
            "birth",
            "opened",
            "booked",
            "balance",
            "amount",
            "changed",
        )
    }
    looked = {kind: look_up(column, LISTS[kind], codes, source) for kind in LISTS if (column := best[kind])}
    party_no, how_sure, why = _party_number(columns, key, best)
    if party_no:
        _person(made, columns, key, best, looked, Line("party_no_source", party_no, how_sure, why))
    elif best["name"] or best["national_id"]:
        made.questions.append(
            "which column is the supplier's number of the person? Persons without one are not mapped here"
        )
    _entries(made, key, best, looked)
    for column in columns:
        if column.meaning is None or (column.meaning.kind not in LISTS and column.means("name") < ENOUGH):
            fits = fitting_lists(column, lists, codes, source)
            if fits:
                made.questions.append(
                    f"`{column.name}`: " + "; or ".join(f.told() for f in fits) + ": is it that?"
                )
    for kind, look in looked.items():
        if look is not None and look.unknown and look.are_shown:
            made.questions.append(
                f"`{_named(best[kind])}`: {look.told()}: what do these words mean? Add them to codes/{look.code_list}.csv as aliases"
            )
    if not made.maps:
        made.questions.append(
            "no map is proposed: say which silver entity the feed fills (docs/tables), and by which columns"
        )
    return made


def _best(columns: Sequence[Column], kind: str) -> Column | None:
    """The column that is most surely about it; the first of equal ones."""
    found = [c for c in columns if c.means(kind)]
    return max(found, key=lambda c: c.means(kind)) if found else None


def _named(column: Column | None) -> str:
    return column.name if column else ""


def _party_number(
    columns: Sequence[Column], key: Sequence[str], best: Mapping[str, Column | None]
) -> tuple[str, float, str]:
    customers = [
        c for c in columns if c.means("customer") and sum(c.words.values()) >= ENOUGH_FILLED * c.rows
    ]
    if customers:
        chosen = next((c for c in customers if c.name in key), customers[0])
        return (
            chosen.name,
            0.9 if chosen.name in key else 0.8,
            "its name says customer" + (", and it is of the key" if chosen.name in key else ""),
        )
    person = max(
        best["name"].means("name") if best["name"] else 0.0,
        best["national_id"].means("national_id") if best["national_id"] else 0.0,
    )
    is_number = len(key) == 1 and next(c for c in columns if c.name == key[0]).typed.type in (
        "string",
        "number",
    )
    is_own = len(key) == 1 and key[0] not in (_named(best["national_id"]), _named(best["name"]))
    is_own = is_own and not OF_THE_LINE.fullmatch(next(c for c in columns if c.name == key[0]).source_name)
    if is_number and is_own and person >= ENOUGH and not best["account"]:
        return key[0], round(min(0.8, person), 2), "the key of a file about persons"
    return "", 0.0, ""


def _person(
    made: Proposal, columns: Sequence[Column], key: Sequence[str], best: Mapping[str, Column | None],
    looked: Mapping[str, Lookup | None], number: Line,
) -> None:  # fmt: skip
    is_one_each = list(key) == [number.expression]
    names = [c for c in columns if c.means("name") >= ENOUGH]
    identity = _identity(best, looked)
    if is_one_each and (names or identity):
        lines = [number, *_name(names, made)]
        for kind, target in (("birth", "birth_date"), ("opened", "opened_date")):
            lines += _plain(best[kind], kind, target)
        for kind, target in (
            ("sex", "sex_code"),
            ("nationality", "nationality_code"),
            ("party_status", "status_code"),
        ):
            lines += _coded(best.get(kind), looked.get(kind), target)
        lines += _address(columns, made)
        made.maps.append(("party", [*lines, *identity]))
    elif names or identity:
        made.questions.append(
            f"records are named by {'+'.join(key) or 'nothing'}, not by the person (`{number.expression}`): is this a list beside the customers? `party` is left out"
        )
    if identity:
        made.maps.append(("party_identifier", [number, *identity]))
    elif best["national_id"]:
        made.questions.append(
            f"`{_named(best['national_id'])}`: which kind of certificate is it? Declare it in codes/cert_kind.csv, then map `id_kind_code` and `id_value`"
        )
    for column in columns:
        if column.means("phone", "email") >= ENOUGH:
            assert column.meaning is not None
            lines = [
                number,
                Line("contact_value", column.name, column.means("phone", "email"), column.meaning.why),
            ]
            of_kind = "email" if column.meaning.kind == "email" else column.meaning.kind_code
            if of_kind:
                lines.insert(
                    1,
                    Line(
                        "contact_kind_code",
                        f"{{const: {of_kind}}}",
                        column.means("phone", "email"),
                        "by their shape",
                    ),
                )
            made.maps.append(("party_contact", lines))


def _name(names: Sequence[Column], made: Proposal) -> list[Line]:
    if len(names) > 1:
        made.questions.append(
            f'several names ({", ".join(c.name for c in names)}): parts of one? Then {{concat: [first, {{const: " "}}, last]}}; `name` is left out'
        )
        return []
    return [Line("name", c.name, c.means("name"), c.meaning.why) for c in names if c.meaning]


def _address(columns: Sequence[Column], made: Proposal) -> list[Line]:
    found = [c for c in columns if c.means("address") >= ENOUGH]
    if len(found) > 1:
        made.questions.append(
            f"several addresses ({', '.join(c.name for c in found)}): parts of one? Then {{concat: [province, city, street]}}; `address` is left out"
        )
        return []
    return _plain(found[0], "address", "address") if found else []


def _plain(column: Column | None, kind: str, target: str) -> list[Line]:
    if column is None or column.meaning is None or column.means(kind) < ENOUGH:
        return []
    return [Line(target, column.name, column.means(kind), column.meaning.why)]


def _coded(column: Column | None, look: Lookup | None, target: str) -> list[Line]:
    if column is None or look is None or look.known < KNOWN:
        return []
    return [
        Line(
            target,
            f"{{lookup: [{column.name}, codes.{look.code_list}]}}",
            round(look.known * 0.95, 2),
            look.told(),
        )
    ]


def _identity(best: Mapping[str, Column | None], looked: Mapping[str, Lookup | None]) -> list[Line]:
    """Kind and number of the paper: the kind by its own column where a list knows it, else by the check digit."""
    paper = best["national_id"]
    if paper is None or paper.meaning is None or paper.meaning.confidence < ENOUGH:
        return []
    by_column = _coded(best.get("id_kind"), looked.get("id_kind"), "id_kind_code")
    value = Line("id_value", paper.name, paper.meaning.confidence, paper.meaning.why)
    if by_column:
        return [*by_column, value]
    if paper.meaning.kind_code is None:
        return []
    return [
        Line(
            "id_kind_code",
            f'{{const: "{paper.meaning.kind_code}"}}',
            paper.meaning.confidence,
            paper.meaning.why,
        ),
        value,
    ]


def _in_yuan(column: Column) -> str:
    """An amount as a map reads it, in yuan, where the column's name says another unit."""
    unit = unit_said(column.source_name)
    return f"{{unit: [{column.name}, {unit}]}}" if unit else column.name


def _entries(
    made: Proposal, key: Sequence[str], best: Mapping[str, Column | None], looked: Mapping[str, Lookup | None]
) -> None:
    account, amount, balance = best["account"], best["amount"], best["balance"]
    if account is None:
        return
    currency = _coded(best.get("currency"), looked.get("currency"), "amount_ccy")
    direction = _coded(best.get("direction"), looked.get("direction"), "direction_code")
    if amount is not None and amount.means("amount") >= SURE and direction and key:
        lines = [
            Line("transaction_id", f"{{token: [transaction, {', '.join(key)}]}}", 0.8, "the key of the feed"),
            Line("agreement_no_source", account.name, max(0.7, account.means("account")), "its name says account"),
            *_plain(best["booked"], "booked", "booked_date"), *direction,
            Line("amount_amt", _in_yuan(amount), amount.means("amount"), "its name, and the values are numbers"), *currency,
            *_coded(best.get("transaction_kind"), looked.get("transaction_kind"), "kind_code"),
            Line("is_reversal", "{const: false}", 0.5, "no column says so: ask how a reversal is told"),
        ]  # fmt: skip
        made.maps.append(("transaction", lines))
        made.questions.append("are entries ever taken back, and how does a record say so? (`is_reversal`)")
    elif balance is not None and balance.means("balance") >= SURE:
        code = currency[0].expression if currency else "{const: CNY}"
        made.questions.append(
            "which agreements are these, deposits, loans or cards? For deposits: "
            f"deposit_daily: {{agreement_no_source: {account.name}, balance_amt: {_in_yuan(balance)}, balance_ccy: {code}}}"
        )

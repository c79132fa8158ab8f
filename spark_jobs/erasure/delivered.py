"""Records of erased persons as their sources delivered them, in bronze.

A record is a person's where its contract maps a number of theirs to the party or the agreement of the row (the number's token is looked
for, so that it needs no silver row and finds what a source sends again), or where a row of theirs in silver was made of it (`_origin`); of
feeds whose numbers are no plain columns, all versions of such a record by its key.

Records of other people that only mention them, an account they were paid from for example, stay; the mention is blanked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.erasure.gone import Gone
from spark_jobs.erasure.reach import OWNED
from spark_jobs.erasure.store import Row, Store, listed
from spark_jobs.privacy.tokens import Tokeniser, tokeniser
from spark_jobs.silver.mapping import EntityMap, Expression, read_maps
from spark_jobs.silver.transforms import TRANSFORMS

Place = tuple[str, int]
Text = Callable[[Row], str | None]
_BLANKS = " \t\r\n\f\v\u3000"
_NUMBERS = {"party_no_source": "party", "agreement_no_source": "agreement"}


@dataclass
class Delivered:
    """Records of one feed: place → customer of those that go, and places of those that stay without what names the person.

    numbers  the person's own numbers as this feed writes them → customer
    """

    feed: str
    goes: dict[Place, str] = field(default_factory=dict)
    shared: dict[Place, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)


def delivered(store: Store, gone: Gone) -> list[Delivered]:
    """Records of every feed that bronze has. What is about staff stays with their employer: a customer's request is not an employee's."""
    dirs = store.settings.conf_dirs
    contracts, tokens = load(dirs), tokeniser(store.settings)
    origins = _origins(store, gone)
    found = []
    for source in load_sources(dirs).values():
        if not store.has(source.table) or "staff" in source.maps:
            continue
        maps = read_maps(source, contracts, partial(load_codes, dirs), tuple(TRANSFORMS))
        found.append(_of_feed(store, gone, source, maps, tokens, origins))
    return found


def personal(source: SourceContract) -> list[str]:
    """Columns of a feed that name persons."""
    return [f.name for f in source.fields if f.privacy is PrivacyClass.IDENTIFYING]


def _of_feed(
    store: Store, gone: Gone, source: SourceContract, maps: Iterable[EntityMap], tokens: Tokeniser, origins: Mapping[Place, str]
) -> Delivered:  # fmt: skip
    told = Delivered(source.feed)
    owned: dict[Place, str] = {}
    kept: dict[Place, str] = {}
    plain = False
    for kind, of, expression in _owning(source, maps):
        read = _text(expression, source)
        if read is None:
            continue
        names, text = read
        plain = True
        wanted = {**gone.keys[kind], **(dict.fromkeys(gone.shared, "") if kind == "agreement" else {})}
        for row in _distinct(store, source, names):
            number = text(row)
            if number is None or (token := tokens.value(kind, of, number)) not in wanted:
                continue
            is_shared = kind == "agreement" and token in gone.shared
            if not is_shared and len(names) == 1 and row[names[0]]:
                told.numbers[row[names[0]].strip(_BLANKS)] = wanted[token]
            for place in _places(store, source, names, row):
                (kept if is_shared else owned).setdefault(place, wanted[token])
    here = _here(store, source, origins)
    if not plain:
        here |= _same_records(store, source, here)
    owned |= {place: customer for place, customer in here.items() if place not in owned}
    told.goes = {place: customer for place, customer in owned.items() if place not in kept}
    told.shared = {place: customer for place, customer in owned.items() if place in kept}
    return told


def _owning(source: SourceContract, maps: Iterable[EntityMap]) -> list[tuple[str, str, Expression]]:
    """(kind of token, source whose number it is, expression) of everything that says whose row it is."""
    found = []
    for each in maps:
        for column, expression in each.columns.items():
            if column in _NUMBERS:
                found.append((_NUMBERS[column], source.source_code, expression))
            elif OWNED.get(column) in ("party", "agreement") and expression.operator == "token":
                kind, of, parts = expression.argument
                if kind in ("party", "agreement") and len(parts) == 1:
                    found.append((kind, of or source.source_code, parts[0]))
    return found


def _text(expression: Expression, source: SourceContract) -> tuple[list[str], Text] | None:
    """Columns an expression reads, and the text it gives of them, as `silver.compile` would; None for one that only Spark can make."""
    if expression.operator == "const":
        return [], lambda row: str(expression.argument)
    if expression.operator == "field":
        declared = {f.name: f for f in source.fields}.get(expression.argument)
        if declared is None or declared.type != "string":
            return None

        def trimmed(row: Row) -> str | None:
            text = (row[declared.name] or "").strip(_BLANKS)
            return None if not text or text in declared.null else text

        return [declared.name], trimmed
    if expression.operator == "concat":
        return _together(
            expression.argument,
            source,
            lambda parts: None if None in parts else "".join(p for p in parts if p),
        )
    if expression.operator == "python" and expression.argument[0] == "first_of":
        return _together(expression.argument[1], source, lambda parts: next((p for p in parts if p), None))
    return None


def _together(
    parts: Iterable[Expression], source: SourceContract, join: Callable[[list[str | None]], str | None]
) -> tuple[list[str], Text] | None:
    read = [_text(part, source) for part in parts]
    if any(each is None for each in read):
        return None
    known = [each for each in read if each is not None]
    names = sorted({name for each in known for name in each[0]})
    return names, lambda row: join([text(row) for _, text in known])


def _distinct(store: Store, source: SourceContract, names: list[str]) -> list[Row]:
    columns = ", ".join(f'"{name}"' for name in names)
    return store.ask(f"select distinct {columns} from {{t}}", t=source.table) if names else []


def _places(store: Store, source: SourceContract, names: list[str], row: Row) -> list[Place]:
    same = " and ".join(
        f'"{name}" is null' if row[name] is None else f'"{name}" = {listed([row[name]])}' for name in names
    )
    rows = store.ask(f"select _file_id, _line_no from {{t}} where {same}", t=source.table)
    return [(r["_file_id"], r["_line_no"]) for r in rows]


def _origins(store: Store, gone: Gone) -> dict[Place, str]:
    """Place in bronze → customer, of every silver row of theirs."""
    found: dict[Place, str] = {}
    for table in store.tables():
        columns = store.columns(table)
        if not table.startswith("silver.") or "_origin" not in columns:
            continue
        for column, kind in OWNED.items():
            keys = gone.keys[kind]
            if column not in columns or not keys:
                continue
            rows = store.ask(
                f"select distinct {column} as k, o.file_id as f, o.line_no as n from (select {column}, unnest(_origin) as o from {{t}} "
                f"where {column} in ({listed(sorted(keys))}))", t=table,
            )  # fmt: skip
            for row in rows:
                found.setdefault((row["f"], row["n"]), keys[row["k"]])
    return found


def _here(store: Store, source: SourceContract, origins: Mapping[Place, str]) -> dict[Place, str]:
    """Those of the places that lie in this feed's table."""
    files = sorted({place[0] for place in origins})
    if not files:
        return {}
    mine = {r["_file_id"] for r in store.ask(
        f"select distinct _file_id from {{t}} where _file_id in ({listed(files)})", t=source.table)}  # fmt: skip
    return {place: customer for place, customer in origins.items() if place[0] in mine}


def _same_records(store: Store, source: SourceContract, places: Mapping[Place, str]) -> dict[Place, str]:
    """All versions of these records, by the key their contract declares."""
    if not source.key or not places:
        return {}
    key = ", ".join(f"coalesce(trim(\"{name}\"), '')" for name in source.key)
    rows = store.ask(f"select _file_id as f, _line_no as n, [{key}] as k from {{t}}", t=source.table)
    wanted = {tuple(r["k"]): places[r["f"], r["n"]] for r in rows if (r["f"], r["n"]) in places}
    return {(r["f"], r["n"]): wanted[tuple(r["k"])] for r in rows if tuple(r["k"]) in wanted}

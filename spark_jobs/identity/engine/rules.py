"""The blocking rules: fixed for all data; a rule whose fields a file lacks falls away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spark_jobs.identity.engine.blocking import LARGEST_BLOCK, LARGEST_OF_PART, Keys, Rule
from spark_jobs.identity.engine.coded import joined
from spark_jobs.identity.engine.levels import words_of
from spark_jobs.identity.engine.names import LOOSE
from spark_jobs.identity.engine.standardise import READINGS, Field

# One slip leaves one of three whole: the number without its last, its first and its middle third.
_PARTS = {("national_id front",), ("national_id back",), ("national_id ends",)}


def rules(fields: Sequence[Field]) -> list[Rule]:
    """Rules for the fields there are, the most telling first."""
    key = _keys(fields)
    texts = [f.name for f in fields if f.kind == "text" and f.is_shared]
    wanted: list[tuple[str, ...]] = [
        ("national_id",), ("national_id front",), ("national_id back",), ("national_id ends",), ("other_id",),
        ("phone",), ("phone tail",), ("email",), ("email local",),
        ("given", "surname", "birth_date"), ("given sound", "surname sound"), ("surname sound", "birth_date order"),
        ("given sound", "birth_date order"), ("given start", "surname head", "birth_date year"),
        ("given head", "surname start", "birth_date day"), ("given head", "surname start", "birth_date month"),
        ("given start", "birth_date month"), ("surname start", "birth_date year"), ("given crossed", "surname crossed"), ("words crossed",), ("crossed sound", "birth_date"),
        ("birth_date order",),
        ("name bare",), ("name reading",), ("name loose", "birth_date order"), ("name loose",), ("name loose", "phone end"), ("name head", "birth_date order"), ("name reading", "birth_date year"),
        ("name start", "birth_date year"), ("name end", "birth_date year"), ("name start", "birth_date day"), ("name start", "birth_date month"),
        ("birth_date order", "postcode"), ("birth_date order", "city"),
        ("name", "phone end"), ("name head", "phone end"), ("name loose", "phone front"), ("name loose", "national_id front"), ("name loose", "national_id ends"), ("birth_date month", "phone end"), ("name start", "postcode"), ("name", "city"),
        ("given sound", "postcode"), ("surname sound", "postcode"), ("given sound", "city"), ("surname sound", "city"),
    ]  # fmt: skip
    for text in texts:
        wanted += [
            (text, n) for n in ("given sound", "surname sound", "name start", "postcode", "birth_date year")
        ]
        wanted += [(f"{text} number", "name loose"), (f"{text} number", "phone end")]
        # Of a street that was misread its number is left, and of a name its beginning.
        wanted += [(f"{text} number", n) for n in ("surname start", "given start", "postcode", "city")]
        # A masked name (王*明) has its surname and nothing else to meet by.
        wanted += [(text, "name head"), (f"{text} number", "name head", "birth_date year")]
    found, seen = [], set()
    for names in wanted:
        if names in seen or not all(n in key for n in names):
            continue
        seen.add(names)
        parts = [key[n] for n in names]
        made = frozenset(field for n in names for field in _makes(n))
        several = [(joined(*(p[min(i, len(p) - 1)] for p in parts))) for i in range(max(map(len, parts)))]
        largest = LARGEST_OF_PART if names in _PARTS else LARGEST_BLOCK
        found.append(Rule(" + ".join(names), made, several, largest))
    return found[:60]


def _makes(key: str) -> tuple[str, ...]:
    """Fields whose agreement a key makes."""
    name = key.split(" ")[0]
    return ("given", "surname") if name == "crossed" or key.endswith("crossed") else (name,)


def _keys(fields: Sequence[Field]) -> dict[str, list[Keys]]:
    """Key columns by the names that the rules use; several where a record may have several values."""
    key: dict[str, list[Keys]] = {}
    for field in fields:
        coded, name = field.coded, field.name
        coded.hashes()
        columns = range(coded.codes.shape[1])
        if field.kind == "part":
            own = int(name == "surname")
            key[name] = [coded.fact("value", own)]
            for fact in ("sound", "head", "start"):
                key[f"{name} {fact}"] = [coded.fact(fact if own or fact != "sound" else "first sound", own)]
            if own:
                given, surname = coded.fact("first sound", 0), coded.fact("sound", 1)
                # The pair of both in either order: whoever wrote them crossed meets who did not.
                key["given crossed"] = [np.where(surname >= 0, np.minimum(given, surname), -1)]
                key["surname crossed"] = [np.maximum(given, surname)]
                key["crossed sound"] = [given, surname]
                key["words crossed"] = [words_of(coded, np.arange(len(coded.codes)))]
            continue
        key[name] = [coded.fact("value", c) for c in columns]
        if field.kind == "name":
            key["name reading"] = [coded.fact(f"reading_{i}", c) for c in columns for i in range(READINGS)]
            key["name loose"] = [coded.fact(f"loose_{i}", c) for c in columns for i in range(LOOSE)]
        facts = {"name": ("bare", "head", "start", "end"), "number": ("front", "back", "ends"), "text": ("number",), "phone": ("tail", "end", "front"),
                 "email": ("local",), "date": ("year", "day", "month")}.get(field.kind, ())  # fmt: skip
        for fact in facts:
            key[f"{name} {fact}"] = [coded.fact(fact, c) for c in columns]
        if field.kind == "date":
            key[f"{name} order"] = [coded.fact("any_order", c) for c in columns]
    return key

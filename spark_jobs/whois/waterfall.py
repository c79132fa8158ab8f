"""A weighed pair as a waterfall: signed bars in the terminal, and a picture (SVG) that shows no value of anybody."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.markup import escape
from rich.table import Table

from spark_jobs.whois.weighed import Weighed

# Columns of signs on each side of zero in the terminal, and what of the strongest bar they stand for.
SIGNS = 24
WIDTH, MARGIN, LABELS, FIGURES, ROW, TOP = 900, 28, 300, 80, 42, 128
_COLOURS = ("#1f7a55", "#c58a1b", "#8b98a1", "#6a7fb5", "#8f6bb0", "#b3402f", "#4a9aa8", "#a0743c")
# A class below this share is not told.
_LEAST = 0.0005
CERTIFICATES = {
    "same": "They share a valid certificate: one person, whatever the weights say.",
    "two": "They have two different valid certificates: two people, whatever the weights say.",
    "same, but name and birth date contradict": "They share a valid certificate, but name and birth date contradict: kept apart, for review.",
    "none": "",
}  # fmt: skip
HELD_BACK = {
    "steward": "Likeness alone never ties such records: each shows a certificate of its own, or one name has two birth dates. A steward decides.",
    "two_people": "Two birth dates under two names: two people to the model, whatever the weights say.",
}  # fmt: skip
# The engine's fields as people call them.
FIELDS = {
    "name": "name 姓名", "given": "given name 名", "surname": "surname 姓", "birth_date": "birth date 出生日期", "national_id": "certificate 证件",
    "other_id": "other document 其他证件", "phone": "phone 电话", "email": "e-mail 邮箱", "sex": "sex 性别", "other_1": "number in core 核心客户号",
    "other_2": "ECIF number ECIF号",
}  # fmt: skip
_environment = Environment(
    loader=PackageLoader("spark_jobs.whois"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip


def steps(told: Weighed) -> list[tuple[str, str, float]]:
    """(name, words, bits) from the prior to what other classes take away; they add up to the pair's bits."""
    return [
        ("before anything", "how rare one person is among all pairs", told.prior_bits),
        *((FIELDS.get(w.field, w.field), w.level, w.bits) for w in told.weights),
        ("other ways to look so", "households, twins, chance met by blocking", told.others_bits),
    ]  # fmt: skip


def table(told: Weighed) -> Table:
    """Fields, shapes of both sides, the level in words, bits, and a bar to the left (against) or right (for)."""
    shown = {FIELDS.get(w.field, w.field): (w.a, w.b) for w in told.weights}
    most = max((abs(bits) for _, _, bits in steps(told)), default=1.0) or 1.0
    found = Table(
        "",
        "A",
        "B",
        "how they compare",
        "bits",
        "against  |  for",
        title=_headline(told),
        title_justify="left",
    )
    for name, words, bits in steps(told):
        a, b = shown.get(name, ("", ""))
        found.add_row(name, escape(a), escape(b), words, _signed(bits), _bar(bits, most))
    found.add_section()
    found.add_row(
        "together",
        "",
        "",
        f"one person with probability {_probability(told.probability)}",
        _signed(told.bits),
        "",
    )
    return found


def _bar(bits: float, most: float) -> str:
    length = round(abs(bits) / most * SIGNS)
    if bits < 0:
        return f"{' ' * (SIGNS - length)}[red]{'█' * length}[/]|"
    return f"{' ' * SIGNS}|[green]{'█' * length}[/]"


def lines(told: Weighed) -> list[str]:
    """What stands below the table: the classes, the certificate, the model."""
    classes = ", ".join(f"{name} {share:.4f}" for name, share in told.classes if share >= _LEAST)
    return [f"such a pair is: {classes}", *notes(told), f"weighed by {model(told)}"]


def notes(told: Weighed) -> list[str]:
    """What decides whatever the weights say: certificates, and what likeness may not do."""
    held = "" if CERTIFICATES[told.certificate] else HELD_BACK.get(told.held_back, "")
    return [words for words in (CERTIFICATES[told.certificate], held) if words]


def model(told: Weighed) -> str:
    """The version of the model, and whether it is the one that judged the release."""
    if told.judged_by == told.model:
        return f"{told.model}, the model that judged the release"
    by = f"by {told.judged_by}" if told.judged_by else "by rules alone"
    return f"{told.model}; the release was judged {by}, the next run judges by this one"


def ties(told: Sequence[tuple[str, Weighed]]) -> Table:
    """The strongest tie of each record of a customer: rule that made it, what the model says of it, the fields that speak loudest first."""
    found = Table(
        "record",
        "tied to",
        "by",
        "one person",
        "bits",
        "fields",
        title="What the model says of these ties",
        title_justify="left",
    )
    for rule, each in told:
        loud = sorted((w for w in each.weights if abs(w.bits) >= 0.05), key=lambda w: -abs(w.bits))
        fields = [f"{FIELDS.get(w.field, w.field)} {_signed(w.bits)} ({w.level})" for w in loud]
        found.add_row(
            each.party_a, each.party_b, rule, _probability(each.probability), _signed(each.bits), escape("; ".join([*fields, *notes(each)]))
        )  # fmt: skip
    return found


def write(told: Weighed, file: Path, sources: dict[str, str]) -> Path:
    """Write the picture; its folder must be there."""
    file.write_text(
        _environment.get_template("waterfall.svg.j2").render(**_content(told, sources)), encoding="utf-8"
    )
    return file


def _content(told: Weighed, sources: dict[str, str]) -> dict[str, Any]:
    every = steps(told)
    ends = [0.0]
    for _, _, bits in every:
        ends.append(ends[-1] + bits)
    low, high = min(ends), max(ends)
    span = max(high - low, 1.0)
    left, right = MARGIN + LABELS, WIDTH - MARGIN - FIGURES
    at = lambda bits: round(left + (bits - low) / span * (right - left), 1)  # noqa: E731
    bars = [
        _bar_of(name, words, bits, start, ends[n + 1], TOP + n * ROW, at) for n, ((name, words, bits), start) in enumerate(zip(every, ends[:-1], strict=True))
    ]  # fmt: skip
    bars.append(
        _bar_of(
            "together",
            f"probability {_probability(told.probability)}",
            told.bits,
            0.0,
            told.bits,
            TOP + len(every) * ROW,
            at,
            "sum",
        )
    )
    bottom = TOP + len(bars) * ROW
    classes, x = [], float(MARGIN)
    for n, (name, share) in enumerate(c for c in told.classes if c[1] >= _LEAST):
        width = share * (WIDTH - 2 * MARGIN)
        classes.append(
            {
                "name": name,
                "told": f"{share:.4f}",
                "x": round(x, 1),
                "width": round(width, 1),
                "y": bottom + 86 + n * 20,
                "colour": _COLOURS[[c for c, _ in told.classes].index(name) % len(_COLOURS)],
            }
        )
        x += width
    note = " ".join(notes(told))
    return {
        "width": WIDTH, "height": bottom + 86 + len(classes) * 20 + (34 if note else 8), "margin": MARGIN, "top": TOP, "bottom": bottom, "row": ROW,
        "headline": _headline(told), "sides": f"{sources.get(told.party_a, '')} {told.party_a} and {sources.get(told.party_b, '')} {told.party_b}",
        "model": f"bits of evidence; {model(told)}", "ticks": _ticks(low, high, at), "bars": bars, "classes": classes, "note": note,
    }  # fmt: skip


def _bar_of(
    name: str, words: str, bits: float, start: float, end: float, y: int, at: Any, kind: str = ""
) -> dict[str, Any]:
    x, width = at(min(start, end)), round(abs(at(end) - at(start)), 1)
    kind = kind or ("none" if abs(bits) < 0.05 else "for" if bits > 0 else "against")
    return {
        "name": name,
        "words": words,
        "told": _signed(bits),
        "x": x,
        "width": width,
        "end": at(end),
        "y": y,
        "kind": kind,
    }


def _ticks(low: float, high: float, at: Any) -> list[dict[str, Any]]:
    """About five round figures."""
    raw = max(high - low, 1.0) / 5
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200) if s >= raw or s == 200)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [
        {"x": at(n * step), "words": f"{n * step:+d}" if n else "0", "is_zero": n == 0}
        for n in range(first, last + 1)
    ]


def _headline(told: Weighed) -> str:
    verdict = "one person" if told.bits > 0 else "two people"
    return f"The weights say: {verdict} (probability of one person {_probability(told.probability)})"


def _probability(share: float) -> str:
    """Four digits, and never certain."""
    return "above 0.9999" if share > 0.9999 else "below 0.0001" if share < 0.0001 else f"{share:.4f}"


def _signed(bits: float) -> str:
    return "0.0" if abs(bits) < 0.05 else f"{bits:+.1f}"

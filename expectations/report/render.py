"""Draws pages from `model.Day`. Text is escaped by the template engine; the pages' own policy allows no script at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from expectations.report import charts
from expectations.report.model import Day, Trend

_environment = Environment(
    loader=PackageLoader("expectations.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_environment.globals["meter"] = lambda share: Markup(charts.meter(share))
_environment.globals["line"] = lambda trend: Markup(charts.line(trend))


def page(day: Day) -> str:
    """The page of one business date."""
    return _environment.get_template("day.html.j2").render(day=day)


def index(days: Sequence[Day]) -> str:
    """All dates with trends over them."""
    return _environment.get_template("index.html.j2").render(days=days, trends=trends(days))


def trends(days: Sequence[Day]) -> list[Trend]:
    """Figures over the dates, oldest first."""
    ordered = sorted(days, key=lambda day: day.business_date)

    def over(title: str, unit: str, figure: str) -> Trend:
        return Trend(title, unit, tuple((day.business_date, _value(day, figure)) for day in ordered))

    return [
        over("Rows received", "rows", "rows"),
        over("Records in quarantine", "records", "quarantined"),
        over("Feeds held", "feeds", "held"),
        over("Checks failed or warned", "checks", "verdicts"),
        over("Customers", "", "customers"),
        over("Customers merged or split", "events", "identity"),
    ]


def _value(day: Day, figure: str) -> float | None:
    if figure == "identity":
        return float(sum(line.count for line in day.identity if line.kind != "create"))
    value = getattr(day, figure)
    if isinstance(value, tuple):
        return float(len(value))
    return None if value is None else float(value)


def write(folder: Path, days: Sequence[Day]) -> list[Path]:
    """Write all pages and the index; a page that did not change is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{day.business_date}.html": page(day) for day in days} | {"index.html": index(days)}
    written = []
    for name, text in pages.items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        fresh = folder / f".{name}.{os.getpid()}"
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, path)
        written.append(path)
    return written

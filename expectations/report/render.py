"""Draws pages from `model.Day`. Text is escaped by the template engine; the pages' own policy allows no script at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from expectations.report import charts
from expectations.report.model import Day, Defects, Trend

# Dates that the table of arrivals shows side by side.
CALENDAR_DAYS = 31

_environment = Environment(
    loader=PackageLoader("expectations.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip
_environment.globals["meter"] = lambda share: Markup(charts.meter(share))
_environment.globals["line"] = lambda trend: Markup(charts.line(trend))
_environment.globals["bar"] = lambda value, of: Markup(charts.bar(value, of))
_environment.globals["newest"] = charts.newest
_environment.globals["figure"] = charts.figure
_environment.filters["duration"] = charts.duration
_environment.filters["n"] = lambda value: "–" if value is None else f"{value:,}"


def page(day: Day, before: Day | None = None, after: Day | None = None) -> str:
    """The page of one business date, with the way to its neighbours."""
    return _environment.get_template("day.html.j2").render(day=day, before=before, after=after)


def index(days: Sequence[Day], defects: Defects | None = None) -> str:
    """All dates with trends over them, and what was noticed of planted defects where that was scored."""
    ordered = sorted(days, key=lambda day: day.business_date)
    shown = ordered[-CALENDAR_DAYS:]
    systems = sorted({system for day in shown for system in day.sources})
    return _environment.get_template("index.html.j2").render(
        days=ordered, shown=shown, systems=systems, trends=trends(ordered), defects=defects
    )


def trends(days: Sequence[Day]) -> list[Trend]:
    """Figures over the dates, oldest first."""

    def over(title: str, zh: str, unit: str, figure: Callable[[Day], float | int | None]) -> Trend:
        points = tuple(
            (day.business_date, None if (value := figure(day)) is None else float(value)) for day in days
        )
        return Trend(title, unit, points, zh)

    return [
        over("Rows received", "到达行数", "rows", lambda d: d.rows),
        over("Records in quarantine", "隔离记录", "records", lambda d: d.quarantined),
        over("Files held or missing", "挂起或缺失文件", "files", lambda d: len(d.held)),
        over("Files that came late", "迟到文件", "files", lambda d: len(d.late)),
        over("Checks failed or warned", "未通过检查", "checks", lambda d: len(d.verdicts)),
        over("Customers", "客户数", "customers", lambda d: d.customers),
        over("AUM in CNY", "管理总资产", "CNY", lambda d: None if d.aum is None else float(d.aum)),
        over(
            "Customers merged or split",
            "合并与拆分",
            "events",
            lambda d: sum(i.count for i in d.identity if i.kind != "create"),
        ),
        over("Hits of the if–then rules", "规则命中", "hits", lambda d: d.hits),
    ]


def write(folder: Path, days: Sequence[Day], defects: Defects | None = None) -> list[Path]:
    """Write all pages and the index; a page that did not change is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(days, key=lambda day: day.business_date)
    neighbours = zip([None, *ordered], ordered, [*ordered[1:], None], strict=False)
    pages = {f"{day.business_date}.html": page(day, before, after) for before, day, after in neighbours}
    pages["index.html"] = index(ordered, defects)
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

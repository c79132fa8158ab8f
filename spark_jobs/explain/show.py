"""An explanation as a tree to read, and as plain values for machines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from spark_jobs.explain.places import File, Record
from spark_jobs.explain.walk import Explanation, Found, Row

SHOWN_ROWS = 6
_BYTES = {
    "same": "[green]the file holds it there[/]", "differ": "[red]the file holds something else there[/]",
    "package_gone": "the package lies in landing no more", "no_bytes": "columnar: the row's number is its place", "unchecked": "",
}  # fmt: skip


def as_json(told: Explanation) -> dict[str, Any]:
    """The explanation as plain values; decimals, dates and instants as text."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(told), default=str, ensure_ascii=False))
    return plain


def tree(told: Explanation) -> Tree:
    """value → rule → rows → places."""
    unit = f" {told.meaning['unit']}" if told.meaning["unit"] else ""
    value = "null" if told.value is None else _plain(told.value) + escape(unit)
    root = Tree(
        f"[bold]{told.column} = {value}[/]  [dim]{escape(str(told.meaning['zh']))} · {escape(str(told.meaning['description']))}[/]"
    )
    root.add(
        f"[dim]{told.table}, customer {told.customer_id}, {told.business_date}, release {told.release_id}[/]"
    )
    rule = root.add(f"[bold]rule[/]  {escape(told.rule)}")
    rule.add(f"[dim]{told.function}[/]")
    for file, parameters in told.parameters.items():
        rule.add(f"[dim]{file}: {escape(', '.join(f'{k} = {_short(v)}' for k, v in parameters.items()))}[/]")
    if told.adds_up is not None:
        rule.add(
            "[green]the parts add up to the value[/]"
            if told.adds_up
            else "[red]the parts do not add up to the value[/]"
        )
    for step in told.steps:
        _add_step(root, step)
    files = {
        record.file.file_id: record.file for step in told.steps for row in step.rows for record in row.records
    }
    if files:
        _add_files(root, files, told)
    end = "down to the bytes of the files" if told.reaches == "file" else f"down to {told.reaches}"
    root.add(f"[bold]walked {end}[/]" + (f": {escape(told.stops)}" if told.stops else ""))
    for note in told.notes:
        root.add(f"[yellow]{escape(note)}[/]")
    return root


def _add_step(root: Tree, step: Found) -> None:
    if step.version is None:
        root.add(f"[bold]{step.table}[/] [dim]never written[/]")
        return
    count = f"{len(step.rows)} row{'' if len(step.rows) == 1 else 's'}"
    branch = root.add(f"[bold]{step.table}[/] [dim]version {step.version}, {escape(step.said)}: {count}[/]")
    for row in step.rows[:SHOWN_ROWS]:
        leaf = branch.add(_told(row))
        for record in row.records:
            leaf.add(_place(record))
    if len(step.rows) > SHOWN_ROWS:
        branch.add(f"[dim]and {len(step.rows) - SHOWN_ROWS} more; --json has them all[/]")


def _told(row: Row) -> str:
    return escape(
        " · ".join(f"{name} {_plain(value)}" for name, value in row.values.items() if value is not None)
    )


def _place(record: Record) -> str:
    where = f"bytes {record.byte_offset:,} + {record.byte_len}" if record.byte_offset is not None else "row"
    checked = f"  {_BYTES[record.bytes_are]}" if _BYTES[record.bytes_are] else ""
    return f"[cyan]{escape(record.file.package)} › {escape(record.file.name)}[/] line {record.line_no}, {where}{checked}"


def _add_files(root: Tree, files: Mapping[str, File], told: Explanation) -> None:
    used = Counter(r.file.file_id for s in told.steps for row in s.rows for r in row.records)
    branch = root.add(f"[bold]files[/] [dim]{len(files)} with {sum(used.values())} records[/]")
    ordered = sorted(files.values(), key=lambda f: (f.business_date, f.feed, f.sequence_no))
    for file in ordered[: 2 * SHOWN_ROWS]:
        failed = [code for code, verdict in file.checks.items() if verdict != "pass"]
        checks = (
            f"control checks: {', '.join(failed)} failed"
            if failed
            else f"{len(file.checks)} control checks passed"
        )
        rows = f"{file.rows_found:,} rows" if file.rows_found is not None else "rows unknown"
        branch.add(
            f"[dim]{file.business_date} {file.feed} _{file.sequence_no:02d}[/] {escape(file.name)} {file.state}, {rows}, {checks}"
        )
    if len(ordered) > 2 * SHOWN_ROWS:
        branch.add(f"[dim]and {len(ordered) - 2 * SHOWN_ROWS} more; --json has them all[/]")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _short(value: Any) -> str:
    text = (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else str(value)
    )
    return text if len(text) <= 120 else text[:117] + "…"

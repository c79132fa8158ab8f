"""The block `ingest` of docs/benchmarks.md from what was measured. No clock, no measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.bench.blocks import how_busy

TARGETS = {"reader": 1.0, "bad": 1.1, "memory": 1.1, "bronze": 1.5}
NAMES = {
    "ours": "our reader",
    "pyarrow": "pyarrow, typed",
    "duckdb": "DuckDB, typed, into memory",
    "polars": "polars, typed, into memory",
}
MIB = 1024**2


def render(content: Mapping[str, Any]) -> str:
    """Every section that was measured, each with the machine as it was then."""
    parts = [
        "## Bank files",
        "Written by `make bench-ingest`. Entries of twelve columns in UTF-8, read whole; CPU seconds are those of whole processes, the median counts where\n"
        "something is repeated. Targets are told, never asserted.",
    ]
    parts += [
        f"{say(content[name])}\n\n{_machine(content[name])}"
        for name, say in SECTIONS.items()
        if name in content
    ]
    missing = [name for name in SECTIONS if name not in content]
    if missing:
        parts.append(f"Not measured here: {', '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def _machine(told: Mapping[str, Any]) -> str:
    machine = told["machine"]
    busy = how_busy(machine)
    return f"*{machine['day']}, {machine['cores']} cores, {machine['memory_gib']} GiB, load {machine['load_before']} before it began ({busy}).*"


def _ratio(told: Mapping[str, Any], name: str) -> str:
    got, target = told["ratio"], TARGETS[name]
    return f"**{got:.2f}** times (target {target:g} times: {'met' if got <= target else '**missed**'})"


def _reader(told: Mapping[str, Any]) -> str:
    size = told["bytes"] / 1e6
    lines = [
        "### The reader on clean UTF-8 against Spark's own CSV reader", "",
        f"{told['rows']:,} rows, {size:.0f} MB, both inside one server, each row to nowhere: our reader takes {_ratio(told, 'reader')} the CPU of `spark.read.csv` with a schema.",
        "Ours gives every record's place, bytes and hash beside its values as text; Spark's gives typed values and no place.", "",
        "| | CPU s | wall s | MB per CPU second | rows a second |", "|---|---|---|---|---|",
    ]  # fmt: skip
    inside = {"our reader in Spark": told["ours"], "`spark.read.csv`, typed": told["spark"]}
    beside = {f"{NAMES[how]}, a process of its own": each for how, each in told["beside"].items()}
    lines += [
        f"| {name} | {each['cpu']:.2f} | {each['secs']:.2f} | {size / each['cpu']:.0f} | {told['rows'] / each['secs']:,.0f} |"
        for name, each in {**inside, **beside}.items()
    ]
    if told.get("absent"):
        lines.append(f"\npolars is not measured here: its environment {told['absent']}.")
    return "\n".join(lines)


def _bad(told: Mapping[str, Any]) -> str:
    return (
        "### One bad record in a hundred\n\n"
        f"A field too few or too many, or a byte that is no text: {told['bad']['cpu']:.2f} CPU s against {told['clean']['cpu']:.2f} s for the clean file, each with\n"
        f"{told['start']['cpu']:.2f} s for a process that reads a single record; without these {_ratio(told, 'bad')}."
    )


def _memory(told: Mapping[str, Any]) -> str:
    one, ten = (told[name]["peak_bytes"] / MIB for name in ("one", "ten"))
    return (
        "### A file of ten times the size\n\n"
        f"Peak memory of the process that reads it: {ten:.0f} MiB against {one:.0f} MiB, {_ratio(told, 'memory')}. {told['bytes'] / 1e6:,.0f} MB are read at\n"
        f"{told['mb_per_cpu']:.0f} MB for each CPU second. The checks before loading (rows, declared sum, encoding, columns) of the file of {told['checked']['rows']:,} rows take\n"
        f"{told['checked']['cpu']:.2f} CPU s and {told['checked']['peak_bytes'] / MIB:.0f} MiB."
    )


def _bronze(told: Mapping[str, Any]) -> str:
    return (
        "### The bronze job against a bare Parquet write of the same frame\n\n"
        f"{told['rows']:,} rows with their provenance, a day's file into a lake that has days before it: ledger, checks, control totals, quarantine and Delta take {told['ours']['cpu']:.1f} CPU s ({told['ours']['secs']:.1f} s of the wall);\n"
        f"reading the same frame and writing it as Parquet takes {told['parquet']['cpu']:.1f} CPU s ({told['parquet']['secs']:.1f} s): {_ratio(told, 'bronze')} by CPU, "
        f"{told['wall_ratio']:.2f} times by the wall."
    )


SECTIONS = {"reader": _reader, "bad": _bad, "memory": _memory, "bronze": _bronze}

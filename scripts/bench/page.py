"""The block `pipeline` of docs/benchmarks.md from what was measured. No clock, no measuring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.bench.blocks import how_busy

TARGETS = {"run": 480.0, "daily": 120.0, "idle": 20.0, "gib": 6.0}
LARGEST = 4


def render(size: str, content: Mapping[str, Any]) -> str:
    machines = [each["machine"] for each in content.values()]
    parts = [_head(size, machines[-1])]
    parts += [say(content[name]) for name, say in SECTIONS.items() if name in content]
    missing = [name for name in SECTIONS if name not in content]
    if missing:
        parts.append(f"Not measured here: {', '.join(missing)}.")
    return "\n\n".join(parts) + "\n"


def _head(size: str, machine: Mapping[str, Any]) -> str:
    busy = how_busy(machine)
    return (
        f"Written by `make bench` on {machine['day']}: demo bank `{size}`, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, "
        f"Python {machine['python']}, Java {machine['java']}; load {machine['load_before']} before it began ({busy}). Seconds are of the wall, of whole\n"
        "processes; where something is repeated the median counts. Targets are told, never asserted."
    )


def _verdict(got: float, target: float, unit: str) -> str:
    return f"target {target:g} {unit}: {'met' if got <= target else '**missed**'}"


def _run(told: Mapping[str, Any]) -> str:
    runs = told["runs"]
    daily = [each for each in runs if each["kind"] == "daily"]
    in_runs = sum(each["secs"] for each in runs)
    lines = [
        "## The main job (`make run`, environment synced)", "",
        "| | | |", "|---|---|---|",
        f"| whole command: demo bank, Spark server, Airflow, backfill, {len(daily)} daily runs, summary | {told['secs']:.0f} s | {_verdict(told['secs'], TARGETS['run'], 's')} |",
    ]  # fmt: skip
    for each in runs:
        span = each["first"] if each["first"] == each["last"] else f"{each['first']} to {each['last']}"
        target = _verdict(each["secs"], TARGETS["daily"], "s") if each["kind"] == "daily" else ""
        lines.append(f"| {each['kind']} {span}, by Airflow | {each['secs']:.0f} s | {target} |")
    lines += [
        f"| before, between and after the runs (bank, server, Airflow) | {told['secs'] - in_runs:.0f} s | |",
        f"| peak memory of all processes, shared pages counted once | {told['pss_gib']:.1f} GiB | {_verdict(told['pss_gib'], TARGETS['gib'], 'GiB')} |",
        f"| the same as sum of resident sizes | {told['rss_gib']:.1f} GiB | |",
        "", "At the peak: " + ", ".join(f"{name} {held:.1f} GiB" for name, held in sorted(told["parts_gib"].items(), key=lambda e: -e[1])) + ".",
        "", "### Where the time goes", "", *_stage_table(runs), "",
        "| run | wall s | Spark at work s | outside of Spark |", "|---|---|---|---|",
        *[f"| {each['kind']} {each['last']} | {each['secs']:.0f} | {each['spark_secs']:.0f} | {1 - each['spark_secs'] / each['secs']:.0%} |" for each in runs],
        f"| whole command | {told['secs']:.0f} | {told['spark_secs']:.0f} | {1 - told['spark_secs'] / told['secs']:.0%} |", "",
        "Spark is at work while a job runs or a statement is planned and executed, by its own log of events; outside of it are interpreters and sessions",
        "starting, Airflow's scheduling, dbt's parsing, the gates' judging, files and Python.",
    ]  # fmt: skip
    for each in runs:
        if (each["kind"] == "daily" and each["secs"] > TARGETS["daily"]) or told["secs"] > TARGETS["run"]:
            lines += ["", _largest(each)]
    return "\n".join(lines)


def _stage_table(runs: list[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(stage for each in runs for stage in each["stages"]))
    head = [f"{each['kind']} {each['last']}" for each in runs]
    rows = [
        f"| {name} | "
        + " | ".join(f"{each['stages'][name]:.1f}" if name in each["stages"] else "" for each in runs)
        + " |"
        for name in names
    ]
    sums = " | ".join(f"{sum(each['stages'].values()):.1f}" for each in runs)
    return [
        "Seconds inside each stage; tasks that ran side by side (bronze, one per system) are added up.", "",
        "| stage | " + " | ".join(head) + " |", "|---|" + "---|" * len(runs), *rows, f"| all stages | {sums} |",
    ]  # fmt: skip


def _largest(run: Mapping[str, Any]) -> str:
    stages = sorted(run["stages"].items(), key=lambda each: -each[1])[:LARGEST]
    whole = sum(run["stages"].values()) or 1.0
    told = ", ".join(f"{name} {secs:.0f} s ({secs / whole:.0%})" for name, secs in stages)
    return f"{run['kind']} {run['last']}: most of the stages' time goes to {told}; {run['between_secs']:.0f} s of the wall lie between the stages."


def _idle(told: Mapping[str, Any]) -> str:
    took = ", ".join(f"{each:.1f}" for each in told["all_secs"])
    return (
        "## A day without input, by command line on a warm server\n\n"
        f"{told['secs']:.1f} s ({took}; {_verdict(told['secs'], TARGETS['idle'], 's')}), {told['new_versions']} new table versions "
        f"(target 0: {'met' if told['new_versions'] == 0 else '**missed**'})."
    )


def _dbt(told: Mapping[str, Any]) -> str:
    return (
        "## `dbt build` against its compiled SQL\n\n"
        f"{told['secs']:.1f} s for the whole command against {told['direct_secs']:.1f} s for its {told['statements']} compiled models and tests run directly on the same\n"
        f"server by as many threads, models as new tables: {_times(told)}. Compiled models are whole SELECTs; what an incremental model replaces by range\n"
        "is created anew there."
    )


def _times(told: Mapping[str, Any]) -> str:
    """The median of the rounds' own ratios: what slows one round slows both sides of it."""
    rounds = ", ".join(f"{ours:.1f} to {peer:.1f}" for ours, peer in told.get("rounds", ()))
    return f"{told['ratio']:.1f} times (median of the rounds' own ratios{': ' + rounds if rounds else ''})"


def _write(told: Mapping[str, Any]) -> str:
    return (
        "## Bronze write against a bare Parquet write\n\n"
        f"{told['rows']:,} rows of `{told['table']}`, the same frame in memory: {told['secs']:.2f} s for the write as the contract says (cast, measured, stamped,\n"
        f"committed to Delta by date range) against {told['bare_secs']:.2f} s for Parquet files alone: {_times(told)}."
    )


SECTIONS = {"run": _run, "idle": _idle, "dbt": _dbt, "write": _write}

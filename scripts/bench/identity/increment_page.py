"""The block `identity-increment` of docs/benchmarks.md from what was measured. No clock, no measuring."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from scripts.bench.blocks import how_busy

MOST = 0.03
WORDS = {
    "start": "bare start: Python and the product's modules",
    "first": "first call, which learns the model and begins the state",
    "day": "a day by its changes (`--changes`)",
    "fold": "a day by its changes, on which the store is folded",
    "nothing": "the last day told again: nothing changed",
    "whole": "a run that is given all files, and finds what changed",
    "full": "a run over all records under the same model",
    "kept": "all clusters written from the state (no files)",
}
Run = Mapping[str, Any]


def render(runs: Mapping[str, Run]) -> str:
    """runs: `<set>/<days>` → records, steps, whether increments and full run say the same, machine."""
    last = next(reversed(list(runs.values())))["machine"]
    parts = [_head(last)]
    for run in sorted(runs.values(), key=lambda r: (r["records"], len(r["steps"]))):
        parts.append(_table(run))
        parts.append(_verdict(run))
    return "\n\n".join(parts)


def _head(machine: Run) -> str:
    busy = how_busy(machine)
    return (
        "## Who is who, day after day\n\n"
        f"Written by `make bench-identity-increment` on {machine['day']}: {machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}, load "
        f"{machine['load_before']} before it began ({busy}). Bank people; each day a third of one per cent of the records is new, as many are gone, as many have moved and\n"
        "changed their phone. Whole processes, and the same less a bare start; shares are of the run over all records under the same model, which learns nothing."
    )


def costs(run: Run) -> dict[str, list[float]]:
    """CPU seconds of each kind of step; days on which the store was folded are told apart."""
    found: dict[str, list[float]] = {}
    for step in run["steps"]:
        name = "fold" if step["name"] == "day" and step["parts"] == 1 else step["name"]
        found.setdefault(name, []).append(step["cpu_secs"])
    return found


def _table(run: Run) -> str:
    spent = costs(run)
    start, full = median(spent["start"]), spent["full"][0]
    lines = [
        f"| {run['records']:,} records | CPU s | less a bare start | share of a full run | share, both less a bare start | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    for name, words in WORDS.items():
        if name not in spent:
            continue
        cpu = median(spent[name])
        peak = max(s["peak_mib"] for s in run["steps"] if s["name"] == ("day" if name == "fold" else name))
        beyond = "" if name == "start" else f"{cpu - start:.2f}"
        share = "" if name == "start" else f"{cpu / full:.1%}"
        net = "" if name == "start" else f"{(cpu - start) / (full - start):.1%}"
        several = f" (median of {len(spent[name])})" if len(spent[name]) > 1 else ""
        lines.append(f"| {words}{several} | {cpu:.2f} | {beyond} | {share} | {net} | {peak:,.0f} MiB |")
    return "\n".join(lines)


def _verdict(run: Run) -> str:
    spent = costs(run)
    start, full, day = median(spent["start"]), spent["full"][0], median(spent["day"])
    share = (day - start) / (full - start)
    met = "met" if share <= MOST else "**missed**"
    fixed = spent.get("nothing", [start])[0]
    beyond = f"{(day - fixed) / (full - fixed):.1%} beyond a day on which nothing changed"
    told = next(s["told"] for s in run["steps"] if s["name"] == "day")
    return (
        f"{told:,} of {run['records']:,} records changed: {share:.1%} of a full run beyond a bare start, aimed at {MOST:.0%}: {met}; {beyond}. "
        f"Same clusters and confidences as the full run: by changes {_yes(run['is_equal'])}, by all files {_yes(run['is_whole_equal'])}."
    )


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "**no**"

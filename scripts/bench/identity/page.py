"""The block `identity` of docs/benchmarks.md from what was measured. No clock, no measuring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Any

from scripts.bench.blocks import how_busy
from scripts.bench.identity.engines import ENGINES, OURS

# What is asked of this product: set, measure, least F1.
TARGETS = (
    ("febrl3", "closure", 0.9995),
    ("febrl4", "closure", 0.999),
    ("fake_1000", "closure", 0.85),
    ("chinese", "closure", 0.97),
    ("bank-", "exact", 0.99),
    ("demo-", "exact", 0.99),
)
DRIFT, GROWTH = 0.005, 1.05
# The target is told from a hundred thousand records to a million.
GROWS_FROM = 100_000
MILLION, MILLION_CPU_SECS, MILLION_MIB = 950_000, 150.0, 4096.0
WORDS = {"closure": "closure F1", "exact": "exact-customer F1"}
Runs = Mapping[str, Mapping[str, Any]]


def render(runs: Runs, packages: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """runs: `<set>/<engine>` → figures; packages: environment → (name, version, licence) of what is installed in it."""
    last = next(reversed(list(runs.values())))["machine"]
    sets = list(dict.fromkeys(key.partition("/")[0] for key in runs))
    parts = [
        _head(last, packages),
        _quality(runs, sets),
        _cost(runs, sets),
        _sizes(runs, sets),
        _targets(runs, sets),
        _how(packages),
    ]
    return "\n\n".join(part for part in parts if part)


def _head(machine: Mapping[str, Any], packages: Mapping[str, Sequence[Sequence[str]]]) -> str:
    versions = sorted(
        {f"{name} {version}" for told in packages.values() for name, version, _ in told if name in ("splink", "goldenmatch")}
    )  # fmt: skip
    busy = how_busy(machine)
    return (
        "## Who is who, side by side\n\n"
        f"Written by `make bench-identity` on {machine['day']}: {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}, load "
        f"{machine['load_before']} before it began ({busy}).\nBeside this product: {', '.join(versions) or 'nothing'}. Same files, same measures; one configuration of "
        "this product for all sets; Splink joins from a probability of .95 on, this product from .8. Rows that this call did not measure are those of the last that did."
    )


def _quality(runs: Runs, sets: Sequence[str]) -> str:
    lines = [
        "| set | records | engine | closure F1 | exact customers, F1 | B-cubed F1 | two valid ids |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sets:
        for engine, run in _of(runs, name):
            cells = _figures(engine, run) if run["state"] == "done" else f"{run['why']} | | | "
            lines.append(f"| {run['title']} | {run['records']:,} | {ENGINES[engine].title} | {cells} |")
    return (
        "\n".join(lines)
        + _missing(runs)
        + "\n\nTwo valid ids: found customers in which two different people are under two different valid certificates."
        " In brackets: 95 % interval, a seeded bootstrap over true people."
    )


def _missing(runs: Runs) -> str:
    seen = {key.partition("/")[2] for key in runs}
    titles = [engine.title for name, engine in ENGINES.items() if name not in seen]
    return f"\n\nNot measured here: {'; '.join(titles)}." if titles else ""


def _figures(engine: str, run: Mapping[str, Any]) -> str:
    told = []
    for measure in ("closure", "exact", "b_cubed"):
        got = run[measure]
        interval = f" ({_short(got['low'])}–{_short(got['high'])})" if engine == OURS else ""
        told.append(f"{_short(got['f1'])}{interval}")
    told.append("" if run["two_ids"] is None else f"{run['two_ids']:,}")
    return " | ".join(told)


def _short(share: float) -> str:
    return f"{share:.4f}".removeprefix("0")


def _cost(runs: Runs, sets: Sequence[str]) -> str:
    lines = [
        "### What it costs", "",
        "| set | records | engine | CPU s | peak memory | wall, this product = 1 |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name in sets:
        ours = runs.get(f"{name}/{OURS}")
        for engine, run in _of(runs, name):
            if run["state"] == "failed":
                continue
            at_least = "more than " if run["state"] == "stopped" else ""
            # What ran on another day ran beside other work.
            is_set_against = ours and ours["state"] == "done" and ours["machine"] == run["machine"]
            ratio = f"{at_least}{run['secs'] / ours['secs']:.1f}" if is_set_against else ""
            lines.append(
                f"| {run['title']} | {run['records']:,} | {ENGINES[engine].title} | {at_least}{run['cpu_secs']:.1f} | {run['peak_mib']:,.0f} MiB | {ratio} |"
            )
    return "\n".join([*lines, "", "Whole processes: start, reading the files, training, writing the clusters. CPU seconds compare; walls depend on what else runs, and stand here where both were measured in one call."])  # fmt: skip


def _sizes(runs: Runs, sets: Sequence[str]) -> str:
    sizes = [name for name in sets if name.startswith("bank-")]
    rows = []
    for engine in ENGINES:
        done = [
            runs[key]
            for name in sizes
            if (key := f"{name}/{engine}") in runs and runs[key]["state"] == "done"
        ]
        for small, large in pairwise(done):
            rows.append(
                f"| {ENGINES[engine].title} | {small['records']:,} → {large['records']:,} | {large['exact']['f1'] - small['exact']['f1']:+.4f} | "
                f"{large['closure']['f1'] - small['closure']['f1']:+.4f} | {growth(small, large):.2f} |"
            )
    if not rows:
        return ""
    return "\n".join([
        "### What size changes", "", "| engine | records | exact-customer F1 | closure F1 | growth exponent of CPU |", "|---|---|---|---|---|", *rows, "",
        "The exponent counts the start of the process, too, which makes it smaller between small sizes.",
    ])  # fmt: skip


def growth(small: Mapping[str, Any], large: Mapping[str, Any]) -> float:
    """Exponent e of CPU ~ records^e between two sizes."""
    return log(large["cpu_secs"] / small["cpu_secs"]) / log(large["records"] / small["records"])


def _targets(runs: Runs, sets: Sequence[str]) -> str:
    ours = {
        name: runs[key] for name in sets if (key := f"{name}/{OURS}") in runs and runs[key]["state"] == "done"
    }
    rows = []
    for start, measure, least in TARGETS:
        for name, run in ours.items():
            if name == start or (start.endswith("-") and name.startswith(start)):
                got = run[measure]["f1"]
                rows.append(
                    f"| {run['title']}: {WORDS[measure]} | ≥ {_short(least)} | {_short(got)} | {_met(got >= least)} |"
                )
    for run in ours.values():
        if run["two_ids"] is not None:
            rows.append(
                f"| {run['title']}: customers with two valid ids | 0 | {run['two_ids']} | {_met(run['two_ids'] == 0)} |"
            )
        if run["records"] >= MILLION:
            rows.append(
                f"| {run['title']}: CPU | ≤ {MILLION_CPU_SECS:.0f} s | {run['cpu_secs']:.1f} s | {_met(run['cpu_secs'] <= MILLION_CPU_SECS)} |"
            )
            rows.append(
                f"| {run['title']}: memory | ≤ {MILLION_MIB:,.0f} MiB | {run['peak_mib']:,.0f} MiB | {_met(run['peak_mib'] <= MILLION_MIB)} |"
            )
    for start, what in (("bank-", "bank people"), ("demo-", "demo bank's feeds")):
        sizes = [run for name, run in ours.items() if name.startswith(start)]
        if len(sizes) < 2:
            continue
        exact = [run["exact"]["f1"] for run in sizes]
        drift = max(exact) - min(exact)
        rows.append(
            f"| {what}: drift of exact-customer F1 between sizes | < {_short(DRIFT)} | {_short(drift)} | {_met(drift < DRIFT)} |"
        )
        if sizes[-1]["records"] >= MILLION:
            base = next((size for size in sizes if size["records"] >= GROWS_FROM), sizes[-2])
            exponent = growth(base, sizes[-1])
            rows.append(
                f"| {what}: growth exponent from {base['records']:,} to {sizes[-1]['records']:,} records | ≤ {GROWTH} | {exponent:.2f} | "
                f"{_met(exponent <= GROWTH)} |"
            )
    return (
        "\n".join(["### Targets of this product", "", "| | target | got | |", "|---|---|---|---|", *rows])
        if rows
        else ""
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


def _how(packages: Mapping[str, Sequence[Sequence[str]]]) -> str:
    lines = [
        "### How it was compared", "",
        "- **Files**: public sets and made-up people, each record under a fresh number and in a seeded order, so that neither ids nor neighbours give an answer away. True people",
        "  are in a file that no engine is shown. Bank people and the Chinese kit come from `tests/support`; the demo bank's feeds are read by their contracts, dirt and all, the newest",
        "  record of each party of core, ECIF, wealth, card and loans (mobile bank and CRM have numbers of other systems only). `scripts/bench/identity/maps` has the maps.",
        "- **Splink**: its documented model for FEBRL3, FEBRL4 (the detailed one) and fake_1000; for bank people and Chinese names, for which there is none, the detailed model of FEBRL4 on",
        "  the set's columns (`scripts/bench/yardsticks/splink_models.py`). u from 1e6 random pairs. Its documentation asks for standardised input; here every engine gets the files as they are,",
        "  except that the line `shared numbers taken out` has certificates and phones of more than 20 records nulled first: of bank people one in a hundred has a placeholder.",
        "- **GoldenMatch**: `dedupe_df` with nothing told, and its probabilistic auto-configuration; thresholds are its own. It does not see the record's number.",
        "- **Measures** are those of `oxpecker resolve --truth` for all. What failed or was stopped is in the table as that.",
    ]  # fmt: skip
    for name, told in sorted(packages.items()):
        main = [each for each in told if each[0] in ("splink", "goldenmatch")]
        licences = Counter(licence for _, _, licence in told)
        lines.append(
            f"- **Installed for it** in `.cache/bench/{name}`, by lock file, no part of the product: {', '.join(f'{n} {v} ({licence})' for n, v, licence in main)} and "
            f"{len(told) - len(main)} packages it needs; licences as they say: {', '.join(f'{licence} {count}' for licence, count in licences.most_common())}."
        )
    return "\n".join(lines)


def _of(runs: Runs, name: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [(engine, runs[key]) for engine in ENGINES if (key := f"{name}/{engine}") in runs]

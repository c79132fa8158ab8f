"""The page on the churn model of the demo bank: pure text and one chart from figures. No clock, no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from demo_bank.score.churn import Ceiling
from demo_bank.sizes import SIZES

WIDTH, HEIGHT, PAD = 640, 300, 46
NAMES = {"model": "logistic regression (the model)", "baseline": "baseline: mean AUM of 30 days ÷ of 180 days", "boosting": "gradient boosting (not used)"}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What the page tells. figures: backtest/figures.json; model: the registered model's file, None where none was accepted."""

    people: int
    first: date
    last: date
    systems: Sequence[str]
    figures: Mapping[str, Any]
    model: Mapping[str, Any] | None
    ceiling: Ceiling | None
    secs: Mapping[str, float]
    machine: str
    rules: Mapping[str, Any]


def page(told: Told, chart_name: str) -> str:
    fold = told.figures["folds"][-1]
    parts = [
        _head(told, fold), _quality(fold), _ceiling(told, fold), _calibration(fold, chart_name), _slices(fold), _model(told), _made(told),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _head(told: Told, fold: Mapping[str, Any]) -> str:
    n, left = fold["model"]["customers"], fold["model"]["positives"]
    folds = len(told.figures["folds"])
    return f"""# Churn on the demo bank

Written by `make demo-model`; the figures are those of the run it tells of. People who do not exist left a bank that does not exist: the figures say
whether the path from records to a score works and is honest. They say nothing of any bank's customers.

**Question.** Who, of those worth asking about, will have lost {1 - told.rules["loss_share"]:.0%} of their money, or closed everything, {told.rules["horizon_days"]} days
from now? Asked as of {fold["test"]} about {n:,} customers, of whom {left:,} ({left / n:.1%}) were lost. Label, exclusions and bands:
[conf/rules/churn.yml](../conf/rules/churn.yml).

**Walking forward.** A test as of T is trained only on as-of dates up to T − {told.rules["horizon_days"]} days, whose labels were complete on T. {len_of(told)} business dates
with {told.rules["min_support_days"]} days of support before and {told.rules["horizon_days"]} days of horizon behind an as-of date give {count(folds, "test")}: trained as of
{", ".join(fold["trained"])} on {fold["train_rows"]:,} customers ({fold["train_positives"]:,} lost), tested as of {fold["test"]}. Intervals are 95 % over
{told.rules["training"]["interval_bootstraps"]} resamplings of the customers tested; how much the figures move from one month to another they do not tell."""


def len_of(told: Told) -> int:
    return (told.last - told.first).days + 1


def count(n: int, thing: str) -> str:
    return f"one {thing}" if n == 1 else f"{n} {thing}s"


def _figure(each: Mapping[str, float], digits: int = 3) -> str:
    return f"{each['value']:.{digits}f} ({each['low']:.{digits}f} – {each['high']:.{digits}f})"


def _quality(fold: Mapping[str, Any]) -> str:
    rows = [
        f"| {NAMES[name]} | {_figure(fold[name]['auc'])} | {_figure(fold[name]['ap'])} | {_figure(fold[name]['brier'], 4)} | {_figure(fold[name]['lift'], 1)} |"
        for name in ("model", "baseline", "boosting")
    ]
    share = fold["model"]["positives"] / fold["model"]["customers"]
    return "\n".join([
        "## How well it foretells", "", "| | AUC | average precision | Brier | lift at 10 % |", "|---|---|---|---|---|", *rows, "",
        f"Knowing nothing: AUC 0.5, average precision {share:.3f}, Brier {share * (1 - share):.4f} (everybody gets the mean), lift 1.",
    ])  # fmt: skip


def _ceiling(told: Told, fold: Mapping[str, Any]) -> str:
    best = told.ceiling
    if best is None:
        return "## The ceiling\n\nNot known: the hidden truth, or its link to the lake, is not there."
    if best.model.value > best.truth.value:
        verdict = "**The model ranks better than the truth: suspect a leak.**"
    else:
        reached = (best.model.value - 0.5) / (best.truth.value - 0.5)
        verdict = f"The model reaches {reached:.0%} of the way from chance to the ceiling."
    return f"""## The ceiling

The generator's truth knows on {fold["test"]} each person's hazard, and who has decided to leave; the day on which somebody will be gone it does not know yet.
Ranked by the chance that follows from it, over the {best.customers:,} customers tested who are exactly one person ({best.positives:,} lost):
AUC {_figure(vars(best.truth))}; the model, over the same customers, {_figure(vars(best.model))}. {verdict} Customers who lose
their money without leaving (a home bought, a large purchase) are no leavers to the truth, but are lost by the label; that is why the ceiling is not 1.
Only `demo_bank.score` opens the truth."""


def _calibration(fold: Mapping[str, Any], chart_name: str) -> str:
    rows = [
        f"| {k} | {tenth['customers']:,} | {tenth['predicted']:.2%} | {tenth['observed']:.2%} |"
        for k, tenth in enumerate(fold["model"]["calibration"], 1)
    ]
    return "\n".join([
        "## Calibration", "", f"![Said and seen by tenth of customers]({chart_name})", "",
        "| tenth by score | customers | said | lost |", "|---|---|---|---|", *rows,
    ])  # fmt: skip


def _slices(fold: Mapping[str, Any]) -> str:
    rows = [
        f"| {each['name']} {each['code']} | {each['customers']:,} | {each['said']:.2%} | {each['positives'] / each['customers']:.2%} ({each['positives']:,}) "
        f"| {'–' if each['auc'] is None else format(each['auc'], '.3f')} |"
        for each in fold["slices"]
    ]
    return "\n".join([
        "## By tier, group, age and money", "",
        "No AUC where fewer than ten were lost. Group None: tiered customers outside of the ten groups. The model does not read age; the rows show whether it is",
        "hard on anybody all the same. Money: whose money had mostly gone before the day asked about has left already in all but name.", "", "| | customers | said | lost | AUC |", "|---|---|---|---|---|", *rows,
    ])  # fmt: skip


def _model(told: Told) -> str:
    if told.model is None:
        return f"## The model\n\nNone is registered: {told.figures['why_not']}. Every band stays N."
    model = told.model
    weights = sorted(
        zip(model["features"], model["coefficients"], strict=True), key=lambda each: (-abs(each[1]), each[0])
    )
    rows = [
        f"| `{name}` | {weight:+.2f} | {told.rules['features'][name].get('reason', '')} |"
        for name, weight in weights
        if abs(weight) >= 0.005
    ]
    silent = [f"`{name}`" for name, weight in weights if abs(weight) < 0.005]
    unread = f"\n\nNot varying in this bank, or of no weight: {', '.join(silent)}." if silent else ""
    days = sorted(model["as_of_dates"])
    return "\n".join([
        "## The model", "",
        f"Version `{told.figures['model_version']}`, the hash of its content. Trained, after the test, on all as-of dates whose labels are complete on the last Sunday",
        f"({days[0]} to {days[-1]}, {len(days)} of them; {model['rows']:,} rows of which {model['positives']:,} lost): it scores Sundays from {model['labels_until']} on.",
        "Weights are of the log-odds per standard deviation of the feature.", "",
        "| feature | weight | reason a manager reads |", "|---|---|---|", *rows,
    ]) + unread  # fmt: skip


def _made(told: Told) -> str:
    rows = [f"| {name} | {secs:.0f} |" for name, secs in told.secs.items()]
    size = SIZES["demo"]
    fewer = [
        f"The size `demo` has {size.people:,} people. This run had fewer, because the whole path for all of them did not fit into the time that the machine, shared with other work, had;",
        f"with more people the intervals become narrower. `make demo-model` takes all of them; this page is repeated by `make demo-model ARGS=\"--people {told.people}",
        f"--systems {','.join(told.systems)}\"`.", "",
    ]  # fmt: skip
    return "\n".join([
        "## How it was made", "", *(fewer if told.people < size.people else []),
        f"{told.people:,} people, {told.first} to {told.last}, systems {', '.join(told.systems)}: only the feeds and stages that the model reads, run by the",
        "pipeline as one backfill (no gates, rules, marts, release or export). Late lines within a later day's file (an event told a day late, a reversal)",
        "carry no known time of their own in the daily tables and are visible from their business date; whole files that came late are not.", "",
        f"Seconds on {told.machine}:", "", "| step | seconds |", "|---|---|", *rows,
    ])  # fmt: skip


def chart(fold: Mapping[str, Any]) -> str:
    """Said (line) against seen (bars) by tenth of customers, as SVG that needs nothing from outside."""
    tenths = fold["model"]["calibration"]
    top = max([each[k] for each in tenths for k in ("predicted", "observed")] + [0.01]) * 1.1
    step = (WIDTH - 2 * PAD) / len(tenths)

    def x(k: int) -> float:
        return PAD + (k + 0.5) * step

    def y(share: float) -> float:
        return HEIGHT - PAD - share / top * (HEIGHT - 2 * PAD)

    bars = "".join(
        f'<rect x="{x(k) - step * 0.32:.1f}" y="{y(each["observed"]):.1f}" width="{step * 0.64:.1f}" height="{HEIGHT - PAD - y(each["observed"]):.1f}" fill="#7aa6c2"/>'
        f'<text x="{x(k):.1f}" y="{HEIGHT - PAD + 16}" text-anchor="middle">{k + 1}</text>'
        for k, each in enumerate(tenths)
    )
    points = " ".join(f"{x(k):.1f},{y(each['predicted']):.1f}" for k, each in enumerate(tenths))
    dots = "".join(
        f'<circle cx="{x(k):.1f}" cy="{y(each["predicted"]):.1f}" r="3.5" fill="#b3402f"/>'
        for k, each in enumerate(tenths)
    )
    lines = "".join(
        f'<line x1="{PAD}" x2="{WIDTH - PAD}" y1="{y(top * part):.1f}" y2="{y(top * part):.1f}" stroke="#ddd"/>'
        f'<text x="{PAD - 6}" y="{y(top * part) + 4:.1f}" text-anchor="end">{top * part:.0%}</text>'
        for part in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    label = "Share lost (bars) and mean score (line) by tenth of customers, lowest scores first"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" font-family="sans-serif" font-size="12" fill="#333">'
        f'<title>{label}</title><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{lines}{bars}<polyline points="{points}" fill="none" stroke="#b3402f" stroke-width="2"/>{dots}'
        f'<rect x="{PAD + 8}" y="14" width="12" height="12" fill="#7aa6c2"/><text x="{PAD + 26}" y="24">lost</text>'
        f'<circle cx="{PAD + 84}" cy="20" r="4" fill="#b3402f"/><text x="{PAD + 94}" y="24">said by the model</text>'
        f'<text x="{WIDTH - PAD}" y="{HEIGHT - 8}" text-anchor="end">tenth of customers by score</text></svg>\n'
    )

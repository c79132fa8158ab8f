"""`oxpecker score`: how well a lake of the demo bank knows the truth. The only command that opens it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from demo_bank.score import causes, clusters, defects, money, scores
from demo_bank.score.hidden import FOLDER, Hidden
from demo_bank.score.lake import Tables
from spark_jobs import settings as configuration

app = typer.Typer(help="Score a lake of the demo bank against the hidden truth.")


@dataclass(frozen=True)
class Scores:
    """Everything scored; null parts lacked a side, `missing` says which."""

    identity: scores.Identity | None
    aum: list[money.DayError] | None
    defects: list[defects.CodeScore] | None
    false_alarms: Mapping[str, int] | None
    complaints: causes.Causes | None
    missing: list[str]


def score_lake(settings: configuration.Settings, truth: Path) -> Scores:
    """All scores of one lake."""
    hidden, lake = Hidden(truth), Tables(settings)
    who = scores.identity(hidden, lake)
    customer_of = who.customer_of if who else {}
    noticed = scores.planted(hidden, lake)
    return Scores(
        who, scores.aum(hidden, lake, customer_of) if who else None, noticed[0] if noticed else None,
        noticed[1] if noticed else None, scores.complaints(hidden, lake),
        sorted({*(f"hidden {name}" for name in hidden.missing), *lake.missing}),
    )  # fmt: skip


@app.callback(invoke_without_command=True)
def score(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")] = False,
    home: Annotated[Path | None, typer.Option("--home", help="Folder of the lake.")] = None,
    truth: Annotated[Path | None, typer.Option("--truth", help="Folder of the hidden truth.")] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", help="Name of the lake.")] = None,
) -> None:
    """Identity, money, defects and causes of complaints, as far as the lake goes."""
    found = configuration.load(home=home, prefix=prefix)
    folder = truth or found.landing.parent / FOLDER
    if not folder.is_dir():
        typer.echo(
            f"there is no hidden truth at {folder}; generate the demo bank first, or say --truth", err=True
        )
        raise typer.Exit(1)
    result = score_lake(found, folder)
    typer.echo(json.dumps(_plain(result), indent=1, default=str) if as_json else _text(result))
    _leave()


def _leave() -> None:
    """End the process at once. Arrow's reading threads are sometimes (3 of 8 times) still there when the interpreter takes itself
    apart; the process then aborts with code 134 although everything was told."""
    sys.stdout.flush()
    os._exit(0)


def _plain(result: Scores) -> dict[str, Any]:
    told = asdict(result)
    if result.identity:
        told["identity"].pop("customer_of")
        for name in ("pairwise", "exact", "b_cubed"):
            told["identity"][name]["f1"] = getattr(result.identity, name).f1
            told["identity"]["in_lake"][name]["f1"] = result.identity.in_lake[name].f1
        for source, judged in result.identity.by_source.items():
            told["identity"]["by_source"][source]["b_cubed"]["f1"] = judged.b_cubed.f1
    for row, each in zip(told["defects"] or [], result.defects or [], strict=True):
        row["recall"] = each.recall
    if result.complaints:
        told["complaints"] |= {"precision": result.complaints.precision, "recall": result.complaints.recall}
    return told


def _text(result: Scores) -> str:
    lines = [
        *_identity(result.identity),
        *_aum(result.aum),
        *_defects(result),
        *_complaints(result.complaints),
    ]
    if result.missing:
        lines.append("Not there: " + ", ".join(result.missing))
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _share(name: str, share: clusters.Share) -> str:
    return f"  {name:<16} precision {_number(share.precision)}  recall {_number(share.recall)}  F1 {_number(share.f1)}"


def _identity(who: scores.Identity | None) -> list[str]:
    if who is None:
        return ["Identity: not scored"]
    lines = [
        f"Identity: {who.records:,} records; {who.not_in_lake:,} not in the lake; {who.not_in_truth:,} parties of nobody",
        _share("pairs", who.pairwise), _share("exact customers", who.exact), _share("B-cubed", who.b_cubed),
        "  of the records in the lake:",
        *[_share(f"  {text}", who.in_lake[name]) for name, text in (("pairwise", "pairs"), ("exact", "exact customers"), ("b_cubed", "B-cubed"))],
        "  by system (B-cubed of its records):",
        *[_share(f"  {source} {each.records:,}", each.b_cubed) for source, each in who.by_source.items()],
        f"  persons split over several customers: {who.false_split_cnt:,}, {who.split_persons:,} with records that are not in the lake",
        *[f"    {' | '.join(', '.join(parties) for _, parties in split.customers)}" for split in who.false_splits],
        f"  customers of several persons: {who.false_merge_cnt:,}",
    ]  # fmt: skip
    for each in who.false_merges:
        lines.append(f"    {each.customer_id}: {each.persons} persons in {', '.join(each.party_ids)}")
    return lines


def _aum(days: list[money.DayError] | None) -> list[str]:
    if not days:
        return ["AUM: not scored" if days is None else "AUM: no date in common"]
    lines = ["AUM to the cent:"]
    for day in days:
        lines.append(
            f"  {day.day}  exact {day.exact:,} of {day.compared:,}  largest error {day.largest / 100:,.2f}"
            f"  sum {day.total / 100:,.2f}  not comparable {day.not_comparable:,}"
        )
    return lines


def _defects(result: Scores) -> list[str]:
    if result.defects is None:
        return ["Defects: not scored"]
    lines = ["Defects (noticed of reportable):"]
    for each in result.defects:
        share = "no reason to report" if each.recall is None else f"{each.noticed:,} of {each.reportable:,}"
        lines.append(f"  {each.code}  planted {each.planted:,}  {share}")
    alarms = ", ".join(f"{reason} {count:,}" for reason, count in (result.false_alarms or {}).items())
    return [*lines, f"  false alarms: {alarms or 'none'}"]


def _complaints(found: causes.Causes | None) -> list[str]:
    if found is None:
        return ["Complaints: not scored"]
    return [
        f"Complaints with a technical cause: {found.right:,} of {found.with_cause:,} attributed to the right incident, "
        f"{found.wrong:,} to another, {found.missed:,} to none; {found.invented:,} without a cause were given one; "
        f"{found.not_in_lake:,} not in the lake"
    ]

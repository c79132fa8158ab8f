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

from demo_bank.score import causes, clusters, counts, defects, money, scores
from demo_bank.score import lines as planted_lines
from demo_bank.score.handled import Handling
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
    handlings: list[Handling] | None
    complaints: causes.Causes | None
    missing: list[str]


def score_lake(settings: configuration.Settings, truth: Path) -> Scores:
    """All scores of one lake."""
    hidden, lake = Hidden(truth), Tables(settings)
    who = scores.identity(hidden, lake)
    customer_of = who.customer_of if who else {}
    noticed = scores.planted(hidden, lake)
    days = scores.aum(hidden, lake, customer_of) if who else None
    handlings = planted_lines.handlings(hidden, lake, days or [])
    return Scores(
        who, days, noticed[0] if noticed else None,
        noticed[1] if noticed else None, handlings, scores.complaints(hidden, lake),
        sorted({*(f"hidden {name}" for name in hidden.missing), *lake.missing}),
    )  # fmt: skip


AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]
Home = Annotated[Path | None, typer.Option("--home", help="Folder of the lake.")]
TruthFolder = Annotated[Path | None, typer.Option("--truth", help="Folder of the hidden truth.")]
Prefix = Annotated[str | None, typer.Option("--prefix", help="Name of the lake.")]


@app.callback(invoke_without_command=True)
def score(
    context: typer.Context,
    as_json: AsJson = False,
    home: Home = None,
    truth: TruthFolder = None,
    prefix: Prefix = None,
) -> None:
    """Identity, money, defects and causes of complaints, as far as the lake goes."""
    if context.invoked_subcommand is not None:
        # What was said before the name of a part counts for it, too.
        context.obj = {"as_json": as_json, "home": home, "truth": truth, "prefix": prefix}
        return
    found, folder = _sides(home, truth, prefix)
    result = score_lake(found, folder)
    if result.defects is not None:
        counts.write(found, counts.plain(result.defects, result.false_alarms or {}, result.handlings or []))
    typer.echo(json.dumps(_plain(result), indent=1, default=str) if as_json else _text(result))
    _leave()


@app.command("defects")
def score_defects(
    context: typer.Context,
    as_json: AsJson = False,
    home: Home = None,
    truth: TruthFolder = None,
    prefix: Prefix = None,
) -> None:
    """The planted defects alone: recall and false alarms per code. Leaves the counts for the steward's report."""
    before = context.obj or {}
    as_json = as_json or bool(before.get("as_json"))
    found, folder = _sides(
        home or before.get("home"), truth or before.get("truth"), prefix or before.get("prefix")
    )
    hidden, lake = Hidden(folder), Tables(found)
    noticed = scores.planted(hidden, lake)
    if noticed is None:
        missing = sorted({*(f"hidden {name}" for name in hidden.missing), *lake.missing})
        typer.echo(f"defects cannot be scored, for want of {', '.join(missing)}", err=True)
        raise typer.Exit(1)
    handlings = planted_lines.handlings(hidden, lake) or []
    missing = sorted({*(f"hidden {name}" for name in hidden.missing), *lake.missing})
    told = counts.plain(*noticed, handlings)
    counts.write(found, told)
    if as_json:
        typer.echo(json.dumps({**told, "missing": missing}, indent=1, ensure_ascii=False))
    else:
        place = counts.place(found).relative_to(found.home)
        typer.echo(
            "\n".join([*_defects(noticed[0], noticed[1]), *_handlings(handlings, told["not_measured"])])
        )
        typer.echo(f"  counts without the truth: {place} of the lake; `oxpecker report build` shows them")
    _leave()


def _sides(home: Path | None, truth: Path | None, prefix: str | None) -> tuple[configuration.Settings, Path]:
    found = configuration.load(home=home, prefix=prefix)
    folder = truth or found.landing.parent / FOLDER
    if not folder.is_dir():
        typer.echo(
            f"there is no hidden truth at {folder}; generate the demo bank first, or say --truth", err=True
        )
        raise typer.Exit(1)
    return found, folder


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
        *_defects(result.defects, result.false_alarms),
        *_handlings(result.handlings or [], {}),
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


def _defects(found: list[defects.CodeScore] | None, alarms: Mapping[str, int] | None) -> list[str]:
    if found is None:
        return ["Defects: not scored"]
    lines = ["Defects (noticed of reportable):"]
    for each in found:
        share = "no reason to report" if each.recall is None else f"{each.noticed:,} of {each.reportable:,}"
        wrong = sum((alarms or {}).get(reason, 0) for reason in each.reasons)
        lines.append(
            f"  {each.code}  planted {each.planted:,}  {share}"
            + (f"  false alarms {wrong:,}" if wrong else "")
        )
    told = ", ".join(f"{reason} {count:,}" for reason, count in (alarms or {}).items())
    return [*lines, f"  false alarms: {told or 'none'}"]


def _handlings(found: list[Handling], not_measured: Mapping[str, str]) -> list[str]:
    lines = ["Defects that need no reason (handled of those judged):"] if found else []
    for each in found:
        alarms = f"  false alarms {each.false_alarms:,}" if each.false_alarms is not None else ""
        rest = f", {each.planted - each.judged:,} not judged" if each.judged < each.planted else ""
        lines.append(f"  {each.code}  {each.handled:,} of {each.judged:,}{rest}{alarms}  {each.means}")
    return [*lines, *(f"  {code}  not measured: {why}" for code, why in not_measured.items())]


def _complaints(found: causes.Causes | None) -> list[str]:
    if found is None:
        return ["Complaints: not scored"]
    return [
        f"Complaints with a technical cause: {found.right:,} of {found.with_cause:,} attributed to the right incident, "
        f"{found.wrong:,} to another, {found.missed:,} to none; {found.invented:,} without a cause were given one; "
        f"{found.not_in_lake:,} not in the lake"
    ]

"""`oxpecker steward`: what waits, in context and masked, and what is decided of it. Needs no JVM."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spark_jobs import settings as settings_module
from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.steward import context, queue
from spark_jobs.steward.actions import Actions
from spark_jobs.steward.queue import Desk, Item
from spark_jobs.tables import utc_now

app = typer.Typer(
    no_args_is_help=True, help="What was held or kept aside: look, repair, accept, reject, release."
)
# Into a pipe: whole lines.
IN_A_FILE = 400
out = Console(width=None if sys.stdout.isatty() else IN_A_FILE)

Conf = Annotated[
    Path | None,
    typer.Option("--conf", help="The bank's own configuration folder, laid over the shipped one."),
]
Profile = Annotated[str | None, typer.Option("--profile", help="Name of a profile.")]
Landing = Annotated[Path | None, typer.Option("--landing", help="Where suppliers put their files.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
ItemId = Annotated[
    str, typer.Argument(help="From `oxpecker steward list --items`; its first letters are enough.")
]


def desk(profile: str | None = None, conf: Path | None = None, landing: Path | None = None) -> Desk:
    return Desk(settings_module.load(profile, overlay=conf, landing=landing))


def actions(of: Desk) -> Actions:
    return Actions(of.settings.steward_actions, of.key_file)


@app.command("list")
def list_(
    feed: Annotated[str | None, typer.Option("--feed", help="Of this feed only.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="With this reason only.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Of this owner only.")] = None,
    older_than: Annotated[int | None, typer.Option("--older-than", help="At least so many days old.", min=0)] = None,
    money_over: Annotated[str | None, typer.Option("--money-over", help="With an amount of at least so much.")] = None,
    items: Annotated[bool, typer.Option("--items", help="One by one, with their ids, instead of by feed and reason.")] = False,
    as_json: Json = False, profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """What waits for a steward, the oldest first: age, owner, money and customers touched."""
    at, of = utc_now(), desk(profile, conf, landing)
    waiting = of.waiting()
    if feed and waiting and feed not in {i.feed for i in waiting}:
        raise OxpeckerError(f"nothing of `{feed}` waits; {nearest(feed, {i.feed for i in waiting})}")
    found = queue.keep(
        waiting,
        at,
        feed=feed,
        reason=reason,
        owner=owner,
        older_than=older_than,
        money_over=_amount(money_over),
    )
    if as_json:
        told = (
            [_item_told(i, at) for i in found]
            if items
            else [_group_told(g, at) for g in queue.grouped(found)]
        )
        print(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    if not found:
        out.print("nothing waits for a steward")
        return
    if items:
        table = Table(
            "id", "kind", "feed", "business date", "line", "reasons", "owner", "age", "money", "state"
        )
        for i in found:
            table.add_row(
                i.item_id, _kind(i.kind), i.feed, str(i.business_date), "" if i.line_no is None else str(i.line_no),
                " ".join(i.reasons), i.owner, f"{i.age_days(at)} d", _money(i.money), i.state,
            )  # fmt: skip
    else:
        table = Table(
            "feed", "kind", "reasons", "owner", "waiting", "oldest", "money", "customers", "for example"
        )
        for g in queue.grouped(found):
            table.add_row(
                g.feed, _kind(g.kind), " ".join(g.reasons), g.owner, str(g.items), f"{g.age_days(at)} d", _money(g.money),
                str(g.customers) if g.kind == queue.RECORD else "", g.example,
            )  # fmt: skip
    out.print(table)


@app.command()
def show(
    item_id: ItemId,
    case: Annotated[str | None, typer.Option("--case", help="Show values instead of masks, for this case number; it is logged.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who looks; needed with --case.")] = None,
    as_json: Json = False, profile: Profile = None, conf: Conf = None, landing: Landing = None,
) -> None:  # fmt: skip
    """One record or held file in context: field by field with its bytes, masked, what the contract expects, what was decided before."""
    at, of = utc_now(), desk(profile, conf, landing)
    item = of.find(item_id)
    if case is not None:
        if not actor:
            raise OxpeckerError("values are shown to a person with a case number: give --actor, too")
        actions(of).enter(actor, "revealed", item.item_id, at, case=case)
    source = of.sources.get(item.feed)
    seen = context.view(item, source, case is not None) if source and item.record is not None else None
    if as_json:
        told = _item_told(item, at) | {"decisions": [_decision_told(d) for d in of.decided(item)]}
        if seen:
            told |= {
                "fault_at_byte": seen.offset,
                "fields": [vars(f) for f in seen.fields],
                "can_accept": seen.can_accept,
            }
        print(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    for name, value in _item_told(item, at).items():
        out.print(
            f"{name:<14} {escape(str('' if value is None else value))}", highlight=False, soft_wrap=True
        )
    if seen:
        _show_fields(seen)
    elif item.record is not None:
        out.print(f"no contract of this bank asks for {item.feed} any more: only `reject` is left")
    for d in of.decided(item):
        second = f" and {d.second}" if d.second else ""
        out.print(
            f"decision {d.decision_id}: {d.code} by {d.first}{second}, {d.reason}: {d.state}", highlight=False
        )


def _show_fields(seen: context.View) -> None:
    table = Table("field", "bytes", "class", "content", "the contract expects", "")
    for f in seen.fields:
        table.add_row(
            f.name, f"{f.first}–{f.last}" if f.last >= f.first else f"{f.first}, empty", f.privacy, escape(f.shown), f.expects,
            "[red]here[/]" if f.is_faulty else "",
        )  # fmt: skip
    out.print(table)
    if seen.columns_found != seen.columns_expected:
        out.print(f"{seen.columns_found} fields found, {seen.columns_expected} expected")
    if seen.hexadecimal:
        line = " ".join(f"[bold red]{byte}[/]" if is_fault else byte for byte, is_fault in seen.hexadecimal)
        out.print(f"byte {seen.offset:,} of the file: {line}", highlight=False)


def _amount(text: str | None) -> Decimal | None:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"`{text}` is no amount") from None


def _kind(kind: str) -> str:
    return "record" if kind == queue.RECORD else "file"


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:,.2f}"


def _item_told(i: Item, at: datetime) -> dict[str, Any]:
    return {
        "id": i.item_id, "kind": _kind(i.kind), "feed": i.feed, "owner": i.owner, "reasons": " ".join(i.reasons), "state": i.state,
        "business_date": i.business_date, "age_days": i.age_days(at), "money": None if i.money is None else f"{i.money:.2f}",
        "customers": len(i.customers) if i.kind == queue.RECORD else None, "rows": i.rows, "package": i.package, "file": i.file,
        "line": i.line_no, "byte_offset": i.byte_offset, "byte_len": i.byte_len, "required": i.is_required,
    }  # fmt: skip


def _group_told(g: queue.Group, at: datetime) -> dict[str, Any]:
    return {
        "feed": g.feed, "kind": _kind(g.kind), "reasons": " ".join(g.reasons), "owner": g.owner, "waiting": g.items,
        "oldest_days": g.age_days(at), "money": None if g.money is None else f"{g.money:.2f}", "customers": g.customers, "example": g.example,
    }  # fmt: skip


def _decision_told(d: Any) -> dict[str, Any]:
    return {
        "decision_id": d.decision_id, "decision": d.code, "subject": d.subject, "feed": d.feed, "reason": d.reason, "first": d.first,
        "second": d.second, "state": d.state, "at": d.at, "check": d.check, "from": d.first_date, "until": d.last_date,
    }  # fmt: skip

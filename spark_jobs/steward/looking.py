"""Commands that look: what waits, one item in context, decisions and their cases. Nothing is changed but the log of who looked."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from spark_jobs.bronze import cases
from spark_jobs.clock import utc_now
from spark_jobs.errors import OxpeckerError, nearest
from spark_jobs.steward import context, decide, options, queue
from spark_jobs.steward.queue import Item
from spark_jobs.steward.touched import touched


def list_(
    feed: Annotated[str | None, typer.Option("--feed", help="Of this feed only.")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="With this reason only.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Of this owner only.")] = None,
    older_than: Annotated[int | None, typer.Option("--older-than", help="At least so many days old.", min=0)] = None,
    money_over: Annotated[str | None, typer.Option("--money-over", help="With an amount of at least so much.")] = None,
    items: Annotated[bool, typer.Option("--items", help="One by one, with their ids, instead of by feed and reason.")] = False,
    as_json: options.Json = False, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """What waits for a steward, the oldest first: age, owner, money and customers touched."""
    at, of = utc_now(), options.desk(profile, conf, landing)
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
        options.out.print("nothing waits for a steward")
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
    options.out.print(table)


def show(
    item_id: options.ItemId,
    case: Annotated[str | None, typer.Option("--case", help="Show values instead of masks, for this case number; it is logged.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who looks; needed with --case.")] = None,
    as_json: options.Json = False, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """One record or held file in context: field by field with its bytes, masked, what the contract expects, what was decided before."""
    at, of = utc_now(), options.desk(profile, conf, landing)
    item = of.find(item_id)
    if case is not None:
        if not actor:
            raise OxpeckerError("values are shown to a person with a case number: give --actor, too")
        decide.actions(of).enter(actor, "revealed", item.item_id, at, case=case)
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
        options.out.print(
            f"{name:<14} {escape(str('' if value is None else value))}", highlight=False, soft_wrap=True
        )
    if seen:
        _show_fields(seen)
        for name, value in (decide.proposed(of, item) if case is not None else {}).items():
            options.out.print(f"proposed for {name}: {escape(context.printable(value))}", highlight=False)
    elif item.record is not None:
        options.out.print(f"no contract of this bank asks for {item.feed} any more: only `reject` is left")
    about = touched(of, item) if item.kind == queue.FILE else None
    if about:
        most = f", the largest amount {about.largest:,.2f}" if about.largest is not None else ""
        options.out.print(f"{about.customers:,} customers in {about.rows:,} rows{most}", highlight=False)
    for d in of.decided(item):
        second = f" and {d.second}" if d.second else ""
        options.out.print(
            f"decision {d.decision_id}: {d.code} by {d.first}{second}, {d.reason}: {d.state}", highlight=False
        )


def _show_fields(seen: context.View) -> None:
    table = Table("field", "bytes", "class", "content", "the contract expects", "")
    for f in seen.fields:
        table.add_row(
            f.name, f.place, f.privacy, escape(f.shown), f.expects,
            "[red]here[/]" if f.is_faulty else "",
        )  # fmt: skip
    options.out.print(table)
    if seen.columns_found != seen.columns_expected:
        options.out.print(f"{seen.columns_found} fields found, {seen.columns_expected} expected")
    if seen.hexadecimal:
        line = " ".join(f"[bold red]{byte}[/]" if is_fault else byte for byte, is_fault in seen.hexadecimal)
        options.out.print(f"byte {seen.offset:,} of the file: {line}", highlight=False)


def log(
    who: Annotated[bool, typer.Option("--actions", help="Who looked at what and did what, instead of decisions.")] = False,
    as_json: options.Json = False, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Decisions with their state, the oldest first; with --actions the chained log of everything done at the desk."""
    of = options.desk(profile, conf, landing)
    if who:
        told = decide.actions(of).read()
        if as_json:
            print(json.dumps(told, ensure_ascii=False, indent=1))
            return
        for each in told:
            more = " ".join(
                f"{k}={v}" for k, v in each.items() if k not in ("at", "actor", "what", "subject")
            )
            options.out.print(
                escape(f"{each['at']} {each['actor']} {each['what']} {each['subject']} {more}"),
                highlight=False,
            )
        return
    if as_json:
        print(
            json.dumps([_decision_told(d) for d in of.decisions], ensure_ascii=False, indent=1, default=str)
        )
        return
    table = Table("decision", "what", "feed", "about", "reason", "first", "second", "state", "at")
    for d in of.decisions:
        about = f"{d.check} {d.first_date}..{d.last_date}" if d.check else d.subject
        about += f", {len(d.records)} records" if d.records else ""
        table.add_row(
            d.decision_id, d.code, d.feed, about, escape(d.reason), escape(d.first), escape(d.second or ""), d.state, f"{d.at:%Y-%m-%d %H:%M}"
        )  # fmt: skip
    options.out.print(table if of.decisions else "nothing was decided yet")


def cases_(as_json: options.Json = False, profile: options.Profile = None, conf: options.Conf = None) -> None:
    """Would records fare under today's contracts as was decided of them? Exit code 3 where one would not."""
    of = options.desk(profile, conf)
    found = [t for source in of.sources.values() for t in cases.tested(of.decisions, source)]
    if as_json:
        print(json.dumps([vars(t) | {"holds": t.holds} for t in found], ensure_ascii=False, indent=1))
    elif not found:
        options.out.print("no decision is kept as a case yet")
    else:
        table = Table("decision", "feed", "what", "today")
        for t in found:
            table.add_row(t.decision_id, t.feed, t.decision, "holds" if t.holds else f"[red]{t.how}[/]")
        options.out.print(table)
    if not all(t.holds for t in found):
        raise typer.Exit(3)


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
        "decision_id": d.decision_id, "decision": d.code, "subject": d.subject, "feed": d.feed, "reason": d.reason, "fields": [*d.fields], "first": d.first,
        "second": d.second, "state": d.state, "at": d.at, "check": d.check, "from": d.first_date, "until": d.last_date,
        "words": [vars(w) for w in d.words], "records": len(d.records) or None,
    }  # fmt: skip

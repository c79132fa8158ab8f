"""Explanations as trees to read and as plain values for machines. Ids, codes, days and words only; no customer's value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from spark_jobs.whois import wording
from spark_jobs.whois.book import Row
from spark_jobs.whois.pair import BY_MODEL, Compared, PairTold, Said, Subject
from spark_jobs.whois.person import CustomerTold
from spark_jobs.whois.review import Review
from spark_jobs.whois.undoing import Change

_COLOURS = {"holds": "green", "refused": "red", "doubted": "yellow", "ended": "yellow"}


def plain(told: Any) -> dict[str, Any]:
    """Plain values; days and instants as text."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(told), default=_plain, ensure_ascii=False))
    return found


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def pair(told: PairTold, rules: Mapping[str, Any]) -> Tree:
    """Verdict → sides → chain or guards → rules → words → what happened."""
    root = Tree(_headline(told))
    for subject in (told.one, told.other):
        root.add(_side(subject, told.sources))
    for start, end in told.were_one[: -1 if told.is_one else None]:
        root.add(f"one person from {start} until {end}")
    if told.chain:
        branch = root.add("[bold]by this chain[/]")
        for n, tie in enumerate(told.chain, 1):
            says = wording.evidence(tie.evidence)
            declared = rules.get(tie.reason)
            step = branch.add(
                f"{n}. {_record(tie.party_a, told.sources)} → {_record(tie.party_b, told.sources)}  [cyan]{tie.reason}[/] since {tie.since}"
            )
            step.add(
                f"{escape(wording.rule(tie.reason, declared))}: {escape(says)}" if declared else escape(says)
            )
            if tie.model:
                step.add(f"[dim]judged by {tie.model}[/]")
    if told.guards:
        branch = root.add("[bold]kept apart by[/]")
        for guard in told.guards:
            branch.add(
                f"[red]{wording.GUARDS[guard.kind]}[/]: {_record(guard.party_a, told.sources)} and {_record(guard.party_b, told.sources)}"
            )
    grey = {tuple(r["party_ids"]) for r in told.reviews if r["kind_code"] == "grey_pair"}
    for compared in told.compared:
        _add_compared(root, compared, told, rules, (compared.party_a, compared.party_b) in grey)
    if told.left_out:
        root.add(f"[dim]and {told.left_out} more pairs between the two; name records to see one[/]")
    _add_rest(root, told.said, told.reviews, told.events)
    return root


def _headline(told: PairTold) -> str:
    if told.is_one:
        return f"[bold green]one person on {told.day}, since {told.since}[/]  customer {told.one.customer}"
    apart = f", apart since {told.since}" if told.since else ", and never were one"
    return f"[bold red]two people on {told.day}{apart}[/]"


def _side(subject: Subject, sources: Mapping[str, str]) -> str:
    """A party, or a customer with its parties."""
    if len(subject.parties) == 1:
        return f"{_record(subject.parties[0], sources)} [dim]of customer {subject.customer}[/]"
    came = f" [dim](asked for as {subject.came_as}, which it absorbed)[/]" if subject.came_as else ""
    return f"customer {subject.customer}, {len(subject.parties)} records{came}"


def _record(party: str, sources: Mapping[str, str]) -> str:
    return f"[bold]{sources.get(party, '?')}[/] {party}"


def _add_compared(
    root: Tree, compared: Compared, told: PairTold, rules: Mapping[str, Any], is_grey: bool
) -> None:
    sides = f"{_record(compared.party_a, told.sources)} and {_record(compared.party_b, told.sources)}"
    branch = root.add(f"[bold]rules[/] for {sides}")
    for verdict in (v for v in compared.verdicts if v.state != "no_key"):
        colour = _COLOURS.get(verdict.state, "dim")
        branch.add(
            f"[{colour}]{verdict.rule}[/]  {escape(wording.verdict(verdict, rules.get(verdict.rule, BY_MODEL), is_grey))}"
        )
    silent = [v.rule for v in compared.verdicts if v.state == "no_key"]
    if silent:
        branch.add(f"[dim]nothing to compare by: {', '.join(silent)}[/]")
    for text in wording.shared(compared.shared):
        branch.add(f"[dim]both have {text}[/]")


def customer(told: CustomerTold) -> Tree:
    """Id → records with their ties → what happened → words and reviews."""
    came = f"  [dim](asked for as {told.came_as}, which it absorbed)[/]" if told.came_as else ""
    root = Tree(
        f"[bold]customer {told.customer_id}[/] on {told.day}: {told.status}, since {told.created}{came}"
    )
    if told.retired_into:
        root.add(f"lives on as {told.retired_into}")
    branch = root.add(f"[bold]records[/] {len(told.records)}")
    for r in told.records:
        tie = f"[cyan]{r.tie}[/] to {r.tied_to}" if r.tied_to else "nothing ties it to another record"
        branch.add(f"[bold]{r.source}[/] {r.party_id} since {r.since}: {tie}, sure to {r.confidence:.3f}")
    for hub in told.hubs:
        root.add(f"[dim]has {wording.shared([hub])[0]}[/]")
    _add_rest(root, told.said, told.reviews, told.events)
    return root


def change(told: Change) -> Tree:
    """What would become of whom, and what runs next."""
    root = Tree(f"[bold]{escape(told.what)}[/]  [dim]counts from {told.day}[/]")
    for word in told.words:
        about = (
            f"decision {word.undoes}"
            if word.undoes
            else " and ".join(_record(p, told.sources) for p in word.parties)
        )
        root.add(f"[cyan]{word.code}[/] {about}: {wording.DECISIONS[word.code]}")
    moved = told.customers
    if not moved:
        root.add("[yellow]no record changes its customer[/]: what else is known of them says the same")
    else:
        branch = root.add(
            f"[bold]{len(moved)} customers change[/], and are believed otherwise since {told.since}"
        )
        for customer in sorted(moved):
            before, after = told.before.get(customer, frozenset()), told.after.get(customer, frozenset())
            lives = "" if after else ", and ends"
            leaf = branch.add(
                f"{customer}: {len(before)} record{'' if len(before) == 1 else 's'} → {len(after)}{lives}"
            )
            for party in sorted(before | after):
                sign = " " if party in before & after else "[green]+[/]" if party in after else "[red]-[/]"
                leaf.add(f"{sign} {_record(party, told.sources)}")
    if not told.is_exact:
        root.add(
            "[yellow]the rules of identity have changed since the release: the next run may give other ids[/]"
        )
    following = root.add("[bold]then[/]")
    following.add(
        f"the next run of {told.day} or later applies it, once a second person agreed: oxpecker run --business-date {told.day}"
    )
    if moved:
        following.add(
            f"profiles, marts and the release are made anew from {told.since} on; CRM is told by split, merge and upsert"
        )
    return root


def queue(told: Review) -> Table:
    """Open items, the most harmful first."""
    table = Table("item", "kind", "records", "AUM CNY", "age", "evidence", "state")
    for w in told.waiting:
        table.add_row(
            w.item_id, w.kind, "\n".join(f"{s} {p}" for s, p in zip(w.sources, w.parties, strict=True)), f"{w.aum_cny:,.2f}",
            f"{w.age_days} d", "\n".join(w.evidence), w.state,
        )  # fmt: skip
    return table


def standings(told: Review) -> Table:
    """How far judges agree; few cases say so."""
    table = Table("kind", "rule", "decided", "as the rules said", "kappa")
    rows = [(s.kind, s.rule, s.told) for s in told.standings]
    rows += [
        ("all", "", told.overall),
        ("second persons", "agreed to what was proposed", told.second),
        ("two stewards", "about the same two records", told.again),
    ]
    for kind, rule, a in rows:
        if a.cases:
            table.add_row(
                kind,
                rule,
                f"{a.cases}{', few' if a.is_few else ''}",
                f"{a.agreed} ({a.share:.0%})",
                "" if a.kappa is None else f"{round(a.kappa, 2) + 0.0:.2f}",
            )
    return table


def _add_rest(root: Tree, said: Sequence[Said], reviews: Sequence[Row], events: Sequence[Row]) -> None:
    if said:
        branch = root.add("[bold]stewards said[/]")
        for d in said:
            names = " and ".join(d.by)
            reason = f", {d.reason}" if d.reason else ""
            branch.add(
                escape(
                    f"{d.day} {d.code} ({wording.DECISIONS[d.code]}), decision {d.decision_id} by {names}{reason}: {d.state}"
                )
            )
    if reviews:
        branch = root.add("[bold]for review[/]")
        for r in reviews:
            branch.add(
                f"{r['review_item_id']} {r['kind_code']}: {wording.REVIEWS[r['kind_code']]}, {r['state_code']} since {r['opened_on_date']}"
            )
    if events:
        branch = root.add("[bold]what happened[/]")
        for e in events:
            what = wording.EVENTS[e["kind_code"]].format(other=e["other_customer_id"])
            moved = len(e["moved_party_ids"] or ())
            records = f", {moved} record{'' if moved == 1 else 's'}" if moved else ""
            branch.add(
                f"{e['business_date']} {e['customer_id']} {what}{records}  [dim]event {e['customer_event_id']}[/]"
            )

"""Commands that decide: repair, accept, reject, release, exception, and the second person's answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spark_jobs.bronze.steward_log import DECLINED, PROPOSED, WITHDRAWN, Decision
from spark_jobs.clock import utc_now
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.dates import parse_date
from spark_jobs.errors import OxpeckerError
from spark_jobs.steward import accounts, decide, options, people
from spark_jobs.steward.queue import Desk, Item


def repair(
    item_id: options.ItemId, reason: options.Reason, actor: options.Actor,
    values: Annotated[list[str] | None, typer.Option("--set", help="FIELD=VALUE; FIELD alone is asked for, and has to be where it names a person.")] = None,
    record_file: Annotated[Path | None, typer.Option("--record-file", help="The whole corrected record, as bytes.", exists=True, dir_okay=False)] = None,
    second: options.Second = None, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Put corrected values, or a corrected record, in place of what came; the next run reads it again and lands it in its business date."""
    of = options.desk(profile, conf, landing)
    item = of.find(item_id)
    told = _values(of, item, values) if values else None
    raw = record_file.read_bytes().rstrip(b"\r\n") if record_file else None
    concluded(of, decide.repair(of, item, reason, actor, utc_now(), values=told, raw=raw), second)


def accept(
    item_id: options.ItemId, reason: options.Reason, actor: options.Actor, second: options.Second = None, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Let a record load as it is, where only signs that stand for no text kept it aside."""
    of = options.desk(profile, conf, landing)
    concluded(of, decide.accept(of, of.find(item_id), reason, actor, utc_now()), second)


def reject(
    item_id: options.ItemId, reason: options.Reason, actor: options.Actor, second: options.Second = None, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Keep a record, or a held file, out for good."""
    of = options.desk(profile, conf, landing)
    concluded(of, decide.reject(of, of.find(item_id), reason, actor, utc_now()), second)


def release(
    item_id: options.ItemId, reason: options.Reason, actor: options.Actor, second: options.Second = None, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Let a held file load in spite of a judgement such as its volume; two people always."""
    of = options.desk(profile, conf, landing)
    concluded(of, decide.release(of, of.find(item_id), reason, actor, utc_now()), second)


def exception(
    feed: Annotated[str, typer.Argument(help="Name of the feed.")],
    check: Annotated[str, typer.Option("--check", "--rule", help="The check of files that may fail (volume_band, empty_working_day and the like), or the rule about records that may be broken (column_count, replacement_character and the like).")],
    first: Annotated[str, typer.Option("--from", help="First business date, YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--until", help="Last business date, YYYY-MM-DD.")],
    reason: options.Reason, actor: options.Actor,
    record: Annotated[list[str] | None, typer.Option("--record", help="Only this record in quarantine and the same bytes in other deliveries; may be given again.")] = None,
    second: options.Second = None, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Put a check of a feed, or a rule about its records, out of force for some business dates; two people always."""
    of = options.desk(profile, conf, landing)
    records = [of.find(item_id) for item_id in record or ()]
    made = decide.exception(
        of, feed, check, parse_date(first), parse_date(last), reason, actor, utc_now(), records
    )
    concluded(of, made, second)


def approve(
    decision_id: options.DecisionId,
    actor: options.Actor,
    profile: options.Profile = None,
    conf: options.Conf = None,
    landing: options.Landing = None,
) -> None:
    """Be the second person of a decision. Refuses whoever proposed it."""
    of = options.desk(profile, conf, landing)
    _prove(of, actor)
    tell(decide.agree(of, decision_id, actor, utc_now()))


def decline(
    decision_id: options.DecisionId, reason: options.Reason, actor: options.Actor, profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Say no to what another person proposed; the thing waits again."""
    of = options.desk(profile, conf, landing)
    _prove(of, actor)
    tell(decide.decline(of, decision_id, reason, actor, utc_now()))


def withdraw(
    decision_id: options.DecisionId,
    last: Annotated[str, typer.Option("--last", help="The last business date that it is still for, YYYY-MM-DD; one before its first: it is for none.")],
    reason: options.Reason, actor: options.Actor,
    profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Let an exception end earlier than it would by itself. One person is enough, for the contract holds again."""
    of = options.desk(profile, conf, landing)
    made = decide.withdraw(of, decision_id, parse_date(last), reason, actor, utc_now())
    told = "is withdrawn" if made.state == WITHDRAWN else f"ends with {made.last_date}"
    options.out.print(f"decision {made.decision_id} {told}", highlight=False)


def concluded(of: Desk, made: Decision, second: str | None) -> None:
    """Tell what was decided; the second person, where one was named, agrees right away."""
    tell(seconded(of, made, second))


def seconded(of: Desk, made: Decision, second: str | None) -> Decision:
    """The decision as it is once the second person, where one was named and is needed, has agreed."""
    if made.state == PROPOSED and second is not None:
        _prove(of, second)
        return decide.agree(of, made.decision_id, second, utc_now())
    return made


def tell(made: Decision) -> None:
    """Say what state a decision is in."""
    if made.state == PROPOSED:
        options.out.print(
            f"decision {made.decision_id} waits for a second person: `oxpecker steward approve {made.decision_id} --actor NAME`",
            highlight=False, soft_wrap=True,
        )  # fmt: skip
    elif made.state == DECLINED:
        options.out.print(f"decision {made.decision_id} is declined", highlight=False)
    else:
        options.out.print(
            f"decision {made.decision_id} is in force; the next run applies it", highlight=False
        )


def _prove(of: Desk, name: str) -> None:
    """Where the desk has accounts, a second person proves to be one. Without accounts whoever may write the file is believed."""
    path = of.settings.steward_accounts
    if not accounts.read(path):
        return
    account = accounts.proven(path, name, people.password(f"password of {name}"))
    if account is None or not account.may_approve:
        decide.actions(of).enter(name, "login_refused", "approve", utc_now())
        raise OxpeckerError(
            f"`{name}` is no approver with that password; `oxpecker steward account list` shows who is"
        )


def _values(of: Desk, item: Item, given: list[str]) -> dict[str, str]:
    """FIELD=VALUE pairs. What names a person is asked for, so that it stands in no list of processes and no history of a shell."""
    source = of.sources.get(item.feed)
    identifying = (
        {f.name for f in source.fields if f.privacy is PrivacyClass.IDENTIFYING} if source else set()
    )
    told = {}
    for each in given:
        name, sign, value = each.partition("=")
        if sign and name in identifying:
            raise OxpeckerError(
                f"`{name}` names a person: give `--set {name}` and the value when asked, or in a pipe"
            )
        told[name] = value if sign else str(typer.prompt(f"{name}", err=True))
    return told

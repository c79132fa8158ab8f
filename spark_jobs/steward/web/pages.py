"""What the desk's pages show. Text is escaped by the template engine; no page has a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from spark_jobs.errors import OxpeckerError
from spark_jobs.exports import published
from spark_jobs.steward import queue
from spark_jobs.steward.accounts import Account
from spark_jobs.steward.context import printable
from spark_jobs.steward.queue import Desk, Item
from spark_jobs.steward.touched import Touched, touched
from spark_jobs.steward.web import guard

# A page of more is no page; the groups above the list count all.
MOST_SHOWN = 200
# What somebody can do about a hold, by reason; the rest asks for a corrected delivery.
HELP: Mapping[str, str] = {
    "md5": "The bytes are not those that were sent. Ask for the file again, with a higher sequence.",
    "row_count": "Rows are missing, or too many. Ask for the file again, with a higher sequence.",
    "ok_missing": "The supplier has not said yet that the package is complete. The next run looks again.",
    "password_missing": "The package has a password that was not given. Set it as docs/onboarding.md says; the next run opens it.",
    "password_wrong": "The password that was given does not open the package. Ask the supplier, set it; the next run tries again.",
    "cipher_unknown": "The package is encrypted in a way that is not read. Ask for a zip with AES or ZipCrypto, or without a password.",
    "workbook_old_or_locked": "The workbook has a password, or is of Excel before 2007. Ask for .xlsx without a password.",
    "missing": "Nothing came. Ask where it is.",
    "row_count_control": "Rows are missing, or too many: it holds other rows than it declares. Ask for the file again, with a higher sequence.",
    "date_mismatch": "The content is of another day. It is never re-dated: ask for the right file.",
    "date_mismatch_control": "It declares another day than its name. It is never re-dated: ask for the right file.",
    "encoding": "The bytes are not in the declared encoding. Ask for the file again, or mend the contract and run again.",
    "conflict": "Other bytes came under a sequence that is loaded already. Ask for a higher sequence.",
    "record_above": "A record stands where the contract leaves out a title, and would be lost. Count the titles again and change skip_lines; the next run looks at the file again.",
    "volume_band": "Far more or fewer rows than usual. Ask whether that is so; then two people may release the file.",
    "empty_working_day": "No row for a day the bank works. Ask whether that is so; then two people may release the file.",
    "not_listed": "The .OK file does not name it. Ask whether it belongs to the package; then two people may release it.",
    "schema_swapped": "Columns seem to have changed places. Where the supplier says they have not, two people may release the file.",
    "schema_retyped": "Values are of another kind than before. Where the supplier means it, two people may release the file.",
}
BY_CONTRACT = "The file is not what the contract says. Ask for a corrected one, or mend the contract: the next run looks at the file again."

_environment = Environment(
    loader=PackageLoader("spark_jobs.steward.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)  # fmt: skip
_environment.filters["money"] = lambda amount: "" if amount is None else f"{amount:,.2f}"
_environment.filters["shown"] = printable
_environment.filters["day_before"] = lambda day: day - timedelta(days=1)
_environment.filters["minute"] = lambda at: f"{at:%Y-%m-%d %H:%M}"


def page(name: str, request: Request, who: Account | None, status: int = 200, **told: Any) -> Response:
    """One page; `who` is logged in."""
    given = {"who": who, "wrong": "", "csrf": guard.csrf(request), "path": request.url.path} | told
    given["told"] = request.session.pop("told", "") if who else ""
    return HTMLResponse(_environment.get_template(f"{name}.html.j2").render(**given), status)


def kept(waiting: Sequence[Item], at: datetime, asked: Mapping[str, str]) -> list[Item]:
    """Items that fit what was asked for. Raises `OxpeckerError` where a figure is none."""
    try:
        days = int(asked["older_than"]) if asked["older_than"] else None
        money = Decimal(asked["money_over"]) if asked["money_over"] else None
    except (ValueError, InvalidOperation):
        raise OxpeckerError("age and money are figures") from None
    return queue.keep(
        waiting, at, feed=asked["feed"], reason=asked["reason"], owner=asked["owner"], older_than=days, money_over=money
    )  # fmt: skip


def queue_of(waiting: Sequence[Item], found: Sequence[Item], at: datetime) -> dict[str, Any]:
    """The tiles, groups and items of the queue."""
    return {
        "at": at,
        "feeds": sorted({i.feed for i in waiting}),
        "reasons": sorted({r for i in waiting for r in i.reasons}),
        "owners": sorted({i.owner for i in waiting}),
        "groups": queue.grouped(found),
        "items": found[:MOST_SHOWN],
        "left_out": max(0, len(found) - MOST_SHOWN),
        "records": sum(i.kind == queue.RECORD for i in found),
        "files": sum(i.kind == queue.FILE for i in found),
        "customers": len(frozenset().union(*(i.customers for i in found))),
        "money": sum((i.money for i in found if i.money is not None), Decimal(0)),
        "oldest": max((i.age_days(at) for i in found), default=0),
        "proposed": sum(i.state == "proposed" for i in found),
    }


@dataclass(frozen=True)
class FileFacts:
    """What the ledgers say of a file: checks with what was expected and found, differences of its columns, tables these would touch."""

    checks: Sequence[tuple[Any, ...]]
    differs: Sequence[str]
    touches: Sequence[str]
    help: str
    touched: Touched | None


def file_facts(desk: Desk, item: Item) -> FileFacts | None:
    """None for a record."""
    if item.kind != queue.FILE:
        return None
    _, checks = published.ledger(
        desk.settings, "ops.control_check",
        f"select check_code, expected_value, actual_value, verdict_code from {{table}} where file_id = '{item.file_id}' order by 1",
    )  # fmt: skip
    _, changes = published.ledger(
        desk.settings, "ops.schema_change", f"select diff_lines, touched_tables from {{table}} where file_id = '{item.file_id}'"
    )  # fmt: skip
    differs = [line for lines, _ in changes for line in lines or ()]
    touches = sorted({table for _, tables in changes for table in tables or ()})
    return FileFacts(checks, differs, touches, HELP.get(item.reasons[0], BY_CONTRACT), touched(desk, item))

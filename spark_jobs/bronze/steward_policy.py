"""What the bank's rules say of stewards' decisions (`conf/rules/steward.yml`): who owns a feed, what needs two people, what may be released."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from spark_jobs import settings as settings_module
from spark_jobs.bronze.cells import Cell
from spark_jobs.bronze.reread import amount_of
from spark_jobs.bronze.without_rule import RULES
from spark_jobs.contracts.sources import SourceContract
from spark_jobs.errors import OxpeckerError, SettingsError, nearest
from spark_jobs.settings import Settings

WHEN = ("always", "money", "never")
# What in silver says whose a record is.
OF_SOMEBODY = ("party_no_source", "agreement_no_source")


@dataclass(frozen=True)
class Policy:
    """The rules, read once."""

    owners: Mapping[str, str]
    second_person: Mapping[str, str]
    releasable: tuple[str, ...]
    excepted: tuple[str, ...]
    exception_most_days: int
    excepted_records: tuple[str, ...] = ()

    def owner(self, feed: str) -> str:
        """Who is asked about a feed."""
        return next((who for pattern, who in self.owners.items() if fnmatchcase(feed, pattern)), "nobody")

    def needs_second(self, code: str, source: SourceContract | None) -> bool:
        """Whether a decision needs two people. Of a feed without a contract nobody can say that it has no money."""
        when = self.second_person.get(code, "always")
        return when == "always" or (when == "money" and (source is None or bool(money_fields(source))))

    def check_exception(self, check: str, first: date, last: date) -> None:
        """Refuse an exception that the rules do not know, or that never ends."""
        known = (*self.excepted, *self.excepted_records)
        if check not in known:
            raise OxpeckerError(f"no exception can be made of `{check}`; only of {', '.join(known)}")
        if last < first:
            raise OxpeckerError(f"the exception ends on {last}, before it begins on {first}")
        if last > first + timedelta(days=self.exception_most_days):
            raise OxpeckerError(
                f"an exception lasts {self.exception_most_days} days at most; mend the contract if it is the new rule"
            )


def load(settings: Settings) -> Policy:
    given = settings_module.rules(settings, "steward")
    for code, when in given["second_person"].items():
        if when not in WHEN:
            raise SettingsError(
                f"rules/steward.yml, second_person: `{code}: {when}`; known are {', '.join(WHEN)}"
            )
    for rule in given["excepted_records"]:
        if rule not in RULES:
            raise SettingsError(
                f"rules/steward.yml, excepted_records: no record can be read without `{rule}`; {nearest(rule, RULES)}"
            )
    return Policy(
        given["owners"], given["second_person"], tuple(given["releasable"]), tuple(given["excepted"]), int(given["exception_most_days"]),
        tuple(given["excepted_records"]),
    )  # fmt: skip


def money_fields(source: SourceContract) -> set[str]:
    """Fields that become an amount in silver."""
    return _mapped(source, lambda column: column.endswith("_amt"))


def key_fields(source: SourceContract) -> set[str]:
    """Fields that say whose a record is."""
    return _mapped(source, lambda column: column in OF_SOMEBODY)


def money(cells: list[Cell], source: SourceContract) -> Decimal | None:
    """The largest amount of a record as it is written, without its sign; None where none can be read. Not converted."""
    names = money_fields(source)
    found = [
        amount
        for cell in cells
        if cell.declared and cell.name in names and cell.text
        and (amount := amount_of(cell.text.strip(), cell.declared)) is not None
    ]  # fmt: skip
    return max((abs(amount) for amount in found), default=None)


def whose(cells: list[Cell], source: SourceContract) -> str | None:
    """What the record says of whose it is: supplier's numbers, not to be shown; None where it says nothing readable."""
    names = key_fields(source)
    told = [cell.text.strip() for cell in cells if cell.name in names and cell.text and cell.text.strip()]
    return f"{source.source_code}:{told[0]}" if told else None


def _mapped(source: SourceContract, wanted: Any) -> set[str]:
    names = set(source.names())
    return {name for name in _named(source.maps, wanted, False) if name in names}


def _named(told: Any, wanted: Any, inside: bool) -> Iterator[str]:
    """Strings that stand in the expressions of the wanted columns."""
    if isinstance(told, str):
        if inside:
            yield told
    elif isinstance(told, Mapping):
        for key, value in told.items():
            if not (inside and key == "const"):
                yield from _named(value, wanted, inside or wanted(str(key)))
    elif isinstance(told, list | tuple):
        for each in told:
            yield from _named(each, wanted, inside)

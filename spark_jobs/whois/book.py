"""What a published lake says of who is who: rows of the identity tables and of what they rest on, for the parties that are asked about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from spark_jobs import settings as settings_module
from spark_jobs.contracts import load
from spark_jobs.errors import OxpeckerError
from spark_jobs.explain.tables import Tables
from spark_jobs.exports.release import require_current
from spark_jobs.identity.words import CODES, Decision
from spark_jobs.privacy.tokens import tokeniser
from spark_jobs.settings import Settings

Row = dict[str, Any]
BELIEVED = "cast(known_to as date) >= date '9999-01-01'"
# Fewer letters of an id would fit several by chance.
LEAST_LETTERS = 6
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Subject:
    """What was asked about: parties, and the customer who owns them on the day.

    came_as  the retired id that was asked for, which leads to `customer`
    """

    parties: tuple[str, ...]
    customer: str
    came_as: str | None = None


@dataclass
class Book:
    """The tables of the current release. `day`: the last business date they know; nothing later counts."""

    settings: Settings
    tables: Tables = field(init=False)
    day: date = field(init=False)

    def __post_init__(self) -> None:
        release = require_current(self.settings)
        self.tables = Tables(self.settings, release, load(self.settings.conf_dirs))
        self.day = date.fromisoformat(release.business_date)
        self.tokens = tokeniser(self.settings)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.tables.close()

    @cached_property
    def rules(self) -> Any:
        """Rules of identity in force."""
        return settings_module.rules(self.settings, "identity")

    def ask(self, statement: str) -> list[Row]:
        return self.tables.ask(statement)

    # --- who is asked about -----------------------------------------------------------------------------------

    def subject(self, said: str, day: date) -> Subject:
        """A party, `source:number`, or a customer, by id or by its first letters. Errors repeat no number of a supplier."""
        source, colon, number = said.partition(":")
        if colon:
            party = self.tokens.value("party", source, number)
            if not self._members(f"party_id = '{party}'"):
                raise OxpeckerError(f"no person of `{source}` has that number in this lake")
            return self._of_party(party, day)
        if not _ID.fullmatch(said):
            raise OxpeckerError("name a party or a customer by its id, or a record as source:number")
        parties = self._ids("party_id", "identity.party_customer", said)
        customers = self._ids("customer_id", "identity.customer", said)
        found = [*parties, *customers]
        if not found:
            raise OxpeckerError(
                f"neither a party nor a customer has the id `{said}`; `oxpecker sql` on profile.customer_current shows ids"
            )
        if len(found) > 1:
            raise OxpeckerError(f"several ids begin with `{said}`; give more of it")
        return self._of_party(parties[0], day) if parties else self._of_customer(customers[0], day)

    def _ids(self, column: str, table: str, said: str) -> list[str]:
        whole = self.ask(f"select distinct {column} as id from {table} where {column} = '{said}'")
        if not whole and len(said) >= LEAST_LETTERS:
            whole = self.ask(
                f"select distinct {column} as id from {table} where starts_with({column}, '{said}') limit 2"
            )
        return [row["id"] for row in whole]

    def _of_party(self, party: str, day: date) -> Subject:
        owned = [m for m in self.members([party]) if m["valid_from"] <= day < m["valid_to"]]
        if not owned:
            raise OxpeckerError(f"the party is not known on {day}; its source delivered it later")
        return Subject((party,), owned[0]["customer_id"])

    def _of_customer(self, customer: str, day: date) -> Subject:
        came_as, row = None, self.customer(customer)
        owned = self.parties_of([customer], day)
        if not owned and row["retired_into_customer_id"]:
            came_as, customer = customer, row["retired_into_customer_id"]
            owned = self.parties_of([customer], day)
        return Subject(tuple(sorted(m["party_id"] for m in owned)), customer, came_as)

    # --- rows -------------------------------------------------------------------------------------------------

    def members(self, parties: Collection[str]) -> list[Row]:
        """Memberships of parties as believed now, by party and day."""
        return self._members(f"party_id in {listed(parties)}")

    def parties_of(self, customers: Collection[str], day: date) -> list[Row]:
        """Memberships of customers on a day."""
        on_day = f"valid_from <= date '{day}' and date '{day}' < valid_to"
        return self._members(f"customer_id in {listed(customers)} and {on_day}")

    def _members(self, where: str) -> list[Row]:
        return self.ask(
            "select party_id, customer_id, link_reason_code, confidence_ratio, valid_from, valid_to from identity.party_customer "
            f"where {BELIEVED} and {where} order by party_id, valid_from"
        )

    def customer(self, customer: str) -> Row:
        """Status, first day, and where a retired id leads. Raises `OxpeckerError` where there is none."""
        rows = self.ask(f"select * from identity.customer where customer_id = '{customer}'")
        if not rows:
            raise OxpeckerError(f"no customer `{customer}` in this lake")
        return rows[0]

    def events(self, customers: Collection[str]) -> list[Row]:
        """What happened to customers, oldest first, as it was believed on its day."""
        ids = listed(customers)
        return self.ask(
            "select customer_event_id, kind_code, customer_id, other_customer_id, moved_party_ids, business_date from "
            f"identity.customer_event where customer_id in {ids} or other_customer_id in {ids} "
            "order by business_date, kind_code, customer_id, other_customer_id"
        )

    def links(self, parties: Collection[str], both: bool = True) -> list[Row]:
        """Evidence and stewards' words between parties; with `both` off also to others."""
        ids = listed(parties)
        return self.ask(
            "select link_event_id, link_kind_code, party_id_a, party_id_b, actor_code, link_reason_code, effective_from, is_refused, "
            f"evidence_text, probability_ratio from identity.link_event where party_id_a in {ids} {'and' if both else 'or'} party_id_b in {ids} "
            "order by party_id_a, party_id_b, link_reason_code, effective_from, link_event_id"
        )

    def scores(self, parties: Collection[str]) -> list[Row]:
        ids = listed(parties)
        return self.ask(
            "select party_id_a, party_id_b, rule_codes, score_ratio, model_version, evidence_text from identity.pair_score "
            f"where party_id_a in {ids} and party_id_b in {ids}"
        )

    def reviews(self, parties: Collection[str]) -> list[Row]:
        """Review items about any of the parties."""
        return self.ask(
            "select review_item_id, kind_code, party_ids, state_code, opened_on_date from identity.review_item "
            f"where list_has_any(party_ids, {listed(parties, '[]')}) order by opened_on_date, review_item_id"
        )

    def sources(self, parties: Collection[str]) -> dict[str, str]:
        """System of each party."""
        rows = self.ask(
            f"select party_id, min(source_code) as s from silver.party_hist where party_id in {listed(parties)} group by 1"
        )
        return {row["party_id"]: row["s"] for row in rows}

    @cached_property
    def decisions(self) -> list[Decision]:
        """Accepted decisions about persons up to the last day, as the identity job reads them."""
        return [_decision(row) for row in self.spoken if row["decision_state_code"] == "accepted"]

    @cached_property
    def spoken(self) -> list[Row]:
        """Everything stewards decided about persons up to the last day, refused or not."""
        codes = listed(CODES)
        return self.ask(
            "select decision_id, steward_decision_code, party_ids, decision_subject, decided_on_date, decided_at, first_staff_id, "
            "second_staff_id, decision_reason_code, decision_state_code, reason_code from ops.steward_decision "
            f"where steward_decision_code in {codes} and decided_on_date <= date '{self.day}' order by decided_at, decision_id"
        )


def _decision(row: Row) -> Decision:
    # DuckDB hands instants out with their zone; ours are naive UTC.
    at = row["decided_at"].replace(tzinfo=None)
    return Decision(
        row["decision_id"], row["steward_decision_code"], tuple(row["party_ids"] or ()), row["decision_subject"], row["decided_on_date"], at,
    )  # fmt: skip


def listed(values: Iterable[str], brackets: str = "()") -> str:
    """Ids as a list in SQL; they come from the lake or were checked."""
    inside = ", ".join(f"'{value}'" for value in sorted(set(values)))
    return f"{brackets[0]}{inside or 'null'}{brackets[1]}"

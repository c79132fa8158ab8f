"""Whether two parties have a key of a rule in common, and what the bank knows of that number. No number is shown.

Asked only of a pair and rule of which identity.link_event says nothing: a rule that was judged is told from there.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spark_jobs.whois.book import BELIEVED, Book, Row, listed

_MAINLAND = re.compile(r"1\d{2}(?:\d{4}|\*+)\d{4}")


@dataclass(frozen=True)
class Shared:
    """A number that two parties both have. kind: certificate kind, reference, or phone; hub: why it ties nobody, None where it may."""

    kind: str
    token: str
    parties: int
    hub: str | None


@dataclass(frozen=True)
class Numbers:
    """What is known of the numbers of some parties."""

    identifiers: Mapping[str, Sequence[Row]]
    contacts: Mapping[str, Sequence[Row]]
    registered: Mapping[tuple[str, str], Row]

    def shared(self, a: str, b: str) -> list[Shared]:
        """Every number both have, whatever a rule makes of it: certificates and references, then phones."""
        held = [{(i["id_kind_code"], i["id_token"]) for i in self.identifiers.get(p, ())} for p in (a, b)]
        called = [{("phone", c["contact_token"]) for c in self.contacts.get(p, ())} for p in (a, b)]
        return [self._told(*key) for key in [*sorted(held[0] & held[1]), *sorted(called[0] & called[1])]]

    def under(self, rule: Mapping[str, Any], a: str, b: str) -> list[Shared]:
        """Numbers by which the rule could tie the two; empty where it cannot even compare them."""
        if rule["key"] == "certificate":
            mine, yours = (self._documents(rule, p) for p in (a, b))
            return [self._told(kind, token) for token, kind in sorted(mine.items()) if token in yours]
        if rule["key"] == "reference":
            met = {k for x, y in ((a, b), (b, a)) for k in self._refers(rule, x) & self._owns(rule, y)}
            return [self._told(*key) for key in sorted(met)]
        if rule["key"] == "phone":
            return [self._told("phone", token) for token in sorted(self._together(a, b))]
        return [Shared("masked_phone", "", 0, None)] if self._mask_fits(a, b) else []

    def _documents(self, rule: Mapping[str, Any], party: str) -> dict[str, str]:
        return {
            i["id_token"]: i["id_kind_code"]
            for i in self.identifiers.get(party, ())
            if i["id_kind_code"] in rule["id_kinds"] and i["id_class_code"] in rule["id_classes"] and i["checksum_state_code"] != "invalid"
        }  # fmt: skip

    def _refers(self, rule: Mapping[str, Any], party: str) -> set[tuple[str, str]]:
        return {
            (i["id_kind_code"], i["id_token"])
            for i in self.identifiers.get(party, ())
            if i["source_code"] != rule["owner"] and i["id_kind_code"] in rule["id_kinds"] and i["id_class_code"] in rule["id_classes"]
        }  # fmt: skip

    def _owns(self, rule: Mapping[str, Any], party: str) -> set[tuple[str, str]]:
        return {
            (i["id_kind_code"], i["id_token"]) for i in self.identifiers.get(party, ()) if i["source_code"] == rule["owner"]
        }  # fmt: skip

    def _phones(self, party: str) -> list[Row]:
        return [
            c for c in self.contacts.get(party, ())
            if c["contact_kind_code"] in ("mobile", "ani") and not c["is_placeholder"] and c["contact_norm"] is not None
        ]  # fmt: skip

    def _together(self, a: str, b: str) -> set[str]:
        """Full numbers that both had on one day."""
        return {
            x["contact_token"]
            for x in self._phones(a)
            for y in self._phones(b)
            if x["contact_token"] == y["contact_token"] and not x["is_masked"] and not y["is_masked"]
            and max(x["valid_from"], y["valid_from"]) < min(x["valid_to"], y["valid_to"])
        }  # fmt: skip

    def _mask_fits(self, a: str, b: str) -> bool:
        sides = [
            {(bool(c["is_masked"]), _visible(c["contact_norm"])) for c in self._phones(p)} for p in (a, b)
        ]
        return any(
            x[0] != y[0] and x[1] is not None and x[1] == y[1] for x in sides[0] for y in sides[1]
        )  # fmt: skip

    def _told(self, kind: str, token: str) -> Shared:
        known = self.registered.get((kind, token))
        return Shared(
            kind, token, int(known["party_cnt"]) if known else 0, known["hub_reason_code"] if known else None
        )


def _visible(number: str) -> tuple[str, str] | None:
    national = number.removeprefix("+86")
    return (national[:3], national[-4:]) if _MAINLAND.fullmatch(national) else None


def numbers(book: Book, parties: Collection[str]) -> Numbers:
    """Numbers of parties up to the book's day."""
    begun = f"{BELIEVED} and valid_from <= date '{book.day}' and party_id in {listed(parties)}"
    ids = book.ask(
        "select party_id, source_code, id_kind_code, id_token, id_class_code, checksum_state_code, valid_from "
        f"from silver.party_identifier where {begun}"
    )
    contacts = book.ask(
        "select party_id, contact_kind_code, contact_token, contact_norm, is_masked, is_placeholder, valid_from, valid_to "
        f"from silver.party_contact where contact_token is not null and {begun}"
    )
    tokens = listed([*(i["id_token"] for i in ids), *(c["contact_token"] for c in contacts)])
    known = book.ask(
        f"select id_kind_code, id_token, party_cnt, hub_reason_code from identity.identifier where id_token in {tokens}"
    )
    return Numbers(
        _by_party(ids), _by_party(contacts), {(row["id_kind_code"], row["id_token"]): row for row in known}
    )


def _by_party(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["party_id"], []).append(row)
    return found

"""Codes of identity in words. Bank people read these; codes stand beside them, so that the documentation can be found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from spark_jobs.whois.keys import Shared
from spark_jobs.whois.pair import Verdict, why_ended

KEYS = {
    "certificate": "the same certificate number", "reference": "one refers to the other by its number in another system",
    "phone": "the same phone at the same time", "masked_phone": "the visible digits of a masked phone, and the month of birth",
}  # fmt: skip
NEEDS = {
    "not_contradicted": "not both name and birth date differ", "name_or_birth": "name or birth date agrees", "name": "the name agrees",
    "name_and_birth": "name and birth date agree",
}  # fmt: skip
_SIGNS = {"+": "agrees", "-": "differs", "?": "is unknown"}
_FIELDS = {"name": "name", "birth": "birth date", "sex": "sex", "id": "own certificate"}
GUARDS = {
    "certificates": "two different valid certificates", "sex": "two different sexes", "birth_and_name": "two birth dates under two names",
    "steward": "stewards said: two people", "related": "a declared relation (family, guarantor, joint holder) makes them two people",
}  # fmt: skip
HUBS = {
    "placeholder": "a placeholder", "too_many_names": "too many names use it", "shared": "several names share it, so it counts only beside a birth date",
}  # fmt: skip
EVENTS = {
    "create": "came to be", "absorb": "took in new records", "merge": "absorbed {other}", "split": "gave records to {other}",
    "retire": "ended; lives on as {other}",
}  # fmt: skip
REVIEWS = {
    "grey_pair": "fits two people, tied to neither", "contradiction": "evidence ties what a guard keeps apart",
    "suspect_ecif_merge": "ECIF may have taken two people for one", "oversize_cluster": "a customer of very many records",
}  # fmt: skip
DECISIONS = {
    "merge": "one person", "keep_apart": "two people", "split": "two people, and never were one", "take_back": "an earlier decision never was",
}  # fmt: skip
_ENDED = {
    "contradiction": "name and birth date came to differ", "ambiguous": "it came to fit two people",
    "reference": "it refers to another number since", "hub": "too many names came to use the number",
    "unlike": "the records came to differ",
}  # fmt: skip


def evidence(text: str) -> str:
    """`name_phone name+ birth? sex+ id-` → "name agrees, birth date is unknown, …"."""
    told = [
        f"{_FIELDS[w[:-1]]} {_SIGNS[w[-1]]}" for w in text.split() if w[-1:] in _SIGNS and w[:-1] in _FIELDS
    ]
    return ", ".join(told) or text


def rule(code: str, declared: Mapping[str, Any] | None) -> str:
    """What a rule asks for."""
    return f"{KEYS[declared['key']]}; {NEEDS[declared['needs']]}" if declared else code


def verdict(told: Verdict, declared: Mapping[str, Any], is_grey: bool) -> str:
    """What came of a rule for a pair."""
    agrees = evidence(told.evidence)
    match told.state:
        case "holds":
            return f"holds since {told.since}: {agrees}"
        case "later":
            return f"holds only from {told.since} on: {agrees}"
        case "ended":
            return f"held from {told.since} until {told.until}: {_ENDED[why_ended(told, declared, is_grey)]} ({agrees})"
        case "doubted":
            why = (
                "the record fits two people"
                if why_ended(told, declared, is_grey) == "ambiguous"
                else "name and birth date speak against it"
            )
            return f"in doubt since {told.since}: {why} ({agrees})"
        case "refused":
            return f"would tie them since {told.since}, but a guard keeps them apart ({agrees})"
        case "hub":
            return f"they share a number, but {', '.join(sorted({HUBS[s.hub or ''] for s in told.shared}))}"
        case "key_only":
            return f"the number is there, but not what is needed: {NEEDS[declared['needs']]}"
    return f"nothing to compare by: not {KEYS[declared['key']]}"


def shared(numbers: Sequence[Shared]) -> list[str]:
    """Numbers two records have in common, without the numbers."""
    return [
        f"{_kind(s.kind)}, used by {s.parties} record{'' if s.parties == 1 else 's'}" + (f": {HUBS[s.hub]}" if s.hub else "") for s in numbers
    ]  # fmt: skip


def _kind(code: str) -> str:
    return {"phone": "a phone", "cust_no_core": "a customer number of core", "ecif_no": "an ECIF number"}.get(
        code, f"a certificate of kind {code}"
    )

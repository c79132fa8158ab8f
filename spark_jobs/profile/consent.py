"""What a customer allows (rules: consent): purposes by data classes, N without asking, C opt-in, X never. No Spark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from spark_jobs.errors import SettingsError, nearest

Granted = frozenset[tuple[str, str, str]]
"""(purpose, data class, channel) that all parties of the customer grant; channel `any` covers every channel."""


def missing_consents(
    rules: Mapping[str, Any], purpose: str, data_classes: Iterable[str], channel: str, granted: Granted
) -> list[str]:
    """Data classes that may not be used for this purpose on this channel; empty means allowed.

    A purpose or class that the matrix does not know is an error: nothing is allowed by forgetting it.
    """
    matrix = rules["matrix"]
    if purpose not in matrix:
        raise SettingsError(f"rules consent: no purpose `{purpose}`; {nearest(purpose, matrix)}")
    missing = []
    for data_class in data_classes:
        if data_class not in matrix[purpose]:
            raise SettingsError(
                f"rules consent: no data class `{data_class}`; {nearest(data_class, matrix[purpose])}"
            )
        need = matrix[purpose][data_class]
        has = (purpose, data_class, channel) in granted or (purpose, data_class, "any") in granted
        if need == "X" or (need == "C" and not has):
            missing.append(data_class)
    return missing


def check_uses(rules: Mapping[str, Any], uses: Mapping[str, Iterable[tuple[str, str]]]) -> None:
    """Refuse what may never be done with data, before anything is read: a rule, segment or field whose use the matrix forbids (X).

    uses: what it is, in words → (purpose, data class) pairs; purposes as the matrix or as rules call them (`purpose_of`).
    """
    nobody: Granted = frozenset()
    for what, pairs in uses.items():
        for said, data_class in pairs:
            purpose = rules["purpose_of"].get(said, said)
            if (
                missing_consents(rules, purpose, [data_class], "any", nobody)
                and rules["matrix"][purpose][data_class] == "X"
            ):
                raise SettingsError(
                    f"{what}: {data_class} data may never be used for {purpose}, whoever agrees (rules: consent); take it out"
                )


def uses_of_rules(alert: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What the if-then rules use (rules: alert)."""
    return {
        f"rules/alert.yml, {code} {rule['name']}": [(rule["purpose"], each) for each in rule["data_classes"]]
        for code, rule in alert["rules"].items()
    }


def uses_of_segments(segment: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What segments use (rules: segment)."""
    named = {**segment["segments"], "groups": segment["groups"]}
    return {
        f"rules/segment.yml, {code}": [(rule["purpose"], each) for each in rule["data_classes"]]
        for code, rule in named.items()
    }


def uses_of_export(export: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """What fields of the export use, by the group they are left out with (rules: export)."""
    return {
        f"rules/export.yml, fields `{group}`": [(purpose, data_class) for purpose, data_class in pairs]
        for group, pairs in export["consents"].items()
    }


def effective_grants(
    rules: Mapping[str, Any], states: Iterable[tuple[str, str, str, str]], channels: Iterable[str]
) -> Granted:
    """What is granted on each of these channels (the rules' words for them), by the row that says it most precisely.

    states: (purpose, data class, channel, state) of one customer and day. A row for the channel beats one for any channel, one for
    the data class beats one for any class: whoever refused calls is not called because of a grant for all channels.
    """
    said = {(purpose, data_class, channel): state for purpose, data_class, channel, state in states}
    known_as = rules["channel_of"]
    granted = set()
    for purpose, classes in rules["matrix"].items():
        for data_class in classes:
            for channel in channels:
                name = known_as.get(channel, channel)
                decides = (
                    said.get((purpose, c, at)) for c in (data_class, "any") for at in (name, "any")
                )  # fmt: skip
                if next((state for state in decides if state is not None), None) == "granted":
                    granted.add((purpose, data_class, channel))
    return frozenset(granted)

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

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

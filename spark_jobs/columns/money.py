"""Amounts as suppliers write them → decimals in a named unit. Defect D39."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pyspark.sql import Column
from pyspark.sql import functions as F

WAN = Decimal(10_000)
_NUMBER = r"^[+-]?\d+(\.\d+)?$"


def parse_number(text: str | None, implied_decimals: int = 0) -> Decimal | None:
    """A number with optional sign, thousands separators, and decimals that are implied, not written. Null when it is none."""
    plain = (text or "").replace(",", "").replace(" ", "")
    if not re.fullmatch(_NUMBER, plain):
        return None
    try:
        return Decimal(plain).scaleb(-implied_decimals)
    except InvalidOperation:
        return None


def from_wan(amount: Decimal) -> Decimal:
    """万元 → 元, rounded half up to the cent: 12.345678 → 123,456.78."""
    return (amount * WAN).quantize(Decimal("0.01"), ROUND_HALF_UP)


def number(text: Column, implied_decimals: int = 0) -> Column:
    """`parse_number` as an expression, decimal(30,8)."""
    plain = F.regexp_replace(text, r"[,\s]", "")
    exact = F.when(plain.rlike(_NUMBER), plain).try_cast("decimal(30,8)")
    if not implied_decimals:
        return exact
    scale = F.lit(Decimal(1).scaleb(-implied_decimals)).cast("decimal(8,6)")
    return (exact * scale).cast("decimal(30,8)")


def in_yuan(amount_in_wan: Column) -> Column:
    """万元 → 元, rounded half up to the cent. Spark's `round` on decimals is half up."""
    return F.round(amount_in_wan.cast("decimal(24,8)") * F.lit(10_000), 2).cast("decimal(18,2)")

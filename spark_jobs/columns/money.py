"""Amounts as suppliers write them → decimals in a named unit. Defect D39."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.text import bound

WAN = Decimal(10_000)
_NUMBER = r"^[+-]?\d+(\.\d+)?$"
# What people put between thousands, beside the other one of comma and full stop.
_GROUPING = {".": ",\\s'\u00a0\u202f\u2019", ",": ".\\s'\u00a0\u202f\u2019"}
_EXACT = Context(prec=200)
_SIGN_BEHIND = r"^(.*\d)([+-])$"


def parse_number(text: str | None, implied_decimals: int = 0, decimal: str = ".") -> Decimal | None:
    """A number with optional sign (before or behind), thousands separators, and decimals that are implied, not written.

    decimal  the decimal sign, a full stop or a comma; the other one parts thousands. Null when it is no number.
    """
    plain = re.sub(f"[{_GROUPING[decimal]}]", "", text or "").replace(decimal, ".")
    plain = re.sub(_SIGN_BEHIND, r"\2\1", plain)
    if not re.fullmatch(_NUMBER, plain, re.ASCII):
        return None
    parsed = Decimal(plain)
    # More digits than the column has are null there, too.
    return parsed.scaleb(-implied_decimals, _EXACT) if parsed.adjusted() < 22 else None


def from_wan(amount: Decimal) -> Decimal:
    """万元 → 元, rounded half up to the cent: 12.345678 → 123,456.78."""
    return (amount * WAN).quantize(Decimal("0.01"), ROUND_HALF_UP)


def number(text: Column, implied_decimals: int = 0, decimal: str = ".") -> Column:
    """`parse_number` as an expression, decimal(30,8)."""
    plain = F.translate(F.regexp_replace(text, f"[{_GROUPING[decimal]}]", ""), decimal, ".")
    plain = F.regexp_replace(plain, _SIGN_BEHIND, "$2$1")
    exact = bound(plain, lambda p: F.when(p.rlike(_NUMBER), p)).try_cast("decimal(30,8)")
    if not implied_decimals:
        return exact
    scale = F.lit(Decimal(1).scaleb(-implied_decimals)).cast("decimal(8,6)")
    return (exact * scale).cast("decimal(30,8)")


def in_yuan(amount_in_wan: Column) -> Column:
    """万元 → 元, rounded half up to the cent. Spark's `round` on decimals is half up."""
    return F.round(amount_in_wan.cast("decimal(24,8)") * F.lit(10_000), 2).cast("decimal(18,2)")

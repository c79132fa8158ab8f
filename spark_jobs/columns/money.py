"""Amounts as suppliers write them → decimals in a named unit. Defect D39."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F

from spark_jobs.columns.text import bound

WAN = Decimal(10_000)
# Units in which banks write amounts, in yuan: 分, 元, 千元, 万元, 百万元, 亿元.
UNITS = {
    "fen": Decimal("0.01"),
    "yuan": Decimal(1),
    "qian": Decimal(1000),
    "wan": WAN,
    "million": Decimal(10**6),
    "yi": Decimal(10**8),
}
# Tools of statisticians write round numbers as 6e+05.
_NUMBER = r"^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,2})?$"
# What people put between thousands, beside the other one of comma and full stop.
_GROUPING = {".": ",\\s'\u00a0\u202f\u2019", ",": ".\\s'\u00a0\u202f\u2019"}
_EXACT = Context(prec=200)
# COBOL's zoned numbers: the last digit bears the sign.
_OVERPUNCHED = "{ABCDEFGHI}JKLMNOPQR"
_SIGN_BEHIND = r"^(.*\d)([+-])$"
# Accountants write what is below zero in parentheses.
_IN_PARENTHESES = r"^\((\d.*)\)$"


def parse_number(
    text: str | None, implied_decimals: int = 0, decimal: str = ".", overpunched: bool = False
) -> Decimal | None:
    """A number with optional sign (before, behind, or parentheses for less than zero), thousands separators, and decimals that are implied, not written.

    decimal      the decimal sign, a full stop or a comma; the other one parts thousands. Null when it is no number.
    overpunched  the last digit bears the sign: `{` and A to I are 0 to 9, `}` and J to R are -0 to -9
    """
    if overpunched and text and (found := re.fullmatch(r"\s*(\d*)([{A-I}J-R])\s*", text, re.ASCII)):
        digit = _OVERPUNCHED.index(found[2])
        text = f"{'-' if digit > 9 else ''}{found[1]}{digit % 10}"
    plain = re.sub(f"[{_GROUPING[decimal]}]", "", text or "").replace(decimal, ".")
    plain = re.sub(_IN_PARENTHESES, r"-\1", re.sub(_SIGN_BEHIND, r"\2\1", plain))
    if not re.fullmatch(_NUMBER, plain, re.ASCII):
        return None
    parsed = Decimal(plain)
    # More digits than the column has are null there, too.
    return parsed.scaleb(-implied_decimals, _EXACT) if parsed.adjusted() < 22 else None


def in_yuan(amount: Decimal, yuan: Decimal) -> Decimal:
    """An amount in units of so many yuan → yuan, rounded half up to the cent: 12.345678 万元 → 123,456.78."""
    return (amount * yuan).quantize(Decimal("0.01"), ROUND_HALF_UP)


def number(text: Column, implied_decimals: int = 0, decimal: str = ".", overpunched: bool = False) -> Column:
    """`parse_number` as an expression, decimal(30,8)."""
    if overpunched:
        text = bound(text, _unpunched)
    plain = F.translate(F.regexp_replace(text, f"[{_GROUPING[decimal]}]", ""), decimal, ".")
    plain = F.regexp_replace(F.regexp_replace(plain, _SIGN_BEHIND, "$2$1"), _IN_PARENTHESES, "-$1")
    exact = bound(plain, lambda p: F.when(p.rlike(_NUMBER), p)).try_cast("decimal(30,8)")
    if not implied_decimals:
        return exact
    scale = F.lit(Decimal(1).scaleb(-implied_decimals)).cast("decimal(8,6)")
    return (exact * scale).cast("decimal(30,8)")


def _unpunched(text: Column) -> Column:
    digits = F.translate(F.trim(text), _OVERPUNCHED, "01234567890123456789")
    sign = F.when(text.rlike(r"[}J-R]\s*$"), "-").otherwise("")
    return F.when(text.rlike(r"^\s*\d*[{A-I}J-R]\s*$"), F.concat(sign, digits)).otherwise(text)


def in_units(amount: Column, yuan: Decimal) -> Column:
    """An amount in units of so many yuan → yuan, rounded half up to the cent."""
    return F.round(amount.try_cast("decimal(24,8)") * F.lit(yuan), 2).try_cast("decimal(18,2)")

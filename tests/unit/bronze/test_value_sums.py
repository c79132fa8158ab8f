"""Declared sums by whole columns are those of the records one by one, whatever suppliers write as amounts."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.bronze.value_sums import ValueSums
from spark_jobs.contracts.model import PrivacyClass
from spark_jobs.contracts.sources import SourceContract, SourceField, Sum, load_sources
from spark_jobs.settings import SHIPPED_CONF

BASE = next(source for source in load_sources((SHIPPED_CONF,)).values() if source.layout.kind == "delimited")
DIGITS = st.text("0123456789", min_size=1, max_size=17)
PLAIN = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "-", "+"]), DIGITS, st.sampled_from([".", ","]), DIGITS
)
AMOUNTS = st.one_of(
    st.none(), PLAIN, DIGITS, st.integers(-(10**12), 10**12).map(str),
    st.sampled_from(["1,234.56", "1.234,56", "12-", "(5.00)", "6e+05", "-0", "+-5", "", "n/a", "１２", "1.", ".5", "9" * 30, "12{", "12}", "5\n"]),
)  # fmt: skip
FLAGS = st.sampled_from([None, "D", "C", "CNY"])
TIMES = st.sampled_from([None, "2026-09-29", "2026-09-30", "2026-10-01 08:00", "二〇二六"])
RECORDS = st.lists(st.tuples(AMOUNTS, FLAGS, TIMES, TIMES, TIMES), max_size=12)
SUMS = st.builds(
    Sum, st.just("amount"), st.sampled_from([{}, {"flag": ("D", "CNY")}]), st.sampled_from([{}, {"flag": ("C",)}]),
    st.sampled_from([None, "positive", "negative"]), st.booleans(),
)  # fmt: skip


def feed(amount: SourceField) -> SourceContract:
    names = ("flag", "opened", "booked", "closed")
    others = [replace(amount, name=name, type="string", decimal=".", is_overpunched=False) for name in names]
    return replace(BASE, fields=(amount, *others), in_order=names[1:])


def amount_field(kind: str, decimal: str = ".", is_overpunched: bool = False) -> SourceField:
    return SourceField("amount", kind, PrivacyClass.FINANCIAL, decimal=decimal, is_overpunched=is_overpunched)


KINDS = st.one_of(
    st.builds(amount_field, st.sampled_from(["number", "implied2", "implied6", "implied8"]), st.sampled_from([".", ","])),
    st.just(amount_field("implied2", is_overpunched=True)),
)  # fmt: skip


@given(RECORDS, KINDS, SUMS)
def test_sums_of_columns_are_those_of_records(records, amount, wanted):
    source = feed(amount)
    one_by_one, at_once = (ValueSums(source, {"total": wanted}) for _ in range(2))

    for values in records:
        one_by_one.add(values)
    told = [[values[at] for at in at_once.places] for values in records]
    at_once.add_all(pa.array(told, pa.list_(pa.string())))

    assert at_once.sums == one_by_one.sums
    assert (at_once.compared, at_once.wrong) == (one_by_one.compared, one_by_one.wrong)


def test_a_large_sum_is_exact_to_the_last_decimal():
    source = feed(amount_field("number"))
    sums = ValueSums(source, {"total": Sum("amount")})

    sums.add_all(pa.array([["99999999999999.999999", None, None, None]] * 1_000, pa.list_(pa.string())))

    assert sums.sums == {"total": 99_999_999_999_999_999_999 * 1_000}

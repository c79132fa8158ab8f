"""LOAN, the loan centre's system: text with the separator `|@|` in GB18030, local time, amounts in yuan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demo_bank.lines import Lines, day_text, decimals, local_text, numbered, separated, text
from demo_bank.loans.applications import DECIDED, PRODUCTS, STEPS
from demo_bank.loans.book import LoanBook, Loans
from demo_bank.population import CHILD, SPOUSE, Ints, Strings
from demo_bank.registry import Records, Registry
from demo_bank.streams import stream

SYSTEM = "LOAN"
SEPARATOR = "|@|"
ARRIVES = time(3, 40)
GUARANTEED = 0.30  # of loans
OF_STRANGERS = 0.35  # of guarantors: people without a number at the bank
_CODES = np.array([each[0] for each in PRODUCTS])
_RATES = np.array([f"{each[3]:.6f}" for each in PRODUCTS])
_PURPOSES = np.array([each[4] for each in PRODUCTS])
_CURRENCIES = np.array(["RMB", "CNY", "156"])
_OVERDUE_OF_CLASS = np.array(
    [1, 91, 181, 361]
)  # days from which a loan is special mention, substandard, doubtful, a loss


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def _file(name: str, day: date, columns: Mapping[str, pa.Array]) -> Lines:
    return Lines(f"{name}_{day:%Y%m%d}.txt", None, separated(columns, SEPARATOR), encoding="GB18030")


def opening_package(book: LoanBook, day: date) -> list[Lines]:
    """Sequence 00: the steps behind the loans in force and of what is under way, all loans, all guarantors."""
    return [
        _file("APPLY", day, _past_steps(book, day)), duebills(book, day),
        guarantors(book, day, book.loans),
    ]  # fmt: skip


def package(book: LoanBook) -> list[Lines]:
    """What LOAN sends each day: today's steps and payments, all loans, guarantors of new ones."""
    day = book.day
    fresh = book.loans.some(np.isin(book.loans.number, book.disbursed))
    return [
        _file("APPLY", day, _steps_of(book, day)),
        duebills(book, day),
        repayments(book, day),
        guarantors(book, day, fresh),
    ]


# --- applications ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Steps:
    """Steps of applications, one entry each."""

    number: pa.Array
    person: Ints
    has_number: NDArray[np.bool_]
    product: Ints
    cents: Ints
    step: Ints
    at: NDArray[np.datetime64]
    outcome: Strings


def _steps_of(book: LoanBook, day: date) -> dict[str, pa.Array]:
    return _steps(book, book.applications.days == np.datetime64(day), ())


def _past_steps(book: LoanBook, day: date) -> dict[str, pa.Array]:
    """Everything up to the day: what is under way, and the last step of each loan that is older than the records."""
    old = book.loans.some(book.loans.number < 5_000_000_000)
    return _steps(book, book.applications.days <= np.datetime64(day), (old,))


def _steps(book: LoanBook, where: NDArray[np.bool_], olds: tuple[Loans, ...]) -> dict[str, pa.Array]:
    step, which = np.nonzero(where)
    of = book.applications
    told = _Steps(
        numbered("AP", 2_026_000_000 + of.number[which], 10), of.person[which], of.has_number[which], of.product[which], of.cents[which], step,
        _office_hours(of.days[step, which], of.number[which] * 13 + step * 31), np.where(step >= DECIDED, of.outcome[which], ""),
    )  # fmt: skip
    parts = [told]
    for old in olds:
        n = len(old)
        parts.append(_Steps(
            numbered("AP", old.number, 10), old.person, np.ones(n, bool), old.product, old.principal, np.full(n, len(STEPS) - 1),
            _office_hours(old.start, old.number), np.full(n, "A"),
        ))  # fmt: skip
    columns = [_columns(book.registry, part) for part in parts]
    return {name: pa.concat_arrays([each[name] for each in columns]) for name in columns[0]}


def _office_hours(days: NDArray[np.datetime64], numbers: Ints) -> NDArray[np.datetime64]:
    """Half past eight to half past five, spread by number."""
    return np.asarray(days.astype("datetime64[s]") + (8 * 3600 + 1800 + numbers * 7919 % (9 * 3600)))


def _columns(registry: Registry, told: _Steps) -> dict[str, pa.Array]:
    who = _who(registry, told.person)
    return {
        "apply_no": told.number, "cust_no": text(np.where(told.has_number, who.keys, "").tolist()), "cert_type": text(who.cert_kinds.tolist()),
        "cert_no": text(who.certs.tolist()), "name": text(who.names.tolist()), "mobile": text(who.mobiles.tolist()),
        "product_code": text(_CODES[told.product].tolist()), "amount": decimals(told.cents, 2),
        "step": text(np.array(STEPS)[told.step].tolist()), "step_ts": local_text(told.at), "result": text(told.outcome.tolist()),
    }  # fmt: skip


def _who(registry: Registry, person: Ints) -> Records:
    """What the loan centre writes of these people; those beyond the world's people are outsiders and have no key."""
    world, out = registry.world, registry.outsiders
    n, known = len(person), person < world.people
    inside, outside = np.where(known, person, 0), np.where(known, 0, person - world.people)
    records = registry.records(SYSTEM)
    named = world.names.astype("U24").copy()
    named[records.person] = records.names
    kinds = np.where(known, world.cert_kinds[inside], "01")
    return Records(
        "loan", np.where(known, registry.cust_no[inside], ""), person, np.where(known, named[inside], out.names[outside]), kinds,
        np.where(known, world.certs[inside], out.certs[outside]), np.where(known, world.mobiles[inside], out.mobiles[outside]),
        np.full(n, np.datetime64("NaT"), "datetime64[D]"),
    )  # fmt: skip


# --- loans -------------------------------------------------------------------------------------------------------


def _loan_number(numbers: Ints) -> pa.Array:
    return numbered("DB", numbers, 12)


def duebills(book: LoanBook, day: date) -> Lines:
    """DUEBILL: every loan in force."""
    loans, registry = book.loans, book.registry
    principal, interest = loans.rate()
    overdue = loans.overdue_days(day)
    return _file("DUEBILL", day, {
        "duebill_no": _loan_number(loans.number), "contract_no": numbered("HT", loans.number, 12),
        "cust_no": text(registry.cust_no[loans.person].tolist()), "product_code": text(_CODES[loans.product].tolist()),
        "ccy": text(_CURRENCIES[loans.person % 3].tolist()), "principal": decimals(loans.principal, 2),
        "balance": decimals(loans.balance, 2), "rate": text(_RATES[loans.product].tolist()), "start_dt": day_text(loans.start),
        "mature_dt": day_text(loans.matures), "next_due_dt": day_text(loans.due), "next_due_amt": decimals(principal + interest, 2),
        "overdue_days": text(overdue.astype(str).tolist()),
        "class5": text((1 + np.searchsorted(_OVERDUE_OF_CLASS, overdue, side="right")).astype(str).tolist()),
        "purpose": text(_PURPOSES[loans.product].tolist()), "branch": text(registry.world.outlets[loans.person].tolist()),
    })  # fmt: skip


def repayments(book: LoanBook, day: date) -> Lines:
    """REPAY: what was booked today."""
    told, n = book.booked, len(book.booked)
    return _file("REPAY", day, {
        "repay_no": numbered(f"RP{day:%y%m%d}", np.arange(1, n + 1), 7), "duebill_no": _loan_number(told.loan),
        "paid_dt": day_text(told.paid), "book_dt": day_text(told.booked), "prin": decimals(told.principal, 2),
        "interest": decimals(told.interest, 2), "fee": decimals(told.fee, 2), "early_flag": text(np.where(told.is_early, "1", "0").tolist()),
        "channel": text(told.channel.tolist()),
    })  # fmt: skip


# --- guarantors --------------------------------------------------------------------------------------------------


def guarantor_of(registry: Registry, number: Ints, borrower: Ints) -> tuple[Ints, Strings]:
    """(person, relation) of each loan's guarantor; −1 where there is none. The loan's number decides, not the day."""
    world, n = registry.world, len(number)
    rng = [stream(world.seed, SYSTEM, "guarantor", each).random(3) for each in number.tolist()]
    drawn = np.array(rng).reshape(n, 3)
    follows = np.minimum(borrower + 1, world.people - 1)
    is_spouse = (world.roles[follows] == SPOUSE) & (world.heads[follows] == borrower)
    head = world.heads[borrower]
    is_child = (world.roles[borrower] == CHILD) & (head != borrower)
    outsiders = registry.outsiders.person
    stranger = outsiders[(drawn[:, 1] * len(outsiders)).astype(int)]
    friend = (borrower + 1 + (drawn[:, 2] * (world.people - 1)).astype(int)) % world.people
    friend = np.where(world.is_adult[friend], friend, stranger)
    other = np.where(drawn[:, 1] < OF_STRANGERS, stranger, friend)
    person = np.where(is_spouse, follows, np.where(is_child, head, other))
    relation = np.where(is_spouse, "配偶", np.where(is_child, "父母", "朋友"))
    return np.where(drawn[:, 0] < GUARANTEED, person, -1), relation


def guarantors(book: LoanBook, day: date, loans: Loans) -> Lines:
    """GUARANTOR of these loans."""
    person, relation = guarantor_of(book.registry, loans.number, loans.person)
    there = person >= 0
    who = _who(book.registry, person[there])
    return _file("GUARANTOR", day, {
        "duebill_no": _loan_number(loans.number[there]), "name": text(who.names.tolist()), "cert_type": text(who.cert_kinds.tolist()),
        "cert_no": text(who.certs.tolist()), "mobile": text(who.mobiles.tolist()), "rel": text(relation[there].tolist()),
    })  # fmt: skip


# --- truth -------------------------------------------------------------------------------------------------------


def links(book: LoanBook) -> tuple[list[str], Ints]:
    """(keys, persons) of all records delivered up to the book's day: borrowers and applicants, applicants by certificate, guarantors."""
    registry, of = book.registry, book.applications
    applied = of.some(of.days[0] <= np.datetime64(book.day))
    numbers, borrowers = (
        np.array(told, np.int64) for told in (list(book.borrowers), list(book.borrowers.values()))
    )
    keyed = np.unique(np.concatenate([borrowers, applied.person[applied.has_number]]))
    bare = np.unique(applied.person[~applied.has_number])
    guards = guarantor_of(registry, numbers, borrowers)[0]
    guards = np.unique(guards[guards >= 0])
    applicants, behind = _who(registry, bare), _who(registry, guards)
    keys = [
        *registry.cust_no[keyed].tolist(),
        *(f"{kind}-{cert}" for kind, cert in zip(applicants.cert_kinds, applicants.certs, strict=True)),
        *(f"G-{kind}-{cert}" for kind, cert in zip(behind.cert_kinds, behind.certs, strict=True)),
    ]  # fmt: skip
    return keys, np.concatenate([keyed, bare, guards])

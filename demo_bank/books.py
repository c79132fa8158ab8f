"""The bank's deposit books: accounts, and balances that are always yesterday's plus today's entries, in cents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import calendar, cast
from demo_bank.behaviour.leaving import Leaving
from demo_bank.behaviour.quota import Quota
from demo_bank.departures import departures, salary_moved
from demo_bank.moves import Moves, Wallet
from demo_bank.population import CHILD, SPOUSE, Strings, World
from demo_bank.sleepers import LEFT_CENTS
from demo_bank.streams import stream

DEMAND, TIME, DOLLAR = "DEM00001", "TIM00012", "DEM00USD"
SALARY_DAY = 15
JOINT_SHARE = 0.03
# Together with the spread: 6 % of people own one to five million, 0.6 % more; children own little.
WEALTH_WEIGHT = 1.5
REVERSALS = 12 / 35 / 2000  # transfers taken back the next day, per person and day (D47)
# code, flag, channel, summary, share of all entries, mean of ln(yuan)
_KINDS = (
    ("4001", "D", "07", "消费", 0.55, 4.2),
    ("4002", "D", "06", "水电煤", 0.07, 4.8),
    ("2003", "D", "03", "转账", 0.12, 6.6),
    ("2004", "C", "03", "转账", 0.14, 6.8),
    ("1001", "C", "01", "现金存入", 0.05, 7.3),
    ("1002", "D", "02", "现金支取", 0.07, 6.3),
)


@dataclass(frozen=True)
class Accounts:
    """All deposit accounts ever opened, one entry each. `holder` counts persons; `number` is 0 or 1: which customer number."""

    numbers: Strings
    holder: NDArray[np.int64]
    number: NDArray[np.int64]
    co_holder: NDArray[np.int64]
    third_holder: NDArray[np.int64]
    products: Strings
    currency: Strings
    opened: NDArray[np.datetime64]
    matures: NDArray[np.datetime64]
    term_days: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    def some(self, which: NDArray[np.bool_]) -> Accounts:
        """Some of the accounts, in their order."""
        return Accounts(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def shares(
        self, cents: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
        """(share, person, whether first holder) of amounts of each account, holder by holder; person −1 where there is no such holder.

        Equal shares; the odd cents go to the first holders.
        """
        columns = (self.holder, self.co_holder, self.third_holder)
        holders = np.sum([column >= 0 for column in columns], axis=0)
        for rank, person in enumerate(columns):
            share = np.where(person >= 0, cents // holders + (rank < cents % holders), 0)
            yield share, person, np.full(len(person), rank == 0)


@dataclass(frozen=True)
class Entries:
    """Entries of one business date, in order. Amounts are positive cents; `account` indexes `Accounts`.

    origin  sequence of the entry that this one takes back; empty for all others. A reversal carries the flag of what it takes back
    """

    account: NDArray[np.int64]
    code: Strings
    flag: Strings
    channel: Strings
    summary: Strings
    cents: NDArray[np.int64]
    balance: NDArray[np.int64]
    second: NDArray[np.int64]
    origin: Strings

    def signed(self) -> NDArray[np.int64]:
        return _signed(self.flag, self.cents, self.origin)


@dataclass(frozen=True)
class Posting:
    """One entry that must be: of a story, or a reversal."""

    account: int
    code: str
    flag: str
    channel: str
    summary: str
    cents: int
    origin: str = ""


@dataclass
class Books:
    """Balances at the end of a business date, and the sums that month-to-date averages need."""

    world: World
    accounts: Accounts
    balance: NDArray[np.int64]
    month_sum: NDArray[np.int64]
    month_days: int = 0
    day: date | None = field(default=None)
    taken_back: Quota = field(default_factory=Quota)
    to_reverse: list[Posting] = field(default_factory=list)
    first_deposits: dict[int, int] = field(default_factory=dict)

    def month_average(self) -> NDArray[np.int64]:
        """Month-to-date mean of the daily balances, rounded half away from zero."""
        days = max(self.month_days, 1)
        return np.sign(self.month_sum) * ((2 * np.abs(self.month_sum) + days) // (2 * days))


def open_books(world: World) -> Books:
    """The books at the end of the day before the first business date."""
    accounts = _accounts(world)
    rng = stream(world.seed, "CORE", "opening balances", world.people)
    n = len(accounts)
    yuan = np.exp(
        np.where(accounts.products == TIME, 11.5, 10.1)
        + WEALTH_WEIGHT * world.wealth[accounts.holder]
        - 1.5 * ~world.is_adult[accounts.holder]
        + rng.normal(0, 0.8, n)
    )
    cents = np.round(np.where(accounts.products == DOLLAR, yuan / 7, yuan) * 100).astype(np.int64)
    _open_stories(world, accounts, cents)
    later = np.flatnonzero(accounts.opened >= np.datetime64(world.size.first))
    first_deposits = {int(account): int(cents[account]) for account in later}
    cents[later] = 0
    books = Books(world, accounts, cents, np.zeros(n, np.int64), first_deposits=first_deposits)
    before = world.size.first - timedelta(days=1)
    books.day = before
    books.month_days = before.day
    books.month_sum = cents * before.day
    return books


def _open_stories(world: World, accounts: Accounts, cents: NDArray[np.int64]) -> None:
    """Balances that the stories begin with."""
    first = world.size.first
    begins = {
        16: cast.LEAVING_BALANCE, 18: cast.AFFLUENT_CENTS, 26: 3 * cast.REVERSED_CENTS,
        15: 40_000_000 + (cast.HOME_LOAN_CENTS if first > cast.HOME_LOAN_DAY else 0),
    }  # fmt: skip
    for number, amount in begins.items():
        cents[main_account(accounts, cast.person(number))] = amount
    cents[np.isin(accounts.holder, list(cast.CLOSED))] = 0
    cents[world.sleepers.drained[accounts.holder]] = LEFT_CENTS
    is_matures = (accounts.products == TIME) & (accounts.holder == cast.person(19))
    cents[is_matures] = cast.MATURES_CENTS
    cents[accounts.third_holder >= 0] = np.where(
        accounts.holder[accounts.third_holder >= 0] == cast.person(27),
        cast.JOINT_CENTS, cents[accounts.third_holder >= 0],
    )  # fmt: skip


def main_account(accounts: Accounts, person: int) -> NDArray[np.int64]:
    """The demand account of a person's first number; empty where the size has no such person."""
    mine = (accounts.holder == person) & (accounts.number == 0) & (accounts.products == DEMAND)
    return np.flatnonzero(mine & (accounts.third_holder < 0))[:1]


def _accounts(world: World) -> Accounts:
    rng = stream(world.seed, "CORE", "accounts", world.people)
    people = np.arange(world.people)
    seconds = world.second_numbers()
    fixed = cast.count(world.people)
    others = (people >= fixed) & ~world.is_newcomer & ~world.sleepers.drained
    with_time = people[(rng.random(world.people) < 0.4) & others | (people == cast.person(19))]
    with_dollars = people[(rng.random(world.people) < 0.08) & others]
    of_three = people[people == cast.person(27)]
    groups = (people, seconds, with_time, with_dollars, of_three)
    holder = np.concatenate(groups)
    number = np.concatenate([np.full(len(group), group is seconds, np.int64) for group in groups])
    products = np.repeat((DEMAND, DEMAND, TIME, DOLLAR, DEMAND), [len(group) for group in groups])
    n = len(holder)
    co_holder, third = _joint(world, holder, number, rng)
    co_holder[n - len(of_three) :], third[n - len(of_three) :] = cast.CO_HOLDER_2, cast.CO_HOLDER_3
    opened = world.opened[holder] + np.where(world.is_newcomer[holder], 0, rng.integers(0, 20, n))
    is_time = products == TIME
    first = np.datetime64(world.size.first)
    opened = np.where(is_time, first - rng.integers(1, 330, n), opened)
    matures = np.where(is_time, opened + 365, np.datetime64("NaT"))
    story = is_time & (holder == cast.person(19))
    matures[story] = np.datetime64(cast.MATURES_DAY)
    opened[story] = np.datetime64(cast.MATURES_DAY) - 365
    return Accounts(
        np.array([f"6217{k:014d}0000"[:22] for k in range(1, n + 1)]), holder, number, co_holder, third, products,
        np.where(products == DOLLAR, "USD", "156"), opened, matures, np.where(is_time, 365, 0),
    )  # fmt: skip


def _joint(
    world: World, holder: NDArray[np.int64], number: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Second and third holders: 3 % of accounts belong to a couple, some of these to a grown child as well."""
    n = len(holder)
    follows = np.minimum(holder + 1, world.people - 1)
    is_couple = (world.roles[follows] == SPOUSE) & (world.heads[follows] == holder) & (number == 0)
    drawn = rng.random(n)
    joint = is_couple & (drawn < JOINT_SHARE / max(float(is_couple.mean()), JOINT_SHARE))
    child = np.minimum(holder + 2, world.people - 1)
    grown = joint & (world.roles[child] == CHILD) & (world.heads[child] == holder) & world.is_adult[child]
    return np.where(joint, follows, -1), np.where(grown, child, -1)


def main_accounts(accounts: Accounts, people: int) -> NDArray[np.int64]:
    """The demand account of each person's first number; −1 where there is none."""
    found = np.full(people, -1)
    mine = np.flatnonzero(
        (accounts.products == DEMAND) & (accounts.number == 0) & (accounts.third_holder < 0)
    )
    found[accounts.holder[mine]] = mine
    return found


def wallet(books: Books, leaving: Leaving) -> Wallet:
    """What other systems may take today: yesterday's balances of those who neither leave nor have a story of their own."""
    day = next_day(books)
    held = books.accounts
    own = [*(cast.person(number) for number in cast.STILL), *cast.CLOSED, *cast.DIED]
    may = (held.currency == "156") & (held.third_holder < 0) & ~np.isin(held.holder, own)
    may &= np.isnat(leaving.begins[held.holder]) | (leaving.begins[held.holder] > np.datetime64(day))
    return Wallet(np.where(may, books.balance, 0))


def next_day(books: Books) -> date:
    """The business date that comes next."""
    if books.day is None:
        raise ValueError("books are opened before they advance")
    return books.day + timedelta(days=1)


def advance(books: Books, leaving: Leaving | None = None, moves: Moves | None = None) -> Entries:
    """Post one more business date: entries first, then balances follow from them and from nothing else.

    leaving  who leaves the bank: they spend less, take their money along, and some have their salary paid elsewhere
    moves    entries that other systems have planned; they are paid first
    """
    day = next_day(books)
    planned = moves or Moves.joined(())
    rng = stream(books.world.seed, "CORE", "TXN", day)
    account, kind, cents = _ordinary(books, rng, None if leaving is None else leaving.activity(day), day)
    leave = _departures(books, leaving, day)
    # Who takes everything along does not spend it the same day.
    kept = ~np.isin(account, [each.account for each in leave])
    account, kind, cents = account[kept], kind[kept], cents[kept]
    codes, flags, channels, notes = (np.array([k[i] for k in _KINDS])[kind] for i in range(4))
    paid, wages = _salaries(books, day, None if leaving is None else salary_moved(leaving, day))
    told = [*_stories(books, day), *books.to_reverse, *leave, *_first_deposits(books, day)]
    account = np.concatenate(
        [planned.account, np.array([each.account for each in told], np.int64), paid, account]
    )
    cents = np.concatenate([planned.cents, np.array([each.cents for each in told], np.int64), wages, cents])
    codes, flags, channels, notes, origins = (
        np.concatenate([must, np.array(first, dtype="U20"), np.full(len(paid), wage), rest])
        for must, first, wage, rest in (
            (planned.code, [each.code for each in told], "3001", codes), (planned.flag, [each.flag for each in told], "C", flags),
            (planned.channel, [each.channel for each in told], "06", channels),
            (planned.summary, [each.summary for each in told], "代发工资", notes),
            (np.full(len(planned.account), ""), [each.origin for each in told], "", np.full(len(kind), "")),
        )
    )  # fmt: skip
    is_planned = np.arange(len(account)) < len(planned.account)
    entries = _posted(books, account, codes, flags, channels, notes, cents, origins, is_planned)
    books.to_reverse = _to_reverse(books, entries, day, rng)
    if day.day == 1:
        books.month_sum[:] = 0
        books.month_days = 0
    books.month_sum += books.balance
    books.month_days += 1
    books.day = day
    return entries


def _first_deposits(books: Books, day: date) -> list[Posting]:
    """Newcomers bring money on the day they come."""
    return [
        Posting(account, "1001", "C", "01", "现金存入", cents)
        for account, cents in books.first_deposits.items()
        if books.accounts.opened[account] == np.datetime64(day)
    ]


def _departures(books: Books, leaving: Leaving | None, day: date) -> list[Posting]:
    if leaving is None:
        return []
    held = books.accounts
    made = departures(leaving, held.holder, books.balance, held.products == TIME, day)
    return [
        Posting(int(account), "2003", "D", "03", "转账", int(cents))
        for account, cents in zip(made.account, made.cents, strict=True)
    ]


def _ordinary(
    books: Books, rng: np.random.Generator, activity: NDArray[np.float64] | None, day: date
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    still = np.array([cast.person(number) for number in cast.STILL])
    held = books.accounts
    demand = np.flatnonzero(
        (held.products == DEMAND) & ~np.isin(held.holder, still) & (held.third_holder < 0)
        & np.isin(held.holder, [*cast.CLOSED, *cast.DIED], invert=True) & (held.opened < np.datetime64(day))
        & ~books.world.sleepers.asleep(day)[held.holder]
    )  # fmt: skip
    mean_count = 1.4 * np.exp(0.3 * books.world.digital[held.holder[demand]])
    if activity is not None:
        mean_count = mean_count * activity[held.holder[demand]]
    counts = rng.poisson(mean_count)
    account = np.repeat(demand, counts)
    kind = rng.choice(len(_KINDS), len(account), p=[k[4] for k in _KINDS])
    mean = np.array([k[5] for k in _KINDS])[kind]
    cents = np.round(
        np.exp(
            mean + 0.4 * books.world.wealth[books.accounts.holder[account]] + rng.normal(0, 0.9, len(account))
        )
        * 100
    )
    return account, kind, cents.astype(np.int64)


def _salaries(
    books: Books, day: date, moved: NDArray[np.bool_] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Employers pay on the 15th, on the next working day when the 15th is none."""
    if day != salary_day(day):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    payroll = (books.accounts.products == DEMAND) & (books.accounts.number == 0)
    payroll &= (books.world.employers[books.accounts.holder] >= 0) & (books.accounts.third_holder < 0)
    payroll &= books.accounts.opened < np.datetime64(day)
    if day >= cast.SALARY_STOPS:
        payroll &= books.accounts.holder != cast.person(17)
    if moved is not None:
        payroll &= ~moved[books.accounts.holder]
    paid = np.flatnonzero(payroll)
    return paid, books.world.salaries[books.accounts.holder[paid]] * 100


def salary_day(day: date) -> date:
    """On which day of its month salaries are paid: the 15th, the next working day when closed."""
    return calendar.next_working(day.replace(day=SALARY_DAY))


def _stories(books: Books, day: date) -> list[Posting]:
    """What the cast does with money today."""
    told = {
        cast.HOME_LOAN_DAY: (15, "6001", "C", "06", "贷款发放", cast.HOME_LOAN_CENTS),
        cast.HOME_PAID_DAY: (15, "2003", "D", "01", "购房款", cast.HOME_LOAN_CENTS),
        cast.LEAVING_DAY: (16, "2003", "D", "03", "转账", cast.LEAVING_CENTS),
        cast.REVERSED_DAY: (26, "2003", "D", "03", "转账", cast.REVERSED_CENTS),
    }.get(day)
    if told is None:
        return []
    number, code, flag, channel, summary, cents = told
    return [
        Posting(int(account), code, flag, channel, summary, cents)
        for account in main_account(books.accounts, cast.person(number))
    ]


def sequence(day: date, place: int) -> str:
    """TXN_SEQ of the entry at this place (from 0) of the day."""
    return f"{day:%m%d}{place + 1:012d}"


def _to_reverse(books: Books, made: Entries, day: date, rng: np.random.Generator) -> list[Posting]:
    """Transfers of today that come back tomorrow: some, and member 26's."""
    away = np.flatnonzero((made.code == "2003") & (made.origin == ""))
    holder = books.accounts.holder[made.account[away]]
    due = min(books.taken_back.due(REVERSALS * books.world.people), len(away))
    drawn = rng.choice(away, due, replace=False) if due else away[:0]
    drawn = np.setdiff1d(drawn, away[np.isin(holder, [cast.person(number) for number in cast.STILL])])
    if day == cast.REVERSED_DAY:
        drawn = np.concatenate([drawn, away[holder == cast.person(26)]])
    return [
        Posting(
            int(made.account[k]), str(made.code[k]), str(made.flag[k]), str(made.channel[k]), "冲正", int(made.cents[k]), sequence(day, int(k))
        )
        for k in drawn
    ]  # fmt: skip


def _signed(flag: Strings, cents: NDArray[np.int64], origin: Strings) -> NDArray[np.int64]:
    """Effect on the balance; a reversal undoes its flag."""
    return np.where((flag == "C") == (origin == ""), cents, -cents)


def _posted(
    books: Books, account: NDArray[np.int64], codes: Strings, flags: Strings, channels: Strings, notes: Strings,
    cents: NDArray[np.int64], origins: Strings, is_planned: NDArray[np.bool_],
) -> Entries:  # fmt: skip
    """Drop what an account cannot pay, number the rest within the day, and move the balances. What is planned is paid."""
    order = np.argsort(account, kind="stable")
    account, cents = account[order], cents[order]
    codes, flags, channels, notes = (column[order] for column in (codes, flags, channels, notes))
    origins, is_planned = origins[order], is_planned[order]
    signed = _signed(flags, cents, origins)
    # A debit is refused where all debits of the day together would exceed the opening balance: simple and never negative.
    spent = np.bincount(account, weights=np.minimum(signed, 0), minlength=len(books.balance)).astype(np.int64)
    kept = (signed > 0) | is_planned | ((books.balance + spent)[account] >= 0)
    account, cents, signed = account[kept], cents[kept], signed[kept]
    codes, flags, channels, notes = (column[kept] for column in (codes, flags, channels, notes))
    origins = origins[kept]
    running = np.cumsum(signed)
    starts = np.r_[True, account[1:] != account[:-1]] if len(account) else np.zeros(0, bool)
    base = np.where(starts, running - signed, 0)
    base = np.maximum.accumulate(np.where(starts, np.arange(len(account)), 0)) if len(account) else base
    before = (running - signed)[base] if len(account) else running
    balance = books.balance[account] + running - before
    np.add.at(books.balance, account, signed)
    seconds = 8 * 3600 + (np.arange(len(account)) * 7919) % (14 * 3600)
    return Entries(account, codes, flags, channels, notes, cents, balance, seconds, origins)

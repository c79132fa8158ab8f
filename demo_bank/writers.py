"""Who sends what when: the packages of the systems that live on registers, books and money, in the order in which they are laid down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from demo_bank.behaviour.conduct import Conduct
from demo_bank.books import Entries
from demo_bank.lines import Lines
from demo_bank.money import Money
from demo_bank.packages import Inner, Landing
from demo_bank.registry import Registry
from demo_bank.systems import agency, card, core, ecif, hrorg, loan, queue, ref, wealth
from demo_bank.systems.core_customers import Customers
from demo_bank.systems.ecif import Ecif


class Sender(NamedTuple):
    """A system and what it sends of one date; asked only where the bank has the system and something is due."""

    system: str
    files: Callable[[date], Sequence[Inner]]
    arrival: Callable[[date], datetime]
    sequence: int = 1
    is_due: Callable[[date], bool] = lambda day: True


class Writers:
    """Lays down the packages of a bank, day by day. Customers and the customer index change as the days go by."""

    def __init__(
        self, registry: Registry, money: Money, conduct: Conduct, customers: Customers, index: Ecif, seed: int, soils: bool
    ) -> None:  # fmt: skip
        self.registry, self.money, self.books, self.conduct = registry, money, money.books, conduct
        self.customers, self.index, self.seed, self.soils = customers, index, seed, soils

    def opening(self, landing: Landing, systems: Sequence[str]) -> None:
        """Sequence 00 of each, on the day before the first business date, and the rates by which balances of that day are converted."""
        money = self.money
        senders = (
            Sender(core.SYSTEM, lambda day: core.opening_package(self.registry, self.books, self.customers)[1], core.arrival, 0),
            Sender(loan.SYSTEM, lambda day: _inner(loan.opening_package(money.loans, day)), loan.arrival, 0),
            Sender(wealth.SYSTEM, lambda day: _inner(wealth.opening_package(money.portfolio, day)), wealth.arrival, 0),
            Sender(card.SYSTEM, lambda day: card.opening_package(money.cards, day), card.arrival, 0),
            Sender(ecif.SYSTEM, lambda day: self.index.package(day, everything=True), ecif.arrival, 0),
            Sender(ref.SYSTEM, self._rates, ref.arrival),
        )  # fmt: skip
        _deliver(senders, self.registry.world.size.first - timedelta(days=1), landing, systems)

    def daily(self, day: date, made: Entries, landing: Landing, systems: Sequence[str]) -> None:
        """What each sends of one date. made: the entries of that date."""
        money, books, people = self.money, self.books, self.conduct.people
        self.index.advance(day)
        senders = (
            Sender(core.SYSTEM, lambda day: core.daily_package(books, self.customers, made, day), core.arrival),
            Sender(
                queue.SYSTEM, lambda day: _inner(queue.package(people, day, queue.at_counter(books, made))), queue.arrival,
                is_due=queue.is_due,
            ),
            Sender(ref.SYSTEM, self._rates, ref.arrival),
            Sender(loan.SYSTEM, lambda day: _inner(loan.package(money.loans)), loan.arrival),
            Sender(wealth.SYSTEM, lambda day: _inner(wealth.package(money.portfolio)), wealth.arrival),
            Sender(card.SYSTEM, lambda day: card.package(money.cards), card.arrival),
            Sender(ecif.SYSTEM, self.index.package, ecif.arrival),
            Sender(
                hrorg.SYSTEM, lambda day: hrorg.package(self.registry.world, day, reused=self.soils), hrorg.arrival,
                is_due=lambda day: hrorg.is_due(self.registry.world, day),
            ),
            Sender(
                agency.SYSTEM, lambda day: agency.package(self.registry, books, day), agency.arrival, is_due=agency.is_due
            ),
        )  # fmt: skip
        _deliver(senders, day, landing, systems)

    def _rates(self, day: date) -> Sequence[Inner]:
        return ref.package(self.seed, self.registry.world.size.first, day)


def _deliver(senders: Sequence[Sender], day: date, landing: Landing, systems: Sequence[str]) -> None:
    for each in senders:
        if each.system in systems and each.is_due(day):
            landing.deliver(each.system, each.sequence, day, each.files(day), each.arrival(day))


def _inner(files: Sequence[Lines]) -> list[Inner]:
    return [each.inner() for each in files]

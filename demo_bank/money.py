"""All the money of the bank on one date: deposit books, positions, loans and cards, moved in the order in which they depend on one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from demo_bank.behaviour.leaving import Leaving
from demo_bank.books import Books, Entries, advance, main_accounts, open_books, wallet
from demo_bank.cards.book import CardBook
from demo_bank.loans.book import LoanBook
from demo_bank.moves import Moves
from demo_bank.population import Ints
from demo_bank.registry import Registry
from demo_bank.systems.ref import rate
from demo_bank.wealth import shelf
from demo_bank.wealth.portfolio import Portfolio

PART_OF_KIND = {shelf.WEALTH: "wealth", shelf.FUND: "fund", shelf.INSURANCE: "insurance"}
Part = tuple[Ints, Ints]


@dataclass
class Money:
    """Everything that is owned and owed at the end of the books' day."""

    registry: Registry
    books: Books
    portfolio: Portfolio
    loans: LoanBook
    cards: CardBook
    accounts: Ints

    @classmethod
    def open(cls, registry: Registry) -> Money:
        """The evening before the first business date."""
        books = open_books(registry.world)
        accounts = main_accounts(books.accounts, registry.world.people)
        numbers = np.where(accounts >= 0, books.accounts.numbers[accounts], "")
        portfolio = Portfolio.open_at(registry, numbers)
        return cls(
            registry, books, portfolio, LoanBook.open_at(registry), CardBook.open_at(registry), accounts
        )

    def advance(self, day: date, leaving: Leaving, searchers: Ints) -> Entries:
        """One more date. The deposit accounts' entries follow from what the others need: debts are paid first.

        searchers  people who begin today to look for early repayment
        """
        purse = wallet(self.books, leaving)
        leaves = leaving.begins <= np.datetime64(day)
        awake = ~self.registry.world.sleepers.any
        moves = [
            self.loans.advance(day, self.accounts, purse, searchers),
            self.cards.advance(day, self.accounts, purse, leaving.activity(day)),
            self.portfolio.advance(day, self.accounts, purse, leaves, awake),
        ]
        return advance(self.books, leaving, Moves.joined(moves))

    def parts(self, day: date, systems: Sequence[str]) -> dict[str, Part]:
        """Name of each part of AUM and of debt → (person, cents of CNY), of the systems that are made."""
        told: dict[str, Part] = {}
        if "CORE" in systems:
            told["deposit"] = self._deposits(day)
        if "WEALTH" in systems:
            kinds, cents = shelf.KINDS[self.portfolio.positions.product], self.portfolio.values()
            for kind, part in PART_OF_KIND.items():
                told[part] = self.portfolio.positions.person[kinds == kind], cents[kinds == kind]
            told["in_transit"] = self.portfolio.in_transit()
        if "LOAN" in systems:
            told["loan"] = self.loans.loans.person, self.loans.loans.balance
        if "CARD" in systems:
            told["card"] = self.cards.person, self.cards.balance
        return told

    def _deposits(self, day: date) -> Part:
        """Balances in CNY, rounded half up for each account before they are shared."""
        held, cents = self.books.accounts, self.books.balance.copy()
        for currency in np.unique(held.currency[held.currency != "156"]).tolist():
            mine = held.currency == currency
            units = int(Decimal(rate(self.registry.world.seed, currency, day)).scaleb(8))
            cents[mine] = [(balance * units + 50_000_000) // 100_000_000 for balance in cents[mine].tolist()]
        shares = [(person, share) for share, person, _ in held.shares(cents)]
        who, shared = (np.concatenate([each[k] for each in shares]) for k in range(2))
        return who[who >= 0], shared[who >= 0]

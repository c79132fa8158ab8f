"""Lays down the packages of the behaviour and voice systems for one date after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour.conduct import Conduct, Day
from demo_bank.behaviour.people import people_of
from demo_bank.lines import Lines
from demo_bank.packages import Landing
from demo_bank.registry import Registry
from demo_bank.sheets import Sheet
from demo_bank.systems import apm, call, cmpl, consent, crm, mbank, msg, survey, wechat

Files = Sequence[Lines | Sheet]
# What each system delivers for a day, and when it arrives.
WRITERS: Mapping[str, tuple[Callable[[Conduct, Day], Files], Callable[[date], datetime]]] = {
    mbank.SYSTEM: (lambda conduct, lived: mbank.package(conduct.people, lived), mbank.arrival),
    call.SYSTEM: (lambda conduct, lived: call.package(conduct.people, lived), call.arrival),
    cmpl.SYSTEM: (lambda conduct, lived: cmpl.package(conduct.people, lived), cmpl.arrival),
    survey.SYSTEM: (lambda conduct, lived: survey.package(conduct.people, lived), survey.arrival),
    crm.SYSTEM: (crm.package, crm.arrival),
    msg.SYSTEM: (lambda conduct, lived: msg.package(conduct.people, lived), msg.arrival),
    consent.SYSTEM: (consent.package, consent.arrival),
    apm.SYSTEM: (apm.package, apm.arrival),
}
# Made where they are asked for: each system costs every run some seconds.
MORE: Mapping[str, tuple[Callable[[Conduct, Day], Files], Callable[[date], datetime]]] = {
    wechat.SYSTEM: (lambda conduct, lived: wechat.package(conduct.people, lived), wechat.arrival),
}
SYSTEMS = tuple(WRITERS)


class Behaviour:
    """Advances everybody's behaviour and writes what the chosen systems saw of it."""

    def __init__(self, registry: Registry, landing: Landing, systems: Sequence[str] = SYSTEMS) -> None:
        self.conduct = Conduct.open(people_of(registry))
        self.landing = landing
        self.writers = {name: how for name, how in {**WRITERS, **MORE}.items() if name in systems}

    def opening(self) -> None:
        """Opening packages: last logins."""
        if mbank.SYSTEM in self.writers:
            day, files = mbank.opening_package(self.conduct)
            self.landing.deliver(mbank.SYSTEM, 0, day, [each.inner() for each in files], mbank.arrival(day))

    def tiers(self, months: list[date], month_average_cents: NDArray[np.int64]) -> None:
        """CRM's opening package: the tier of each person in closed months (person × month)."""
        if crm.SYSTEM in self.writers:
            day, sheets = crm.opening_package(self.conduct, month_average_cents, months)
            self.landing.deliver(crm.SYSTEM, 0, day, [each.inner() for each in sheets], crm.arrival(day))

    def live(self, day: date) -> Day:
        """One date: everybody lives it, then every system writes its package."""
        lived = self.conduct.advance(day)
        for system, (write, arrival) in self.writers.items():
            files = [each.inner() for each in write(self.conduct, lived)]
            if files:
                self.landing.deliver(system, 1, day, files, arrival(day))
        return lived

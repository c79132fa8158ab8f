"""QUEUE, the ticket machines of the outlets: CSV in GBK, one file per outlet, on days on which the bank works; local time of the machine.

Whoever brings or sends money at a counter in opening hours took a ticket, and CORE's entry is made while that person is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from demo_bank import calendar
from demo_bank.behaviour.people import People
from demo_bank.books import Books, Entries
from demo_bank.lines import Lines, at, csv_lines, local_text, nulled, numbered, text
from demo_bank.streams import stream

SYSTEM = "QUEUE"
ARRIVES = time(22, 0)
ENCODING = "GB18030"
OPENS, CLOSES = 9 * 3600, 16 * 3600
VISITS = 0.008
LONGEST_SERVICE = 1_500
COUNTER = "01"
KNOWN = 0.6  # who swipes a card
BUSINESS = ("现金", "转账", "理财", "开户", "挂失", "咨询")


def is_due(day: date) -> bool:
    """Whether the outlets are open."""
    return calendar.is_working(day)


def arrival(day: date) -> datetime:
    """The same evening."""
    return datetime.combine(day, ARRIVES)


@dataclass(frozen=True)
class AtCounter:
    """Entries of CORE that a teller made: whose, and at which second of the day."""

    person: NDArray[np.int64]
    second: NDArray[np.int64]


def at_counter(books: Books, made: Entries) -> AtCounter:
    """What tellers entered in opening hours, of first customer numbers. Who comes right at the opening waits for nobody."""
    held = books.accounts
    mine = (made.channel == COUNTER) & (made.origin == "") & (held.number[made.account] == 0)
    mine &= (made.second >= OPENS + LONGEST_SERVICE) & (made.second < CLOSES)
    return AtCounter(held.holder[made.account[mine]], made.second[mine].astype(np.int64))


def package(people: People, day: date, counter: AtCounter) -> list[Lines]:
    """TICKET and EVALUATION of each outlet."""
    rng = stream(people.seed, "QUEUE", "tickets", day)
    came = np.flatnonzero((rng.random(len(people)) < VISITS) & people.is_customer(day))
    taken = np.sort(rng.integers(OPENS, CLOSES, len(came)))
    waits, served = rng.integers(60, 2_400, len(came)), rng.integers(120, LONGEST_SERVICE, len(came))
    business, is_known = rng.integers(0, len(BUSINESS), len(came)), rng.random(len(came)) < KNOWN
    # Those whom a teller served: known, called so long before the entry that it falls into the service.
    n = len(counter.person)
    services = rng.integers(120, LONGEST_SERVICE, n)
    calls = counter.second - (services * rng.uniform(0.2, 0.8, n)).astype(np.int64)
    came, served = np.concatenate([came, counter.person]), np.concatenate([served, services])
    waits = np.concatenate([waits, np.minimum(rng.integers(60, 2_400, n), calls - OPENS)])
    taken = np.concatenate([taken, calls - waits[len(waits) - n :]])
    business = np.concatenate([business, np.zeros(n, np.int64)])
    is_known = np.concatenate([is_known, np.ones(n, bool)])
    order = np.argsort(taken, kind="stable")
    came, taken, waits, served = came[order], taken[order], waits[order], served[order]
    business, is_known = business[order], is_known[order]
    scores = rng.integers(0, 6, len(came))  # 0: said nothing
    made: list[Lines] = []
    for place, outlet in enumerate(people.outlet_codes.tolist()):
        mine = np.flatnonzero(people.outlet[came] == place)
        ids = numbered(f"Q{outlet}{day:%m%d}", np.arange(1, len(mine) + 1), 4)
        called, window = taken[mine] + waits[mine], np.arange(len(mine)) % 3 + 1
        made.append(_file("TICKET", outlet, day, {
            "ticket_no": ids, "outlet": text([outlet] * len(mine)), "taken_ts": local_text(at(day, taken[mine])),
            "called_ts": local_text(at(day, called)), "done_ts": local_text(at(day, called + served[mine])),
            "window_no": text([str(w) for w in window.tolist()]), "business": text(np.array(BUSINESS)[business[mine]].tolist()),
            "cust_no": nulled(text(people.cust_no[came[mine]].tolist()), ~is_known[mine]),
        }))  # fmt: skip
        rated = pa.array(scores[mine] > 0)
        made.append(_file("EVALUATION", outlet, day, {
            "ticket_no": ids.filter(rated), "score": text([str(s) for s in scores[mine].tolist()]).filter(rated),
        }))  # fmt: skip
    return made


def _file(name: str, outlet: str, day: date, columns: dict[str, pa.Array]) -> Lines:
    return Lines(
        f"{name}_{outlet}_{day:%Y%m%d}.csv", ",".join(columns), csv_lines(columns), encoding=ENCODING
    )

"""QUEUE, the ticket machines of the outlets: CSV in GBK, one file per outlet, on days on which the bank works; local time of the machine."""

from __future__ import annotations

from datetime import date, datetime, time

import numpy as np
import pyarrow as pa

from demo_bank import calendar
from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, csv_lines, local_text, nulled, numbered, text
from demo_bank.streams import stream

SYSTEM = "QUEUE"
ARRIVES = time(22, 0)
ENCODING = "GB18030"
OPENS, CLOSES = 9 * 3600, 16 * 3600
VISITS = 0.008
KNOWN = 0.6  # who swipes a card
BUSINESS = ("现金", "转账", "理财", "开户", "挂失", "咨询")


def arrival(day: date) -> datetime:
    """The same evening."""
    return datetime.combine(day, ARRIVES)


def package(people: People, lived: Day) -> list[Lines]:
    """TICKET and EVALUATION of each outlet; nothing on days off."""
    day = lived.day
    if not calendar.is_working(day):
        return []
    rng = stream(people.seed, "QUEUE", "tickets", day)
    came = np.flatnonzero((rng.random(len(people)) < VISITS) & people.is_customer(day))
    taken = np.sort(rng.integers(OPENS, CLOSES, len(came)))
    waits, served = rng.integers(60, 2_400, len(came)), rng.integers(120, 1_500, len(came))
    business, is_known = rng.integers(0, len(BUSINESS), len(came)), rng.random(len(came)) < KNOWN
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

"""MSG, the message gateway: CSV in UTF-8, local time. It knows mobile numbers, not customers."""

from __future__ import annotations

from datetime import date, datetime, time

import numpy as np
import pyarrow as pa

from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.contacts import CAMPAIGNS, MESSAGE_CHANNELS
from demo_bank.behaviour.people import People
from demo_bank.lines import Lines, at, csv_lines, local_text, nulled, numbered, text

SYSTEM = "MSG"
ARRIVES = time(23, 20)


def arrival(day: date) -> datetime:
    """The same evening."""
    return datetime.combine(day, ARRIVES)


def _file(name: str, day: date, columns: dict[str, pa.Array]) -> Lines:
    return Lines(f"{name}_{day:%Y%m%d}.csv", ",".join(columns), csv_lines(columns))


def package(people: People, lived: Day) -> list[Lines]:
    """CAMPAIGN (all), SEND, DELIVERY and OPT_OUT of one date."""
    return [_campaigns(lived.day), *_messages(people, lived), _opt_outs(people, lived)]


def _campaigns(day: date) -> Lines:
    year = day.year
    spans = {"CARE02": (f"{year}-09-24", f"{year}-09-26")}
    rows = [
        (code, name, purpose, product, *spans.get(code, (f"{year}-01-01", f"{year}-12-31")), "v3")
        for code, name, purpose, product, _ in CAMPAIGNS
    ]
    names = ("code", "name", "purpose", "product", "from", "to", "template_ver")
    return _file("CAMPAIGN", day, {name: text([row[k] for row in rows]) for k, name in enumerate(names)})


def _messages(people: People, lived: Day) -> list[Lines]:
    sent, day, n = lived.messages, lived.day, len(lived.messages.person)
    ids = numbered(f"M{day:%Y%m%d}", np.arange(1, n + 1), 8)
    receipts = ~np.isnan(sent.receipt)
    moments = at(day, np.where(receipts, np.nan_to_num(sent.receipt), 0))
    kept = pa.array(receipts)
    return [
        _file("SEND", day, {
            "msg_id": ids, "mobile": text(people.mobiles[sent.person].tolist()),
            "campaign": text([CAMPAIGNS[int(c)][0] for c in sent.campaign]),
            "channel": text(np.array(MESSAGE_CHANNELS)[sent.channel].tolist()), "send_ts": local_text(at(day, sent.second)),
        }),
        _file("DELIVERY", day, {
            "msg_id": ids.filter(kept), "receipt_ts": local_text(moments).filter(kept),
            "status": text(np.where(sent.is_failed, "UNDELIV", "DELIVRD").tolist()).filter(kept),
        }),
    ]  # fmt: skip


def _opt_outs(people: People, lived: Day) -> Lines:
    out = lived.opt_outs
    return _file("OPT_OUT", lived.day, {
        "mobile": text(people.mobiles[out.person].tolist()), "channel": text(np.array(MESSAGE_CHANNELS)[out.channel].tolist()),
        "ts": nulled(local_text(at(lived.day, out.second)), np.zeros(len(out.person), bool)),
    })  # fmt: skip

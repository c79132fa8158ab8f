"""SURVEY, the CX team's tool: JSON lines, local time. Three in ten invitations name no customer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from demo_bank.behaviour.conduct import Day
from demo_bank.behaviour.people import People
from demo_bank.behaviour.surveys import CHANNELS, Response, token
from demo_bank.lines import Lines, at, escaped, json_lines, local_text, nulled, numbered, quoted, raw, text

SYSTEM = "SURVEY"
ARRIVES = time(4, 20)
QUESTIONS = (("Q1", "NPS", "0-10"), ("Q2", "CSAT", "1-5"), ("Q3", "CES", "1-7"))


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


def package(people: People, lived: Day) -> list[Lines]:
    """INVITATION RESPONSE ANSWER of one date."""
    day = lived.day
    numbers = np.arange(1, len(lived.responses) + 1)
    ids = numbered(f"RS{day:%y%m%d}", numbers, 6)
    return [
        Lines(f"INVITATION_{day:%Y%m%d}.jsonl", None, _invitations(people, lived)),
        Lines(f"RESPONSE_{day:%Y%m%d}.jsonl", None, _responses(ids, lived.responses)),
        Lines(f"ANSWER_{day:%Y%m%d}.jsonl", None, _answers(ids, lived.responses)),
    ]


def survey_code(touchpoint: str) -> str:
    return f"SV_{touchpoint}"


def _invitations(people: People, lived: Day) -> pa.Array:
    sent, day = lived.invitations, lived.day
    by_call = sent.touchpoint == "call_centre"
    pages, calls = numbered(f"E{day:%Y%m%d}", sent.trigger, 8), numbered(f"CL{day:%Y%m%d}", sent.trigger, 6)
    events = [
        c if is_call else p
        for is_call, c, p in zip(by_call, calls.to_pylist(), pages.to_pylist(), strict=True)
    ]
    return json_lines({
        "token": quoted(text([token(day, int(number)) for number in sent.number])),
        "customer_key": quoted(nulled(text(people.cust_no[sent.person].tolist()), sent.is_anonymous)),
        "survey_code": quoted(text([survey_code(str(t)) for t in sent.touchpoint])), "trigger_event_id": quoted(text(events)),
        "sent_ts": quoted(local_text(at(day, sent.second))), "channel": quoted(text(np.array(CHANNELS)[sent.channel].tolist())),
        "status": quoted(text(np.where(sent.is_failed, "FAILED", "DELIVERED").tolist())),
    })  # fmt: skip


def _responses(ids: pa.Array, responses: list[Response]) -> pa.Array:
    words = [each.verbatim or None for each in responses]
    return json_lines({
        "response_id": quoted(ids), "invite_token": quoted(text([each.token for each in responses])),
        "survey_code": quoted(text([survey_code(each.touchpoint) for each in responses])),
        "submitted_ts": quoted(local_text(np.array([each.submitted for each in responses], "datetime64[ms]"))),
        "touchpoint": quoted(text([each.touchpoint for each in responses])), "verbatim": quoted(escaped(text(words))),
        "device": quoted(text([each.device for each in responses])),
    })  # fmt: skip


def _answers(ids: pa.Array, responses: list[Response]) -> pa.Array:
    """Three questions for each response, in order."""
    scores = [(each.nps, each.csat, each.ces) for each in responses]
    n = len(responses)
    return json_lines({
        "response_id": quoted(ids.take(pa.array(np.repeat(np.arange(n), len(QUESTIONS))))),
        "question": quoted(text([q[0] for q in QUESTIONS] * n)), "type": quoted(text([q[1] for q in QUESTIONS] * n)),
        "score_raw": raw([score for row in scores for score in row]), "scale": quoted(text([q[2] for q in QUESTIONS] * n)),
    })  # fmt: skip

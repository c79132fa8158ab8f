"""Surveys: who is asked after what, who answers (the unhappy and the very happy more often), and what they say."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from demo_bank.behaviour import numbers
from demo_bank.behaviour.quota import Quota, chosen
from demo_bank.lines import at
from demo_bank.streams import stream

Ints = NDArray[np.int64]
CHANNELS = ("app", "sms", "wechat")
DEVICES = ("ios", "android", "h5", "pc")
PRAISE = ("很方便，满意。", "办理很快。", "还可以。", "")
BLAME = ("经常报错，希望改进。", "等太久了。", "没有解决我的问题。", "")


@dataclass(frozen=True)
class Invitations:
    """Invitations sent on a day. `trigger` is the number within the day of the page action or call that gave rise to each."""

    number: Ints
    person: Ints
    second: Ints
    touchpoint: NDArray[np.str_]
    trigger: Ints
    channel: Ints
    is_anonymous: NDArray[np.bool_]
    is_failed: NDArray[np.bool_]


@dataclass(frozen=True)
class Response:
    """One answered questionnaire; scores are what the person wrote, on 0–10, 1–5 and 1–7."""

    token: str
    person: int
    submitted: np.datetime64
    touchpoint: str
    nps: int
    csat: int
    ces: int
    verbatim: str
    device: str


@dataclass
class SurveyTeam:
    """The CX team: whom it asked when, and the answers that are still to come."""

    seed: int
    people: int
    last_asked: NDArray[np.datetime64]
    quota: Quota = field(default_factory=Quota)
    coming: dict[date, list[Response]] = field(default_factory=lambda: defaultdict(list))

    def ask(
        self, day: date, person: Ints, touchpoint: NDArray[np.str_], trigger: Ints, allowed: NDArray[np.bool_],
        story: tuple[int, ...] = (),
    ) -> Invitations:  # fmt: skip
        """Invitations after today's events (person, touchpoint, trigger). allowed: per person, may be asked at all."""
        rng = stream(self.seed, "SURVEY", "invite", day)
        first = np.unique(person, return_index=True)[1] if len(person) else np.zeros(0, np.int64)
        rested = (np.datetime64(day) - self.last_asked[person[first]]).astype(int) >= numbers.REST_DAYS
        weights = np.where(allowed[person[first]], np.where(rested, 1.0, 0.02), 0.0)
        told = np.isin(person[first], np.array(story, np.int64))
        weights[told] = 1e9
        picked = chosen(
            rng, first, weights, max(self.quota.due(numbers.INVITATIONS * self.people), int(told.sum()))
        )
        who = person[picked]
        self.last_asked[who] = np.datetime64(day)
        n = len(who)
        return Invitations(
            np.arange(1, n + 1), who, rng.integers(19 * 3600, 20 * 3600 + 3000, n), touchpoint[picked], trigger[picked],
            rng.choice(3, n, p=(0.6, 0.3, 0.1)), (rng.random(n) < numbers.ANONYMOUS_INVITATIONS) & ~np.isin(who, np.array(story, np.int64)),
            rng.random(n) < 0.02,
        )  # fmt: skip

    def decide(
        self, day: date, sent: Invitations, satisfaction: NDArray[np.float64], is_young: NDArray[np.bool_],
        is_affluent: NDArray[np.bool_], said: dict[int, int],
    ) -> NDArray[np.bool_]:  # fmt: skip
        """Whether each invited person will answer; answers come over the next days. said: the cast's NPS."""
        rng = stream(self.seed, "SURVEY", "answer", day)
        level = satisfaction[sent.person]
        logit = (
            numbers.RESPONSE_INTERCEPT + numbers.RESPONSE_UNHAPPY * (level < numbers.VERY_UNHAPPY)
            + numbers.RESPONSE_HAPPY * (level > numbers.VERY_HAPPY) + numbers.RESPONSE_YOUNG * is_young[sent.person]
            + numbers.RESPONSE_AFFLUENT * is_affluent[sent.person]
        )  # fmt: skip
        told = np.isin(sent.person, np.array(list(said), np.int64))
        answers: NDArray[np.bool_] = (
            (rng.random(len(level)) < 1 / (1 + np.exp(-logit))) | told
        ) & ~sent.is_failed
        waits = np.where(told, 12.0, rng.exponential(30.0, len(level)))
        felt = np.clip(level + rng.normal(0, 9, len(level)), 0, 100)
        for place in np.flatnonzero(answers):
            person = int(sent.person[place])
            moment = at(day, np.array([float(sent.second[place])]))[0] + np.timedelta64(
                int(waits[place] * 3_600_000) + 60_000, "ms"
            )
            self.coming[moment.astype("datetime64[D]").astype(date)].append(
                _response(rng, day, int(sent.number[place]), person, moment, str(sent.touchpoint[place]), felt[place], said.get(person))
            )  # fmt: skip
        return answers

    def answered(self, day: date) -> list[Response]:
        """What was answered on the day, in order."""
        return sorted(self.coming.pop(day, []), key=lambda each: (each.submitted, each.token))


def token(day: date, number: int) -> str:
    """Invite token: opaque to the person, unique for ever."""
    return f"IV{day:%y%m%d}{number:07d}"


def _response(
    rng: np.random.Generator, day: date, number: int, person: int, moment: np.datetime64, touchpoint: str, felt: float,
    said: int | None,
) -> Response:  # fmt: skip
    nps = int(np.clip(round(felt / 9.0), 0, 10)) if said is None else said
    csat = int(np.clip(1 + round(felt / 24.0), 1, 5))
    ces = int(np.clip(1 + round(felt / 16.0), 1, 7))
    words = PRAISE if nps >= 7 else BLAME
    return Response(
        token(day, number), person, moment, touchpoint, nps, csat, ces, words[int(rng.integers(0, len(words)))],
        DEVICES[int(rng.integers(0, len(DEVICES)))],
    )  # fmt: skip

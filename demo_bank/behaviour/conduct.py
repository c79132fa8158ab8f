"""The state of everybody's behaviour, advanced one business date at a time, and the record of each day."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from demo_bank import cast as fixed
from demo_bank.behaviour import cast, numbers
from demo_bank.behaviour.calls import CallCentre, Calls
from demo_bank.behaviour.complaints import Complaint, Office
from demo_bank.behaviour.consent import Changes, Register
from demo_bank.behaviour.contacts import Contacts, Messages, OptOuts, Outreach
from demo_bank.behaviour.digital import PAGES, Digital, forced_sessions, live
from demo_bank.behaviour.incidents import Incident, incidents_of
from demo_bank.behaviour.leaving import Leaving
from demo_bank.behaviour.people import People
from demo_bank.behaviour.surveys import Invitations, Response, SurveyTeam
from demo_bank.streams import stream

Ints = NDArray[np.int64]
_TOUCHPOINT = np.array([page[1] for page in PAGES])


@dataclass(frozen=True)
class Day:
    """What happened on one business date, before any system writes it down."""

    day: date
    incidents: list[Incident]
    digital: Digital
    calls: Calls
    complaints: list[Complaint]
    moving: list[Complaint]
    invitations: Invitations
    will_answer: NDArray[np.bool_]
    responses: list[Response]
    contacts: Contacts
    messages: Messages
    opt_outs: OptOuts
    consents: Changes
    leavers: Ints
    spells: Ints


@dataclass
class Conduct:
    """Everybody's state at the end of `day`."""

    people: People
    office: Office
    centre: CallCentre
    surveys: SurveyTeam
    outreach: Outreach
    register: Register
    leaving: Leaving
    satisfaction: NDArray[np.float64]
    own_level: NDArray[np.float64]
    pain: NDArray[np.int8]
    late_until: NDArray[np.datetime64]
    quiet_until: NDArray[np.datetime64]
    last_login: NDArray[np.datetime64]
    searching: dict[date, list[int]] = field(default_factory=lambda: defaultdict(list))
    day: date | None = None

    @classmethod
    def open(cls, people: People) -> Conduct:
        """The state on the evening before the first business date."""
        n, seed, first = len(people), people.seed, people.world.size.first
        rng = stream(seed, "conduct", n)
        level = np.clip(rng.normal(numbers.SATISFACTION_MEAN, numbers.SATISFACTION_SPREAD, n), 5, 100)
        tenure = np.maximum((np.datetime64(first) - people.opened).astype(int), 0) / 365.25
        back = np.minimum(rng.exponential(6, n), 300)
        back = np.where(rng.random(n) < 0.04, rng.integers(31, 400, n), back)
        before = np.datetime64(first, "ms") - np.round(1000 + back * 86_400_000).astype("timedelta64[ms]")
        slept = people.world.sleepers.last
        before = np.where(np.isnat(slept), before, slept.astype("datetime64[ms]") + np.timedelta64(11, "h"))
        known = people.has_app & (people.bound < np.datetime64(first))
        long_ago = np.full(n, np.datetime64("1970-01-01"), "datetime64[D]")
        conduct = cls(
            people, Office(seed, n, people.temper), CallCentre(seed, n),
            SurveyTeam(seed, n, np.datetime64(first) - rng.integers(20, 400, n)), Outreach(seed, n, np.zeros((n, 2), bool)),
            Register.open(seed, n), Leaving.open(seed, tenure, people.products, people.salary_moved), level, level.copy(),
            np.zeros((n, 30), np.int8), long_ago, long_ago.copy(), np.where(known, before, np.datetime64("NaT")),
        )  # fmt: skip
        cast.prepare(conduct)
        return conduct

    def advance(self, day: date) -> Day:
        """Live one more date."""
        people = self.people
        incidents = incidents_of(people.seed, day, len(people.outlet_codes))
        spells = self._begin_spells(day)
        searchers = np.unique(np.array(self.searching.pop(day, []), np.int64))
        digital = self._digital(day, incidents, searchers)
        failed = np.zeros(len(people), bool)
        failed[digital.session_user[digital.page_session[digital.page_error]]] = True
        awake = ~people.world.sleepers.asleep(day)
        willing = (people.is_customer(day) & ~people.is_minor(day) & awake).astype(float)
        self._feel(day, digital, incidents)
        calls = self.centre.ring(
            day, willing * np.exp(-0.2 * people.digital), failed, incidents, cast.calls(people, day)
        )
        complaints = self.office.receive(
            day,
            digital.exposed_person,
            digital.exposed_incident,
            incidents,
            willing,
            cast.complaints(people, day, incidents),
        )
        moving = self._complaints_move(day)
        invitations, will_answer = self._surveys(day, digital, calls, willing > 0)
        contacts, (messages, opt_outs) = self._outreach(day)
        consents = self.register.change(day, willing > 0, cast.consents(people, day))
        hazard = self.hazard(day)
        # What fixed people do is told by their stories.
        may_leave = (willing > 0) & (np.arange(len(people)) >= fixed.FIXED) & ~people.world.sleepers.any
        leavers = self.leaving.decide(day, np.where(may_leave, hazard, 0.0))
        self.day = day
        return Day(
            day, incidents, digital, calls, complaints, moving, invitations, will_answer, self.surveys.answered(day), contacts,
            messages, opt_outs, consents, leavers, spells,
        )  # fmt: skip

    # --- parts of a day ------------------------------------------------------------------------------------

    def _begin_spells(self, day: date) -> Ints:
        """Borrowers who begin to look for early repayment: three searches within seven days."""
        people = self.people
        rng = stream(people.seed, "MBANK", "spells", day)
        able = people.has_loan & people.is_customer(day) & (people.bound < np.datetime64(day))
        able &= ~people.world.sleepers.any
        begins = np.flatnonzero(able & (rng.random(len(people)) < numbers.SEARCH_SPELL_MONTHLY / 30))
        for person in begins.tolist():
            second, third = sorted(rng.choice(np.arange(1, 7), 2, replace=False))
            for later in (0, second, third):
                self.searching[day + timedelta(days=int(later))].append(person)
        self.searching[day] += cast.searches(people, day)
        return begins

    def _digital(self, day: date, incidents: list[Incident], searchers: Ints) -> Digital:
        people = self.people
        users = np.flatnonzero(people.is_customer(day) & (people.bound <= np.datetime64(day)))
        weight = np.exp(0.35 * people.digital[users]) * np.where(
            people.age_days(day)[users] > 65 * 365, 0.6, 1.0
        )
        base = numbers.ACTIVE_SHARE * len(people) / max(len(users), 1)
        chance = (
            np.clip(base * weight / max(weight.mean(), 1e-9), 0, 0.95) * self.leaving.activity(day)[users]
        )
        chance = chance * cast.presence(people, day)[users] * ~people.world.sleepers.asleep(day)[users]
        outage = people.story(21, 22)
        forced = forced_sessions(day, outage, searchers)
        made = live(people.seed, day, users, chance, forced, searchers, outage, incidents)
        start = np.datetime64(day, "ms") + (made.login_second * 1000).astype("timedelta64[ms]")
        good = made.login_ok
        # Sessions are in order of time, so the last one of a user stays.
        self.last_login[made.session_user[made.login_session[good]]] = start[good]
        return made

    def _feel(self, day: date, digital: Digital, incidents: list[Incident]) -> None:
        """Severe exposures hurt; everybody slowly returns to their own level."""
        slot = day.toordinal() % 30
        self.pain[:, slot] = 0
        severe = np.array([each.severity >= 3 for each in incidents] or [False])
        hurt = (
            digital.exposed_person[severe[digital.exposed_incident]]
            if len(digital.exposed_incident)
            else digital.exposed_person
        )
        np.add.at(self.pain[:, slot], hurt, 1)
        self.satisfaction += numbers.RECOVERY * (self.own_level - self.satisfaction)
        np.add.at(self.satisfaction, hurt, numbers.PER_SEVERE_EXPOSURE)
        np.clip(self.satisfaction, 0, 100, out=self.satisfaction)

    def _complaints_move(self, day: date) -> list[Complaint]:
        """Complaints with a step today; a first answer or solution in or out of time is felt."""
        moving = sorted(self.office.moving.pop(day, []), key=lambda each: each.number)
        for each in moving:
            ends = each.steps[-1][1].astype("datetime64[D]")
            self.quiet_until[each.person] = max(self.quiet_until[each.person], ends)
            if each.first("resolved").astype("datetime64[D]") == np.datetime64(day):
                change = numbers.PER_LATE_COMPLAINT if each.is_late else numbers.PER_TIMELY_COMPLAINT
                self.satisfaction[each.person] = np.clip(self.satisfaction[each.person] + change, 0, 100)
                if each.is_late:
                    self.late_until[each.person] = np.datetime64(day) + 60
        return moving

    def _surveys(
        self, day: date, digital: Digital, calls: Calls, may: NDArray[np.bool_]
    ) -> tuple[Invitations, NDArray[np.bool_]]:
        known = calls.caller >= 0
        person = np.concatenate([digital.session_user[digital.page_session], calls.caller[known]])
        touchpoint = np.concatenate([_TOUCHPOINT[digital.page], np.full(int(known.sum()), "call_centre")])
        # One event in a fixed stride stands for a session's pages, so that every touchpoint is asked about.
        order = stream(self.people.seed, "SURVEY", "events", day).permutation(len(person))
        trigger = np.concatenate([np.arange(len(digital.page)), np.flatnonzero(known)]) + 1
        allowed = may & (self.quiet_until < np.datetime64(day)) & self.people.has_app | cast.always_asked(
            self.people, day
        )
        story = cast.invited(self.people, day)
        sent = self.surveys.ask(day, person[order], touchpoint[order], trigger[order], allowed, tuple(story))
        young = self.people.age_days(day) < 25 * 365.25
        answers = self.surveys.decide(day, sent, self.satisfaction, young, self.people.wealth > 1.2, story)
        return sent, answers

    def _outreach(self, day: date) -> tuple[Contacts, tuple[Messages, OptOuts]]:
        people = self.people
        managed = (self.managed & people.is_customer(day) & ~people.is_minor(day)).astype(float) * np.exp(
            0.3 * people.wealth
        )
        no_sale = (self.quiet_until >= np.datetime64(day)) | people.is_minor(day)
        self.outreach.assign(day, managed)
        contacts = self.outreach.contact(day, managed, no_sale)
        reachable = people.is_customer(day) & (people.mobiles != "") & ~people.is_minor(day)
        leaving = ~np.isnat(self.leaving.begins) & ~self.leaving.quiet
        return contacts, self.outreach.send(
            day, reachable, no_sale, people.has_app, np.where(leaving, 30.0, 1.0)
        )

    @property
    def managed(self) -> NDArray[np.bool_]:
        """People with a customer manager: the wealthier first, about 120 for each manager."""
        size = self.people.world.size
        count = min(len(self.people), size.managers * numbers.CUSTOMERS_PER_MANAGER)
        rank = np.argsort(np.argsort(-self.people.wealth, kind="stable"), kind="stable")
        kept: NDArray[np.bool_] = rank < count
        kept[list(self.people.cast.values())] = True
        return kept

    def hazard(self, day: date) -> NDArray[np.float64]:
        """Today's chance of deciding to leave."""
        pain = self.pain.sum(axis=1).astype(float)
        return self.leaving.hazard(
            pain, self.late_until > np.datetime64(day), np.zeros(len(self.people), bool)
        )

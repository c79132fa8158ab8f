"""The desk as a web application: server-rendered, no script, loopback only, for people with an account."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from spark_jobs.bronze import cases, rulings, steward_log
from spark_jobs.errors import OxpeckerError
from spark_jobs.settings import Settings
from spark_jobs.steward import accounts, context, decide, queue
from spark_jobs.steward.queue import Desk, Item
from spark_jobs.steward.web import guard, pages
from spark_jobs.steward.web.guard import Form
from spark_jobs.steward.web.persons import Persons

FOLDER = Path(__file__).parent / "templates"
HOSTS = ["127.0.0.1", "localhost"]
Clock = Callable[[], datetime]


def make(settings: Settings, clock: Clock) -> Starlette:
    """The application over one lake. Sessions end with the process: its key is new each time."""
    desk = _Web(settings, clock)
    about = Persons(settings, clock, desk.who)
    gets = {
        "/": desk.queue, "/held": desk.held, "/decisions": desk.decisions, "/actions": desk.actions, "/item/{item_id}": desk.item,
        "/persons": about.waiting, "/persons/{code}": about.change,
    }  # fmt: skip
    posts = {
        "/logout": desk.logout, "/item/{item_id}/reveal": desk.reveal, "/item/{item_id}/{code}": desk.decide,
        "/exception": desk.exception, "/exception/{decision_id}/withdraw": desk.withdraw,
        "/decision/{decision_id}/{answer}": desk.answer,
        "/persons/{code}": about.propose,
    }  # fmt: skip
    return Starlette(
        routes=[
            Route("/desk.css", lambda request: FileResponse(FOLDER / "desk.css")),
            Route("/login", desk.login_page, methods=["GET"]),
            Route("/login", guard.form(desk.login, clock, anybody=True), methods=["POST"]),
            *(Route(path, guard.page(show, clock), methods=["GET"]) for path, show in gets.items()),
            *(Route(path, guard.form(handle, clock), methods=["POST"]) for path, handle in posts.items()),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS),
            Middleware(guard.Strict),
            Middleware(
                SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="oxpecker_desk", same_site="strict",
                max_age=int(guard.IDLE.total_seconds()),
            ),
        ],
    )  # fmt: skip


class _Web:
    """What each address does. State is on the disk; each request reads it anew."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings, self.clock = settings, clock
        self.tries = guard.Tries()

    # --- who is there ----------------------------------------------------------------------------------------

    def login_page(self, request: Request) -> Response:
        return pages.page(
            "login", request, None, csrf=guard.csrf(request), has_accounts=bool(self._accounts())
        )

    def login(self, request: Request, told: Form) -> Response:
        name, at = told.get("name", "").strip()[:40], self.clock()
        log = decide.actions(Desk(self.settings))
        proven = None
        if self.tries.may(name, at):
            proven = accounts.proven(self.settings.steward_accounts, name, told.get("password", ""))
        if proven is None:
            self.tries.failed(name, at)
            # What was typed instead of a name may be a password.
            log.enter(name if name in self._accounts() else "unknown", "login_refused", "desk", at)
            return pages.page(
                "login", request, None, 403, csrf=guard.csrf(request), has_accounts=bool(self._accounts()),
                wrong="Name and password do not fit, or there were too many tries; wait a quarter of an hour.",
            )  # fmt: skip
        self.tries.succeeded(name)
        guard.enter(request, proven.name, at)
        log.enter(proven.name, "logged_in", "desk", at)
        return RedirectResponse("/", 303)

    def logout(self, request: Request, told: Form) -> Response:
        decide.actions(Desk(self.settings)).enter(self._name(request), "logged_out", "desk", self.clock())
        request.session.clear()
        return RedirectResponse("/login", 303)

    def _accounts(self) -> dict[str, accounts.Account]:
        return accounts.read(self.settings.steward_accounts)

    def _name(self, request: Request) -> str:
        return str(request.session["name"])

    def who(self, request: Request) -> accounts.Account:
        """The account as it is now: one whose role was changed since the login has the new one."""
        found = self._accounts().get(self._name(request))
        if found is None:
            request.session.clear()
            raise OxpeckerError("this account is gone")
        return found

    # --- looking ---------------------------------------------------------------------------------------------

    def queue(self, request: Request) -> Response:
        desk, at, given = Desk(self.settings), self.clock(), request.query_params
        decide.actions(desk).enter(self._name(request), "listed", "queue", at)
        waiting = desk.waiting()
        asked = {
            key: given.get(key, "").strip() for key in ("feed", "reason", "owner", "older_than", "money_over")
        }
        wrong = ""
        try:
            found = pages.kept(waiting, at, asked)
        except OxpeckerError as problem:
            found, wrong = waiting, str(problem)
        return pages.page(
            "queue",
            request,
            self.who(request),
            **pages.queue_of(waiting, found, at),
            asked=asked,
            wrong=wrong,
        )

    def held(self, request: Request) -> Response:
        desk, at = Desk(self.settings), self.clock()
        decide.actions(desk).enter(self._name(request), "listed", "held", at)
        return self._held(request, desk)

    def _held(self, request: Request, desk: Desk, wrong: str = "") -> Response:
        files = [i for i in desk.waiting() if i.kind == queue.FILE]
        exceptions = [d for d in desk.decisions if d.kind == steward_log.FEED]
        return pages.page(
            "held", request, self.who(request), 422 if wrong else 200, files=files, at=self.clock(), exceptions=exceptions,
            feeds=sorted(desk.sources), checks=desk.policy.excepted, rules=desk.policy.excepted_records, wrong=wrong,
        )  # fmt: skip

    def item(self, request: Request) -> Response:
        desk = Desk(self.settings)
        try:
            found = desk.find(request.path_params["item_id"])
        except OxpeckerError as problem:
            return pages.page("nothing", request, self.who(request), 404, wrong=str(problem))
        decide.actions(desk).enter(self._name(request), "shown", found.item_id, self.clock())
        return self._item(request, desk, found)

    def reveal(self, request: Request, told: Form) -> Response:
        """Values instead of masks: one record, for a case number, and it is logged."""
        desk = Desk(self.settings)
        found = desk.find(request.path_params["item_id"])
        case = told.get("case", "").strip()
        if not case.isascii() or not 1 <= len(case) <= 40 or not case.replace("-", "").isalnum():
            return self._item(request, desk, found, "A case number is letters, digits and hyphens.")
        decide.actions(desk).enter(self._name(request), "revealed", found.item_id, self.clock(), case=case)
        return self._item(request, desk, found, case=case)

    def _item(self, request: Request, desk: Desk, item: Item, wrong: str = "", case: str = "") -> Response:
        source = desk.sources.get(item.feed)
        view = context.view(item, source, bool(case)) if source and item.record is not None else None
        return pages.page(
            "item", request, self.who(request), 422 if wrong else 200, item=item, view=view, at=self.clock(), case=case, wrong=wrong,
            proposed=decide.proposed(desk, item) if case else {}, decided=desk.decided(item), policy=desk.policy, source=source, file=pages.file_facts(desk, item),
            needs={code: desk.policy.needs_second(code, source) for code in (*rulings.STATES, steward_log.RELEASE)},
        )  # fmt: skip

    def decisions(self, request: Request) -> Response:
        desk = Desk(self.settings)
        decide.actions(desk).enter(self._name(request), "listed", "decisions", self.clock())
        return self._decisions(request, desk)

    def _decisions(self, request: Request, desk: Desk, wrong: str = "") -> Response:
        tested = {t.decision_id: t for s in desk.sources.values() for t in cases.tested(desk.decisions, s)}
        waits = [d for d in desk.decisions if d.state == steward_log.PROPOSED]
        rest = [d for d in reversed(desk.decisions) if d.state != steward_log.PROPOSED]
        return pages.page(
            "decisions", request, self.who(request), 422 if wrong else 200, waits=waits, rest=rest, tested=tested, wrong=wrong,
            is_mine=lambda d: steward_log.same_person(d.first, self._name(request)),
        )  # fmt: skip

    def actions(self, request: Request) -> Response:
        told, wrong = [], ""
        try:
            told = decide.actions(Desk(self.settings)).read()
        except OxpeckerError as problem:
            wrong = str(problem)
        return pages.page(
            "actions", request, self.who(request), entries=told[::-1][:500], total=len(told), wrong=wrong
        )

    # --- deciding --------------------------------------------------------------------------------------------

    def decide(self, request: Request, told: Form) -> Response:
        desk, at = Desk(self.settings), self.clock()
        item = desk.find(request.path_params["item_id"])
        actor, reason = self.who(request).name, told.get("reason", "")
        try:
            match request.path_params["code"]:
                case steward_log.REPAIR:
                    values = {
                        k.removeprefix("set."): v for k, v in told.items() if k.startswith("set.") and v
                    }
                    made = decide.repair(desk, item, reason, actor, at, values=values)
                case steward_log.ACCEPT:
                    made = decide.accept(desk, item, reason, actor, at)
                case steward_log.REJECT:
                    made = decide.reject(desk, item, reason, actor, at)
                case steward_log.RELEASE:
                    made = decide.release(desk, item, reason, actor, at)
                case _:
                    raise OxpeckerError("nothing of that name can be decided")
        except OxpeckerError as problem:
            return self._item(request, desk, item, str(problem))
        return self._told(request, made, f"/item/{item.item_id}")

    def exception(self, request: Request, told: Form) -> Response:
        """For a feed, or for the record on whose page it was asked for."""
        desk = Desk(self.settings)
        records = [desk.find(told["record"])] if told.get("record") else []
        try:
            first, last = (_day(told.get(name, "")) for name in ("first", "last"))
            made = decide.exception(
                desk, told.get("feed", ""), told.get("check", ""), first, last, told.get("reason", ""), self.who(request).name, self.clock(), records
            )  # fmt: skip
        except OxpeckerError as problem:
            if records:
                return self._item(request, desk, records[0], str(problem))
            return self._held(request, desk, str(problem))
        return self._told(request, made, f"/item/{records[0].item_id}" if records else "/held")

    def withdraw(self, request: Request, told: Form) -> Response:
        """An exception ends earlier; whoever may propose one may say so, for the contract holds again."""
        desk, key = Desk(self.settings), request.path_params["decision_id"]
        try:
            made = decide.withdraw(
                desk, key, _day(told.get("last", "")), told.get("reason", ""), self.who(request).name, self.clock()
            )  # fmt: skip
        except OxpeckerError as problem:
            return self._held(request, desk, str(problem))
        if made.state == steward_log.WITHDRAWN:
            said = f"Withdrawn. The contract of {made.feed} holds again, for all business dates."
        else:
            said = f"It ends with {made.last_date}. From the next business date on the contract of {made.feed} holds again."
        request.session["told"] = said
        return RedirectResponse("/held", 303)

    def answer(self, request: Request, told: Form) -> Response:
        desk, who, at = Desk(self.settings), self.who(request), self.clock()
        key = request.path_params["decision_id"]
        try:
            if not who.may_approve:
                raise OxpeckerError("only an approver is a second person")
            if request.path_params["answer"] == "agree":
                made = decide.agree(desk, key, who.name, at)
            elif request.path_params["answer"] == "decline":
                made = decide.decline(desk, key, told.get("reason", "") or "declined", who.name, at)
            else:
                raise OxpeckerError("a decision is agreed to or declined")
        except OxpeckerError as problem:
            return self._decisions(request, Desk(self.settings), str(problem))
        return self._told(request, made, "/decisions")

    def _told(self, request: Request, made: steward_log.Decision, where: str) -> Response:
        request.session["told"] = {
            steward_log.PROPOSED: "Proposed. It is in force once another person agrees.",
            steward_log.DECLINED: "Declined; it waits again.",
        }.get(made.state, "In force. The next run applies it.")
        return RedirectResponse(where, 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OxpeckerError("a date is written 2026-09-30") from None

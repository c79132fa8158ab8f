"""The desk's pages about persons: what waits, what a word would change, and proposing it. The second person answers under Decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from spark_jobs.errors import OxpeckerError
from spark_jobs.identity.words import KEEP_APART, MERGE
from spark_jobs.settings import Settings
from spark_jobs.steward import decide, persons
from spark_jobs.steward.accounts import Account
from spark_jobs.steward.queue import Desk
from spark_jobs.steward.web import pages
from spark_jobs.steward.web.guard import Form
from spark_jobs.whois import review, undoing, wording
from spark_jobs.whois.book import Book
from spark_jobs.whois.undoing import Change

SHOWN = 50
CODES = {persons.UNDO: "undo it", MERGE: "one person", KEEP_APART: "two people"}


class Persons:
    """What each address under /persons does."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime], who: Callable[[Request], Account]
    ) -> None:
        self.settings, self.clock, self.who = settings, clock, who

    def waiting(self, request: Request) -> Response:
        """The queue, the most harmful first, and a place to name what is to be undone."""
        decide.actions(Desk(self.settings)).enter(self.who(request).name, "listed", "persons", self.clock())
        return self._waiting(request)

    def _waiting(self, request: Request, wrong: str = "") -> Response:
        told = None
        try:
            with Book(self.settings) as book:
                told = review.review(book, SHOWN)
        except OxpeckerError as problem:
            wrong = wrong or str(problem)
        return pages.page(
            "persons", request, self.who(request), 422 if wrong else 200, review=told, kinds=wording.REVIEWS, wrong=wrong
        )  # fmt: skip

    def change(self, request: Request) -> Response:
        """What would become of whom; nothing is written yet."""
        asked, code = request.query_params, request.path_params["code"]
        subject, begin = asked.get("subject", "").strip(), asked.get("from", "")
        try:
            with Book(self.settings) as book:
                told = self._found(book, code, subject, begin)
        except OxpeckerError as problem:
            return self._waiting(request, str(problem))
        decide.actions(Desk(self.settings)).enter(self.who(request).name, "shown", told.subject, self.clock())
        return pages.page(
            "change", request, self.who(request), change=told, code=code, says=CODES[code], subject=subject, begin=begin,
            last=book.day, words=wording.DECISIONS,
        )  # fmt: skip

    def propose(self, request: Request, told: Form) -> Response:
        """Enter it, for a second person to answer."""
        desk, code = Desk(self.settings), request.path_params["code"]
        try:
            with Book(self.settings) as book:
                found = self._found(book, code, told.get("subject", "").strip(), told.get("from", ""))
                persons.propose(
                    desk, book, found, code, told.get("reason", ""), self.who(request).name, self.clock()
                )
        except OxpeckerError as problem:
            return self._waiting(request, str(problem))
        request.session["told"] = "Proposed. It is in force once another person agrees."
        return RedirectResponse("/decisions", 303)

    def _found(self, book: Book, code: str, subject: str, begin: str) -> Change:
        if code not in CODES or not subject:
            raise OxpeckerError("nothing of that name can be decided")
        at = self.clock()
        day = persons.first_day(Desk(self.settings), at, _day(begin) if begin else None)
        if code == persons.UNDO:
            return undoing.undo(book, subject, day, at)
        return persons.of_item(book, subject, code, day, at)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise OxpeckerError("a date is written 2026-09-30") from None

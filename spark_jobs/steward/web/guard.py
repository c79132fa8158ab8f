"""Who is there, whether the form is ours, and what a browser may do with our pages. Nothing of it knows what a steward does."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Values shown for a case number must not lie in the browser's cache.
    "Cache-Control": "no-store",
}
MOST_BYTES = 4 * 1024**2
IDLE = timedelta(minutes=30)
TRIES, WITHIN = 5, timedelta(minutes=15)
Form = dict[str, str]
Handler = Callable[[Request, Form], Response]
Page = Callable[[Request], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


class Strict(BaseHTTPMiddleware):
    """The headers of every answer, and no bodies larger than a record can be."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        size = request.headers.get("content-length", "0")
        if request.method == "POST" and (not size.isdigit() or int(size) > MOST_BYTES):
            response: Response = PlainTextResponse("too large", 413)
        else:
            response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response


class Tries:
    """Failed logins by name; after some of them the name has to wait, right password or not."""

    def __init__(self) -> None:
        self._failed: dict[str, list[datetime]] = {}

    def may(self, name: str, at: datetime) -> bool:
        recent = [t for t in self._failed.get(name, []) if t > at - WITHIN]
        self._failed[name] = recent
        return len(recent) < TRIES

    def failed(self, name: str, at: datetime) -> None:
        if len(self._failed) > 1000:
            self._failed.clear()
        self._failed.setdefault(name, []).append(at)

    def succeeded(self, name: str) -> None:
        self._failed.pop(name, None)


def csrf(request: Request) -> str:
    """The token that every form of this session bears."""
    token: str = request.session.setdefault("csrf", secrets.token_urlsafe(24))
    return token


def page(show: Page, clock: Callable[[], datetime]) -> Endpoint:
    """For people who are logged in; others are sent to the login."""

    async def endpoint(request: Request) -> Response:
        if not _is_there(request, clock()):
            return RedirectResponse("/login", 303)
        return await run_in_threadpool(show, request)

    return endpoint


def form(handle: Handler, clock: Callable[[], datetime], *, anybody: bool = False) -> Endpoint:
    """For forms of ours: the session's token is in them, and they come from no other site."""

    async def endpoint(request: Request) -> Response:
        if not anybody and not _is_there(request, clock()):
            return RedirectResponse("/login", 303)
        async with request.form(max_files=0, max_fields=500) as given:
            told = {key: value for key, value in given.items() if isinstance(value, str)}
        origin = request.headers.get("origin")
        is_own = origin is None or origin == f"{request.url.scheme}://{request.url.netloc}"
        known = request.session.get("csrf", "")
        if not is_own or not known or not hmac.compare_digest(known.encode(), told.pop("csrf", "").encode()):
            return PlainTextResponse(
                "this form was not made by this desk, or too long ago; open the page again", 403
            )
        return await run_in_threadpool(handle, request, told)

    return endpoint


def enter(request: Request, name: str, at: datetime) -> None:
    """A new session for a person who has proven to be one."""
    request.session.clear()
    request.session.update({"name": name, "seen": at.isoformat(), "csrf": secrets.token_urlsafe(24)})


def _is_there(request: Request, at: datetime) -> bool:
    told: dict[str, Any] = request.session
    if "name" not in told or "seen" not in told:
        return False
    if at - datetime.fromisoformat(told["seen"]) > IDLE:
        request.session.clear()
        return False
    told["seen"] = at.isoformat()
    return True

"""Commands for people: accounts of the desk, and the desk in a browser."""

from __future__ import annotations

import os
import socket
from typing import Annotated

import typer

from spark_jobs import settings as settings_module
from spark_jobs.clock import utc_now
from spark_jobs.steward import accounts, decide, options
from spark_jobs.steward.queue import Desk


def account_add(
    name: Annotated[str, typer.Argument(help="Of the person; letters, digits, full stops, hyphens.")],
    role: Annotated[str, typer.Option("--role", help="steward: proposes; approver: may also be the second person.")] = accounts.STEWARD,
    profile: options.Profile = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """Add a person to the desk, or give one another password; it is asked for, or comes in OXPECKER_STEWARD_PASSWORD."""
    settings = settings_module.load(profile, landing=landing)
    secret = password(f"password for {name}", confirm=True)
    accounts.add(settings.steward_accounts, name, role, secret)
    of = Desk(settings)
    decide.actions(of).enter(name, "account_added", name, utc_now(), role=role)
    options.out.print(f"{name} is a {role} now")


def account_list(profile: options.Profile = None, landing: options.Landing = None) -> None:
    """Who may use the desk."""
    known = accounts.read(settings_module.load(profile, landing=landing).steward_accounts)
    for each in known.values():
        options.out.print(f"{each.name:<24} {each.role}", highlight=False)
    if not known:
        options.out.print("nobody yet; `oxpecker steward account add NAME --role approver`")


def desk_(
    port: Annotated[int, typer.Option("--port", help="On the loopback address; 0 takes a free one.", min=0, max=65535)] = 8790,
    profile: options.Profile = None, conf: options.Conf = None, landing: options.Landing = None,
) -> None:  # fmt: skip
    """The same at a desk in the browser: only on this machine, for people with an account, every act logged. Ctrl-C ends it."""
    import uvicorn

    from spark_jobs.steward.web.app import make

    settings = settings_module.load(profile, overlay=conf, landing=landing)
    with socket.create_server(("127.0.0.1", port)) as listening:
        options.out.print(
            f"the desk is at http://127.0.0.1:{listening.getsockname()[1]}; Ctrl-C ends it", highlight=False
        )
        server = uvicorn.Server(
            uvicorn.Config(
                make(settings, utc_now), log_level="warning", access_log=False, server_header=False
            )
        )
        server.run(sockets=[listening])


def password(prompt: str, confirm: bool = False) -> str:
    """Never an argument: those can be seen by everybody on the machine."""
    given = os.environ.get("OXPECKER_STEWARD_PASSWORD")
    return (
        given
        if given is not None
        else str(typer.prompt(prompt, hide_input=True, confirmation_prompt=confirm, err=True))
    )

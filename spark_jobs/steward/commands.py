"""`oxpecker steward`: what waits, in context and masked, and what is decided of it. Needs no JVM."""

from __future__ import annotations

import typer

from spark_jobs.steward import deciding, looking, people

app = typer.Typer(
    no_args_is_help=True, help="What was held or kept aside: look, repair, accept, reject, release."
)
account_app = typer.Typer(no_args_is_help=True, help="People who may use the desk.")
app.command("list")(looking.list_)
for command in (
    looking.show, deciding.repair, deciding.accept, deciding.reject, deciding.release, deciding.exception, deciding.approve,
    deciding.decline, deciding.withdraw, looking.log,
):  # fmt: skip
    app.command()(command)
app.command("cases")(looking.cases_)
app.command("desk")(people.desk_)
app.add_typer(account_app, name="account")
account_app.command("add")(people.account_add)
account_app.command("list")(people.account_list)

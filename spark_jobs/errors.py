"""The short family of errors a person may meet.

A message says where, how many and what next. It never carries a customer's value: tables, columns, codes, counts,
file names and line numbers only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Exit code of a decision not to publish: a required feed is held, or a gate failed.
HELD = 3


class OxpeckerError(Exception):
    """Base of every error this product raises on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class SettingsError(OxpeckerError):
    """A setting, profile or rule is missing, unknown or out of range."""


class ContractError(OxpeckerError):
    """A contract is wrong, or a table does not keep it."""


class ServerError(OxpeckerError):
    """The Spark server cannot be started, reached or stopped."""


class ServerGone(ServerError):
    """The Spark server ended in the middle of something."""


class DeliveryError(OxpeckerError):
    """A delivery cannot be read at all (not: held, which is a state and no error)."""


class GateFailed(OxpeckerError):
    """A gate found something critical: nothing is published."""

    exit_code = HELD


class RequiredFeedHeld(OxpeckerError):
    """A feed that the bank cannot do without is held: nothing is published."""

    exit_code = HELD


class ExportHeld(OxpeckerError):
    """What an export needs is stale or failed its checks: nothing is sent. What was published before stays."""

    exit_code = HELD


def nearest(unknown: str, known: Iterable[str]) -> str:
    """Half a sentence that names the nearest known word, or lists what there is when nothing is near."""
    known = sorted(known)
    close = difflib.get_close_matches(unknown, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known are: {', '.join(known)}" if known else "none is known here"

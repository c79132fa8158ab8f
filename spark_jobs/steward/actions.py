"""Who looked at what and did what, and when: an append-only file beside the decisions, each line chained to the one before by a keyed hash.

No value of a customer stands in it: ids, codes and names of staff only. A line that was changed, taken out or put in breaks the chain.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from spark_jobs.bronze import steward_log
from spark_jobs.errors import OxpeckerError

WHAT = (
    "listed", "shown", "revealed", "proposed", "agreed", "declined", "withdrawn", "logged_in", "login_refused", "logged_out", "account_added",
    "refused",
)  # fmt: skip


class Actions:
    """The log of one lake."""

    def __init__(self, path: Path, key_file: Path) -> None:
        self.path, self._key = path, key_file.read_bytes()

    def enter(self, actor: str, what: str, subject: str, at: datetime, **more: str) -> None:
        """Add one line. `more` holds codes, never values."""
        if what not in WHAT:
            raise ValueError(what)
        with steward_log.locked(self.path):
            entry = {"at": at.isoformat() + "Z", "actor": actor, "what": what, "subject": subject, **more}
            last = self._last()
            steward_log.append(self.path, entry | {"chain": self._chain(last, entry)})

    def read(self) -> list[dict[str, Any]]:
        """All lines, oldest first. Raises `OxpeckerError` with the number of the first line that does not follow from the one before."""
        before, found = "", []
        for number, entry in enumerate(self._lines(), 1):
            told = dict(entry)
            chain = told.pop("chain", "")
            if not hmac.compare_digest(str(chain), self._chain(before, told)):
                raise OxpeckerError(f"{self.path.name}, line {number}: the log was changed by another hand")
            before = str(chain)
            found.append(told)
        return found

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.path.is_file():
            for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
                try:
                    yield json.loads(line)
                except ValueError:
                    raise OxpeckerError(
                        f"{self.path.name}, line {number}: the log was changed by another hand"
                    ) from None

    def _last(self) -> str:
        last = ""
        for entry in self._lines():
            last = str(entry.get("chain", ""))
        return last

    def _chain(self, before: str, entry: dict[str, Any]) -> str:
        content = json.dumps(entry, ensure_ascii=False, sort_keys=True)
        return hmac.new(self._key, f"steward action\x1f{before}\x1f{content}".encode(), "sha256").hexdigest()[
            :32
        ]

"""What a call of `oxpecker resolve` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spark_jobs.errors import SettingsError
from spark_jobs.identity.engine import THRESHOLD


@dataclass(frozen=True)
class Asked:
    """What the options of the command say beside files, map and target."""

    threshold: float = THRESHOLD
    report: Path | None = None
    truth: str | None = None
    save_model: Path | None = None
    model: Path | None = None
    secret: Path | None = None
    state: Path | None = None
    changes: bool = False
    gone: Sequence[Path] = ()
    audit: bool = False
    forget: bool = False

    def check(self, files: Sequence[Path], map_file: Path | None) -> None:
        """Errors: SettingsError where options do not go together; it says which to leave out, or to add."""
        if not 0.5 <= self.threshold < 1:
            raise SettingsError("--threshold is a probability from 0.5 to below 1")
        if self.model and self.save_model:
            raise SettingsError(
                "--model judges by a model that is kept, --save-model keeps one that is learned; give one of them"
            )
        if self.state and self.save_model:
            raise SettingsError(
                "--state keeps its model itself, as model.json in its folder; leave --save-model out"
            )
        if self.gone and not self.changes:
            raise SettingsError(
                "--gone names records that are no more beside files of --changes; add --changes"
            )
        if self.changes and (self.state is None or self.truth or self.report):
            raise SettingsError(
                "--changes goes on from a --state and tells what changed; --truth and --report are about all records: leave them out"
            )
        if self.audit and (self.state is None or files or self.gone):
            raise SettingsError("--audit judges the records of a --state anew; give no files")
        if self.forget and self.state is None:
            raise SettingsError("--forget is about what a --state keeps; add --state DIR")
        if not (files or self.gone):
            self._check_bare()
        elif self.changes and map_file is None:
            raise SettingsError(
                "--map is missing: a day's changes are read as the files were with which the state began"
            )

    def _check_bare(self) -> None:
        if self.state is None or self.changes or self.truth or self.report:
            raise SettingsError(
                "give files of people; without files, --state DIR --out FILE writes the clusters that are kept"
            )

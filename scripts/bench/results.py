"""What was measured, kept between calls, so that a single section can be measured again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass
class Results:
    """Figures by section, each with the machine as it was then."""

    path: Path

    @cached_property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.path.read_text()) if self.path.is_file() else {}
        return content

    def forget(self) -> None:
        """A new lake makes the figures of the old one worthless."""
        self.content.clear()

    def add(self, section: str, figures: dict[str, Any], machine: dict[str, Any]) -> None:
        self.content[section] = {**figures, "machine": machine}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.content, indent=1, default=str), encoding="utf-8")

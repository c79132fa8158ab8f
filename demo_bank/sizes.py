"""How large the demo bank is made. All sizes end on the same Wednesday, so that one calendar serves all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

LAST = date(2026, 9, 30)
DEFAULT_SEED = 20260930


@dataclass(frozen=True)
class Size:
    """People, business dates, outlets and customer managers of one size."""

    name: str
    people: int
    first: date
    outlets: int
    managers: int
    last: date = LAST

    @property
    def branches(self) -> int:
        """Branches (分行) above the outlets: six of a whole bank, fewer of a small one."""
        return max(1, min(6, self.outlets // 3))

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


SIZES = {
    size.name: size
    for size in (
        Size("nano", 50, date(2026, 9, 21), 2, 2),
        Size("tiny", 2_000, date(2026, 8, 27), 6, 12),
        Size("demo", 20_000, date(2026, 7, 3), 42, 60),
        Size("full", 1_000_000, date(2025, 10, 1), 42, 260),
    )
}

"""Whether the made bank holds what it promises: groups, moves, alerts and guards, every defect of the systems made, every certificate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from demo_bank.dirt.ledger import Ledger
from demo_bank.dirt.plan import FULL, Plan
from demo_bank.sizes import Size

# Sizes and calendars below these are too small to hold everything.
PEOPLE, DAYS = 2_000, 35
# Systems without which there is nobody to be hit or spared.
MONEY = ("CORE", "WEALTH", "LOAN", "CARD")
# Where each code of the catalogue is planted, and the date it needs when it has one. Others are of systems that are not made.
DEFECTS: dict[str, tuple[tuple[str, ...], date | None]] = {
    "D01": (("CORE",), date(2026, 9, 5)), "D02": (("ECIF",), date(2026, 9, 8)), "D03": (("LOAN",), date(2026, 9, 29)),
    "D04": (("CORE",), date(2026, 9, 11)), "D05": (("ECIF", "CALL"), date(2026, 9, 9)), "D06": (("WEALTH",), date(2026, 9, 21)),
    "D07": (("CARD",), date(2026, 9, 3)), "D08": (("SURVEY",), date(2026, 9, 28)), "D09": (("MBANK", "CONSENT"), date(2026, 9, 21)),
    "D10": (("LOAN",), date(2026, 9, 16)), "D11": (("WEALTH",), date(2026, 9, 14)), "D12": (("CRM",), date(2026, 9, 17)),
    "D13": (("QUEUE",), None), "D14": (("CALL",), None), "D15": (("LOAN",), None), "D16": (("CALL",), None), "D17": (("ECIF",), date(2026, 9, 18)), "D18": (("ECIF",), None),
    "D19": (("CORE", "ECIF"), None), "D20": (("CALL", "CARD"), None), "D21": (("CMPL", "AGENCY"), None), "D22": (("AGENCY",), date(2026, 9, 7)), "D23": (("CORE",), None), "D24": (("CORE",), None),
    "D25": (("CORE", "LOAN"), None), "D26": (("CORE", "ECIF"), None), "D27": (("CORE", "ECIF"), None), "D28": (("CORE",), None),
    "D29": (("ECIF",), None), "D30": (("CALL",), None), "D31": (("CARD",), None), "D32": (("ECIF", "CARD"), None), "D33": (("ECIF",), None), "D34": (("ECIF",), None),
    "D35": (("CORE",), None), "D36": (("CORE",), None), "D37": (("ECIF",), None), "D38": (("CORE", "ECIF"), None), "D39": (("WEALTH",), None),
    "D40": (("ECIF",), None), "D41": (("ECIF",), date(2026, 9, 22)), "D42": (("MBANK", "CARD"), None), "D43": (("SURVEY",), None),
    "D44": (("MBANK",), date(2026, 9, 22)), "D45": (("CRM", "HRORG"), None), "D46": (("QUEUE",), date(2026, 9, 22)), "D47": (("CORE",), None), "D48": (("CORE",), None),
}  # fmt: skip
CERTIFICATES = ("01", "03", "05", "06", "07", "08", "10")


@dataclass(frozen=True)
class Cell:
    """One promise: what, how often it is there, and whether it must be."""

    name: str
    count: int
    is_due: bool


def coverage(
    size: Size, systems: Sequence[str], plan: Plan, ledger: Ledger, seen: Mapping[str, int]
) -> list[Cell]:
    """Cells of groups, moves, alerts and guards by what was seen, then those of defects and certificates, in order of their codes."""
    planted = Counter(row.code for row in ledger.rows)
    whole = size.people >= PEOPLE
    cells = [
        Cell(
            code, planted[code],
            whole and plan.level == FULL and any(system in systems for system in where)
            and (on is None or size.first < on <= size.last),
        )
        for code, (where, on) in DEFECTS.items()
    ]  # fmt: skip
    kinds = Counter(plan.registry.records("CORE").cert_kinds.tolist())
    lives = whole and len(size.dates) >= DAYS and set(MONEY) <= set(systems)
    people = [Cell(name, count, lives) for name, count in sorted(seen.items())]
    return [*people, *cells, *(Cell(f"certificate {kind}", kinds[kind], whole) for kind in CERTIFICATES)]


def missing(cells: Sequence[Cell]) -> list[str]:
    """What must be there and is not."""
    return [cell.name for cell in cells if cell.is_due and cell.count == 0]

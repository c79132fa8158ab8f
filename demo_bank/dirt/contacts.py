"""Defects of what customers say and do: calls, complaints, surveys, the mobile bank. So many a day as the catalogue has in a month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from demo_bank import names
from demo_bank.behaviour.quota import Quota
from demo_bank.dirt.files import Delimited, JsonLines, Layout, SoiledFile
from demo_bank.dirt.plan import Plan
from demo_bank.packages import Inner
from demo_bank.streams import stream
from demo_bank.systems import call

TINY_DAYS = 35
ODD_JSON_DAY = date(2026, 9, 22)
JSON = JsonLines()
LAYOUTS: Mapping[tuple[str, str], Layout] = {
    ("CALL", "CALL"): Delimited(call.COLUMNS, ",", "utf-8", header=1, quote=True),
    ("CMPL", "COMPLAINT"): JSON, ("SURVEY", "RESPONSE"): JSON, ("MBANK", "PAGE_EVENT"): JSON,
}  # fmt: skip
Planter = Callable[[SoiledFile, int, int], bool]


def d14_line_break(file: SoiledFile, row: int, turn: int) -> bool:
    """A line break inside a quoted note."""
    return file.put("D14", row, "address_note", "客户要求回电\n地址有变".encode(), "accept")


def d20_broken_name(file: SoiledFile, row: int, turn: int) -> bool:
    """A question mark or a replacement character instead of a hanzi, or pinyin instead of all."""
    name = file.value(row, "typed_name").decode()
    if len(name) < 2 or name.isascii() or "·" in name:
        return False
    told = (f"{name[:-1]}?", names.latin(name), f"{name[:-1]}\ufffd")[turn % 3]
    return file.put("D20", row, "typed_name", told.encode(), "lower_quality")


def d30_prefix(file: SoiledFile, row: int, turn: int) -> bool:
    """The number as telephone systems hand it on."""
    ani = file.value(row, "ani").decode()
    if len(ani) != 11:
        return False
    told = (f"+86{ani}", f"0086{ani}", f"0{ani}", f"+86 {ani[:3]}-{ani[3:7]}-{ani[7:]}")[turn % 4]
    return file.put("D30", row, "ani", told.encode(), "normalise")


def d21_spreadsheet_id(file: SoiledFile, row: int, turn: int) -> bool:
    """The id went through a spreadsheet, which keeps fifteen digits; of a masked id its last three become zeros."""
    masked = file.value(row, "id_masked").decode()
    if len(masked) != 18 or masked.endswith("000"):
        return False
    return file.put("D21", row, "id_masked", f"{masked[:-3]}000".encode(), "keep_unlinked", "id_precision")


def d34_complaint_name(file: SoiledFile, row: int, turn: int) -> bool:
    name = file.value(row, "name").decode()
    if not names.has_old_spelling(name):
        return False
    return file.put("D34", row, "name", names.old_spelling(name).encode(), "fold")


def d43_answered_twice(file: SoiledFile, row: int, turn: int) -> bool:
    """The same invitation answered once more under another number."""
    line, said = file.lines[row], file.value(row, "response_id")
    file.add("D43", row, line.replace(said, said + b"B", 1), "first_kept")
    return True


def d44_odd_shape(file: SoiledFile, row: int, turn: int) -> bool:
    """A text became a list; on other rows an action nobody announced."""
    if turn % 2:
        return file.put("D44", row, "action", b"long_press", "drift")
    start, end = file.layout.span(file.lines[row], "result")
    line = file.lines[row]
    told = line[: start - 1] + b"[" + line[start - 1 : end + 1] + b"]" + line[end + 1 :]
    file.lines[row] = told
    file.note("D44", row, "result", line[start:end], "rescue", "schema_type")
    return True


# object → (planter, how many in tiny)
PLANTERS: Mapping[tuple[str, str], tuple[tuple[Planter, float], ...]] = {
    ("CALL", "CALL"): ((d14_line_break, 20), (d20_broken_name, 30), (d30_prefix, 60)),
    ("CMPL", "COMPLAINT"): ((d21_spreadsheet_id, 10), (d34_complaint_name, 10)),
    ("SURVEY", "RESPONSE"): ((d43_answered_twice, 15),),
    ("MBANK", "PAGE_EVENT"): ((d44_odd_shape, 10 * TINY_DAYS),),
}  # fmt: skip


class Contacts:
    """Plants so many a day, the fraction left over on the next one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.quotas: dict[str, Quota] = defaultdict(Quota)
        self.turns: dict[str, int] = defaultdict(int)

    def soil(self, path: str, system: str, inner: Inner, day: date) -> SoiledFile | None:
        """A file with today's share of defects; None for other files and days."""
        name = inner.name.rsplit("_", 1)[0]
        planters = PLANTERS.get((system, name))
        if planters is None or not self.plan.soils or (system == "MBANK" and day != ODD_JSON_DAY):
            return None
        file = SoiledFile(path, inner, LAYOUTS[(system, name)])
        for planter, in_tiny in planters:
            code = planter.__name__
            due = self.quotas[code].due(self.plan.scaled(in_tiny) / TINY_DAYS)
            order = stream(self.plan.registry.world.seed, "dirt", code, day).permutation(np.array(file.rows))
            for row in sorted(_first(file, code, order.tolist(), due), reverse=True):
                planter(file, row, self.turns[code])
                self.turns[code] += 1
        if system == "CALL" and inner.content.startswith(b"\xef\xbb\xbf"):
            file.mark_bom("D16", "strip")
        return file


_CAN: Mapping[str, Callable[[SoiledFile, int], bool]] = {
    "d20_broken_name": lambda file, row: len(file.value(row, "typed_name").decode()) > 1,
    "d30_prefix": lambda file, row: len(file.value(row, "ani")) == 11,
    "d34_complaint_name": lambda file, row: names.has_old_spelling(file.value(row, "name").decode()),
}


def _first(file: SoiledFile, code: str, rows: list[int], due: int) -> list[int]:
    """The first rows that can have it, `due` of them."""
    can = _CAN.get(code, lambda file, row: True)
    found: list[int] = []
    for row in rows:
        if len(found) == due:
            break
        if can(file, row):
            found.append(row)
    return found

"""ECIF, the enterprise customer file: `|+|` text, declared GBK, really GB18030. Changes every day, everything on the 1st of a month.

One party per person. Changes are kept as state, so that what a day sends follows from the days before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import numpy as np

from demo_bank import cast
from demo_bank.packages import Inner
from demo_bank.population import Ints
from demo_bank.registry import Registry
from demo_bank.streams import stream

SYSTEM = "ECIF"
ARRIVES = time(2, 40)
SEPARATOR = "|+|"
PARTY = (
    "ecif_id", "party_type", "name_cn", "name_pinyin", "sex", "birth_date", "nationality", "nine_flags", "status", "src_system",
    "src_cust_no", "create_ts", "update_ts", "del_flag",
)  # fmt: skip
CERT = (
    "ecif_id", "cert_type", "cert_no", "issue_place", "eff_date", "exp_date", "is_primary", "verified_flag", "update_ts", "del_flag",
)  # fmt: skip
PHONE = (
    "ecif_id",
    "phone_type",
    "phone_no",
    "eff_date",
    "exp_date",
    "verified_flag",
    "update_ts",
    "del_flag",
)
OBJECTS = {"PARTY": PARTY, "PARTY_CERT": CERT, "PARTY_PHONE": PHONE}
PASSPORTS = 0.12
TOUCHED = 0.003  # parties whose record changes on a day without a reason anybody remembers
MARRIAGE, MERGE, SENT_AGAIN = date(2026, 9, 22), date(2026, 9, 22), date(2026, 9, 23)
FOUND_DEAD = date(2026, 9, 17)
LONG_TERM = "9999-12-31"


def arrival(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), ARRIVES)


@dataclass
class Rows:
    """One object as columns of text, and the date each row was last sent for."""

    columns: tuple[str, ...]
    cells: list[list[str]]
    sent: list[date]

    def __len__(self) -> int:
        return len(self.sent)

    def add(self, day: date, values: Sequence[str]) -> int:
        for column, value in zip(self.cells, values, strict=True):
            column.append(value)
        self.sent.append(day)
        return len(self.sent) - 1

    def change(self, day: date, row: int, **values: str) -> None:
        """New values of a row, which is then sent on `day`."""
        values["update_ts"] = _moment(day, row)
        for name, value in values.items():
            self.cells[self.columns.index(name)][row] = value
        self.sent[row] = day

    def value(self, row: int, name: str) -> str:
        return self.cells[self.columns.index(name)][row]

    def lines(self, rows: Iterable[int]) -> list[str]:
        return [SEPARATOR.join(column[row] for column in self.cells) for row in rows]


def _moment(day: date, row: int) -> str:
    second = 9 * 3600 + row * 7919 % 28_800
    return f"{day} {second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"


@dataclass
class Ecif:
    """The customer file at the end of `day`.

    troubles  persons by defect code, for defects that are states of this system: D29 D37 D40 D41; nobody in the clean twin
    """

    registry: Registry
    troubles: Mapping[str, Ints]
    party: Rows
    cert: Rows
    phone: Rows
    office: dict[int, int] = field(default_factory=dict)
    passport: dict[int, int] = field(default_factory=dict)

    @classmethod
    def open(cls, registry: Registry, troubles: Mapping[str, Ints] | None = None) -> Ecif:
        """The state on the evening before the first business date."""
        party, cert, phone = (Rows(columns, [[] for _ in columns], []) for columns in OBJECTS.values())
        made = cls(registry, troubles or {}, party, cert, phone)
        made._open_parties()
        made._open_certs()
        made._open_phones()
        return made

    @property
    def _before(self) -> date:
        return self.registry.world.size.first - timedelta(days=1)

    @property
    def _first_sent(self) -> list[date]:
        """Newcomers are sent when they come, the others at the opening."""
        opened = np.maximum(self.registry.world.opened, np.datetime64(self._before)).astype("datetime64[D]")
        return list(opened.astype(object))

    def _trouble(self, code: str) -> list[int]:
        return [int(person) for person in self.troubles.get(code, ())]

    def _open_parties(self) -> None:
        world, records, day = self.registry.world, self.registry.records(SYSTEM), self._before
        n = world.people
        opened = [str(when) for when in world.opened.astype("datetime64[D]")]
        since = [f"{when} {9 + p % 8:02d}:{p % 60:02d}:00" for p, when in enumerate(opened)]
        status = ["1"] * n
        for person in (p for p in cast.CLOSED if p < n):
            status[person] = "2"
        for person in (p for p in cast.DIED if p < n and day >= FOUND_DEAD):
            status[person] = "9"
        flags = [f"{(p * 2654435761) % 512:09b}" for p in range(n)]
        nations = ["CHN" if nation == "156" else str(nation) for nation in world.nations]
        self.party.cells = [
            records.keys.tolist(), ["1"] * n, records.names.tolist(), self.registry.latin(np.arange(n)), world.sexes.tolist(),
            [str(born) for born in world.births.astype("datetime64[D]")], nations, flags, status, ["CORE"] * n,
            self.registry.cust_no.tolist(), since, list(since), ["0"] * n,
        ]  # fmt: skip
        self.party.sent = self._first_sent

    def _open_certs(self) -> None:
        world, records = self.registry.world, self.registry.records(SYSTEM)
        n = world.people
        rng = stream(world.seed, SYSTEM, "certificates", n)
        ages = world.age_days(world.size.last) // 365
        issued = np.datetime64(world.size.last) - rng.integers(200, 3000, n)
        ends = [
            LONG_TERM if age >= 46 else str(when + 20 * 365) for age, when in zip(ages, issued, strict=True)
        ]
        place = np.where(records.cert_kinds == "01", "滨江市公安局", "滨江市出入境管理局")
        updated = self.party.cells[self.party.columns.index("update_ts")]
        self.cert.cells = [
            records.keys.tolist(), records.cert_kinds.tolist(), records.certs.tolist(), place.tolist(),
            [str(when) for when in issued], ends, ["1"] * n, ["1"] * n, list(updated), ["0"] * n,
        ]  # fmt: skip
        self.cert.sent = self._first_sent
        travels = (rng.random(n) < PASSPORTS) & (world.cert_kinds == "01") & world.is_adult
        travels[[p for p in (cast.person(6), *self._trouble("D37")) if p < n]] = True
        for person in np.flatnonzero(travels).tolist():
            until = str(np.datetime64(world.size.last) + 20 + person * 37 % 3000)
            self.passport[person] = self._add_cert(
                self.party.sent[person], person, "04", f"E{10_000_000 + person}", "2018-05-02", until
            )

    def _add_cert(
        self, day: date, person: int, kind: str, number: str, since: str, until: str, owner: int | None = None
    ) -> int:
        """A further certificate; it is filed under `owner` where ECIF takes the person for somebody else."""
        key = str(self.registry.ecif_no[person if owner is None else owner])
        return self.cert.add(
            day, (key, kind, number, "滨江市出入境管理局", since, until, "0", "1", _moment(day, len(self.cert)), "0")
        )  # fmt: skip

    def _open_phones(self) -> None:
        world, records, day = self.registry.world, self.registry.records(SYSTEM), self._before
        n = world.people
        updated = self.party.cells[self.party.columns.index("update_ts")]
        since = [
            str(when)
            for when in np.maximum(world.opened, np.datetime64("2012-01-01")).astype("datetime64[D]")
        ]
        self.phone.cells = [
            records.keys.tolist(), ["01"] * n, records.mobiles.tolist(), since, [""] * n, ["1"] * n, list(updated), ["0"] * n,
        ]  # fmt: skip
        self.phone.sent = self._first_sent
        if n > cast.FORMER_OWNER:
            for person, name, value in (
                (cast.FORMER_OWNER, "exp_date", str(cast.CLOSED[cast.FORMER_OWNER])),
                (cast.person(9), "eff_date", "2026-08-20"),
            ):  # fmt: skip
                self.phone.cells[PHONE.index(name)][person] = value
        for person in self._trouble("D40"):
            self.office[person] = self._add_phone(day, person, "03", office_phone(person), "2019-03-01", "")
        # The number the person had until spring now belongs to somebody else, who got it after ninety days.
        for person in self._trouble("D29"):
            heir = self.registry.heir(person)
            self._add_phone(day, person, "01", str(world.mobiles[heir]), "2016-02-01", "2026-04-30")
            self.phone.cells[PHONE.index("eff_date")][heir] = "2026-08-10"

    def _add_phone(self, day: date, person: int, kind: str, number: str, since: str, until: str) -> int:
        key = str(self.registry.ecif_no[person])
        return self.phone.add(day, (key, kind, number, since, until, "1", _moment(day, len(self.phone)), "0"))

    def advance(self, day: date) -> None:
        """Changes of one business date."""
        n = self.registry.world.people
        rng = stream(self.registry.world.seed, SYSTEM, "changes", day)
        touched = rng.choice(n, max(1, round(n * TOUCHED)), replace=False)
        for person in (p for p in touched.tolist() if self.party.sent[p] <= day):
            self.party.change(day, person)
            self.cert.change(day, person, verified_flag="1")
            self.phone.change(day, person, verified_flag="1")
        if day == MARRIAGE and n > cast.person(6):
            self._marry(day, cast.person(6))
        if day == SENT_AGAIN and n > cast.person(25):
            self.party.change(day, cast.person(25))
        if day == FOUND_DEAD:
            for person in (p for p in cast.DIED if p < n):
                self.party.change(day, person, status="9")
        self._troubles(day)

    def _marry(self, day: date, person: int) -> None:
        """The surname changes in name and passport, the id stays."""
        self.party.change(day, person, name_cn="何婉清", name_pinyin="HE WANQING")
        self._renew(day, person)

    def _renew(self, day: date, person: int) -> None:
        """A new passport; the old one ends."""
        self.cert.change(day, self.passport[person], exp_date=str(day))
        self._add_cert(day, person, "04", renewed_number(person), str(day), f"{day.year + 10}-{day:%m}-01")

    def _troubles(self, day: date) -> None:
        for person in self._trouble("D37"):
            if day == turn(self.registry, person):
                self._renew(day, person)
        for person in (p for p in self._trouble("D40") if p in self.office):
            vanishes = vanishes_on(self.registry, person)
            if vanishes is None and day == turn(self.registry, person):
                self.phone.change(day, self.office.pop(person), del_flag="1")
            elif day == vanishes:
                # Not sent as deleted: it is missing from the complete delivery, and that is all.
                self.phone.cells[PHONE.index("del_flag")][self.office.pop(person)] = "1"
        if day == max(MERGE, self.registry.world.size.first):
            for other in self._trouble("D41"):
                self._merge(day, merged_into(self.registry, other), other)

    def _merge(self, day: date, kept: int, other: int) -> None:
        """ECIF takes two people for one: certificate and phone of the second move to the first, whose record stays."""
        self.party.change(day, kept)
        self.party.change(day, other, del_flag="1")
        self.cert.change(day, other, del_flag="1")
        kind, number = self.cert.value(other, "cert_type"), self.cert.value(other, "cert_no")
        self._add_cert(
            day,
            other,
            kind,
            number,
            self.cert.value(other, "eff_date"),
            self.cert.value(other, "exp_date"),
            kept,
        )
        self.phone.change(day, other, del_flag="1")
        self._add_phone(
            day, kept, "01", self.phone.value(other, "phone_no"), self.phone.value(other, "eff_date"), ""
        )

    def package(self, day: date, *, everything: bool = False) -> list[Inner]:
        """PARTY PARTY_CERT PARTY_PHONE: what changed on the date; everything in the opening package and on the 1st.

        A complete delivery leaves out what was deleted.
        """
        files = []
        for name, rows in zip(OBJECTS, (self.party, self.cert, self.phone), strict=True):
            if everything or day.day == 1:
                gone = rows.cells[rows.columns.index("del_flag")]
                told = [
                    row
                    for row in range(len(rows))
                    if rows.sent[row] <= day and (gone[row] == "0" or rows.sent[row] == day)
                ]
            else:
                told = [row for row in range(len(rows)) if rows.sent[row] == day]
            content = "".join(f"{line}\n" for line in rows.lines(told)).encode("gb18030")
            files.append(Inner(f"{name}_{day:%Y%m%d}.txt", content, len(told), 0))
        return files


def renewed_number(person: int) -> str:
    """Number of a person's next passport."""
    return f"EA{2_000_000 + person:07d}"


def turn(registry: Registry, person: int) -> date:
    """The date on which a person's planted change happens, spread over the calendar but for its first days."""
    days = registry.world.size.dates[2:] or registry.world.size.dates
    return days[person * 31 % len(days)]


def vanishes_on(registry: Registry, person: int) -> date | None:
    """When a person's deleted phone is left out of the complete delivery instead of being sent as deleted (every other one of D40)."""
    complete = [day for day in registry.world.size.dates[1:] if day.day == 1]
    return complete[0] if complete and person % 2 else None


def office_phone(person: int) -> str:
    """The land line that is deleted later."""
    return f"0571{86_000_000 + person:08d}"


def merged_into(registry: Registry, other: int) -> int:
    """With whom ECIF merges a person (D41): member 05 with 04, others with the one before them."""
    return other - 1

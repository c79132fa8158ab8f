"""The hidden truth, beside landing: who is who, and what everybody owns to the cent. Only `demo_bank.score` opens it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demo_bank.behaviour.conduct import Day
from demo_bank.population import Ints, Strings
from demo_bank.registry import Registry
from demo_bank.systems.call import call_number

FOLDER = "truth"
# What counts as owned; the other parts are owed.
OWNED = ("deposit", "wealth", "fund", "insurance", "in_transit")
LINKED = ("CORE", "ECIF", "WEALTH", "CARD", "MBANK", "CRM")


class Truth:
    """Collects the truth while the days are made; balances are written day by day, so memory stays flat."""

    def __init__(self, out: Path) -> None:
        self.folder = out / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._balances: pq.ParquetWriter | None = None
        self._links: pq.ParquetWriter | None = None
        self._asked = np.zeros(0, np.int64)

    def people(
        self, registry: Registry, systems: Sequence[str], within: Mapping[str, NDArray[np.int64]]
    ) -> None:
        """truth_link of the records that are there from the start: which source record is whose.

        within  system → the people whom it delivers, where these are not all who have a record there
        """
        for system in (each for each in LINKED if each in systems):
            records = registry.records(system)
            told = np.isin(records.person, within.get(system, records.person))
            self.link(records.source, records.keys[told], records.person[told])

    def link(self, source: str, keys: Strings | Sequence[str], persons: NDArray[np.int64]) -> None:
        """More rows of truth_link: person −1 is nobody. A key may be told once only."""
        n = len(keys)
        if n == 0:
            return
        who = pa.array(np.asarray(persons), pa.int64(), mask=np.asarray(persons) < 0)
        table = pa.table({
            "source_code": pa.array([source] * n), "source_key": pa.array([str(key) for key in keys]), "person_no": who,
        })  # fmt: skip
        if self._links is None:
            self._links = pq.ParquetWriter(self.folder / "truth_link.parquet", table.schema)
        self._links.write_table(table)

    def lived(self, registry: Registry, lived: Day, systems: Sequence[str]) -> None:
        """Records of the day: calls and complaints, which have no number of a person, and who is invited for the first time. Strangers are nobody."""
        calls, sent, made = lived.calls, lived.invitations, lived.complaints
        told = {
            "CALL": ([call_number(lived.day, k) for k in range(len(calls.caller))], calls.caller),
            "CMPL": ([each.number for each in made], np.array([each.person for each in made], np.int64)),
        }  # fmt: skip
        for system, (keys, persons) in told.items():
            if system in systems:
                self.link(system.lower(), keys, persons)
        if "SURVEY" in systems:
            # An invitation names its customer by the number of CORE; those without a customer are nobody's to find.
            asked = np.setdiff1d(np.unique(sent.person[~sent.is_anonymous]), self._asked)
            self._asked = np.union1d(self._asked, asked)
            self.link("survey", registry.cust_no[asked], asked)

    def balances(self, day: date, parts: Mapping[str, tuple[Ints, Ints]]) -> None:
        """truth_balance_daily: what each person has in each part of AUM and owes in each kind of debt, in cents of CNY.

        parts  name → (person, cents), several rows of a person are added up; a person without a row has nothing of it
        """
        if not parts:
            return  # None of the systems that are made knows of money.
        names = np.repeat(list(parts), [len(who) for who, _ in parts.values()])
        who, cents = (np.concatenate([told[k] for told in parts.values()]) for k in range(2))
        table = pa.table({
            "business_date": pa.array([day] * len(who), pa.date32()), "person_no": pa.array(who, pa.int64()),
            "part": pa.array(names.tolist(), pa.string()), "cents": pa.array(cents, pa.int64()),
        })  # fmt: skip
        summed = table.group_by(["business_date", "person_no", "part"]).aggregate([("cents", "sum")])
        summed = summed.rename_columns(["business_date", "person_no", "part", "cents"]).sort_by(
            [("person_no", "ascending"), ("part", "ascending")]
        )
        is_owned = pc.is_in(summed["part"], pa.array(OWNED))
        summed = summed.append_column("is_in_aum", is_owned)
        if self._balances is None:
            self._balances = pq.ParquetWriter(self.folder / "truth_balance_daily.parquet", summed.schema)
        self._balances.write_table(summed)

    def close(self) -> None:
        for writer in (self._balances, self._links):
            if writer is not None:
                writer.close()

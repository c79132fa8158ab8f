"""The hidden truth, beside landing: who is who, and what everybody owns to the cent. Only `demo_bank.score` opens it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo_bank.books import Books
from demo_bank.population import World

FOLDER = "truth"


class Truth:
    """Collects the truth while the days are made; balances are written day by day, so memory stays flat."""

    def __init__(self, out: Path) -> None:
        self.folder = out / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self._balances: pq.ParquetWriter | None = None

    def people(self, world: World) -> None:
        """truth_link: which source record is whose."""
        seconds = world.second_numbers()
        keys = [*world.cust_numbers().tolist(), *[f"C{500_000_000 + n}" for n in seconds]]
        who = [*range(world.people), *seconds.tolist()]
        links = pa.table(
            {"source_code": ["core"] * len(keys), "source_key": keys, "person_no": pa.array(who, pa.int64())}
        )
        pq.write_table(links, self.folder / "truth_link.parquet")

    def balances(self, books: Books, day: date) -> None:
        """truth_balance_daily: deposits of each person in each currency, in cents; joint accounts by half, the odd cent to the first."""
        held = books.accounts
        joint = held.co_holder >= 0
        half = np.where(joint, books.balance - books.balance // 2, books.balance)
        other = np.where(joint, books.balance // 2, 0)
        who = np.concatenate([held.holder, held.co_holder[joint]])
        currency = np.concatenate([held.currency, held.currency[joint]])
        cents = np.concatenate([half, other[joint]])
        table = pa.table({
            "business_date": pa.array([day] * len(who), pa.date32()), "person_no": who, "currency": currency, "cents": cents,
        })  # fmt: skip
        summed = table.group_by(["business_date", "person_no", "currency"]).aggregate([("cents", "sum")])
        summed = summed.rename_columns(["business_date", "person_no", "currency", "cents"]).sort_by(
            [("person_no", "ascending"), ("currency", "ascending")]
        )
        if self._balances is None:
            self._balances = pq.ParquetWriter(self.folder / "truth_balance_daily.parquet", summed.schema)
        self._balances.write_table(summed)

    def close(self) -> None:
        if self._balances is not None:
            self._balances.close()

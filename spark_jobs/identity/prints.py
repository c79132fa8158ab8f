"""What silver says of persons, as columns in memory: two hashes of all that is said of a party, and the record versions of whom is asked for.

Only the columns named here reach features, rules and model: what else changes about a party cannot change who is who.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.identity.compared import Prints
from spark_jobs.identity.engine.coded import ODD, mixed
from spark_jobs.identity.reach import Keys, meeting_keys, text_hashes, used_keys
from spark_jobs.identity.together import KEYS
from spark_jobs.identity.versions import CONTACT, NUMBER, PARTY, Versions, lenders, only, versions

# By these columns of silver.party_hist, silver.party_identifier and silver.party_contact a person is compared: by rules (features.py, evidence.py)
# and by the model (versions.py); and what else the golden record and the registers say of one (golden.py, registers.py).
PARTIES = (*PARTY, "is_identifiable", "is_masked", "nationality_code", "occupation_code", "deceased_date", "address_norm")  # fmt: skip
NUMBERS = (*NUMBER, "source_code", "id_token", "checksum_state_code", "is_primary", "id_birth_date", "id_sex_code")  # fmt: skip
CONTACTS = (*CONTACT, "source_code", "contact_token", "is_masked")
SEEN = pa.schema([
    ("party_id", pa.string()), ("source_code", pa.string()), ("first_seen_date", pa.date32()), ("is_identifiable", pa.bool_()),
])  # fmt: skip
Hashes = npt.NDArray[np.uint64]


class Silver:
    """What the sources say of persons, as the identity job compares it: current beliefs of the three tables of silver, up to a day.

    parties, numbers, contacts  with the columns `PARTIES`, `NUMBERS`, `CONTACTS`; rules: conf/rules/identity.yml
    """

    def __init__(
        self, parties: pa.Table, numbers: pa.Table, contacts: pa.Table, rules: Mapping[str, Any]
    ) -> None:
        self._parties, self._numbers, self._contacts = parties, numbers, contacts
        self._rules = rules

    def prints(self) -> Prints:
        """Two hashes per party, of its rows and of the rows of records that speak for it."""
        tables = (self._parties, self._numbers, self._contacts)
        ids = self._ids
        sums = np.zeros((len(ids), len(KEYS)), np.uint64)
        for table in tables:
            at = pc.index_in(table["party_id"], value_set=ids).to_numpy()
            for n, key in enumerate(KEYS):
                # Sums: in whatever order rows come, and equal rows count as often as they are there.
                np.add.at(sums[:, n], at, row_hashes(table, key))
        owner, speaker = (
            pc.index_in(pa.array(side, pa.string()), value_set=ids).to_numpy(zero_copy_only=False).astype(np.int64)
            for side in (self._lent["owner"], self._lent["speaker"])
        )  # fmt: skip
        said = sums.copy()
        for n in range(len(KEYS)):
            np.add.at(said[:, n], owner, mixed(sums[speaker, n]))
        return Prints(ids.to_pylist(), said)

    def versions(self, wanted: Collection[str] | None) -> Versions:
        """Record versions of these parties; None: of everybody."""
        if wanted is None:
            return versions(self._parties, self._numbers, self._contacts, self._rules)
        speakers = self._lent.loc[self._lent["owner"].isin(set(wanted)), "speaker"]
        parties, numbers, contacts = self.rows_of({*wanted, *speakers})
        return only(versions(parties, numbers, contacts, self._rules), set(wanted))

    def keys(self) -> tuple[Keys, Keys]:
        """Keys by which rules let two meet, and numbers that are counted."""
        return (
            meeting_keys(self._ids, self._parties, self._numbers, self._contacts, self._rules),
            used_keys(self._ids, self._numbers, self._contacts),
        )

    def rows_of(self, parties: Collection[str]) -> tuple[pa.Table, pa.Table, pa.Table]:
        """Rows of these parties: of parties, of numbers, of contacts."""
        some = pa.array(sorted(parties), pa.string())
        one, two, three = (
            table.filter(pc.is_in(table["party_id"], value_set=some))
            for table in (self._parties, self._numbers, self._contacts)
        )
        return one, two, three

    @cached_property
    def begin(self) -> date | None:
        """First day of a record of a system whose records hold from the day they are delivered; None: there is none."""
        owners = [rule["owner"] for rule in self._rules["rules"].values() if rule["key"] == "reference"]
        own = pc.is_in(self._persons["source_code"], value_set=pa.array(owners, pa.string()))
        found: date | None = pc.min(self._persons.filter(own)["valid_from"]).as_py()
        return found

    @cached_property
    def seen(self) -> pa.Table:
        """Natural persons and the business date from which the lake knows them.

        Grain: party_id; source_code, first_seen_date, is_identifiable (true where nobody says). What a system dates back further than `begin` (an app
        user bound years ago) counts from it: before it there was nothing to belong to.
        """
        found = self._persons.group_by("party_id", use_threads=False).aggregate([
            ("source_code", "min"), ("valid_from", "min"), ("is_identifiable", "min"),
        ]).sort_by("party_id")  # fmt: skip
        first = found["valid_from_min"]
        if self.begin is not None and len(first):
            first = pc.max_element_wise(first, pa.scalar(self.begin, pa.date32()))
        known = pc.fill_null(found["is_identifiable_min"].cast(pa.bool_()), fill_value=True)
        return pa.table([found["party_id"], found["source_code_min"], first, known], schema=SEEN)

    @cached_property
    def _persons(self) -> pa.Table:
        return self._parties.filter(pc.equal(self._parties["party_kind_code"], "person"))

    @cached_property
    def _ids(self) -> pa.Array:
        """Ids of all parties, sorted."""
        tables = (self._parties, self._numbers, self._contacts)
        every = pa.chunked_array([c for table in tables for c in table["party_id"].chunks], pa.string())
        return pc.unique(every).sort()

    @cached_property
    def _lent(self) -> pd.DataFrame:
        """speaker, owner: records that give, on some day without a name, the number under which another system knows somebody (versions.py)."""
        owned_by = lenders(self._rules)
        kinds = pa.array(sorted(owned_by), pa.string())
        given = self._numbers.filter(pc.is_in(self._numbers["id_kind_code"], value_set=kinds))
        given = given.select(["party_id", "id_kind_code", "id_value_norm", "id_class_code", "source_code"]).to_pandas()  # fmt: skip
        given = given[given["id_value_norm"].notna()]
        nobody = pc.and_(pc.is_null(self._parties["name"]), pc.is_null(self._parties["name_latin"]))
        nameless = set(self._parties.filter(nobody)["party_id"].to_pylist())
        own = given[given["source_code"] == given["id_kind_code"].map(owned_by)]
        speaking = given[(given["id_class_code"] == "strong") & given["party_id"].isin(nameless)]
        met = speaking.merge(own, on=["id_kind_code", "id_value_norm"], suffixes=("", "_owner"))
        met = met[met["party_id"] != met["party_id_owner"]]
        both = met[["party_id", "party_id_owner"]].drop_duplicates()
        return both.set_axis(["speaker", "owner"], axis=1)


def row_hashes(table: pa.Table, key: str) -> Hashes:
    """A hash of each row; which columns there are tells the tables apart."""
    found = np.full(table.num_rows, len(table.column_names), np.uint64)
    for name in table.column_names:
        with np.errstate(over="ignore"):
            found = mixed(found * ODD + text_hashes(table[name], key))
    return found

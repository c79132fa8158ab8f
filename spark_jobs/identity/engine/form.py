"""What reading a file of people learns of the whole file. Kept, it lets a single record be read as it was when the file was.

Nothing here is a person's value: frequent values stand as hashes under a key that is not kept with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from spark_jobs.identity.engine import people
from spark_jobs.identity.engine.coded import OPEN_KEY, Coded

Hashes = npt.NDArray[np.int64]
_NAMES = {"name", "given", "surname"}
_FIELDS = {people.FULL_NAME: _NAMES, people.GIVEN: _NAMES, people.SURNAME: _NAMES}


@dataclass(frozen=True)
class Shape:
    """A field without its values. kind: how it is compared (levels.py); is_shared: whether a household has it in common by its nature."""

    name: str
    kind: str
    is_shared: bool = False


@dataclass
class Form:
    """How the records of a file are read. An empty one is filled by the first file that is read under it (`standardised`).

    key               under which values are hashed (16 characters of ASCII)
    shapes            the fields, in their order; None until the first file is read
    are_names_whole   whether names are compared whole, or as given name and surname; None: there are none
    is_month_first    whether 03/04/1980 is 4 March; orders: sources of which the contrary is true; placeholders: dates that stand for "unknown", hashed
    is_address_whole  whether the parts of an address are one text, because sources part it differently
    bands             field → hash of a value → its band of frequency, for values that are not in the rarest. None: as the file at hand shows
    """

    key: str = field(default=OPEN_KEY, repr=False)
    shapes: list[Shape] | None = None
    are_names_whole: bool | None = None
    is_month_first: bool = False
    orders: dict[str, bool] = field(default_factory=dict)
    placeholders: Hashes = field(default_factory=lambda: np.empty(0, np.int64))
    is_address_whole: bool = False
    bands: dict[str, tuple[Hashes, npt.NDArray[np.uint8]]] | None = None

    @property
    def is_known(self) -> bool:
        """Whether a file has been read under it."""
        return self.shapes is not None

    def unknown(self, roles: Iterable[str]) -> list[str]:
        """Roles for which the form has no field: nothing is compared by them."""
        names = [s.name for s in self.shapes or []]
        known = {name.rsplit("_", 1)[0] if name[-1].isdigit() else name for name in names}
        return sorted(role for role in roles if not known & _FIELDS.get(role, {role}))

    def give_bands(self, name: str, coded: Coded) -> None:
        """Notes beside each value how frequent it was in the file of the form; one that file did not have was rare there."""
        if self.bands is None or "band" in coded.facts:
            return
        hashes, bands = self.bands[name]
        at = np.minimum(np.searchsorted(hashes, coded.hashes()), max(len(hashes) - 1, 0))
        known = hashes[at] == coded.hashes() if len(hashes) else np.zeros(len(coded.values), bool)
        coded.facts["band"] = np.where(known, bands[at] if len(bands) else 1, 1).astype(np.uint8)

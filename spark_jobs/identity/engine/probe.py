"""What this engine makes of a few made-up people: whoever changes how records are read, keyed or compared, changes it.

A model that is kept holds it, so that an engine that would misread the model refuses it.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import pyarrow as pa

from spark_jobs.identity.engine import people
from spark_jobs.identity.engine.entries import entries_of
from spark_jobs.identity.engine.form import Form
from spark_jobs.identity.engine.levels import compared
from spark_jobs.identity.engine.people import People
from spark_jobs.identity.engine.rules import rules
from spark_jobs.identity.engine.standardise import standardised
from spark_jobs.identity.engine.strong_keys import certificates

_ROLES = (
    people.FULL_NAME, people.BIRTH_DATE, people.NATIONAL_ID, people.OTHER_ID, people.PHONE, people.E_MAIL, people.ADDRESS, people.CITY,
    people.POSTCODE, people.SEX, people.OTHER,
)  # fmt: skip
# Nobody is called so and lives there: scripts, spellings, masks, cuts and slips that are read or compared in ways of their own.
_PEOPLE = (
    ("王小明", "1980-01-02", "339801198001020019", "H0154000001", "15400001234", "xm.wang@example.org", "幸福路12号3幢", "宁波", "315000", "男", "a"),
    ("王曉明", "1980/1/2", "339801800102001", "H01540000", "+86 154 0000 1234", "xm.wang+card@example.org", "幸福路 12 号", "宁波市", "315000.0", "1", "a"),
    ("Wang Xiaoming", "19800201", "339801198001020018", "A123456789", "154****1234", "xm.wang@example.com", "14 Happy Road", "Ningbo", "315001", "m", ""),
    ("Xiaoming Wang", "02/01/1980", "33980119800102001*", "a12345678", "15400001243", "xmwang@example.org", "12 Happy Road Ningbo", "ningbo", "", "F", "b"),
    ("王*明", "1980-01", "", "", "0574-8154000", "", "", "", "315", "", ""),
    ("WONG Siu Ming", "1980", "123456789012345678", "000000", "13800138000", "wong@", "Happy Rd 12", "", "", "女", "ab"),
    ("查良鏞", "1955-03-09", "339801195503090015", "", "15400009999", "cha@example.org", "南山村", "宁波", "315000", "2", ""),
    ("查良", "1955-09-03", "339801195503090023", "G15400001", "15400009998", "", "南山村委", "", "", "", ""),
    ("CHA, Liang-yung", "9 Mar 1955", "", "G15400002", "", "cha@example.com", "", "宁波", "", "", ""),
    ("阿依古丽·买买提", "1900-01-01", "339801199912310027", "", "154000099", "", "NULL", "unknown", "", "x", ""),
    ("O'Brien, Séan Dr", "31.12.1999", "", "", "n/a", "SEAN@example.org", "Flat 2, 7 Mill Lane", "Cork", "T12 AB3", "male", "c"),
    ("Brien Sean", "12-31-1999", "", "", "", "", "7 Mill Ln", "Cork", "t12ab3", "", "c"),
)  # fmt: skip


def probed(form: Form) -> str:
    """A hash of their keys, certificates and patterns under a form that is known."""
    columns = {
        role: [pa.array([row[i] or None for row in _PEOPLE], pa.string())] for i, role in enumerate(_ROLES)
    }
    for role in (people.ADDRESS, people.OTHER):
        # In as many columns as the form has.
        parts = sum(s.name.startswith(f"{role}_") for s in form.shapes or [])
        columns[role] *= max(parts, 1)
    count = len(_PEOPLE)
    keys = pa.array([f"{i:02}" for i in range(count)], pa.string())
    fields = standardised(People(columns, pa.array(["probe"] * count, pa.string()), keys), form)
    blocks = entries_of(rules(fields), np.arange(count), form.key)
    left, right = np.triu_indices(count, 1)
    entries = np.unique(
        np.stack([blocks.keys, blocks.members.astype(np.int64), blocks.rules.astype(np.int64)]), axis=1
    )
    patterns = compared(fields, left.astype(np.int32), right.astype(np.int32))
    made = b"".join(a.astype("<i8").tobytes() for a in (entries, certificates(fields, count), patterns))
    return sha256(made).hexdigest()

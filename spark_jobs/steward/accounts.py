"""People who may use the steward's desk: names, roles and salted hashes of passwords (scrypt), in a file only its owner can read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from spark_jobs.bronze import steward_log
from spark_jobs.errors import OxpeckerError

STEWARD, APPROVER = "steward", "approver"
ROLES = (STEWARD, APPROVER)
LEAST_LENGTH = 12
# 32 MiB and about a tenth of a second for each guess.
_COST = {"n": 2**15, "r": 8, "p": 1, "maxmem": 64 * 1024**2}


@dataclass(frozen=True)
class Account:
    """A steward proposes and decides; an approver may also be the second person of others' decisions."""

    name: str
    role: str
    salt: str
    hash: str

    @property
    def may_approve(self) -> bool:
        return self.role == APPROVER


def read(path: Path) -> dict[str, Account]:
    """Accounts by name; none where there is no file."""
    if not path.is_file():
        return {}
    return {each["name"]: Account(**each) for each in json.loads(path.read_text(encoding="utf-8"))}


def add(path: Path, name: str, role: str, password: str) -> Account:
    """Add a person, or give one another role and password."""
    if role not in ROLES:
        raise OxpeckerError(f"no role `{role}`; known are {', '.join(ROLES)}")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", name):
        raise OxpeckerError("a name is letters, digits, full stops and hyphens, 40 at most")
    if len(password) < LEAST_LENGTH:
        raise OxpeckerError(f"a password has {LEAST_LENGTH} signs at least")
    with steward_log.locked(path):
        known = read(path)
        twin = next((n for n in known if n != name and steward_log.same_person(n, name)), None)
        if twin is not None:
            raise OxpeckerError(f"`{name}` and `{twin}` would be one person's name")
        salt = os.urandom(16)
        account = Account(name, role, salt.hex(), _hash(password, salt))
        content = [asdict(a) for _, a in sorted({**known, name: account}.items())]
        written = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(written, path)
    return account


def proven(path: Path, name: str, password: str) -> Account | None:
    """The account where the password is its own. An unknown name takes as long as a wrong password."""
    account = read(path).get(name)
    salt = bytes.fromhex(account.salt) if account else b"nobody's salt ..."
    found = _hash(password, salt)
    return account if account is not None and hmac.compare_digest(found, account.hash) else None


def _hash(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, dklen=32, **_COST).hex()

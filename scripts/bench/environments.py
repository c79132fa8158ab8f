"""Environments of the yardsticks, each made by uv from a lock file with hashes, apart from the product's."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spark_jobs.settings import REPOSITORY

LOCKS = REPOSITORY / "scripts" / "bench" / "yardsticks"
PLACE = REPOSITORY / ".cache" / "bench"
BOOTSTRAP = REPOSITORY / ".bootstrap" / "bin"
# Name, version and licence of every package, as the package says.
_LICENCES = """
import json
from importlib.metadata import distributions
def licence(m):
    said = m.get("License-Expression") or "; ".join(c.split("::")[-1].strip() for c in m.get_all("Classifier") or [] if c.startswith("License ::"))
    return said or (m.get("License") or "").split(chr(10))[0][:40] or "not said"
print(json.dumps(sorted({(d.metadata["Name"], d.version, licence(d.metadata)) for d in distributions()})))
"""


class NotInstalled(Exception):
    """Why an environment is not there, in words for the page."""


def python_of(name: str) -> Path:
    """The interpreter of an environment, made where it is not there or its lock has changed. Raises `NotInstalled`."""
    lock = LOCKS / f"{name}.lock"
    if not lock.is_file():
        raise NotInstalled("no lock file")
    home = PLACE / name
    python, stamp = (
        home / "bin" / "python",
        home / f".lock-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}",
    )
    if stamp.is_file():
        return python
    uv = str(BOOTSTRAP / "uv")
    _call([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)])
    _call([uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(lock)])
    stamp.touch()
    return python


def packages(name: str) -> list[tuple[str, str, str]]:
    """Name, version and licence of what is installed in an environment."""
    told = subprocess.run(
        [str(PLACE / name / "bin" / "python"), "-c", _LICENCES], capture_output=True, text=True, check=True
    )
    found: list[list[Any]] = json.loads(told.stdout)
    return [(each[0], each[1], each[2]) for each in found]


def _call(command: list[str]) -> None:
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotInstalled(
            f"could not be installed: {(done.stderr.strip().splitlines() or ['no word'])[-1][:200]}"
        )


def _environment() -> Mapping[str, str]:
    """uv does not read pip's settings: an index and certificates given to pip hold for both, as in scripts/setup.sh."""
    told = dict(os.environ)
    index = told.get("PIP_INDEX_URL") or _pip_index()
    if index:
        told.setdefault("UV_DEFAULT_INDEX", index)
    if told.get("PIP_CERT"):
        told["SSL_CERT_FILE"] = told["PIP_CERT"]
    told.setdefault("UV_HTTP_TIMEOUT", "180")
    return told


def _pip_index() -> str:
    asked = [str(BOOTSTRAP / "python"), "-m", "pip", "config", "get", "global.index-url"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()

"""Fetches Delta's jars by their Maven coordinates with the Ivy that PySpark ships, and checks their SHA-256.

Seven jars are enough; resolving them with their dependencies would bring thirty-three. No address stands here: Ivy knows the
central repository by itself, and its own settings file names another where a bank runs a mirror.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
JARS = REPOSITORY / ".cache" / "jars"
COORDINATES = (
    (
        "io.delta",
        "delta-spark_4.2_2.13",
        "4.4.0",
        "27d4fd8b1f879535c573ed1c718177d6a27f24d3e626ba02e216369725721ead",
    ),
    (
        "io.delta",
        "delta-storage",
        "4.4.0",
        "c46735481fa8e326b0957be02b4420cbcab4b325bb08009b7f2045a95133f1cc",
    ),
    (
        "io.delta",
        "delta-kernel-api",
        "4.4.0",
        "ee9b5a14ac3b7efdff4d61a58478fe8eb0e5a3fbca43889dca7290795fe79a11",
    ),
    (
        "io.delta",
        "delta-kernel-defaults",
        "4.4.0",
        "225c975199e4718b38ee5b7e6da7f19e9585024262b2cec2656b32151a856b0b",
    ),
    (
        "io.delta",
        "delta-kernel-unitycatalog",
        "4.4.0",
        "cea22dfb4ac562b3cd27bf652697750e8336009d73fb06631363aaaad5345ffa",
    ),
    (
        "io.unitycatalog",
        "unitycatalog-client",
        "0.6.0",
        "48257499a86b801a3e2372cec55ac226ca1c1c7eabe5c118e7302f29a1fdbc19",
    ),
    (
        "io.unitycatalog",
        "unitycatalog-hadoop",
        "0.6.0",
        "c47b63c961c87102b9e1d63809a0915ba4c86b7652f57c8d39ca3a05b441a150",
    ),
)


def is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def ivy() -> Path:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SystemExit("oxpecker: pyspark is not installed; run `make setup`")
    return next((Path(spec.origin).parent / "jars").glob("ivy-*.jar"))


def fetch(java: str, group: str, artifact: str, version: str) -> None:
    command = [
        java, "-jar", str(ivy()), "-cache", str(REPOSITORY / ".cache" / "ivy"),
        "-dependency", group, artifact, version, "-confs", "master", "-types", "jar",
        "-retrieve", f"{JARS}/[artifact]-[revision].[ext]",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise SystemExit(
            f"oxpecker: {artifact} {version} could not be fetched ({' '.join(last)}); is a Maven repository in reach?"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--java", default="java")
    java = parser.parse_args().java
    JARS.mkdir(parents=True, exist_ok=True)
    for group, artifact, version, sha256 in COORDINATES:
        path = JARS / f"{artifact}-{version}.jar"
        if is_right(path, sha256):
            continue
        print(f"oxpecker: fetching {artifact} {version}", file=sys.stderr)
        fetch(java, group, artifact, version)
        if not is_right(path, sha256):
            path.unlink(missing_ok=True)
            raise SystemExit(
                f"oxpecker: {path.name} is not the file that was pinned (SHA-256 differs); it was removed"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

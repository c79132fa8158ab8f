"""The demo bank's party feeds, read by their contracts, with the hidden truth beside: what a bank has when it resolves its systems' files."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from demo_bank.score.hidden import FOLDER, Hidden
from spark_jobs import settings as configuration
from spark_jobs.bronze import ledger
from spark_jobs.bronze.discovery import arrived
from spark_jobs.bronze.objects import RecordError
from spark_jobs.bronze.records import read
from spark_jobs.contracts.sources import SourceContract, load_sources

SYSTEMS = ("CORE", "ECIF", "CARD", "LOAN", "WEALTH")
FIRST = "2026-09-21"
# Of so many people a day takes half an hour to make: what was there before, which is nearly all, and the last day do.
MANY, LAST = 200_000, "2026-09-30"
EVER = datetime(9999, 12, 31)
# Numbers of a household, not of one of its people.
HOUSEHOLD_BOOK = "03"
SEVERAL = 2
# What says which of a party's rows holds, and of what kind a certificate is.
BESIDE = ("cert_type", "cert_no", "phone_no", "ecif_id", "step_ts", "update_ts", "del_flag")
Record = Mapping[str, str]
Tables = dict[str, tuple[list[str], list[tuple[str, list[str]]]]]
# System → feed, and the columns that say something of the person.
PARTY_FEEDS = {
    "core": ("core__cif", ["cust_no", "cust_name", "sex", "birth_dt", "cert_no", "mobile", "tel", "addr"]),
    "ecif": ("ecif__party", ["name_cn", "name_pinyin", "sex", "birth_date", "src_cust_no"]),
    "wealth": ("wealth__wm_cust", ["name", "cert_no", "mobile"]),
    "card": ("card__c_cust", ["name_mask", "emboss_name", "sex", "birth_ym", "phone_mask"]),
    "loan": ("loan__apply", ["cust_no", "name", "cert_no", "mobile"]),
}


def tables(folder: Path, people: int) -> Tables:
    """System → columns and rows (true person, values), one row for each party as last delivered."""
    home = folder / "bank"
    _generate(home, people)
    latest = _latest(home)
    truth = _truth(home)
    found: Tables = {}
    for system, (feed, columns) in PARTY_FEEDS.items():
        parties = _applicants(latest[feed]) if system == "loan" else latest[feed]
        more = _of_ecif(latest) if system == "ecif" else {}
        names = [
            *columns,
            *(f"{what}_{n}" for what in ("cert", "phone") for n in range(1, SEVERAL + 1) if system == "ecif"),
        ]
        rows = []
        for key, record in sorted(parties.items()):
            values = [_said(record, column) for column in columns] + more.get(
                key, [""] * (len(names) - len(columns))
            )
            rows.append((truth.get((system, key), ""), values))
        found[system] = (names, rows)
    return found


def _generate(home: Path, people: int) -> None:
    command = [
        str(Path(sys.executable).with_name("oxpecker")), "demo-bank", "generate", "--size", "demo", "--people", str(people), "--from", LAST if people > MANY else FIRST,
        "--systems", ",".join(SYSTEMS), "--out", str(home),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Fewer systems leave cells of the catalogue empty, which the command tells by code 1.
    if not (home / "landing").is_dir() or done.returncode not in (0, 1):
        raise SystemExit(f"bench: the demo bank could not be made: {done.stderr[-1000:]}")


def _latest(home: Path) -> dict[str, dict[str, Record]]:
    """Feed → key → the record as last delivered; records that cannot be read and files that fail their checks are left out."""
    settings = configuration.load().with_(landing=home / "landing")
    wanted = {"ecif__party_cert", "ecif__party_phone", *(feed for feed, _ in PARTY_FEEDS.values())}
    sources = {name: source for name, source in load_sources(settings.conf_dirs).items() if name in wanted}
    found: dict[str, dict[str, Record]] = {feed: {} for feed in wanted}
    asked = {*BESIDE, *(column for _, columns in PARTY_FEEDS.values() for column in columns)}
    with tempfile.TemporaryDirectory() as work:
        for package in arrived(settings, EVER, sources):
            for examined in ledger.examine(package, sources, Path(work), EVER).files:
                if examined.path is not None and examined.state.state_code == "verified":
                    feed = examined.state.feed_code
                    for record in _records(examined.path, sources[feed]):
                        key = "/".join(record.get(k) or "" for k in sources[feed].key)
                        # Of a million people no more than what is asked fits into memory.
                        found[feed][key] = {k: v for k, v in record.items() if k in asked}
    return found


def _records(path: Path, source: SourceContract) -> Iterator[Record]:
    with suppress(RecordError):  # the rest of a broken file is left out
        for record in read(path, source):
            if record.values is None:
                continue
            said = {n: v or "" for n, v in zip(source.names(), record.values, strict=True)}
            if all(said[column] in kept for column, kept in source.keep.items()):
                yield said


def _said(record: Record, column: str) -> str:
    """A value; the number of a household book is nobody's own, and six digits are the month of a birth."""
    if column == "cert_no" and record.get("cert_type") == HOUSEHOLD_BOOK:
        return ""
    value = record[column]
    return f"{value[:4]}-{value[4:]}" if column == "birth_ym" and value else value


def _applicants(applications: Mapping[str, Record]) -> dict[str, Record]:
    """Loan applications by who made them: the deposit number, else kind and number of the certificate."""
    return {
        r["cust_no"] or f"{r['cert_type']}-{r['cert_no']}": r
        for _, r in sorted(applications.items(), key=lambda each: (each[1]["step_ts"], each[0]))
    }


def _of_ecif(latest: Mapping[str, Mapping[str, Record]]) -> dict[str, list[str]]:
    """Certificates and phones of each party, the two that were changed last of each."""
    told: dict[str, list[str]] = {}
    for feed, column in (("ecif__party_cert", "cert_no"), ("ecif__party_phone", "phone_no")):
        of_party: dict[str, list[str]] = defaultdict(list)
        for _, record in sorted(
            latest[feed].items(), key=lambda each: (each[1]["update_ts"], each[0]), reverse=True
        ):
            if record["del_flag"] not in ("1", "Y") and record.get("cert_type") != HOUSEHOLD_BOOK:
                of_party[record["ecif_id"]].append(record[column])
        for party in {*latest["ecif__party"], *of_party}:
            told.setdefault(party, []).extend((of_party[party] + [""] * SEVERAL)[:SEVERAL])
    return told


def _truth(home: Path) -> dict[tuple[str, str], str]:
    links = Hidden(home / FOLDER).read("truth_link", ("source_code", "source_key", "person_no"))
    if links is None:
        raise SystemExit("bench: the demo bank has no hidden truth beside it")
    return {
        (r["source_code"], r["source_key"]): "" if r["person_no"] is None else str(r["person_no"]) for r in links.to_pylist()
    }  # fmt: skip

"""A small bank of two people on disk, without a JVM: he asked to be erased, she stays. They share a joint account and a landline."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from spark_jobs import settings as settings_module
from spark_jobs.contracts import Contracts, load
from spark_jobs.contracts.bronze import bronze_contract
from spark_jobs.contracts.sources import load_sources
from spark_jobs.privacy.tokens import tokeniser
from tests.support.whois import KNOWN, OPEN, arrow, resident, write

DAY, NEXT = date(2026, 9, 21), date(2026, 9, 22)
ASKED = datetime(2026, 9, 22, 7, tzinfo=UTC)
NOW = datetime(2026, 9, 23, 3, tzinfo=UTC)
HE, SHE = "C900000025", "C900000026"
NAME, HER_NAME = "唐一凡", "周宁"
CERTIFICATE, HER_CERTIFICATE = resident("33980119961224327"), resident("33980119970101322")
PHONE, HER_PHONE, LANDLINE = "15400000025", "15400000026", "0571-88886666"
ACCOUNT, HER_ACCOUNT, JOINT = "6217000000000000250000", "6217000000000000260000", "6217000000000000990000"
HIS = (HE, NAME, CERTIFICATE, PHONE, ACCOUNT)


class ForgottenBank:
    """The lake after the run that took the request up: his customer id is erased, and what was written before is still there."""

    def __init__(self, base: Path) -> None:
        self.settings = settings_module.load(home=base / "home", landing=base / "landing", prefix="").with_(
            steward=base / "steward" / "decisions.jsonl"
        )
        declared = load(self.settings.conf_dirs)
        bronze = {s.table: bronze_contract(s) for s in load_sources(self.settings.conf_dirs).values()}
        self.contracts = Contracts(declared.fields, {**declared.tables, **bronze})
        self.tokens = tokeniser(self.settings)
        self.he, self.she, self.caller = (
            self.party("core", HE), self.party("core", SHE), self.party("call", "pseudo"),
        )  # fmt: skip
        self._bronze()
        self._silver()
        self._identity()
        self._ledgers()
        self._published()

    def party(self, source: str, number: str) -> str:
        return self.tokens.value("party", source, number)

    def agreement(self, number: str) -> str:
        return self.tokens.value("agreement", "core", number)

    def write(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """As the lake makes its tables: Delta's log keeps no minima and maxima of what names a person."""
        folder = self.settings.warehouse / table.replace(".", "/")
        schema = pa.schema([(f.name, arrow(f.type)) for f in self.contracts.stored_fields(table)])
        none = {"delta.dataSkippingNumIndexedCols": "0"}
        DeltaTable.create(str(folder), schema, mode="ignore", configuration=none)
        write(self.settings, self.contracts, table, rows)

    def delivered(
        self, feed: str, file: str, rows: Iterable[dict[str, Any]], day: date = DAY
    ) -> list[dict[str, Any]]:
        """Records of one file in bronze's shape; the bytes as delivered are its values between bars, in the feed's encoding."""
        encoding = load_sources(self.settings.conf_dirs)[feed].layout.encoding
        return [
            {**row, "business_date": day, "_file_id": file, "_line_no": at, "_record": "|".join(map(str, row.values())).encode(encoding)}
            for at, row in enumerate(rows, 1)
        ]  # fmt: skip

    def _bronze(self) -> None:
        his = {"cust_no": HE, "cust_name": NAME, "cert_no": CERTIFICATE, "mobile": PHONE, "tel": LANDLINE}
        hers = {
            "cust_no": SHE,
            "cust_name": HER_NAME,
            "cert_no": HER_CERTIFICATE,
            "mobile": HER_PHONE,
            "tel": LANDLINE,
        }
        self.write("bronze.core__cif", [
            *self.delivered("core__cif", "cif-1", [his, hers]),
            *self.delivered("core__cif", "cif-2", [his], NEXT),
        ])  # fmt: skip
        self.write("bronze.core__acct_bal", self.delivered("core__acct_bal", "bal-1", [
            {"acct_no": ACCOUNT, "bal": "100"}, {"acct_no": HER_ACCOUNT, "bal": "200"}, {"acct_no": JOINT, "bal": "300"},
        ]))  # fmt: skip
        self.write("bronze.core__acct", self.delivered("core__acct", "acct-1", [
            {"acct_no": ACCOUNT, "cust_no": HE}, {"acct_no": HER_ACCOUNT, "cust_no": SHE}, {"acct_no": JOINT, "cust_no": HE, "cust_no_2": SHE},
        ]))  # fmt: skip
        self.write("bronze.core__txn", self.delivered("core__txn", "txn-1", [
            {"txn_seq": "1", "acct_no": ACCOUNT, "opp_acct": HER_ACCOUNT, "opp_name": HER_NAME, "amt": "5"},
            {"txn_seq": "2", "acct_no": HER_ACCOUNT, "opp_acct": ACCOUNT, "opp_name": NAME, "amt": "5"},
        ]))  # fmt: skip
        self.write("bronze.call__call", self.delivered("call__call", "call-1", [
            {"call_id": "K1", "ani": PHONE, "typed_name": NAME}, {"call_id": "K2", "ani": HER_PHONE, "typed_name": HER_NAME},
        ]))  # fmt: skip

    def _silver(self) -> None:
        valid = {"valid_from": DAY, "valid_to": OPEN, **KNOWN}
        core = {"source_code": "core", **valid}
        self.write("silver.party_hist", [
            {"party_id": self.he, "party_no_source": HE, "name": NAME, **core, "_origin": [{"file_id": "cif-1", "line_no": 1}]},
            {"party_id": self.she, "party_no_source": SHE, "name": HER_NAME, **core, "_origin": [{"file_id": "cif-1", "line_no": 2}]},
            {"party_id": self.caller, "party_no_source": "pseudo", "name": NAME, "source_code": "call", **valid},
        ])  # fmt: skip
        self.write("silver.party_identifier", [
            {"party_id": party, "id_kind_code": "01", "id_token": self.tokens.value("id", number), "id_value": number, "id_value_norm": number, **core}
            for party, number in ((self.he, CERTIFICATE), (self.she, HER_CERTIFICATE))
        ])  # fmt: skip
        self.write("silver.party_contact", [
            {"party_id": party, "contact_kind_code": "mobile", "contact_token": self.tokens.value("contact", number), "contact_value": number,
             "contact_norm": number, **core}
            for party, number in ((self.he, PHONE), (self.he, LANDLINE), (self.she, HER_PHONE), (self.she, LANDLINE))
        ])  # fmt: skip
        held = ((ACCOUNT, self.he, 1), (HER_ACCOUNT, self.she, 2), (JOINT, self.he, 3), (JOINT, self.she, 3))
        self.write("silver.party_agreement", [
            {"agreement_id": self.agreement(account), "party_id": party, "_origin": [{"file_id": "acct-1", "line_no": line}], **valid}
            for account, party, line in held
        ])  # fmt: skip
        self.write("silver.agreement", [
            {"agreement_id": self.agreement(account), "source_code": "core", "closed_date": closed}
            for account, closed in ((ACCOUNT, date(2025, 1, 10)), (HER_ACCOUNT, None), (JOINT, None))
        ])  # fmt: skip
        self.write("silver.deposit_daily", [
            {"agreement_id": self.agreement(account), "business_date": DAY, "balance_amt": Decimal(100)}
            for account in (ACCOUNT, HER_ACCOUNT, JOINT)
        ])  # fmt: skip
        self.write("silver.call", [
            {"call_id": "k1", "business_date": DAY, "party_id": self.caller, "_origin": [{"file_id": "call-1", "line_no": 1}]},
            {"call_id": "k2", "business_date": DAY, "party_id": self.she, "_origin": [{"file_id": "call-1", "line_no": 2}]},
        ])  # fmt: skip

    def _identity(self) -> None:
        owners = {self.he: "his", self.caller: "his", self.she: "hers"}
        self.write("identity.customer", [
            {"customer_id": "his", "created_date": DAY, "status_code": "erased"},
            {"customer_id": "his-older", "created_date": DAY, "status_code": "retired", "retired_into_customer_id": "his"},
            {"customer_id": "hers", "created_date": DAY, "status_code": "active"},
        ])  # fmt: skip
        self.write("identity.party_customer", [
            {"party_id": party, "customer_id": owner, "link_reason_code": "founder", "valid_from": DAY, "valid_to": OPEN, **KNOWN}
            for party, owner in owners.items()
        ])  # fmt: skip
        self.write("identity.record", [
            {"party_id": party, "source_code": "call" if party == self.caller else "core", "first_seen_date": DAY, "name_folded": name}
            for party, name in ((self.he, NAME), (self.caller, NAME), (self.she, HER_NAME))
        ])  # fmt: skip
        link = {"link_kind_code": "link", "actor_code": "rule", "effective_from": DAY}
        a, b = sorted((self.he, self.caller))
        self.write("identity.link_event", [
            {"link_event_id": "1", "party_id_a": a, "party_id_b": b, "link_reason_code": "name_phone", "is_refused": False, **link},
            {"link_event_id": "2", "party_id_a": a, "party_id_b": self.she, "link_reason_code": "shared_phone", "is_refused": True, **link},
        ])  # fmt: skip

    def _ledgers(self) -> None:
        self.write(
            "ops.erasure_tombstone",
            [
                {
                    "source_code": "core",
                    "party_no_token": self.he,
                    "erased_at": ASKED,
                    "policy_code": "suppress",
                }
            ],
        )
        for ledger in ("ops.erasure_key", "ops.erasure_tie", "ops.erasure_certificate"):
            self.write(ledger, [])
        self.write(
            "ops.steward_decision",
            [{"decision_id": "d1", "party_ids": [self.he], "steward_decision_code": "erase"}],
        )
        self.write("ops.delivery_file", [
            {"file_id": file, "package_name": "CORE_01", "business_date": DAY, "arrived_at": datetime(2026, 9, 21, 20, tzinfo=UTC)}
            for file in ("cif-1", "bal-1", "txn-1")
        ])  # fmt: skip
        self.write("ops.quarantine", [
            {"quarantine_id": "q1", "file_id": "txn-1", "feed_code": "core__txn", "line_no": 9, "record": f"{HER_ACCOUNT}|{ACCOUNT}|{NAME}|?".encode("gb18030")},
            {"quarantine_id": "q2", "file_id": "cif-2", "feed_code": "core__cif", "line_no": 1, "record": f"{HE}|{NAME}|?".encode("gb18030")},
        ])  # fmt: skip
        decisions = self.settings.steward_decisions
        decisions.parent.mkdir(parents=True)
        told = {
            "decision_id": "d1",
            "subject_kind_code": "review_item",
            "subject_id": f"core:{HE}",
            "decision_code": "erase",
        }
        kept = {
            "decision_id": "d2",
            "subject_kind_code": "delivery",
            "subject_id": "f1",
            "decision_code": "reject",
        }
        decisions.write_text("".join(json.dumps(each) + "\n" for each in (told, kept)), encoding="utf-8")

    def _published(self) -> None:
        self.write("profile.customer_daily", [
            {"customer_id": customer, "business_date": DAY, "aum_cny": Decimal(100)} for customer in ("his", "hers")
        ])  # fmt: skip
        self.show(1)

    def show(self, version: int, release: str = "r1") -> None:
        """The release that readers see pins this version of the one view."""
        folder = self.settings.warehouse / "profile" / "customer_daily"
        table = {"version": version, "path": str(folder), "physical": "profile.customer_daily"}
        self.settings.current_release.write_text(json.dumps({
            "release_id": release, "business_date": str(DAY), "run_id": "x", "rules_version": "x", "code_version": "x",
            "published_at": "2026-09-22T22:30:00Z", "tables": {"profile.customer_daily": table},
        }))  # fmt: skip

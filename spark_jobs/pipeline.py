"""The path of a record, as data: files → bronze → silver → identity → profile → metric → mart → export.

Each job says what it reads and writes; the order follows from that. `landing` stands for the suppliers' files, `bronze.*` for all
tables of a layer, `model.churn` for the models that were trained and accepted. Raise a job's `logic_version` when it gives other rows from the same input: then, and only then, it runs
again on unchanged tables. Imports nothing heavy, so that Airflow can read it while parsing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from spark_jobs.errors import SettingsError, nearest


@dataclass(frozen=True)
class Job:
    """One step. `entry` is `module:function`, or `stage:<name>` for a step that another package brings by entry point.

    `option` is handed to the entry as a keyword argument; `per_system` steps are started once per source system by Airflow.
    An `always` step runs whatever became of those before it: it tells people of them.
    """

    name: str
    entry: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    doc: str
    logic_version: int = 1
    option: str | None = None
    per_system: bool = False
    retries: int = 1
    always: bool = False


def _gate(layer: str, reads: tuple[str, ...], doc: str) -> Job:
    return Job(f"gate_{layer}", "stage:gate", reads, (f"verdict:{layer}",), doc, option=layer)


JOBS: tuple[Job, ...] = (
    Job(
        "bronze", "spark_jobs.jobs.bronze:run", ("landing",), ("bronze.*", "silver.control_total"),
        "Check what arrived, hold what must not load, load the rest byte for byte.", per_system=True, retries=2,
    ),
    _gate("bronze", ("bronze.*",), "Rows and amounts of bronze against trailers and control files."),
    Job(
        "decisions", "spark_jobs.jobs.decisions:run", ("landing", "verdict:bronze"), ("ops.steward_decision", "ops.erasure_tombstone"),
        "Enter what data stewards decided, and who is to be erased.", retries=2,
    ),
    Job(
        "silver", "spark_jobs.jobs.silver:run", ("bronze.*", "verdict:bronze"), ("silver.*",),
        "Conform each supplier's shape to the bank's entities.", logic_version=3, retries=2,
    ),
    Job(
        "ledgers", "spark_jobs.jobs.ledgers:run", ("ops.delivery_file", "silver.calendar"), ("ops.deadline", "ops.schema_version"),
        "Which feeds were in time, and of which columns they are.", retries=2,
    ),
    _gate("silver", ("silver.*",), "Keys, codes and reconciliation of the conformed entities."),
    Job(
        "identity", "spark_jobs.jobs.identity:run",
        ("silver.party_hist", "silver.party_identifier", "silver.party_contact", "silver.party_relation",
         "silver.party_agreement", "ops.steward_decision", "ops.erasure_tombstone", "ops.erasure_key", "ops.erasure_tie",
         "verdict:silver"),
        ("identity.*",), "Decide which parties are one person; keep ids stable and say why.", logic_version=9, retries=2,
    ),
    _gate("identity", ("identity.*",), "No two valid ids in one customer; every party in exactly one customer."),
    Job(
        "profile_o", "spark_jobs.jobs.profile_o:run",
        ("silver.deposit_daily", "silver.loan_daily", "silver.card_daily", "silver.wealth_holding_daily", "silver.wealth_trade",
         "silver.transaction", "silver.agreement", "silver.party_agreement", "silver.product_hist", "silver.fx_rate_daily",
         "silver.opening_customer", "silver.opening_customer_month", "silver.opening_holding_month", "silver.opening_tier_month",
         "silver.person_list", "silver.party_identifier", "identity.party_customer", "identity.customer", "verdict:identity"),
        ("profile.o_*", "profile._o_*"), "Money and products: accounts, positions, flows, AUM, months.", logic_version=4, retries=2,
    ),
    Job(
        "profile_b", "spark_jobs.jobs.profile_b:run",
        ("silver.digital_event", "silver.call", "silver.transaction", "silver.card_transaction", "silver.crm_contact", "silver.message",
         "silver.survey_invitation", "silver.party_agreement", "silver.opening_user", "silver.opening_agreement", "silver.loan_repayment",
         "silver.wealth_trade", "silver.loan_application", "silver.complaint", "silver.touchpoint", "identity.party_customer",
         "identity.customer", "verdict:identity"),
        ("profile.b_*", "profile._b_*"), "Behaviour: events, searches, contacts and how each customer behaves.", retries=2,
    ),
    Job(
        "profile_s", "spark_jobs.jobs.profile_s:run",
        ("silver.digital_event", "silver.service_window", "silver.incident", "silver.call", "silver.complaint", "silver.complaint_event",
         "silver.calendar", "profile.b_event", "identity.party_customer", "identity.customer", "verdict:identity"),
        ("profile.s_*", "profile._s_*"), "Service level: what service each customer met, and the clocks of complaints.", retries=2,
    ),
    Job(
        "profile_x", "spark_jobs.jobs.profile_x:run",
        ("silver.survey_answer", "silver.survey_response", "silver.survey_invitation", "silver.touchpoint", "silver.complaint",
         "silver.complaint_event", "silver.incident", "profile._s_party_daily", "identity.party_customer", "identity.customer",
         "verdict:identity"),
        ("profile.x_*",), "Experience: what customers say in surveys and complain of.", retries=2,
    ),
    Job(
        "profile_a", "spark_jobs.jobs.profile_a:run",
        ("profile.o_*", "profile.b_customer_daily", "profile.b_contact", "profile.x_customer_daily", "profile.s_customer_daily",
         "identity.party_customer", "identity.customer", "identity.golden_hist", "silver.party_hist", "silver.party_contact",
         "silver.consent_hist", "silver.contact_opt_out", "silver.party_risk_assessment", "model.churn", "verdict:identity"),
        ("profile.a_consent_hist", "profile.a_tier_hist", "profile.a_lifecycle_hist", "profile.a_segment_member_hist",
         "profile.a_risk_profile", "profile.a_contact_preference", "profile.a_model_score", "profile.a_customer_daily"),
        "Attribution: consent, tier, lifecycle, segments, risk, preference, score.", logic_version=4, retries=2,
    ),
    Job(
        "rules", "spark_jobs.jobs.rules:run",
        ("profile.o_*", "profile.b_*", "profile.x_customer_daily", "profile.a_consent_hist", "profile.a_lifecycle_hist",
         "profile.a_tier_hist", "profile.a_model_score", "silver.crm_task", "silver.calendar", "silver.agreement", "silver.party_agreement", "silver.wealth_trade",
         "silver.opening_holding_month", "silver.party_hist", "silver.party_contact", "silver.contact_opt_out",
         "silver.party_risk_assessment", "identity.party_customer", "identity.customer", "identity.golden_hist"),
        ("profile.a_rule_hit",), "If–then rules: who is hit, and what the guards say to it.", logic_version=3, retries=2,
    ),
    Job(
        "customer", "spark_jobs.jobs.customer:run",
        ("silver.party_hist", "silver.person_list", "silver.party_identifier", "silver.customer_manager_hist", "identity.party_customer",
         "identity.customer", "identity.golden_hist", "identity.household_member", "profile.b_customer_daily", "profile.x_customer_daily", "profile.s_customer_daily", "profile.o_customer_daily",
         "profile.a_customer_daily"),
        ("profile.customer_daily", "profile.customer_current"), "One row per customer and day, all layers joined.",
        logic_version=5, retries=2,
    ),
    Job(
        "metrics", "spark_jobs.jobs.metrics:run",
        ("profile.customer_daily", "profile.x_score", "profile.s_exposure", "profile.s_call_service", "profile.s_complaint_clock",
         "profile.b_contact", "profile.a_rule_hit", "silver.survey_invitation", "silver.survey_response", "silver.crm_task", "silver.staff",
         "silver.org_hist"),
        ("metric.*",), "Metrics by day and month; what groups too small would show is withheld.", logic_version=2, retries=2,
    ),
    _gate("profile", ("profile.*", "metric.*"), "Key sets, reconciliation to the cent, legal moves; metrics and who they are about."),
    Job(
        "marts", "spark_jobs.jobs.marts:run",
        ("profile.*", "identity.party_customer", "silver.org_hist", "silver.product_hist", "silver.calendar", "silver.touchpoint",
         "silver.complaint", "silver.complaint_event", "silver.customer_manager_hist", "silver.crm_task", "ops.delivery_file", "ops.deadline",
         "verdict:profile"),
        ("mart_build.*",), "dbt builds and tests the marts beside the published ones.", logic_version=2, retries=1,
    ),
    _gate("mart", ("mart_build.*",), "Marts against their contracts, before anybody outside sees them."),
    Job(
        "publish", "spark_jobs.jobs.publish:run", ("mart_build.*", "profile.customer_*", "ops.delivery_file", "verdict:mart"), ("release",),
        "Make the new release visible by one rename.", retries=2,
    ),
    Job(
        "export", "spark_jobs.jobs.export:run",
        ("release", "profile.*", "identity.*", "silver.party", "silver.staff", "silver.customer_manager_hist", "silver.complaint",
         "silver.complaint_event", "silver.calendar"), ("export.*",),
        "CRM files: full or delta, worklist; the manifest is renamed last.", logic_version=2, retries=2,
    ),
    Job(
        "report", "stage:report", ("release", "export.*", "ops.delivery_file", "ops.quality_verdict"), ("report",),
        "The steward's page for the day.", retries=2, always=True,
    ),
)  # fmt: skip


def job(name: str) -> Job:
    """The job of that name; an unknown one names the nearest."""
    for known in JOBS:
        if known.name == name:
            return known
    raise SettingsError(f"there is no job `{name}`; {nearest(name, [j.name for j in JOBS])}")


def _meet(written: Iterable[str], read: Iterable[str]) -> bool:
    return any(fnmatchcase(r, w) or fnmatchcase(w, r) for w in written for r in read)


def upstream(of: Job) -> tuple[Job, ...]:
    """Jobs whose output `of` reads, in pipeline order. Only earlier jobs count: a layer does not wait for itself."""
    earlier = JOBS[: JOBS.index(of)]
    return tuple(j for j in earlier if _meet(j.writes, of.reads))


def edges() -> tuple[tuple[str, str], ...]:
    """(from, to) by name, without those that follow from others: what a DAG needs to draw."""
    direct = {j.name: [u.name for u in upstream(j)] for j in JOBS}
    reach: dict[str, set[str]] = {}
    for j in JOBS:
        reach[j.name] = set().union(*({u} | reach[u] for u in direct[j.name])) if direct[j.name] else set()
    return tuple(
        (u, name)
        for name, ups in direct.items()
        for u in ups
        if not any(u in reach[other] for other in ups if other != u)
    )

"""Trails of who the customer is: back to the party whose word won, and to all parties counted."""

from __future__ import annotations

from collections.abc import Mapping

from spark_jobs.explain.trail import Step, Trail
from spark_jobs.explain.trails.shared import MEMBERS, ON_DAY, PARTIES


def _golden(element: str) -> tuple[Step, ...]:
    chosen = f"""select unnest(provenance, recursive := true) from identity.golden_hist
                 where customer_id = {{customer}} and {ON_DAY}"""
    winner = f"with won as ({chosen}) select party_id, source_code from won where element_code = '{element}'"
    return (
        MEMBERS,
        Step("identity.golden_hist", "the party whose word won, by quality, order of sources and newness", winner),
        Step(
            "silver.party_hist", "what that party's source delivered",
            f"""with won as ({chosen}) select p.party_id, p.source_code, p.birth_date_quality_code, p.valid_from, p._origin
                from silver.party_hist p join won on p.party_id = won.party_id and won.element_code = '{element}'
                where p.{ON_DAY.replace(" and valid", " and p.valid").replace("< valid", "< p.valid")}""",
        ),
    )  # fmt: skip


def _who(element: str, told: str) -> Trail:
    return Trail(
        "spark_jobs.identity.golden:assemble_golden",
        told,
        _golden(element),
        rules={"identity": ("survivorship",)},
    )


_COUNTED = Trail(
    "spark_jobs.profile.customer:summarise_parties",
    "Counted over the parties that are this customer on the day.",
    (MEMBERS, PARTIES),
)
WHO: Mapping[str, Trail] = {
    "sex_code": _who("sex_code", "The best-founded sex that any party of the customer states; unknown never wins."),
    "region_code": _who("address_norm", "The city of the best-founded address; the province where no city is told."),
    "age_years": _who("birth_date", "Full years from the golden birth date to the day."),
    "age_band_code": _who("birth_date", "Band of the age in full years."),
    "is_minor": _who("birth_date", "Younger than 18 on the day; without a birth date nobody is taken for a minor."),
    "is_deceased": Trail("spark_jobs.profile.a_person:describe_people", "True where any party's source says so.", (MEMBERS, PARTIES)),
    "party_cnt": _COUNTED,
    "source_cnt": _COUNTED,
}  # fmt: skip

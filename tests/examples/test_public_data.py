"""Files that nobody here made, onboarded by YAML alone: the contracts of examples/ read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from examples.run import EXAMPLES, Example, data_folder, lay_out
from spark_jobs import settings as settings_module
from spark_jobs.bronze.preview import look, nobody_asks_for
from spark_jobs.clock import cut_off
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
from spark_jobs.onboarding.onboard import onboard
from spark_jobs.silver.mapping import read_maps
from spark_jobs.silver.transforms import TRANSFORMS

# Rows as the origin of each file counts them.
ROWS = {"card_default": 30_000, "bank_marketing": 45_211, "cfpb_complaints": 28_156}


def needs(example: Example) -> None:
    if not (data_folder() / example.file).is_file():
        pytest.skip(
            f"{example.file} is not in {data_folder()}; set EXAMPLES_DATA to the folder that holds the public files"
        )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_maps_of_an_example_fit_our_entities(example: Example) -> None:
    dirs = settings_module.load(overlay=example.conf).conf_dirs
    sources = load_sources(dirs)

    assert len(sources) == 1
    for source in sources.values():
        assert read_maps(source, load(dirs), lambda name: load_codes(dirs, name), tuple(TRANSFORMS))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_every_row_of_a_public_file_is_read(example: Example, tmp_path: Path) -> None:
    needs(example)
    lay_out(example, tmp_path)
    settings = settings_module.load(overlay=example.conf, landing=tmp_path)
    sources = load_sources(settings.conf_dirs)

    (looked,) = look(settings, sources)

    assert (looked.state, looked.rows, dict(looked.unreadable), looked.empty) == (
        "verified",
        ROWS[example.name],
        {},
        (),
    )
    assert looked.business_date == example.day
    assert nobody_asks_for(settings, sources) == []


# What a person finds in each file; the first two have no column that names a record.
FOUND = {
    "card_default": ([], {"age": "number", "bill_amt1": "number", "pay_amt6": "number", "sex": "string"}),
    "bank_marketing": ([], {"age": "number", "balance": "number", "housing": "boolean", "job": "string"}),
    "cfpb_complaints": (
        ["complaint_id"], {"date_received": "date", "timely_response": "boolean", "zip_code": "string", "company_response": "string"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name)
def test_a_draft_of_a_public_file_finds_what_a_person_finds_in_it(example: Example) -> None:
    needs(example)

    drafts, refused = onboard([data_folder() / example.file])

    assert refused == []
    (drafted,) = drafts
    layout, key_and_types = drafted.draft.guess.layout, FOUND[example.name]
    assert (layout.kind, layout.encoding, layout.separator, layout.header) == (
        "delimited",
        "utf-8",
        ",",
        True,
    )
    assert (drafted.draft.rows, drafted.unreadable, drafted.held) == (ROWS[example.name], {}, {})
    types = {c.name: c.typed.type for c in drafted.draft.columns}
    assert (drafted.draft.key_names, {n: types[n] for n in key_and_types[1]}) == key_and_types


def test_amounts_that_a_program_rounded_are_asked_about() -> None:
    """The limits of the Taiwanese card file are partly written like 1e+05."""
    (example,) = (e for e in EXAMPLES if e.name == "card_default")
    needs(example)

    (drafted,) = onboard([data_folder() / example.file])[0]

    assert any(q.startswith("`limit_bal`") and "written like 1e+05" in q for q in drafted.questions)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_file_is_laid_out_as_it_is_and_arrives_before_its_banks_cut_off(
    example: Example, tmp_path: Path
) -> None:
    needs(example)

    target = lay_out(example, tmp_path)

    assert target.read_bytes() == (data_folder() / example.file).read_bytes()
    arrived = datetime.fromtimestamp(target.stat().st_mtime, UTC).replace(tzinfo=None)
    assert arrived <= cut_off(settings_module.load(overlay=example.conf, home=tmp_path), example.day)

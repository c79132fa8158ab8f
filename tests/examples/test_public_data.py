"""Files that nobody here made, onboarded by YAML alone: the contracts of examples/ read them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from examples.run import EXAMPLES, Example, data_folder, lay_out
from spark_jobs import settings as settings_module
from spark_jobs.bronze.preview import look, nobody_asks_for
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import load_sources
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


def test_a_file_is_laid_out_as_it_is_and_its_arrival_lies_in_the_night_after_its_day(tmp_path: Path) -> None:
    example = EXAMPLES[0]
    needs(example)

    target = lay_out(example, tmp_path)

    assert target.read_bytes() == (data_folder() / example.file).read_bytes()
    assert datetime.fromtimestamp(target.stat().st_mtime).date() > example.day

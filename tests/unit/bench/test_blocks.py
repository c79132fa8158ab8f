"""docs/benchmarks.md is written by several benchmarks."""

from __future__ import annotations

import pytest

from scripts.bench import blocks


def test_a_benchmark_replaces_its_own_block_and_leaves_the_others_alone(tmp_path):
    page = tmp_path / "benchmarks.md"
    blocks.put(page, "pipeline", "slow\n")
    blocks.put(page, "identity", "exact")
    blocks.put(page, "pipeline", "fast")

    assert page.read_text() == (
        "# Benchmarks\n\n<!-- pipeline: begin -->\nfast\n<!-- pipeline: end -->\n\n<!-- identity: begin -->\nexact\n<!-- identity: end -->\n"
    )


def test_what_people_wrote_between_blocks_stays(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("# Speed\n\n<!-- a: begin -->\nold\n<!-- a: end -->\nA word by hand.\n")

    blocks.put(page, "a", "new")

    assert page.read_text() == "# Speed\n\n<!-- a: begin -->\nnew\n<!-- a: end -->\nA word by hand.\n"


def test_a_block_without_an_end_is_not_guessed(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("<!-- a: begin -->\nold\n")

    with pytest.raises(ValueError, match="`a` begins and does not end"):
        blocks.put(page, "a", "new")

"""What docs/onboarding.md shows is true: its snippets are a bank that loads, its reasons are those of the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from spark_jobs import settings as settings_module
from spark_jobs.cli import app
from spark_jobs.contracts import load
from spark_jobs.contracts.loader import load_codes
from spark_jobs.contracts.sources import SourceContract, load_sources
from spark_jobs.onboarding.onboard import onboard
from spark_jobs.settings import REPOSITORY, SHIPPED_CONF
from spark_jobs.silver.mapping import DIRECTIVES, OPERATORS, EntityMap, read_maps
from spark_jobs.silver.transforms import TRANSFORMS

PAGE = (REPOSITORY / "docs" / "onboarding.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All snippets of the page, each in the file its first line names."""
    folder = tmp_path_factory.mktemp("bank")
    for name, text in SNIPPETS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def maps_of(source: SourceContract, dirs: tuple[Path, ...]) -> list[EntityMap]:
    return read_maps(source, load(dirs), lambda name: load_codes(dirs, name), tuple(TRANSFORMS))


def test_every_snippet_names_its_file() -> None:
    assert len(SNIPPETS) == PAGE.count("```yaml")


@pytest.mark.requirement("R-ING-02")
def test_the_snippets_together_are_a_bank(bank: Path) -> None:
    dirs = (SHIPPED_CONF, bank)
    sources = load_sources(dirs)

    assert set(sources) == {Path(name).stem for name, _ in SNIPPETS if "sources/partner" in name}
    assert {m.entity for s in sources.values() for m in maps_of(s, dirs)} >= {
        "party",
        "deposit_daily",
        "transaction",
    }
    settings = settings_module.load(overlay=bank)
    assert settings_module.rules(settings, "aum")["home_currency"] == "EUR"
    assert "same_resident_id" not in settings_module.rules(settings, "identity")["rules"]


def test_a_shipped_feed_is_changed_and_another_switched_off(bank: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "feeds.yml").write_text('in_use: ["*"]')
    sources = load_sources((SHIPPED_CONF, bank, tmp_path))

    assert not sources["ref__fx"].delivery.required
    assert "ref__holiday" not in sources


def test_every_expression_there_is_is_shown_once() -> None:
    activity = next(yaml.safe_load(text) for name, text in SNIPPETS if name.endswith("activity.yml"))
    used: set[str] = set()

    def look(content: object) -> None:
        if isinstance(content, Mapping):
            used.update(map(str, content))
            for each in content.values():
                look(each)
        elif isinstance(content, list):
            for each in content:
                look(each)

    look(activity["maps"])
    assert set(OPERATORS) <= used
    assert [word for word in DIRECTIVES if f"`{word}" not in PAGE and word not in used] == []


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample that the page begins with, as its supplier sends it."""
    folder = tmp_path_factory.mktemp("ten_minutes")
    sample = next(
        text for text in re.findall(r"```\n(.*?\n)```", PAGE, re.DOTALL) if text.startswith("客户号")
    )
    (folder / "customers_20260930.txt").write_bytes(sample.encode("gb18030"))
    return folder


def test_the_two_commands_print_what_the_page_shows(
    ten_minutes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ten_minutes)
    shown = re.findall(r"```\n\$ oxpecker ([^\n]*)\n(.*?)\n```", PAGE, re.DOTALL)

    assert [command.split()[0] for command, _ in shown] == ["onboard", "contract"]
    for command, output in shown:
        printed = CliRunner().invoke(app, command.split()).output
        # An ellipsis leaves out what stands between.
        at = 0
        for part in output.split("…"):
            assert part.strip() in printed[at:], f"{command}:\n{printed}"
            at = printed.index(part.strip(), at)


def test_the_draft_on_the_page_is_the_one_that_is_written(ten_minutes: Path) -> None:
    drafts, refused = onboard([ten_minutes / "customers_20260930.txt"], system="partner")

    assert refused == []
    assert dict(SNIPPETS)["contracts/sources/partner__customers.yml"] == drafts[0].text


def test_every_reason_on_the_page_is_one_the_code_gives() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (REPOSITORY / "spark_jobs" / "bronze").glob("*.py")
    )
    table = PAGE[PAGE.index("| reason |") : PAGE.index("A corrected file")]
    listed = {
        word
        for row in table.splitlines()[2:]
        if row
        for word in re.findall(r"`([a-z_5]+)`", row.split("|")[1])
    }

    assert {word for word in listed if f'"{word}"' not in code} == set()
    assert len(listed) > 15

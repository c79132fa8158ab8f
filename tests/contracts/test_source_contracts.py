"""A bank lays its own contracts over the shipped ones; what is wrong in them is refused with file, line and the way out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from spark_jobs.contracts.sources import Layout, Sum, load_sources
from spark_jobs.errors import ContractError, OxpeckerError
from spark_jobs.settings import SHIPPED_CONF

FEED = """\
feed: haus__kunden
delivery: {file: "kunden_{date}.csv", mode: full}
layout: {kind: delimited, separator: ";", header: true}
key: [nr]
fields:
  nr: {type: string, class: C2-id}
  seit: {type: date, format: dd.MM.yyyy, class: C1}
"""


def bank(
    folder: Path, feed: str = FEED, name: str = "haus__kunden", in_use: str = "haus__*"
) -> tuple[Path, ...]:
    """A bank's own folder over the shipped one."""
    (folder / "contracts" / "sources").mkdir(parents=True)
    (folder / "rules").mkdir()
    (folder / "contracts" / "sources" / f"{name}.yml").write_text(feed, encoding="utf-8")
    (folder / "rules" / "feeds.yml").write_text(f'in_use: ["{in_use}"]\n', encoding="utf-8")
    return (SHIPPED_CONF, folder)


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (("mode: full", "mdoe: full"), r"haus__kunden.yml in \w+, line 2, `delivery`, `mdoe`: unknown key `mdoe`; did you mean `mode`\?"),
        (("mode: full", "mode: ful"), r"line 2, .*`ful` is not known; did you mean `full`\?"),
        (("header: true", "haeder: true"), r"line 3, .*did you mean `header`\?"),
        (("key: [nr]", "kye: [nr]"), r"line 4, `kye`: unknown key `kye`; did you mean `key`\?"),
        (("key: [nr]", "key: nr"), r"line 4, `key`: 'nr' is not of type 'array'"),
        (("key: [nr]", "key: [nummer]"), r"`nummer` in `key` is no field"),
        (("type: date,", "type: dat,"), r"line 7, `fields`, field `seit`|line 7, .*did you mean `date`\?"),
        (("format: dd.MM.yyyy", "format: dd.MM.jjjj"), r"`jjjj` in `dd.MM.jjjj` is no part of a date"),
        (("_{date}", ""), r"`kunden.csv` needs \{date\}, the business date"),
        (("kind: delimited,", "kind: delimited, encoding: latin-99,"), r"no encoding is called `latin-99`"),
        (("kind: delimited,", "kind: delimited, encoding: utf-16,"), r"a line does not end in one byte"),
        (("class: C1", "class: C3"), r"C3 data is refused at the door"),
        (("feed: haus__kunden", "feed: haus__kunde"), r"name the file haus__kunde.yml"),
        (("  seit:", "  no:"), r"haus__kunden.yml: a key is one of no, off or false, which YAML does not read as a word"),
        (("key: [nr]", "keep: {nr: [no]}"), r"line 4, .*False is not of type 'string', 'number'"),
        (("key: [nr]", "checks: {empty_working_day: held}"), r"line 4, .*`held` is not known; did you mean `hold`\?"),
        (("key: [nr]", "checks: {volume_band: [2.0, 0.5]}"), r"`volume_band` is \[least, most\]; 2.0 is not less than 0.5"),
        (("fields:", "felder:"), r"unknown key `felder`; did you mean `fields`\?"),
    ],
)  # fmt: skip
def test_a_slip_names_the_place_and_the_nearest_right_word(
    tmp_path: Path, slip: tuple[str, str], said: str
) -> None:
    with pytest.raises(ContractError, match=said):
        load_sources(bank(tmp_path / "bank", FEED.replace(*slip)))


def test_a_bank_with_one_feed_waits_for_no_shipped_feed(tmp_path: Path) -> None:
    assert list(load_sources(bank(tmp_path / "bank"))) == ["haus__kunden"]


def test_a_single_shipped_feed_is_switched_off_by_name(tmp_path: Path) -> None:
    dirs = bank(tmp_path / "bank", "enabled: false\n", "ref__fx", "*")

    assert set(load_sources((SHIPPED_CONF,))) - set(load_sources(dirs)) == {"ref__fx"}


def test_an_overlay_changes_single_keys_of_a_shipped_feed_and_keeps_the_rest(tmp_path: Path) -> None:
    shipped = load_sources((SHIPPED_CONF,))["ref__fx"]
    own = load_sources(bank(tmp_path / "bank", "delivery: {required: false}\n", "ref__fx", "*"))["ref__fx"]

    assert (shipped.delivery.required, own.delivery.required) == (True, False)
    assert (own.delivery.member, own.fields, own.maps) == (
        shipped.delivery.member,
        shipped.fields,
        shipped.maps,
    )


def test_a_list_in_an_overlay_takes_the_place_of_the_shipped_list(tmp_path: Path) -> None:
    dirs = bank(tmp_path / "bank", "key: [ccy]\n", "ref__fx", "*")

    assert load_sources(dirs)["ref__fx"].key == ("ccy",)


def test_null_in_an_overlay_takes_a_shipped_key_away(tmp_path: Path) -> None:
    dirs = bank(
        tmp_path / "bank",
        "fields: {name: null}\nmaps: {calendar: {holiday_name: null}}\n",
        "ref__holiday",
        "*",
    )
    own = load_sources(dirs)["ref__holiday"]

    assert own.names() == ["date", "kind"]
    assert set(own.maps["calendar"]) == {"calendar_date", "day_kind_code"}


def test_the_last_of_several_folders_wins(tmp_path: Path) -> None:
    group = bank(tmp_path / "group", 'delivery: {due: "03:00"}\n', "ref__fx", "*")[1]
    branch = bank(tmp_path / "branch", 'delivery: {due: "04:00"}\n', "ref__fx", "*")[1]

    assert load_sources((SHIPPED_CONF, group, branch))["ref__fx"].delivery.due == "04:00"


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ('{in: trailer, pattern: "X(?P<rows>\\\\d+)"}', r"layout needs `record_type: \{trailer: …\}`"),
        ('{in: file, pattern: "(?P<rows>\\\\d+)"}', r"`file` is missing; write for example `\{stem\}.ctl`"),
        ('{in: file, file: "{stem}.ctl", pattern: "(?P<row>\\\\d+)"}', r"group `row` stands in only one"),
        ('{in: file, file: "{stem}.ctl", pattern: "("}', r"`pattern` is no regular expression"),
        (
            '{in: file, file: "{stem}.ctl", pattern: "(?P<s>.*)", sums: {s: saldo}}',
            r"`saldo` in `sums` is no field",
        ),
        (
            '{in: file, file: "{stem}.ctl", pattern: "(?P<s>.*)", sums: {s: {of: nr, where: {saldo: {not: [A]}}}}}',
            r"`saldo` in `sums` is no field",
        ),
        (
            '{in: file, file: "{stem}.ctl", pattern: "(?P<s>.*)", sums: {s: {of: nr, wher: {nr: [A]}}}}',
            r"`control`, `sums`, `s`, `wher`: unknown key `wher`; did you mean `where`\?",
        ),
        (
            '{in: file, file: "{stem}.ctl", pattern: "(?P<s>.*)", sums: {s: {of: nr, where: {nr: {nto: [A]}}}}}',
            r"`where`, `nr`, `nto`: unknown key `nto`; did you mean `not`\?",
        ),
        (
            '{in: file, file: "{stem}.ctl", pattern: "(?P<s>.*)", sums: {s: {of: nr, only: negativ}}}',
            r"`negativ` is not known; did you mean `negative`\?",
        ),
        (
            '[{in: file, file: "{stem}.ctl", patern: "(?P<rows>.*)"}]',
            r"line 8, `control`, `0`, `patern`: unknown key `patern`; did you mean `pattern`\?",
        ),
        (
            '[{in: file, file: a, pattern: "(?P<rows>.*)"}, {in: file, file: b, pattern: "(?P<rows>.*)"}]',
            r"a list is of one trailer",
        ),
        (
            '[{in: trailer, pattern: "(?P<s>.*)", sums: {s: nr}}, {in: file, file: b, pattern: "(?P<s>.*)", sums: {s: nr}}]',
            r"two sums are called `s`",
        ),
        (
            "{form: core_trailor}",
            r"line 8, `control`, `form`: there is no form `core_trailor`; did you mean `core_trailer`\?",
        ),
    ],
)
def test_a_control_that_cannot_work_is_refused(tmp_path: Path, control: str, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        feed = (
            FEED.replace("header: true}", "header: true, record_type: {trailer: T}}")
            if "two" in said
            else FEED
        )
        load_sources(bank(tmp_path / "bank", feed + f"control: {control}\n"))


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ("in_use: [haus__kunde]", r"rules/feeds.yml: `haus__kunde` names no feed; did you mean `haus__kunden`\?"),
        ("in_used: [haus__kunden]", r"rules/feeds.yml in \w+, line 1: unknown parameter `in_used`; did you mean `in_use`\?"),
        ("in_use: haus__kunden", r"rules/feeds.yml in \w+, line 1: `in_use` is a list"),
    ],
)  # fmt: skip
def test_a_slip_in_the_list_of_feeds_leaves_no_feed_out_in_silence(
    tmp_path: Path, listed: str, said: str
) -> None:
    dirs = bank(tmp_path / "haus")
    (tmp_path / "haus" / "rules" / "feeds.yml").write_text(f"{listed}\n", encoding="utf-8")

    with pytest.raises(OxpeckerError, match=said):
        load_sources(dirs)


def test_a_form_of_a_trailer_is_written_once_and_each_feed_says_what_its_sums_are(tmp_path: Path) -> None:
    layout = "header: true, record_type: {trailer: E}}"
    sums = "control: {form: haus_ende, sums: {betrag: nr}}\n"
    dirs = bank(tmp_path / "bank", FEED.replace("header: true}", layout) + sums)
    forms = tmp_path / "bank" / "contracts" / "controls"
    forms.mkdir()
    (forms / "haus_ende.yml").write_text(
        "in: trailer\npattern: 'E;(?P<rows>\\d+);(?P<betrag>\\d+);(?P<zweiter>\\d+)'\n"
    )

    (control,) = load_sources(dirs)["haus__kunden"].controls

    assert (control.file, control.sums) == (None, {"betrag": Sum("nr")})
    assert control.pattern.fullmatch("E;1;2;0")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("in: trailer\npatern: E\n", r"contracts/controls/ende.yml in bank, line 2, `patern`: unknown key `patern`"),
        ("in: trailer\n", r"contracts/controls/ende.yml in bank, line 1: `pattern` is missing"),
        ("form: core_trailer\nin: trailer\npattern: E\n", r"ende.yml in bank, line 1, `form`: a form is written out"),
    ],
)  # fmt: skip
def test_a_slip_in_a_form_names_the_forms_file(tmp_path: Path, form: str, said: str) -> None:
    dirs = bank(tmp_path / "bank", FEED + "control: {form: ende}\n")
    (tmp_path / "bank" / "contracts" / "controls").mkdir()
    (tmp_path / "bank" / "contracts" / "controls" / "ende.yml").write_text(form)

    with pytest.raises(ContractError, match=said):
        load_sources(dirs)


def test_a_property_that_contracts_learn_to_have_later_makes_no_file_one_that_was_cut_otherwise(
    tmp_path: Path,
) -> None:
    @dataclass(frozen=True)
    class Later(Layout):
        more: bool = False

    source = load_sources(bank(tmp_path, FEED))["haus__kunden"]
    told = vars(source.layout)

    assert replace(source, layout=Later(**told)).cutting == source.cutting
    assert replace(source, layout=Later(**told, more=True)).cutting != source.cutting
    assert replace(source, layout=replace(source.layout, skip_lines=3)).cutting != source.cutting

"""`oxpecker resolve` on small files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from spark_jobs.errors import DeliveryError, SettingsError
from spark_jobs.identity.engine import measures
from spark_jobs.identity.store.sealed import Sealed
from spark_jobs.resolve import mapping, reading, states
from spark_jobs.resolve.asked import Asked
from spark_jobs.resolve.going_on import moved
from spark_jobs.resolve.running import run

CRM = """no;姓名;出生日期;手机;who
1;王小明;1980-01-02;15400001234;a
2;李红;1975-03-04;15400009999;b
3;王小明;1980/1/2;154 0000 1234;a
"""
CARD = """card,name,born,tel,mail,who
1,王曉明,19800102,+8615400001234,x@example.org,a
2,李紅,19750304,15400009999,,b
3,赵六,19600606,15400007777,,c
"""
MAP = """
files:
  crm.csv: {id: no, roles: {full_name: 姓名, birth_date: 出生日期, phone: 手机}}
  card: {id: card, name: cards, roles: {full_name: name, birth_date: born, phone: tel, email: mail}}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "crm.csv").write_text(CRM, encoding="gb18030")
    (tmp_path / "card.csv").write_text(CARD, encoding="utf-8-sig")
    (tmp_path / "map.yml").write_text(MAP, encoding="utf-8")
    return tmp_path


def test_two_sources_with_their_own_columns_scripts_and_encodings_meet(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run([files / "crm.csv", files / "card.csv"], files / "map.yml", files / "out.parquet", Asked(truth="who"))
    found = pq.read_table(files / "out.parquet").to_pylist()
    of = {(r["source"], r["record_id"]): r["cluster_id"] for r in found}
    assert list(found[0]) == ["source", "record_id", "cluster_id", "confidence"]
    assert of["crm", "1"] == of["crm", "3"] == of["cards", "1"]
    assert of["crm", "2"] == of["cards", "2"]
    assert len({*of.values()}) == 3


def test_an_unknown_role_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "map.yml").write_text("roles: {birth_dat: dob}\n")
    with pytest.raises(SettingsError, match=r"map.yml: no role `birth_dat`; did you mean `birth_date`\?"):
        mapping.load(tmp_path / "map.yml")


def test_an_unknown_column_names_file_and_nearest(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,birthday\nx,y\n")
    (tmp_path / "map.yml").write_text("roles: {full_name: name, birth_date: birthdy}\n")
    with pytest.raises(
        SettingsError, match=r"a.csv: no column `birthdy` \(role birth_date\); did you mean `birthday`\?"
    ):
        reading.read_people([tmp_path / "a.csv"], mapping.load(tmp_path / "map.yml"))


def test_a_file_that_is_not_there_and_one_with_ragged_lines_say_so(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"gone.csv: no such file"):
        reading.read_table(tmp_path / "gone.csv")
    (tmp_path / "ragged.csv").write_text("a,b\n1,2,3\n")
    with pytest.raises(DeliveryError, match=r"ragged.csv: cannot be read as CSV; is every line as long"):
        reading.read_table(tmp_path / "ragged.csv")


def test_a_column_that_only_some_files_have_is_empty_in_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,mail\nAnn Lee,a@example.org\n")
    (tmp_path / "b.csv").write_text("name\nAnn Lee\n")
    (tmp_path / "map.yml").write_text("roles: {full_name: name, email: mail}\n")
    read = reading.read_people([tmp_path / "a.csv", tmp_path / "b.csv"], mapping.load(tmp_path / "map.yml"))
    assert read.columns["email"][0].to_pylist() == ["a@example.org", None]
    assert read.sources.to_pylist() == ["a", "b"]


def test_the_report_has_counts_weights_and_calibration_and_no_persons_value(files: Path) -> None:
    run(
        [files / "crm.csv", files / "card.csv"],
        files / "map.yml",
        files / "out.csv",
        Asked(report=files / "report", truth="who"),
    )
    page = (files / "report" / "index.html").read_text(encoding="utf-8")
    assert "6 records are 3 people" in page
    assert all(part in page for part in ("Calibration", "one household", "same reading"))
    assert not any(value in page for value in ("王小明", "15400001234", "19800102", "x@example.org"))
    assert (files / "out.csv").read_text().splitlines()[0] == '"source","record_id","cluster_id","confidence"'


def test_a_model_that_is_kept_judges_the_files_as_they_were(files: Path) -> None:
    both, model = [files / "crm.csv", files / "card.csv"], files / "models" / "m.json"
    run(both, files / "map.yml", files / "a.parquet", Asked(save_model=model))
    run(both, files / "map.yml", files / "b.parquet", Asked(model=model))
    assert pq.read_table(files / "a.parquet").equals(pq.read_table(files / "b.parquet"))
    assert (model.parent / "m.json.secret").stat().st_mode & 0o777 == 0o600
    assert not any(v in model.read_text() for v in ("王小明", "15400001234", "19800102", "example"))


def test_a_model_without_its_secret_says_which_file_is_missing(files: Path) -> None:
    both, model = [files / "crm.csv", files / "card.csv"], files / "m.json"
    run(both, files / "map.yml", files / "a.parquet", Asked(save_model=model))
    (files / "m.json.secret").unlink()
    with pytest.raises(
        SettingsError, match=r"m.json.secret: cannot be read; it holds the secret that m.json"
    ):
        run(both, files / "map.yml", files / "b.parquet", Asked(model=model))
    with pytest.raises(SettingsError, match="give one of them"):
        run(both, files / "map.yml", files / "b.parquet", Asked(model=model, save_model=model))


def _clusters(path: Path) -> dict[tuple[str, str], str]:
    return {(r["source"], r["record_id"]): r["cluster_id"] for r in pq.read_table(path).to_pylist()}


def test_a_state_judges_only_what_changed_and_keeps_ids(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    run(both, files / "map.yml", files / "2.parquet", Asked(state=state))
    told = capsys.readouterr().out
    assert "6 records → 3 people; 6 new, 0 changed, 0 gone" in told
    assert "0 new, 0 changed, 0 gone: 0 pairs scored, 0 components touched" in told
    assert _clusters(files / "1.parquet") == _clusters(files / "2.parquet")

    with (files / "card.csv").open("a") as file:
        file.write("4,王小明,19800102,15400001234,,a\n")
    run(both, files / "map.yml", files / "3.parquet", Asked(state=state, truth="who"))
    assert "1 new, 0 changed, 0 gone" in capsys.readouterr().out
    before, after = _clusters(files / "2.parquet"), _clusters(files / "3.parquet")
    assert {record: after[record] for record in before} == before
    assert after["cards", "4"] == before["crm", "1"]
    assert [p.name for p in state.glob("run-*")] == ["run-2"]


def test_a_run_with_half_as_many_pairs_of_one_person_per_record_warns_and_a_grown_file_does_not() -> None:
    a_pair = 1_000_000
    before = (10_000 * a_pair, 8_000)
    assert moved(before, (10_000 * a_pair, 8_000)) is None
    assert moved(before, (100_000 * a_pair, 80_000)) is None
    warning = moved(before, (5_000 * a_pair, 8_000))
    assert warning and warning.startswith(
        "pairs of one person per 1,000 records: 625.0 where the run before had 1250.0"
    )
    assert moved((100 * a_pair, 80), (a_pair, 80)) is None, "so few tell nothing"


def test_a_state_holds_no_value_of_a_person_that_opens_without_the_secret(files: Path) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    kept = b"".join(
        path.read_bytes() for path in state.rglob("*") if path.is_file() and path.suffix != ".secret"
    )
    assert b"record_id" in kept
    for value in ("王小明", "李红", "1540000", "19800102", "1980-01-02", "example", "幸福"):
        for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
            assert value.encode(encoding) not in kept


DAY = """card,name,born,tel,mail,who
3,赵六,19600606,15400007777,,c
4,王小明,19800102,15400001234,,a
2,李紅,19750304,15400009998,l@example.org,b
"""


def test_a_day_of_changes_alone_gives_what_all_files_give(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both, whole, state = [files / "crm.csv", files / "card.csv"], files / "whole", files / "state"
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    shutil.copytree(state, whole)
    (files / "day").mkdir()
    (files / "day" / "card.csv").write_text(DAY, encoding="utf-8-sig")
    (files / "gone").mkdir()
    (files / "gone" / "crm.csv").write_text("no\n2\n9\n")
    day = Asked(state=state, changes=True, gone=[files / "gone" / "crm.csv"])
    run([files / "day" / "card.csv"], files / "map.yml", files / "changed.parquet", day)
    assert "1 new, 1 changed, 1 gone" in capsys.readouterr().out
    changed = _clusters(files / "changed.parquet")
    assert changed["crm", "2"] is None and ("cards", "3") not in changed

    (files / "crm.csv").write_text(CRM.replace("2;李红;1975-03-04;15400009999;b\n", ""), encoding="gb18030")
    lines = [*CARD.splitlines()[:2], *DAY.splitlines()[1:]]
    (files / "card.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    run(both, files / "map.yml", files / "2.parquet", Asked(state=whole))
    run([], None, files / "kept.parquet", Asked(state=state, audit=True))
    assert "records judged anew: all with those they are kept with" in capsys.readouterr().out
    assert pq.read_table(files / "kept.parquet").equals(pq.read_table(files / "2.parquet"))
    assert {r: c for r, c in {**_clusters(files / "1.parquet"), **changed}.items() if c} == _clusters(
        files / "2.parquet"
    )

    run([files / "day" / "card.csv"], files / "map.yml", files / "again.parquet", day)
    assert pq.read_table(files / "again.parquet").num_rows == 0, "a day that is told twice changes nothing"


def test_a_state_can_be_made_to_forget_at_once_what_gone_records_said(files: Path) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    others = "".join(
        f"{n};赵{chr(0x5B89 + n)};19{n}-01-02;154200000{n};x\n" for n in range(10, 70)
    )  # So many that parts are not folded yet.
    (files / "crm.csv").write_text(CRM + others, encoding="gb18030")
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    (files / "gone").mkdir()
    (files / "gone" / "crm.csv").write_text("no\n2\n")
    (files / "gone" / "card.csv").write_text("card\n2\n")
    gone = [files / "gone" / "crm.csv", files / "gone" / "card.csv"]
    run([], files / "map.yml", files / "2.parquet", Asked(state=state, changes=True, gone=gone))
    assert any("15400009999" in text for text in _said(state))
    run([], None, files / "kept.parquet", Asked(state=state))

    run([], None, files / "3.parquet", Asked(state=state, forget=True, audit=True))

    assert not any("15400009999" in text for text in _said(state))
    assert any("15400001234" in text for text in _said(state)), "who stays is known"
    assert pq.read_table(files / "3.parquet").equals(pq.read_table(files / "kept.parquet"))
    assert [path.name for path in sorted(state.glob("run-*"))] == ["run-2-whole"]
    run(both, files / "map.yml", files / "4.parquet", Asked(state=state))
    run([], None, files / "5.parquet", Asked(state=state, audit=True))


def _said(folder: Path) -> set[str]:
    """Every text that lies in a state, opened."""
    kept = states.read(folder)
    assert kept is not None
    texts: set[str] = set()
    for part in kept.store.parts:
        for name in (key.removeprefix("ends ") for key in part.arrays if key.startswith("ends ")):
            ends = part.arrays[f"ends {name}"]
            lying = Sealed(
                part.arrays[f"start {name}"], part.arrays[f"sealed {name}"], ends, kept.store.form.key
            )
            texts |= {*lying.take(np.arange(len(ends))).to_pylist()}
    return texts


def test_a_run_that_is_cut_off_goes_on_from_the_one_before_and_the_same_runs_give_the_same_bytes(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    before = (state / "state.json").read_text()
    with (files / "card.csv").open("a") as file:
        file.write("4,王小明,19800102,15400001234,,a\n")
    shutil.copytree(state, files / "other")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            run(both, files / "map.yml", files / "2.parquet", Asked(state=state))
    assert (state / "run-2").is_dir() and (state / "state.json").read_text() == before
    for place in (state, files / "other"):
        run(both, files / "map.yml", files / f"{place.name}.parquet", Asked(state=place))
    assert pq.read_table(files / "state.parquet").equals(pq.read_table(files / "other.parquet"))
    assert _bytes(state) == _bytes(files / "other")


def _cut_off(*_: object) -> None:
    raise KeyboardInterrupt


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Asked(), "give files of people"),
        (Asked(state=Path("state")), "nothing is kept there yet"),
        (Asked(state=Path("state"), changes=True, truth="who"), "are about all records: leave them out"),
        (Asked(gone=[Path("g.csv")]), "add --changes"),
        (Asked(state=Path("state"), changes=True, gone=[Path("g.csv")]), "--map is missing"),
    ],
)
def test_options_that_do_not_go_together_are_told(files: Path, asked: Asked, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run([], None, files / "out.parquet", asked)


def test_an_id_that_is_no_more_leads_to_the_one_that_has_its_records(files: Path) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    card = files / "card.csv"
    card.write_text(
        CARD.replace("1,王曉明,19800102,+8615400001234", "1,赵六,19600606,15400007777"), encoding="utf-8-sig"
    )
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    card.write_text(
        CARD.replace("3,赵六,19600606,15400007777", "3,王小明,19800102,15400001234"), encoding="utf-8-sig"
    )
    run(both, files / "map.yml", files / "2.parquet", Asked(state=state))
    before, after = _clusters(files / "1.parquet"), _clusters(files / "2.parquet")
    assert before["cards", "1"] == before["cards", "3"] != before["crm", "1"]
    # Two records each, of one age: the smaller id stays.
    stays, goes = sorted([before["cards", "1"], before["crm", "1"]])
    assert after["cards", "1"] == after["cards", "3"] == after["crm", "1"] == after["crm", "3"] == stays
    retired = pq.read_table(state / "run-2" / "retired.parquet").to_pylist()
    assert retired == [{"cluster_id": goes, "now_cluster_id": stays}]


def test_a_state_made_otherwise_is_refused(files: Path) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    run(both, files / "map.yml", files / "a.parquet", Asked(save_model=files / "m.json"))
    run(both, files / "map.yml", files / "1.parquet", Asked(state=state, model=files / "m.json"))
    run(both, files / "map.yml", files / "2.parquet", Asked(state=state))
    with pytest.raises(SettingsError, match="--state state: made with threshold 0.8, now it is 0.9"):
        run(both, files / "map.yml", files / "1.parquet", Asked(0.9, state=state))
    run(both, files / "map.yml", files / "a.parquet", Asked(save_model=files / "other.json"))
    with pytest.raises(SettingsError, match="made with another model than other.json"):
        run(both, files / "map.yml", files / "1.parquet", Asked(state=state, model=files / "other.json"))
    (state / "run-1" / "part.arrow").unlink()
    with pytest.raises(SettingsError, match=r"not whole \(run-1\)"):
        run(both, files / "map.yml", files / "1.parquet", Asked(state=state))
    with pytest.raises(SettingsError, match="leave --save-model out"):
        run(both, files / "map.yml", files / "1.parquet", Asked(state=state, save_model=files / "n.json"))


def test_a_state_of_another_engine_is_begun_anew_in_another_folder(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm, state = [files / "crm.csv"], files / "state"
    run(crm, files / "map.yml", files / "1.parquet", Asked(state=state))
    monkeypatch.setattr(measures, "NEAR", measures.NEAR + 1)
    with pytest.raises(
        SettingsError, match="--state state: kept by another version .*; begin with another folder"
    ):
        run(crm, files / "map.yml", files / "1.parquet", Asked(state=state))


def test_a_report_on_a_state_shows_all_pairs_whatever_changed(files: Path) -> None:
    both, state = [files / "crm.csv", files / "card.csv"], files / "state"
    run(both, files / "map.yml", files / "1.parquet", Asked(report=files / "whole"))
    for day in ("begun", "gone on"):
        run(both, files / "map.yml", files / "1.parquet", Asked(state=state, report=files / day))
        assert "6 records are 3 people" in (files / day / "index.html").read_text()
    assert (files / "begun" / "index.html").read_text() == (files / "whole" / "index.html").read_text()


def test_a_role_that_the_model_was_learned_without_is_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crm, both = [files / "crm.csv"], [files / "crm.csv", files / "card.csv"]
    run(crm, files / "map.yml", files / "a.parquet", Asked(save_model=files / "m.json"))
    run(crm, files / "map.yml", files / "a.parquet", Asked(model=files / "m.json"))
    assert "learned without" not in capsys.readouterr().out
    run(both, files / "map.yml", files / "a.parquet", Asked(model=files / "m.json"))
    assert "not compared, the model was learned without: email" in capsys.readouterr().out


def test_a_spreadsheets_unicode_text_is_read_and_a_workbook_says_what_to_do(files: Path) -> None:
    (files / "crm.csv").write_text(CRM.replace(";", "\t"), encoding="utf-16")
    (files / "book.xlsx").write_bytes(b"PK\x03\x04 and so on")
    assert reading.read_table(files / "crm.csv")["姓名"].to_pylist() == ["王小明", "李红", "王小明"]
    with pytest.raises(
        DeliveryError, match=r"book.xlsx: a workbook or archive, no CSV; save the sheet as CSV"
    ):
        reading.read_table(files / "book.xlsx")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (".", "is a folder; name a file in it"),
        ("clusters.xlsx", "ends neither with .parquet nor with .csv"),
        ("card.csv/clusters.csv", "cannot be made"),
    ],
)
def test_a_target_that_cannot_be_written_is_told_before_the_work(files: Path, out: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run([files / "not_read.csv"], files / "map.yml", files / out, Asked())

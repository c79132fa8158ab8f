"""Files that come without a map: what is proposed, what is asked, and what is done where nothing is open."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spark_jobs.errors import SettingsError
from spark_jobs.resolve import mapping, reading
from spark_jobs.resolve.proposal import propose
from spark_jobs.resolve.running import Asked, run

_PEOPLE = [
    ("Robert Abernathy", "1951-03-02"), ("Mary Kowalski", "1986-11-23"), ("Susan Whitaker", "1972-07-15"), ("James Holloway", "1994-01-30"),
    ("William Underwood", "1965-09-09"), ("Linda Fitzgerald", "1979-12-01"), ("David Pennington", "2001-05-18"), ("Karen Lindqvist", "1943-08-27"),
]  # fmt: skip
_CHINESE = ["王小明", "李红", "张伟", "刘芳", "陈建国", "杨丽", "赵强", "黄敏"]


def _file(path: Path, heading: str, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([heading.split(","), *rows])
    return path


def _rows(count: int = 24) -> list[list[str]]:
    """Number, first and last name, birth date, phone and mail, of each person three records."""
    found = []
    for n in range(count):
        name, born = _PEOPLE[n % len(_PEOPLE)]
        first, last = name.split(" ")
        phone = f"+1 202 555 01{n % len(_PEOPLE):02}"
        found.append(
            [f"R{n}", first, last, born, phone, f"{last.lower()}@example.org", str(n % len(_PEOPLE))]
        )
    return found


def _roles(path: Path, **told: str) -> dict[str, list[str]]:
    (made,) = propose([path], **told).files
    return {role: [name for name, _ in columns] for role, columns in made.roles.items()}


@pytest.mark.parametrize(
    "heading",
    [
        "rec_id,first_name,last_name,dob,mobile,e_mail,person",
        "RecordID,FirstName,LastName,BirthDate,PhoneNumber,EmailAddress,person",
        "Nr,Vorname,Nachname,Geburtsdatum,Telefon,E-Mail,person",
        "编号,名,姓,出生日期,手机号码,电子邮件,person",
    ],
)
def test_columns_are_known_by_their_headings_in_several_languages(tmp_path: Path, heading: str) -> None:
    path, words = _file(tmp_path / "a.csv", heading, _rows()), heading.split(",")
    assert _roles(path, truth="person") == {
        "given_name": [words[1]], "surname": [words[2]], "birth_date": [words[3]], "phone": [words[4]], "email": [words[5]],
    }  # fmt: skip
    assert propose([path], "person").files[0].record == (words[0], "never empty, never twice")


def test_without_telling_headings_the_values_tell(tmp_path: Path) -> None:
    rows = [
        [f"{n}x", _CHINESE[n % 8], _PEOPLE[n % 8][1], f"1380013{n % 8:04}", f"n{n}@example.org", "A"]
        for n in range(24)
    ]
    path = _file(tmp_path / "a.csv", "f1,f2,f3,f4,f5,f6", rows)
    assert _roles(path) == {"full_name": ["f2"], "birth_date": ["f3"], "phone": ["f4"], "email": ["f5"]}
    assert ("f6", "neither heading nor values say what it is") in propose([path]).files[0].unused


def test_a_day_on_which_accounts_were_opened_is_no_birth_date(tmp_path: Path) -> None:
    rows = [[f"{n}x", _CHINESE[n % 8], f"2024-0{n % 8 + 1}-15"] for n in range(24)]
    assert _roles(_file(tmp_path / "a.csv", "f1,f2,f3", rows)) == {"full_name": ["f2"]}


def test_a_heading_that_says_two_things_means_what_the_values_are(tmp_path: Path) -> None:
    rows = [[f"{n}x", _PEOPLE[n % 8][0]] for n in range(24)]
    assert _roles(_file(tmp_path / "a.csv", "no,name as on passport", rows)) == {
        "full_name": ["name as on passport"]
    }


def test_a_column_that_may_say_who_is_who_is_asked_about_by_its_heading_or_its_values(tmp_path: Path) -> None:
    for heading in ("cluster_id", "客户"):
        path = _file(tmp_path / "a.csv", f"id,first,last,dob,tel,mail,{heading}", _rows())
        (question,) = propose([path]).questions
        assert question.startswith(f"a.csv: does `{heading}` say who is who")
        assert propose([path], heading).is_sure
    assert (
        "does `true_id` say"
        in propose(
            [_file(tmp_path / "a.csv", "id,first,last,dob,tel,true_id,who", _rows())], "who"
        ).questions[0]
    )


def test_what_a_heading_says_and_values_deny_is_asked_and_not_used(tmp_path: Path) -> None:
    rows = [[f"{n}x", _PEOPLE[n % 8][0], "pending" if n % 2 else "done"] for n in range(24)]
    made = propose([_file(tmp_path / "a.csv", "id,name,birth_check", rows)])
    assert made.questions == [
        "a.csv: is `birth_check` of role birth_date? Its heading says so, but only 0% are days or parts of one"
    ]
    assert "birth_date" not in made.files[0].roles


def test_middle_names_suffixes_and_a_birth_date_in_three_columns_are_put_together(tmp_path: Path) -> None:
    rows = [["1", "John", "Q", "Adams", "Jr", "7", "4", "1951"], ["2", "Ann", "", "Bell", "", "", "", "1960"]]
    path = _file(
        tmp_path / "a.csv",
        "id,first_name,middle_name,last_name,suffix,birth_month,birth_day,birth_year",
        rows,
    )
    made = propose([path])
    (tmp_path / "map.yml").write_text(made.text())
    read = reading.read_people([path], mapping.load(tmp_path / "map.yml"))
    told = {role: [column.to_pylist() for column in columns] for role, columns in read.columns.items()}
    assert told == {
        "given_name": [["John Q", "Ann"]],
        "surname": [["Adams Jr", "Bell"]],
        "birth_date": [["1951-7-4", "1960"]],
    }


def test_the_country_of_phones_is_the_one_whose_mobile_numbers_they_are(tmp_path: Path) -> None:
    def region(*numbers: str) -> str:
        rows = [[f"{n}x", _PEOPLE[n % 8][0], numbers[n % len(numbers)]] for n in range(24)]
        return propose([_file(tmp_path / "a.csv", "id,name,phone", rows)]).region

    assert region("13912345678", "15012345678") == "CN"
    assert region("0412 345 678", "0498 765 432") == "AU"
    assert region("07400 123456", "07911 123457") == "GB"
    assert region("61234567", "91234568") == "HK"


def test_attributes_that_only_one_of_several_files_has_are_not_compared(tmp_path: Path) -> None:
    one = _file(
        tmp_path / "a.csv",
        "id,name,state,nationality",
        [[f"{n}", _PEOPLE[n % 8][0], "NSW", "AU"] for n in range(24)],
    )
    other = _file(
        tmp_path / "b.csv", "id,name,nationality", [[f"{n}", _PEOPLE[n % 8][0], "AU"] for n in range(24)]
    )
    made = propose([one, other])
    assert [[name for name, _ in each.roles["other"]] for each in made.files] == [
        ["nationality"],
        ["nationality"],
    ]
    assert ("state", "only some files have it") in made.files[0].unused


def test_a_map_that_is_sure_is_shown_kept_and_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path / "crm.csv", "id,first,last,dob,tel,mail,who", _rows())
    run([path], None, tmp_path / "out.parquet", Asked(truth="who"))
    assert len(set(pq.read_table(tmp_path / "out.parquet")["cluster_id"].to_pylist())) == 8
    told = " ".join(capsys.readouterr().out.split())
    assert "birth_date: dob # its heading, and 100% are days" in told
    assert "# not used: who (--truth)" in told
    kept = tmp_path / "out.map.yml"
    assert mapping.load(kept).of(path).roles["birth_date"] == ("dob",)
    run([path], None, tmp_path / "out.parquet", Asked(truth="who"))
    kept.write_text(kept.read_text().replace("dob", "tel"))
    with pytest.raises(
        SettingsError,
        match=r"out.map.yml: is there, and no proposal or one that was edited; give it by --map",
    ):
        run([path], None, tmp_path / "out.parquet", Asked(truth="who"))


def test_a_map_that_is_not_sure_is_kept_and_the_next_command_said(tmp_path: Path) -> None:
    path = _file(tmp_path / "crm.csv", "id,first,last,dob,tel,mail,person_id", _rows())
    with pytest.raises(
        SettingsError,
        match=r"\(1 open, see above\).*Mend it, then: oxpecker resolve \S*crm.csv --map \S*out.map.yml --out",
    ):
        run([path], None, tmp_path / "out.parquet", Asked())
    assert not (tmp_path / "out.parquet").exists()
    assert "# Open: crm.csv: does `person_id` say who is who" in (tmp_path / "out.map.yml").read_text()


def test_a_file_without_headings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("王小明,1980-01-02,13800138001\n李红,1975-03-04,13900139001\n")
    with pytest.raises(SettingsError, match="a.csv: its first line looks like a record"):
        propose([path])


def test_no_value_of_a_person_stands_in_a_proposal(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.csv", "id,first,last,dob,tel,mail,person_id", _rows())
    text = propose([path]).text()
    assert not any(value in text for row in _rows() for value in row[1:6])


def test_whoever_names_the_truth_after_being_asked_gets_a_new_proposal(tmp_path: Path) -> None:
    path = _file(tmp_path / "crm.csv", "id,first,last,dob,tel,mail,person_id", _rows())
    with pytest.raises(SettingsError, match="1 open"):
        run([path], None, tmp_path / "out.parquet", Asked())
    run([path], None, tmp_path / "out.parquet", Asked(truth="person_id"))
    assert "# not used: person_id (--truth)" in (tmp_path / "out.map.yml").read_text()

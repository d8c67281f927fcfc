"""Rosters: what files may say, and what is refused with line and advice."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Roster, RosterPerson, SportstrackError, read_roster

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)
PEOPLE = st.lists(
    st.builds(
        RosterPerson,
        team=TEXT,
        number=st.integers(0, 999).map(str),
        name=TEXT,
        role=st.sampled_from(["player", "goalkeeper", "referee", "other"]),
    ),
    min_size=1, max_size=8, unique_by=lambda person: (person.team.casefold(), person.number),
)  # fmt: skip


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@settings(deadline=None, max_examples=60)
@given(people=PEOPLE, mark=st.sampled_from(",;\t"), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_is_written_as_csv_is_read(
    tmp_path_factory: pytest.TempPathFactory, people: list[RosterPerson], mark: str, encoding: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark)
    writer.writerow(("Role", "number", "team", "name"))
    writer.writerows((person.role, person.number, person.team, person.name) for person in people)
    path = write(tmp_path_factory.mktemp("roster") / "r.csv", text.getvalue(), encoding)
    assert list(read_roster(path)) == people


@settings(deadline=None, max_examples=60)
@given(people=PEOPLE, nested=st.booleans())
def test_what_is_written_as_yaml_is_read(
    tmp_path_factory: pytest.TempPathFactory, people: list[RosterPerson], nested: bool
) -> None:
    people = sorted(people, key=lambda person: person.team)
    data: object = [vars(person) for person in people]
    if nested:
        teams = dict.fromkeys(person.team for person in people)
        data = {
            team: [{k: v for k, v in vars(p).items() if k != "team"} for p in people if p.team == team]
            for team in teams
        }
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    path = write(tmp_path_factory.mktemp("roster") / "r.yaml", text)
    assert list(read_roster(path)) == people


@settings(deadline=None, max_examples=100)
@given(text=st.text(max_size=120), ending=st.sampled_from([".csv", ".yaml"]))
def test_any_text_is_a_roster_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, text: str, ending: str
) -> None:
    path = tmp_path_factory.mktemp("roster") / f"any{ending}"
    path.write_bytes(text.encode("utf-8", "replace"))
    message = ""
    try:
        read_roster(path)
    except SportstrackError as error:
        message = str(error)
    assert not message or f"any{ending}" in message


def test_teams_with_numbers_and_names_are_the_short_form(tmp_path: Path) -> None:
    text = "home:\n  07: No\n  10: {name: Ada, role: goalkeeper}\naway:\n  - {number: 7, name: 'José'}\n"
    found = list(read_roster(write(tmp_path / "r.yaml", text)))
    assert [(p.team, p.number, p.name, p.role) for p in found] == [
        ("home", "07", "No", "player"),
        ("home", "10", "Ada", "goalkeeper"),
        ("away", "7", "José", "player"),
    ]


def test_old_spreadsheets_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "team;number;name;;\r\nhome;7;José;;\r\n;;;;\r\n", "cp1252")
    assert list(read_roster(path)) == [RosterPerson("home", "7", "José")]


def test_a_person_without_a_name_is_called_by_team_and_number(tmp_path: Path) -> None:
    assert next(iter(read_roster(write(tmp_path / "r.csv", "number,team\n7,home\n")))).name == "home 7"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("r.csv", "team,numbr,name\nhome,7,Ada\n", r"r.csv, line 1: unknown column 'numbr'; did you mean 'number'\?"),
        ("r.csv", "team,role\nhome,player\n", "r.csv, line 1: no number and no name"),
        ("r.csv", "team,number,team\nhome,7,away\n", "r.csv, line 1: names the column team twice"),
        ("r.csv", "team,number,name\nhome,7,Ada\n\nhome,7,Ben\n", "r.csv, line 4: number 7 of home is taken by line 2"),
        ("r.csv", "team,number,name\nhome,seven,Ada\n", "r.csv, line 2: number: expected one to three digits, got"),
        ("r.csv", "team,number,name\nhome,7,Ada,left\n", "r.csv, line 2: 4 values for 3 columns"),
        ("r.csv", "number,name\n7,Ada\n", "r.csv, line 2: team: missing"),
        ("r.csv", "team,name,role\nhome,Ada,keeper\n", "r.csv, line 2: role: 'keeper' is none of player, goalkeeper"),
        ("r.csv", "team,name\nhome,Ada\nhome,Ada\n", "r.csv, line 3: Ada of home is on line 2 too"),
        ("r.csv", "", "r.csv: nobody is on the roster"),
        ("r.yaml", "home: [\n", "r.yaml, line 2: no valid YAML"),
        ("r.yaml", "home:\n  7: Ada\n  7: Ben\n", "r.yaml, line 3: no valid YAML: '7' stands twice"),
        ("r.yaml", "home:\n- {number: 7, name: Ada}\n- {number: 7, name: Ben}\n", "r.yaml, line 3: number 7 of home"),
        ("r.yaml", "- {number: 7, nam: Ada}\n", r"r.yaml, line 1: unknown column 'nam'; did you mean 'name'\?"),
        ("r.yaml", "home: Ada\n", "r.yaml, line 1: home: expected people"),
        ("r.yaml", "7\n", "r.yaml: expected a list of people"),
        ("r.yaml", "- Ada\n", "r.yaml, line 1: expected people such as"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_line_and_advice(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(SportstrackError, match=message):
        read_roster(write(tmp_path / name, text))


def test_a_roster_in_python_refuses_twins() -> None:
    with pytest.raises(SportstrackError, match="number 7 of Home is taken by person 1"):
        Roster([RosterPerson("home", "7", "Ada"), RosterPerson("Home", "7", "Ben")])

"""Scores of teams, roles and numbers: counts, the mapping of teams, files, and the command."""

from __future__ import annotations

import csv
import io
import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Identities, Identity, MotTable, SportstrackError, score_attributes, write_identities
from sportstrack.evaluate.command import main
from sportstrack.identities.gameinfo import parse_role, read_gameinfo
from sportstrack.score.attributes.scores import WhoIsWhoScores

PEOPLE = (("player", "left", "7"), ("player", "right", "10"), ("goalkeeper", "right", "1"), ("referee", "", ""))


def table(tracks: int = 4, frames: int = 10, shift: float = 0.0) -> MotTable:
    frame, track = (one.reshape(-1) for one in np.indices((frames, tracks)))
    left = track * 100.0 + shift
    box = np.stack([left, left * 0, left + 40, left * 0 + 90], axis=1)
    return MotTable(frame, track + 1, box, np.ones(len(frame)), np.ones(len(frame), int), np.ones(len(frame)))


def who(*rows: tuple[str, str, str]) -> Identities:
    return Identities(
        Identity(k, role=role, team=team, number=number, team_confidence=1, role_confidence=1, number_confidence=1)
        for k, (role, team, number) in enumerate(rows, 1)
    )


def scored(said: Identities, truth: Identities | None = None, **more: object) -> WhoIsWhoScores:
    return WhoIsWhoScores.of("clip", (table(), truth or who(*PEOPLE)), (table(shift=5.0), said), **more)


def test_a_perfect_result_is_right_whatever_its_teams_are_called() -> None:
    names = {"left": "away", "right": "home", "": ""}
    found = scored(who(*((role, names[team], number) for role, team, number in PEOPLE)))
    assert found.teams == {"away": "left", "home": "right"}
    for counts in (found.frames, found.tracks):
        assert all(count.accuracy == count.coverage == 1 and count.extra == 0 for count in counts.values())
    assert (found.frames["team"].known, found.frames["role"].known, found.frames["number"].known) == (30, 40, 30)
    assert found.tracks["role"].known == 4


def test_silence_costs_coverage_and_no_accuracy() -> None:
    found = scored(who(("player", "A", ""), ("", "B", "10"), ("goalkeeper", "", ""), ("referee", "", "")))
    assert found.frames["team"].accuracy == 1
    assert found.frames["team"].coverage == pytest.approx(2 / 3)
    assert (found.frames["role"].accuracy, found.frames["role"].coverage) == (1, 0.75)
    assert (found.frames["number"].accuracy, found.frames["number"].coverage) == (1, pytest.approx(1 / 3))


def test_a_team_of_a_referee_counts_against_what_was_said() -> None:
    found = scored(who(("player", "A", "7"), ("player", "B", "10"), ("goalkeeper", "B", "1"), ("referee", "A", "3")))
    team, number = found.frames["team"], found.frames["number"]
    assert (team.right, team.decided, team.extra) == (30, 30, 10)
    assert team.accuracy == 0.75
    assert number.extra == 10
    assert found.confusion["team"]["none", "left"] == 10


def test_a_third_team_is_right_for_nobody() -> None:
    found = scored(who(("player", "A", ""), ("player", "B", ""), ("goalkeeper", "C", ""), ("referee", "", "")))
    assert found.frames["team"].right == 20
    assert found.confusion["team"]["right", "a third team"] == 10


def test_what_the_truth_does_not_know_is_not_counted() -> None:
    truth = who(("player", "left", ""), ("player", "", "10"), ("goalkeeper", "right", ""), ("", "", ""))
    found = scored(
        who(("player", "A", "3"), ("player", "A", "10"), ("goalkeeper", "B", "1"), ("referee", "A", "9")), truth
    )
    assert (found.frames["number"].known, found.frames["number"].right, found.frames["number"].extra) == (10, 10, 0)
    assert (found.frames["team"].known, found.frames["team"].extra) == (20, 0)
    assert found.frames["role"].known == 30


def test_spans_count_by_frame_and_a_track_is_what_it_is_most_of_the_time() -> None:
    late = [Identity(1, 0, 2), *(Identity(k, team="AB"[k % 2], team_confidence=1) for k in (2, 3))]
    found = scored(Identities([*late, Identity(1, 3, 9, team="A", team_confidence=1), Identity(4)]))
    assert found.frames["team"].decided == 27
    assert found.tracks["team"].decided == 3


def test_a_track_stands_for_the_person_whom_it_follows_most() -> None:
    result = table()
    swapped = np.where((result.frame >= 7) & (result.track_id <= 2), 3 - result.track_id, result.track_id)
    result = MotTable(result.frame, swapped, result.xyxy, result.score, result.class_id, result.visibility)
    said = who(*PEOPLE)
    found = WhoIsWhoScores.of("clip", (table(), who(*PEOPLE)), (result, said))
    assert found.frames["number"].right == 30 - 6
    assert found.tracks["number"].accuracy == 1


def test_boxes_that_overlap_too_little_are_left_out() -> None:
    said = who(*PEOPLE)
    found = WhoIsWhoScores.of("clip", (table(), who(*PEOPLE)), (table(shift=20.0), said))
    assert found.boxes == (40, 40, 0)
    assert found.frames["role"].accuracy is None
    assert "–" in str(found)


def test_tracks_whose_number_can_be_read_are_counted_apart() -> None:
    said = who(("player", "A", ""), ("player", "B", "10"), ("goalkeeper", "B", "8"), ("referee", "", ""))
    legible = frozenset({(frame, track) for frame in range(10) for track in (2, 3)} | {(0, 1)})
    count = scored(said, legible=legible).tracks["legible number"]
    assert (count.known, count.decided, count.right) == (2, 2, 1)


def test_identities_of_another_run_are_refused() -> None:
    with pytest.raises(SportstrackError, match="no track of the result is named"):
        scored(Identities([Identity(77, team="A", team_confidence=1)]))


_VALUES = st.sampled_from(["", "A", "B", "C"])


@settings(max_examples=60, deadline=None)
@given(
    truth=st.lists(st.sampled_from(["", "left", "right"]), min_size=6, max_size=6),
    said=st.lists(_VALUES, min_size=6, max_size=6),
)
def test_teams_are_mapped_as_the_best_of_all_ways(truth: list[str], said: list[str]) -> None:
    sides = (("player", team, "") for team in truth), (("player", team, "") for team in said)
    found = WhoIsWhoScores.of("clip", *((table(6, 2), who(*side)) for side in sides))
    ways = [dict(zip(names, ("left", "right", None), strict=True)) for names in permutations("ABC")]
    best = max(
        sum(team != "" and way.get(name) == team for team, name in zip(truth, said, strict=True)) for way in ways
    )
    assert found.frames["team"].right == 2 * best
    assert found.tracks["team"].right == best
    assert found.frames["team"].decided == 2 * sum(a != "" and b != "" for a, b in zip(truth, said, strict=True))


# --- gameinfo.ini


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("player team left;10", ("player", "left", "10")),
        (" goalkeepers team Right ; x ", ("goalkeeper", "right", "x")),
        ("referee;main", ("referee", "", "main")),
        ("ball;1", ("ball", "", "1")),
        ("other", ("other", "", "")),
    ],
)
def test_roles_are_read_as_soccernet_writes_them(text: str, parts: tuple[str, str, str]) -> None:
    assert parse_role(text) == parts


@given(
    role=st.sampled_from(["player", "goalkeeper"]), team=st.sampled_from(["left", "right"]), number=st.integers(0, 999)
)
def test_roles_survive_writing_and_reading(role: str, team: str, number: int) -> None:
    assert parse_role(f"{role} team {team};{number}") == (role, team, str(number))


def test_a_number_that_is_none_is_unknown(tmp_path: Path) -> None:
    lines = (
        "trackletID_1= player team left;x",
        "trackletID_2= referee;main",
        "trackletID_3= ball;1",
        "trackletID_4= staff;2",
    )
    path = tmp_path / "gameinfo.ini"
    path.write_text("[Sequence]\n" + "\n".join(lines), encoding="utf-8")
    found = {one.track_id: (one.role, one.team, one.number) for one in read_gameinfo(path)}
    assert found == {1: ("player", "left", ""), 2: ("referee", "", ""), 3: ("ball", "", ""), 4: ("other", "", "")}


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_is_read_or_refused_as_gameinfo(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("info") / "gameinfo.ini"
    path.write_text(f"trackletID_1= {text}\n", encoding="utf-8", newline="")
    message = ""
    try:
        read_gameinfo(path)
    except SportstrackError as error:
        message = str(error)
    assert not message or "gameinfo.ini" in message


def test_a_folder_of_soccernet_is_scored_as_it_comes(tmp_path: Path) -> None:
    """Rows sorted by track with class −1, Windows line ends, a BOM, capitals, plurals, tracks without a line."""
    folder = tmp_path / "SNMOT-060"
    (folder / "gt").mkdir(parents=True)
    rows = [f"{frame},{track},{100 * track},0,40,90,1,-1,-1,-1\r\n" for track in range(1, 10) for frame in range(1, 6)]
    (folder / "gt/gt.txt").write_text("".join(rows), encoding="utf-8", newline="")
    people = (
        "player team left;10", "Player  Team  Left ; 7", "PLAYERS TEAM RIGHT;x", "goalkeepers team right;1",
        "referee;main", "other;side top", "ball;1",
    )  # fmt: skip
    lines = [
        "[Sequence]",
        "name=SNMOT-060",
        "num_tracklets=9",
        *(f"trackletID_{k}= {one}" for k, one in enumerate(people, 1)),
    ]
    info = "\r\n".join([*lines, "trackletID_12= player team left;99", ""])
    (folder / "gameinfo.ini").write_text(info, encoding="utf-8-sig", newline="")
    said = [
        "track_id,team,role,number",
        "1,B,player,10",
        "2,B,player,",
        "3,A,player,4",
        "4,A,goalkeeper,1",
        "5,,referee,",
    ]
    (tmp_path / "mine.txt").write_text("".join(rows), encoding="utf-8", newline="")
    (tmp_path / "mine.identities.csv").write_text("\n".join([*said, "8,B,player,3"]), encoding="utf-8")
    found = score_attributes(folder, tmp_path / "mine.txt")
    assert found.teams == {"A": "right", "B": "left"}
    team, role, number = (found.tracks[one] for one in ("team", "role", "number"))
    assert (team.known, team.decided, team.right, team.extra) == (4, 4, 4, 0)
    assert (role.known, role.decided, role.right) == (7, 5, 5)
    assert (number.known, number.decided, number.right, number.extra) == (3, 2, 2, 0)


# --- files and the command


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        folder = tmp_path / "truth" / name
        (folder / "gt").mkdir(parents=True)
        write_text(folder / "gt" / "gt.txt", table())
        roles = (f"{role} team {team};{number}" if team else f"{role};main" for role, team, number in PEOPLE)
        lines = [f"trackletID_{k}= {text}" for k, text in enumerate(roles, 1)]
        (folder / "gameinfo.ini").write_text("[Sequence]\n" + "\n".join(lines), encoding="utf-8")
        (tmp_path / "mine").mkdir(exist_ok=True)
        write_text(tmp_path / "mine" / f"{name}.txt", table(shift=3.0))
        said = [("player", "A", "7"), ("player", "B", "18"), ("goalkeeper", "B", ""), ("player", "", "")]
        write_identities(tmp_path / "mine" / f"{name}.identities.csv", who(*said))
    return tmp_path


def write_text(path: Path, rows: MotTable) -> None:
    from sportstrack import write_mot

    write_mot(path, rows)


def test_folders_are_scored_and_pooled(runs: Path) -> None:
    found = score_attributes(runs / "truth", runs / "mine")
    assert [part.name for part in found.parts] == ["one", "two"]
    assert (found.frames["team"].right, found.frames["number"].right, found.frames["number"].decided) == (60, 20, 40)
    assert found.confusion["role"]["referee", "player"] == 20
    lone = score_attributes(runs / "truth/one", runs / "mine/one.txt", identities=who(*PEOPLE))
    assert lone.frames["role"].accuracy == 1


def test_command_prints_what_fits_a_terminal_and_json_and_csv(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--attributes", "--truth", str(runs / "truth"), "--results", str(runs / "mine"), "--quiet"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "A is left, B is right" in text
    assert "10 as 18 (20)" in text
    assert main([*arguments, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["mine"]
    assert found["frames"]["number"] == {
        "known": 60,
        "decided": 40,
        "right": 20,
        "extra": 0,
        "accuracy": 0.5,
        "coverage": 2 / 3,
    }
    assert main([*arguments, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["sequence"] for row in rows} == {"one", "two", "COMBINED"}


def test_command_draws_the_confusion(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--attributes",
        "--truth",
        str(runs / "truth"),
        str(runs / "mine"),
        "--plots",
        "-o",
        str(runs / "report"),
    ]
    assert main(arguments) == 0
    assert (runs / "report/attributes-mine.png").stat().st_size > 5000
    assert "attributes-mine.png" in capsys.readouterr().err


def test_json_lines_with_columns_of_their_own_are_scored(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table()
    with (runs / "lines.jsonl").open("w", encoding="utf-8") as file:
        for frame in range(10):
            tracks = [
                {
                    "id": k + 1,
                    "box": rows.xyxy[4 * frame + k].tolist(),
                    "role": role,
                    "team": team,
                    "number": number or None,
                }
                for k, (role, team, number) in enumerate(PEOPLE)
            ]
            file.write(json.dumps({"frame": frame, "tracks": tracks}) + "\n")
    arguments = ["--attributes", "--truth", str(runs / "truth/one"), str(runs / "lines.jsonl"), "--format", "json"]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)["lines"]["frames"]
    assert [found[one]["right"] for one in ("team", "role", "number")] == [30, 40, 30]


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("mine/one.identities.csv", "no one.identities.csv beside it"),
        ("truth/one/gameinfo.ini", "nothing says who is who"),
    ],
)
def test_missing_files_are_named_with_what_to_do(
    runs: Path, capsys: pytest.CaptureFixture[str], gone: str, message: str
) -> None:
    (runs / gone).unlink()
    assert main(["--attributes", "--truth", str(runs / "truth"), "--results", str(runs / "mine")]) == 2
    assert message in capsys.readouterr().err


def test_options_of_other_scores_are_refused(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--attributes", "--truth", str(runs / "truth"), "--results", str(runs / "mine")]
    assert main([*arguments, "--diagnose", "--benchmark", "MOT17"]) == 2
    assert "--benchmark, --diagnose: of no use with --attributes" in capsys.readouterr().err
    with pytest.raises(SportstrackError, match="cannot belong to 2 sequences"):
        score_attributes(runs / "truth", runs / "mine", identities=who(*PEOPLE))

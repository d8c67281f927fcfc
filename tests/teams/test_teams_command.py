"""``sportstrack teams``: who is who in a result that exists."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.kitted import Match, line_up, plain
from readers import PaintedReader, painted

from sportstrack import (
    FoundTeams,
    Identities,
    Identity,
    MotTable,
    find_teams,
    read_identities,
    write_identities,
    write_mot,
)
from sportstrack.errors import OutputError, SettingError, SourceError
from sportstrack.teams.command import main
from sportstrack.types import FloatArray
from sportstrack.video import VideoWriter

KITS, PLACES = line_up(plain("white"), plain("red", "white"), each=5)
FRAMES = 45


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures of a painted match."""
    import cv2

    folder = tmp_path_factory.mktemp("film") / "match"
    folder.mkdir()
    for number, image, _, _ in Match(KITS, PLACES).frames(FRAMES):
        cv2.imwrite(str(folder / f"{number:06d}.png"), image[::2, ::2])
    return folder


def boxes() -> list[tuple[int, int, FloatArray]]:
    return [
        (number, track, box / 2)
        for number, _, ids, found in Match(KITS, PLACES).frames(FRAMES)
        for track, box in zip(ids.tolist(), found, strict=True)
    ]


@pytest.fixture
def result(tmp_path: Path) -> Path:
    frame, track, box = (np.array(column) for column in zip(*boxes(), strict=True))
    ones = np.ones(len(frame))
    write_mot(tmp_path / "other.txt", MotTable(frame, track, box, ones, ones.astype(int), -ones))
    return tmp_path / "other.txt"


def words(film: Path, result: Path, *more: str) -> list[str]:
    return [str(film), str(result), "--frame-rate", "10", "--quiet", *more]


def test_everybody_gets_the_team_whose_kit_they_wear(film: Path, result: Path) -> None:
    assert main(words(film, result, "--teams", "home=white,away=red")) == 0
    table = read_identities(result.with_name("other.identities.csv"))
    wanted = {track: "home" if kit[0] == "white" else "away" for track, kit in enumerate(KITS, 1)}
    assert {one.track_id: one.team for one in table} == wanted
    assert {one.role for one in table} == {"player"}


def test_json_says_what_was_found_and_where_it_is(
    film: Path, result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(film, result, "--json", "-o", str(tmp_path / "named"))) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["known"]["team"] == said["tracks"] == 10
    assert [team["name"] for team in said["teams"]["teams"]] == ["A", "B"]
    assert read_identities(said["outputs"][0]).teams == ("A", "B")


def test_what_was_known_of_names_and_numbers_stays(film: Path, result: Path) -> None:
    beside = result.with_name("other.identities.csv")
    write_identities(beside, Identities([Identity(3, team="C", number="10", name="Ada")]))
    found = find_teams(film, result, frame_rate=10)
    (one,) = found.identities.of(3)[:1]
    assert (one.number, one.name) == ("10", "Ada")
    assert found.identities.teams == ("A", "B")
    assert "10 a team" in str(found)
    with pytest.raises(OutputError, match="overwrite"):  # somebody wrote it by hand
        find_teams(film, result, result.parent, frame_rate=10)


def test_a_run_on_the_same_result_may_be_repeated(film: Path, result: Path) -> None:
    first = find_teams(film, result, result.parent, frame_rate=10)
    again = find_teams(film, result, result.parent, frame_rate=10, teams="x=white,y=red")
    assert first.file == again.file == result.with_name("other.identities.csv")
    assert read_identities(result.with_name("other.identities.csv")).teams == ("x", "y")


def numbered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> FoundTeams:
    """Read the numbers of two people who walk."""
    monkeypatch.setattr("sportstrack.numbers.reader.NumberReader", PaintedReader)
    rows = []
    with VideoWriter(folder / "match.mp4", 800, 160, 25, crf=8) as writer:
        for frame in range(80):
            found = np.array([(20.0 + frame, 20, 60 + frame, 130), (400.0 - frame, 20, 440 - frame, 130)])
            writer.write(painted(found, (7, 23)), Fraction(frame, 25))
            rows += [(frame, track, box) for track, box in zip((5, 9), found, strict=True)]
    frame, track, box = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(frame))
    write_mot(folder / "match.txt", MotTable(frame, track, box, ones, ones.astype(int), -ones))
    return find_teams(folder / "match.mp4", folder / "match.txt", numbers=True)


def test_numbers_are_read_if_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = numbered(tmp_path, monkeypatch)
    assert {one.track_id: one.number for one in found.identities} == {5: "7", 9: "23"}
    assert "2 a number" in str(found)
    assert "teams: not found" in str(found)


def test_what_cannot_be_is_refused(film: Path, result: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="off leaves nothing to do"):
        find_teams(film, result, teams="off")
    frame, track, box = (np.array(column) for column in zip(*boxes(), strict=True))
    ones = np.ones(len(frame))
    longer, empty = tmp_path / "longer.txt", tmp_path / "empty.txt"
    write_mot(longer, MotTable(frame + 9, track, box, ones, ones.astype(int), -ones))
    write_mot(empty, MotTable.empty())
    with pytest.raises(SourceError, match="goes to frame 54, but match has 45"):
        find_teams(film, longer)
    with pytest.raises(SettingError, match="has no tracks"):
        find_teams(film, empty)

"""What other programs read: kloppy loads the places, our scorer the game state."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sportstrack import GameState, score_game_state, write_game_state
from sportstrack.cli import main
from sportstrack.stats.match import MatchStats, measure_match
from tests.helpers.pitch_match import RATE, PlayedMatch, play

FRAMES = 200


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> PlayedMatch:
    return play(tmp_path_factory.mktemp("match"), seed=1011, frames=FRAMES)


@pytest.fixture(scope="module")
def stats(match: PlayedMatch) -> MatchStats:
    return measure_match(match.result, match.pitch, match.identities)


def run(match: PlayedMatch, folder: Path, *more: object) -> None:
    words = ["stats", match.result, "--pitch", match.pitch, "--identities", match.identities, "-o", folder, "--quiet"]
    assert main([*map(str, words), *map(str, more)]) == 0


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_kloppy_loads_the_places(match: PlayedMatch, stats: MatchStats, tmp_path: Path) -> None:
    from kloppy import skillcorner

    run(match, tmp_path, "--formats", "kloppy")
    loaded = skillcorner.load(
        meta_data=tmp_path / "match.match.json", raw_data=tmp_path / "match.tracking.jsonl", coordinates="skillcorner",
        include_empty_frames=True,
    )  # fmt: skip
    assert [team.name for team in loaded.metadata.teams] == ["A", "B"]
    assert loaded.metadata.pitch_dimensions.pitch_length == 105
    assert len(loaded.records) == int((FRAMES - 1) / RATE * 10) + 1
    who = {f"{number + 1}": person.track_ids[0] - 1 for number, person in enumerate(stats.persons)}
    off, balls = [], 0
    for record in loaded.records[::5]:  # at frames of the video
        frame = round(record.timestamp.total_seconds() * RATE)
        for player, data in record.players_data.items():
            x, y = match.xy[frame, who[player.player_id]]
            off.append(np.hypot(data.coordinates.x - x, data.coordinates.y + y))
        if record.ball_coordinates is not None:
            x, y, height = match.ball[frame]
            assert height < 0.7
            assert np.hypot(record.ball_coordinates.x - x, record.ball_coordinates.y + y) < 1
            balls += 1
    assert len(off) > 200
    assert np.median(off) < 0.3
    assert balls > 5
    numbers = {player.jersey_no for team in loaded.metadata.teams for player in team.players}
    assert numbers == {int(person.number) for person in stats.persons if person.is_player and person.number}


def labels(match: PlayedMatch, stats: MatchStats, folder: Path) -> Path:
    """The truth as SoccerNet labels it: everyone who is in the picture, at the true place."""
    images = [f"2021{frame + 1:06d}" for frame in range(FRAMES)]
    frame, who = np.nonzero(match.seen)
    cast = {person.track_ids[0] - 1: person for person in stats.persons}
    people = [cast[one] for one in who.tolist()]
    state = GameState.of(
        images, frame, who + 1, match.xy[frame, who], [one.role for one in people],
        team=[{"A": "left", "B": "right", "": None}[one.team] for one in people],
        number=[int(one.number or -1) for one in people],
    )  # fmt: skip
    write_game_state(folder / "truth.json", state)
    annotations = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["predictions"]
    flags = {"has_labeled_pitch": True, "has_labeled_camera": True, "has_labeled_person": True}
    whole = {"images": [{"image_id": image, **flags} for image in images], "annotations": annotations}
    file = folder / "Labels-GameState.json"
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def test_the_game_state_of_the_truth_scores_100(
    match: PlayedMatch, stats: MatchStats, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = labels(match, stats, tmp_path)
    run(match, tmp_path, "--formats", "game_state", "--labels", truth)
    assert score_game_state(truth, tmp_path / "match.json").gs_hota == pytest.approx(1.0)
    sequence = tmp_path / "valid" / "match" / truth.name
    sequence.parent.mkdir(parents=True)
    truth.rename(sequence)
    words = ["evaluate", "--game-state", "--truth", str(tmp_path / "valid"), "--results", str(tmp_path)]
    assert main([*words, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out).values()
    assert found["sequences"][-1]["HOTA"] == pytest.approx(1.0)


def test_what_is_wrong_costs_score(match: PlayedMatch, stats: MatchStats, tmp_path: Path) -> None:
    truth = labels(match, stats, tmp_path)
    text = match.identities.read_text(encoding="utf-8")
    players = [n for n, person in enumerate(stats.persons) if person.team == "A" and person.role == "player"]
    number = stats.persons[max(players, key=lambda n: stats.figures(n).seconds)].number
    wrong = tmp_path / "wrong.identities.csv"
    wrong.write_text(text.replace(f",A,player,{number},", ",A,player,99,"), encoding="utf-8")
    words = ["stats", match.result, "--pitch", match.pitch, "--identities", wrong, "-o", tmp_path, "--quiet"]
    assert main([*map(str, words), "--formats", "game_state", "--labels", str(truth)]) == 0
    scores = score_game_state(truth, tmp_path / "match.json")
    assert scores.gs_hota < 0.98
    assert abs(scores.without_number.HOTA - 1) < 1e-9
    far = play(tmp_path / "far", seed=1011, frames=FRAMES, noise=0.15)
    run(far, tmp_path / "far", "--formats", "game_state", "--labels", truth)
    assert score_game_state(truth, tmp_path / "far" / "match.json").gs_hota < 0.98


def test_without_labels_the_frames_are_numbered(match: PlayedMatch, tmp_path: Path) -> None:
    run(match, tmp_path, "--formats", "game_state")
    found = json.loads((tmp_path / "match.json").read_text(encoding="utf-8"))["predictions"]
    assert found[0]["image_id"] == "1000001"
    assert {one["attributes"]["team"] for one in found} == {"left", "right", None}

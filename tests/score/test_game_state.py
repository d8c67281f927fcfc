"""GS-HOTA equals TrackEval's HOTA on the same similarities; wrong files are refused with the reason."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import game_states as made
import numpy as np
import pytest
import trackeval_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

import sportstrack
from sportstrack import GameState, SportstrackError, read_game_state, score_game_state, write_game_state
from sportstrack.evaluate.command import main
from sportstrack.score.game_state.run import GameStateScores

KINDS = {"full": (True, True), "without_number": (True, False), "without_team_and_number": (False, False)}


def write(folder: Path, truth: dict, result: dict, name: str = "SNGS-021") -> tuple[Path, Path]:
    labels, predictions = folder / "truth" / name / "Labels-GameState.json", folder / "mine" / f"{name}.json"
    for path, data in ((labels, truth), (predictions, result)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data))
    return labels, predictions


def trackeval(truth: dict, result: dict, team: bool, number: bool) -> Any:
    frames = made.similarity_matrices(truth, result, team, number)
    sides = []
    for k in (0, 1):
        ids = sorted({one for frame in frames for one in frame[k]})
        sides.append((ids, [np.array([ids.index(one) for one in frame[k]], int) for frame in frames]))
    return trackeval_oracle._evaluate(
        {
            "num_timesteps": len(frames), "num_gt_ids": len(sides[0][0]), "num_tracker_ids": len(sides[1][0]),
            "num_gt_dets": sum(map(len, sides[0][1])), "num_tracker_dets": sum(map(len, sides[1][1])),
            "gt_ids": sides[0][1], "tracker_ids": sides[1][1], "similarity_scores": [frame[2] for frame in frames],
        }
    )  # fmt: skip


# --- the score --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_all_figures_equal_trackevals_on_the_same_similarities(tmp_path: Path, seed: int) -> None:
    truth = made.labels(seed)
    result = made.predictions(truth, seed + 10)
    scores = score_game_state(*write(tmp_path, truth, result))
    for kind, (team, number) in KINDS.items():
        figure, difference = trackeval_oracle.worst(getattr(scores, kind), trackeval(truth, result, team, number))
        assert difference <= 1e-9, f"{kind}: {figure} differs by {difference}"
    assert 0 < scores.gs_hota < scores.without_number.HOTA < scores.without_team_and_number.HOTA < 1


def test_it_is_the_published_definition(tmp_path: Path) -> None:
    truth = made.labels(3, frames=8)
    truth["annotations"] = [one for one in truth["annotations"] if one.get("track_id", 9) < 6]
    result = made.predictions(truth, 5)
    result["predictions"] = [one for one in result["predictions"] if one["track_id"] < 50]
    scores = score_game_state(*write(tmp_path, truth, result))
    for kind, choice in KINDS.items():
        expected = made.hota(made.similarity_matrices(truth, result, *choice))
        assert pytest.approx(expected, abs=1e-12) == getattr(scores, kind).HOTA


@pytest.mark.parametrize(("metres", "passes"), [(0.0, 19), (4.99, 1), (5.01, 0), (2.4, 10), (300.0, 0)])
def test_five_metres_are_the_lowest_threshold(metres: float, passes: int) -> None:
    one = GameState.of(["2021000001"], [0], [1], [[0.0, 0.0]], ["player"], team=["left"], number=[7])
    two = GameState.of(["2021000001"], [0], [1], [[0.6 * metres, 0.8 * metres]], ["player"], team=["left"], number=[7])
    assert score_game_state(one, two).full.HOTA_TP.sum() == passes


@pytest.mark.parametrize(
    ("role", "team", "number", "lost"),
    [
        ("player", "right", 7, ("full", "without_number")),
        ("player", "left", 8, ("full",)),
        ("player", "left", -1, ("full",)),
        ("goalkeeper", "left", 7, KINDS),
        ("referee", "left", 7, KINDS),
    ],
)
def test_attributes_of_a_player_must_agree(role: str, team: str, number: int, lost: Any) -> None:
    truth = GameState.of(["2021000001"], [0], [1], [[0.0, 0.0]], ["player"], team=["left"], number=[7])
    result = GameState.of(["2021000001"], [0], [1], [[0.0, 0.0]], [role], team=[team], number=[number])
    scores = score_game_state(truth, result)
    assert [kind for kind in KINDS if not getattr(scores, kind).HOTA] == list(lost)


def test_numbers_of_keepers_and_teams_of_referees_do_not_count() -> None:
    images, feet = ["2021000001"], [[0.0, 0.0], [9.0, 0.0]]
    truth = GameState.of(images, [0, 0], [1, 2], feet, ["goalkeeper", "referee"], team=["left", None], number=[1, -1])
    result = GameState.of(
        images, [0, 0], [1, 2], feet, ["goalkeeper", "referee"], team=["left", "right"], number=[9, 5]
    )
    assert score_game_state(truth, result).gs_hota == pytest.approx(1.0)


def test_the_ball_and_frames_without_labelled_pitch_are_left_out(tmp_path: Path) -> None:
    truth = made.labels()
    result = made.predictions(truth)
    before = score_game_state(*write(tmp_path, truth, result))
    result["predictions"] += [
        made.annotation("2021000004", 70, "player", "left", "7", (0, 0)),
        made.annotation("2021000003", 71, "ball", None, None, (0, 0)),
    ]
    after = score_game_state(*write(tmp_path, truth, result))
    assert after.full.to_dict() == before.full.to_dict()
    assert after.full.frames == 11


def test_several_sequences_are_pooled(tmp_path: Path) -> None:
    parts = []
    for seed, name in enumerate(("SNGS-021", "SNGS-022")):
        truth = made.labels(seed, name=name)
        result = made.predictions(truth, seed)
        write(tmp_path, truth, result, name)
        parts.append(trackeval(truth, result, True, True))
    scores = score_game_state(tmp_path / "truth", tmp_path / "mine")
    assert trackeval_oracle.worst(scores.full, trackeval_oracle.pooled(parts))[1] <= 1e-9
    assert [part.name for part in scores.full.parts] == ["SNGS-021", "SNGS-022"]


# --- files ------------------------------------------------------------------------------------------------------------


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    truth = made.labels()
    labels, predictions = write(tmp_path, truth, made.predictions(truth))
    state = read_game_state(labels)
    result = read_game_state(predictions, state)
    write_game_state(tmp_path / "again.json", result)
    again = read_game_state(tmp_path / "again.json", state)
    for column in ("frame", "track_id", "pitch", "role", "team", "number", "score", "xyxy"):
        np.testing.assert_array_equal(getattr(again, column), getattr(result, column), column)
    assert score_game_state(state, again).full.to_dict() == score_game_state(labels, predictions).full.to_dict()
    keys = {"image_id", "track_id", "supercategory", "category_id", "attributes", "bbox_pitch", "bbox_image"}
    for one in json.loads((tmp_path / "again.json").read_text())["predictions"]:
        assert keys <= one.keys()
        assert len(one["bbox_pitch"]) == 6


def test_the_truth_written_as_a_result_scores_one(tmp_path: Path) -> None:
    labels, _ = write(tmp_path, made.labels(), {"predictions": []})
    truth = read_game_state(labels)
    write_game_state(tmp_path / "SNGS-021.json", truth)
    assert score_game_state(labels, tmp_path / "SNGS-021.json").gs_hota == pytest.approx(1.0)
    assert score_game_state(labels, tmp_path / "mine" / "SNGS-021.json").gs_hota == 0.0  # nobody found


def _drop(key: str, of: str = "") -> Any:
    return lambda one: (one[of] if of else one).pop(key)


def _put(key: str, value: Any, of: str = "") -> Any:
    return lambda one: (one[of] if of else one).update({key: value})


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_drop("image_id"), "no key image_id"),
        (_drop("supercategory"), "no key supercategory"),
        (_drop("category_id"), "no key category_id"),
        (_drop("track_id"), "no key track_id"),
        (_drop("attributes"), "no key attributes"),
        (_drop("jersey", "attributes"), "no key jersey"),
        (_drop("bbox_pitch"), "no key bbox_pitch"),
        (_drop("x_bottom_left", "bbox_pitch"), "no key x_bottom_left"),
        (_put("bbox_pitch", None), "bbox_pitch is null"),
        (_put("x_bottom_middle", float("nan"), "bbox_pitch"), "not two numbers of metres"),
        (_put("image_id", "1"), "image_id 1 is none of the truth's (such as 2021000001)"),
        (_put("image_id", 2021000001), "image_id is 2021000001; it must be text"),
        (_put("track_id", 1.5), "whole number"),
        (_put("track_id", -1), "whole number"),
        (_put("role", "keeper", "attributes"), "no role 'keeper'"),
        (_put("team", "home", "attributes"), "no team 'home'"),
        (_put("jersey", 7, "attributes"), 'must be text such as "7"'),
        (_put("jersey", "07", "attributes"), 'must be text such as "7"'),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place_and_reason(tmp_path: Path, spoil: Any, reason: str) -> None:
    truth = made.labels()
    result = {"predictions": list(made.predictions(truth)["predictions"])}
    place = next(k for k, one in enumerate(result["predictions"]) if one["attributes"]["role"] == "player" and k > 5)
    spoil(result["predictions"][place])
    with pytest.raises(SportstrackError) as caught:
        score_game_state(*write(tmp_path, truth, result))
    assert f"SNGS-021.json, predictions[{place}]" in str(caught.value)
    assert reason in str(caught.value)


def test_an_id_twice_in_a_frame_is_refused(tmp_path: Path) -> None:
    truth = made.labels()
    result = made.predictions(truth)
    result["predictions"].append(copy.deepcopy(result["predictions"][0]))
    with pytest.raises(SportstrackError, match="stands twice in image 2021"):
        score_game_state(*write(tmp_path, truth, result))


@pytest.mark.parametrize("key", ["has_labeled_pitch", "has_labeled_camera", "has_labeled_person"])
def test_labels_without_labelled_frames_or_flags_are_refused(tmp_path: Path, key: str) -> None:
    truth = made.labels()
    result = made.predictions(truth)
    for image in truth["images"]:
        image[key] = False
    with pytest.raises(SportstrackError, match="no frame has labelled pitch, camera and persons"):
        score_game_state(*write(tmp_path, truth, result))
    for image in truth["images"]:
        del image[key]
    with pytest.raises(SportstrackError, match=f"no key {key}"):
        score_game_state(*write(tmp_path, truth, result))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda xy: xy + [52.5, 34], "origin is a corner; take 52.5 off x"),
        (lambda xy: xy * [1, -1] + [52.5, 34], "origin is a corner and y points away"),
        (lambda xy: xy * [1, -1], "turn its sign"),
        (lambda xy: xy[::-1], "exchanged"),
        (lambda xy: xy * 100, "centimetres"),
        (lambda xy: xy / [105, 68] + 0.5, "shares of the pitch"),
        (lambda xy: xy * 9 + 500, "off the pitch"),
    ],
)
def test_other_coordinates_are_refused_and_named(tmp_path: Path, change: Any, reason: str) -> None:
    truth = made.labels()
    result = made.predictions(truth, error=0.5)
    for one in result["predictions"]:
        box = one["bbox_pitch"]
        for point in ("left", "middle", "right"):
            xy = change(np.array([box[f"x_bottom_{point}"], box[f"y_bottom_{point}"]]))
            box[f"x_bottom_{point}"], box[f"y_bottom_{point}"] = map(float, xy)
    with pytest.raises(SportstrackError, match=rf"mine.SNGS-021\.json: .*{reason}"):
        score_game_state(*write(tmp_path, truth, result))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 30))
def test_bad_positions_are_scored_and_not_taken_for_other_coordinates(seed: int, error: float) -> None:
    rng = np.random.default_rng(seed)
    images = [f"2021{frame:06d}" for frame in range(1, 21)]
    frame, track = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    feet = rng.uniform([-50, -32], [50, 32], (400, 2))
    truth = GameState.of(images, frame, track, feet, ["other"] * 400)
    moved = np.clip(feet + rng.normal(0, error, feet.shape), -60, 60)
    assert score_game_state(truth, GameState.of(images, frame, track, moved, ["other"] * 400)).gs_hota > 0


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just("player"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_the_files_is_scored_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    truth = made.labels(frames=3)
    result = made.predictions(truth)
    at: Any = data.draw(st.sampled_from([truth, result]))
    while True:  # down a random path, and another value at its end
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], (dict, list)) and at[key] and data.draw(st.integers(0, 3))):
            break
        at = at[key]
    at[key] = data.draw(VALUES)
    with suppress(SportstrackError):
        assert 0 <= score_game_state(*write(tmp_path_factory.mktemp("fuzz"), truth, result)).gs_hota <= 1


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_what_number_and_team_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = made.labels()
    write(tmp_path, truth, made.predictions(truth))
    words = ["--game-state", "--truth", str(tmp_path / "truth"), "--results", str(tmp_path / "mine")]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == ["without team and number", "without number", "GS-HOTA"]
    scores = score_game_state(tmp_path / "truth", tmp_path / "mine")
    assert f"{100 * scores.gs_hota:.2f}" in lines[-1]
    assert main([*words, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["mine"]["sequences"]
    assert [row["HOTA"] for row in rows] == [getattr(scores, kind).HOTA for kind in reversed(KINDS)]


def test_options_that_mean_nothing_here_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = made.labels()
    write(tmp_path, truth, made.predictions(truth))
    words = ["--game-state", "--truth", str(tmp_path / "truth"), "--results", str(tmp_path / "mine")]
    assert main([*words, "--classes", "1", "--diagnose"]) == 2
    said = capsys.readouterr().err
    assert "--classes" in said
    assert "--diagnose" in said
    assert main([*words[1:]]) == 2  # folders of JSON are no MOT text


def test_public_names() -> None:
    assert isinstance(sportstrack.GameStateScores, type)
    assert sportstrack.GameStateScores is GameStateScores

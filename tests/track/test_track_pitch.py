"""``track --pitch``: places on the pitch in JSON lines, CSV, replays, and from Python."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import toy

import sportstrack
from sportstrack import Camera, PitchFrame, PitchTrack, load_pitch, write_pitch
from sportstrack.errors import SettingError
from sportstrack.track.command import main

FRAMES = 8
CAMERA = Camera((0.0, 60.0, 15.0), 0.0, 14.0, 0.0, 200.0, (80.0, 60.0))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("video") / "match.mp4", FRAMES)


@pytest.fixture(scope="module")
def pitch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = {k: PitchFrame(k, "ok", "", CAMERA, 0.5, 0.1) for k in range(FRAMES - 1)}
    frames[FRAMES - 1] = PitchFrame(FRAMES - 1, "refused", "no pitch")
    file = tmp_path_factory.mktemp("pitch") / "match.pitch.jsonl"
    write_pitch(file, PitchTrack(load_pitch(), (160, 120), frames))
    return file


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def feet(row: dict[str, str], camera: Camera = CAMERA) -> np.ndarray:
    return camera.to_ground([((float(row["x1"]) + float(row["x2"])) / 2, float(row["y2"]))])[0]


def test_places_stand_beside_the_boxes_and_a_replay_has_them_too(video: Path, pitch: Path, tmp_path: Path) -> None:
    asked = ["--formats", "csv,jsonl", "--pitch", str(pitch)]
    assert main([str(video), "--detector", "toy:find", "-o", str(tmp_path), "--save-detections", *asked]) == 0
    rows = rows_of(tmp_path / "match.csv")
    known = [row for row in rows if int(row["frame"]) < FRAMES - 1]
    assert known
    for row in known:
        assert (float(row["pitch_x"]), float(row["pitch_y"])) == pytest.approx(feet(row), abs=0.05)
        assert 0 < float(row["pitch_error"]) < 5
    refused = [row for row in rows if int(row["frame"]) == FRAMES - 1]
    assert {(row["pitch_x"], row["pitch_error"]) for row in refused} == {("", "")}
    lines = [json.loads(line) for line in (tmp_path / "match.jsonl").read_text().splitlines()]
    assert lines[2]["tracks"][0]["pitch_x"] == float(known[[int(r["frame"]) for r in known].index(2)]["pitch_x"])
    assert lines[-1]["tracks"][0]["pitch_y"] is None
    assert main([str(tmp_path / "match.npz"), "-o", str(tmp_path / "again"), *asked]) == 0
    assert rows_of(tmp_path / "again" / "match.csv") == rows


def test_offline_results_have_places(video: Path, pitch: Path, tmp_path: Path) -> None:
    asked = ["--detector", "toy:find", "--offline", "--formats", "csv", "--pitch", str(pitch)]
    assert main([str(video), "-o", str(tmp_path), *asked]) == 0
    rows = rows_of(tmp_path / "match.csv")
    assert any(row["pitch_x"] for row in rows)
    for row in rows:
        if row["pitch_x"]:
            assert (float(row["pitch_x"]), float(row["pitch_y"])) == pytest.approx(feet(row), abs=0.05)


def test_without_the_option_nothing_changes(video: Path, tmp_path: Path) -> None:
    assert main([str(video), "--detector", "toy:find", "--formats", "csv,jsonl", "-o", str(tmp_path)]) == 0
    assert "pitch" not in (tmp_path / "match.csv").read_text() + (tmp_path / "match.jsonl").read_text()


def test_frames_in_python_have_them(video: Path, pitch: Path) -> None:
    for frame in sportstrack.track(video, detector=toy.find, pitch=str(pitch)):
        assert frame.pitch_xy.shape == (len(frame.tracks), 2)
        assert np.isnan(frame.pitch_error).all() == (frame.index == FRAMES - 1 or not len(frame.tracks))
        assert all("pitch_x" in row for row in frame.to_records())
    frame = next(iter(sportstrack.track(video, detector=toy.find)))
    assert np.isnan(frame.pitch_xy).all()


def test_a_ball_may_fly_and_has_no_place() -> None:
    table = sportstrack.Tracks(
        np.array([[10.0, 20, 30, 90], [60, 60, 66, 66]]),
        np.ones(2),
        np.array([0, 1]),
        np.array([1, 2]),
        np.array([0, 1]),
    )
    track = PitchTrack(load_pitch(), (160, 120), {0: PitchFrame(0, "ok", "", CAMERA, 0.5, 0.1)})
    frame = sportstrack.TrackedFrame(0, 0.0, tracks=table, names={0: "player", 1: "ball"}, pitch=track)
    assert np.isfinite(frame.pitch_xy[0]).all()
    assert np.isnan(frame.pitch_xy[1]).all()
    assert np.isnan(frame.pitch_error[1])


def test_a_file_of_another_video_is_refused(video: Path, pitch: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pitch.jsonl"
    write_pitch(other, PitchTrack(load_pitch(), (1280, 720), {}))
    with pytest.raises(SettingError, match="made of pictures of 1280x720, but match has 160x120"):
        sportstrack.track_video(video, detector=toy.find, pitch=str(other))
    assert main([str(video), "--detector", "toy:find", "--pitch", str(tmp_path / "none"), "-o", str(tmp_path)]) == 2


def test_minimap_heat_map_and_metres(tmp_path: Path) -> None:
    import cv2

    video = toy.make_match(tmp_path / "match.mp4", 30)
    near = replace(CAMERA, focal=2000.0)  # at which the squares are as fast as people
    frames = {k: PitchFrame(k, "ok", "", near, 0.5, 0.1) for k in range(30)}
    write_pitch(tmp_path / "match.pitch.jsonl", PitchTrack(load_pitch(), (160, 120), frames))
    words = [str(video), "--detector", "toy:find", "--pitch", str(tmp_path / "match.pitch.jsonl"), "-o", str(tmp_path)]
    assert main([*words, "--formats", "video,csv,heatmap,players", "--draw", "minimap"]) == 0
    heat = cv2.imread(str(tmp_path / "match_heat.png"))
    assert heat.shape[1] == 1280  # the pitch from above, not the picture of 160 x 120
    metres = {row["id"]: row["path_m"] for row in rows_of(tmp_path / "match.players.csv")}
    rows = [row for row in rows_of(tmp_path / "match.csv") if row["pitch_x"]]
    track = max(metres, key=lambda one: sum(row["track_id"] == one for row in rows))
    way = np.array([feet(row, near) for row in rows if row["track_id"] == track])
    assert float(metres[track]) == pytest.approx(np.hypot(*(way[-1] - way[0])), rel=0.15, abs=0.5)
    with sportstrack.open_source(tmp_path / "match_tracked.mp4") as source:
        last = list(source)[-1].image
    assert (last[90:, 120:].astype(int)[..., 1] > last[90:, 120:].astype(int)[..., 2] + 20).mean() > 0.3  # green


def test_a_minimap_needs_a_pitch(video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(video), "--detector", "toy:find", "-o", str(tmp_path), "--draw", "minimap"]) == 2
    assert "--pitch" in capsys.readouterr().err

"""Replays: what can still be chosen, what is refused, and what is recorded as in force; times that are the source's."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import toy
import yaml
from processes import call_track, refused

import sportstrack
from sportstrack.errors import SettingError
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter
from sportstrack.refine.command import main as refine
from sportstrack.track.detector import LazyDetector
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings
from sportstrack.track.tally import Tally
from sportstrack.track.why_empty import why_empty, why_small
from sportstrack.trackers.sort import SORT
from sportstrack.types import Detections, Tracks

INFO = RecordingInfo("match", *toy.SIZE, 25.0, {0: "player", 7: "ball"})


def record(path: Path, frames: int = 60, info: RecordingInfo = INFO, step: int = 1) -> Path:
    """Write a recording: three sure players and a doubtful ball in each frame."""
    writer = RecordingWriter(path, info)
    for index in range(0, frames, step):
        boxes = np.vstack([toy.truth(index % 20), [[5, 5, 9, 9]]])
        table = Detections.from_arrays(boxes, [0.9, 0.8, 0.7, 0.3], [0, 0, 0, 7])
        turn = np.array([[1.0, 0, 1], [0, 1, 2]])
        writer.write(RecordedFrame(index, index / 25, table, turn, 1.0 if index == 31 else 0.0))
    writer.close()
    return path


def replayed(source: Path, **settings: object) -> list[TrackedFrame]:
    seen: list[TrackedFrame] = []
    track_video(source, on_frame=seen.append, **settings)  # type: ignore[arg-type]
    return seen


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return record(tmp_path / "match.npz")


@pytest.mark.parametrize(
    ("settings", "boxes"),
    [
        ({}, 4),
        ({"classes": ["player"]}, 3),
        ({"classes": [7]}, 1),
        ({"score": 0.75}, 3),
        ({"score": 0.75, "ball_score": 0.75}, 2),
        ({"score": 0.75, "ball": "none"}, 2),
        ({"classes": ["all"]}, 4),
    ],
)
def test_classes_and_scores_are_chosen_from_a_recording(recording: Path, settings: dict, boxes: int) -> None:
    assert {len(frame.detections) for frame in replayed(recording, **settings)} == {boxes}


def test_an_unknown_class_is_refused(recording: Path) -> None:
    with pytest.raises(SettingError, match=r"'bal' is not one of .* did you mean 'ball'"):
        replayed(recording, classes=["bal"])


def test_every_leaves_frames_out_and_keeps_shot_changes_and_camera(recording: Path) -> None:
    frames = replayed(recording, every=5)
    assert [frame.index for frame in frames] == list(range(0, 60, 5))
    assert [frame.time for frame in frames] == [index / 25 for index in range(0, 60, 5)]
    assert [frame.index for frame in frames if frame.cut_confidence] == [35]
    assert np.allclose(frames[1].camera, [[1, 0, 5], [0, 1, 10]])  # five steps of one and two pixels


def test_the_rate_given_times_a_recording(recording: Path) -> None:
    frames = replayed(recording, frame_rate=10, every=2)
    assert [frame.time for frame in frames[:3]] == [0.0, 0.2, 0.4]


def test_what_is_in_force_is_recorded(recording: Path, tmp_path: Path) -> None:
    summary = track_video(recording, tmp_path / "out", formats=["mot"], every=2, score=0.5)
    saved = yaml.safe_load((tmp_path / "out" / "match.settings.yaml").read_text())
    assert (saved["every"], saved["score"]) == (2, 0.5)
    assert not {"imgsz", "weights", "iou", "device", "half"} & (set(saved) | set(summary.settings))
    assert "30 frames, every 2th, in" in summary.as_text()
    again = track_video(recording, tmp_path / "out", formats=["mot"], every=2, score=0.5, resume=True)
    assert again.skipped


def test_a_recording_of_every_fifth_frame_says_so(tmp_path: Path) -> None:
    info = RecordingInfo("match", *toy.SIZE, 5.0, {0: "player"}, every=5)
    summary = track_video(record(tmp_path / "match.npz", 250, info, 5))
    assert (summary.frames, summary.frame_rate, summary.settings["every"]) == (50, 25.0, 5)
    assert "50 frames, every 5th, in" in summary.as_text()


@pytest.mark.parametrize(
    "setting", [{"imgsz": 1280}, {"imgsz": 640}, {"iou": 0.5}, {"device": "cpu"}, {"half": True}, {"weights": "a.pt"}]
)
def test_what_a_replay_cannot_apply_is_refused(recording: Path, setting: dict) -> None:
    with pytest.raises(SettingError, match=rf"match\.npz: {next(iter(setting))} cannot be set in a replay"):
        track_video(recording, **setting)
    with pytest.raises(SettingError, match="cannot be set in a replay"):
        sportstrack.label_video(recording, **setting)


def test_a_detector_beside_a_recording_is_refused(recording: Path) -> None:
    for detector in (toy.find, "toy:find"):
        with pytest.raises(SettingError, match="detector cannot be set in a replay"):
            track_video(recording, detector=detector)
    assert track_video(recording, detector=LazyDetector(TrackSettings())).frames == 60


def test_the_command_refuses_what_is_named_and_ignores_a_settings_file(recording: Path, tmp_path: Path) -> None:
    refused(call_track(recording, "--imgsz", "640", "-o", tmp_path / "a"), "imgsz cannot be set in a replay")
    (tmp_path / "s.yaml").write_text("imgsz: 1280\nweights: best.pt\ntracker: sort\n")
    words = ("--config", tmp_path / "s.yaml", "--formats", "mot", "-o", tmp_path / "b", "--json")
    result = call_track("--detections", recording, *words)
    assert result.returncode == 0, result.stderr
    settings = json.loads(result.stdout)["settings"]
    assert settings["tracker"] == "sort"
    assert "imgsz" not in settings


def test_labels_take_classes_and_scores_of_a_recording(recording: Path) -> None:
    assert sportstrack.label_video(recording, classes=["player"]).classes == ("player",)
    with pytest.raises(SettingError, match="is not one of"):
        sportstrack.label_video(recording, classes=["goat"])


# --- Times ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    import cv2

    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(12):
        assert cv2.imwrite(str(folder / f"{number:03d}.png"), toy.picture(number))
    return folder


@pytest.mark.parametrize("more", [{}, {"offline": True}, {"every": 2}, {"every": 2, "offline": True}])
def test_pictures_keep_the_rate_given_in_every_output(pictures: Path, tmp_path: Path, more: dict) -> None:
    wanted = {"formats": ["video", "jsonl"], "save_detections": True, "frame_rate": 10}
    summary = track_video(pictures, tmp_path / "out", detector=toy.find, **wanted, **more)
    step = more.get("every", 1)
    times = [json.loads(line)["time"] for line in Path(summary.outputs["jsonl"]).read_text().splitlines()]
    assert times == [index / 10 for index in range(0, 12, step)]
    recorded = Recording(summary.outputs["detections"])
    assert [frame.time for frame in recorded] == times
    assert (recorded.info.frame_rate, recorded.info.every, recorded.info.source_rate) == (10 / step, step, 10)
    with sportstrack.video.open_source(summary.outputs["video"]) as video:
        assert [frame.pts for frame in video] == [Fraction(index, 10) for index in range(0, 12, step)]
    assert not any("assumed" in text for text in summary.warnings)


def test_a_replay_with_pictures_keeps_the_recorded_times(pictures: Path, tmp_path: Path) -> None:
    first = track_video(
        pictures, tmp_path / "a", detector=toy.find, frame_rate=10, formats=["jsonl"], save_detections=True
    )
    again = track_video(pictures, tmp_path / "b", detections=first.outputs["detections"], formats=["video", "jsonl"])
    assert Path(again.outputs["jsonl"]).read_text() == Path(first.outputs["jsonl"]).read_text()
    with sportstrack.video.open_source(again.outputs["video"]) as video:
        assert [frame.pts for frame in video] == [Fraction(index, 10) for index in range(12)]


def test_a_rate_that_is_assumed_is_told(pictures: Path) -> None:
    assert any("25 per second assumed" in text for text in track_video(pictures, detector=toy.find).warnings)


def test_refine_counts_the_same_seconds_with_a_recording_of_every_fifth_frame(tmp_path: Path) -> None:
    """A gap of 0.8 s is filled whether the rate comes from the recording or from the command line."""
    info = RecordingInfo("match", *toy.SIZE, 5.0, {0: "player"}, every=5)
    rows = []
    writer = RecordingWriter(tmp_path / "match.npz", info)
    for index in range(0, 300, 5):
        box = np.array([[10 + index / 10, 20, 30 + index / 10, 70]])
        writer.write(RecordedFrame(index, index / 25, Detections.from_arrays(box, [0.9])))
        if not 100 < index < 120:
            rows.append(f"{index + 1},1,{box[0, 0]:.2f},20,20,50,0.9,-1,-1,-1")
    writer.close()
    (tmp_path / "match.txt").write_text("\n".join(rows) + "\n")
    lines = []
    for words in (["--detections", tmp_path / "match.npz"], ["--size", "160x120", "--frame-rate", "25"]):
        out = tmp_path / f"{words[0]}.txt"
        assert refine([str(tmp_path / "match.txt"), *map(str, words), "-o", str(out), "--quiet"]) == 0
        lines.append(out.read_text())
    assert lines[0] == lines[1]
    assert len(lines[0].splitlines()) == 60


# --- Nothing found ----------------------------------------------------------------------------------------------------


def nothing(frames: list[np.ndarray]) -> list[Detections]:
    return [Detections.empty() for _ in frames]


def doubtful(frames: list[np.ndarray]) -> list[Detections]:
    return [Detections.from_arrays(table.xyxy, np.full(len(table), 0.2)) for table in toy.find(frames)]


def test_a_run_that_finds_nothing_says_why_it_may_be(tmp_path: Path) -> None:
    clip = toy.make_match(tmp_path / "match.mp4")
    [text] = track_video(clip, detector=nothing).warnings
    assert all(word in text for word in ("no boxes found in 20 frames", "--imgsz", "--classes", "--weights"))
    assert f"warning: {text}" in track_video(clip, detector=nothing).as_text()
    assert track_video(clip, detector=toy.find).warnings == []


def rarely(frames: list[np.ndarray]) -> list[Detections]:
    return [table[[1]] if len(table) > 1 else table for table in toy.find(frames)]


rarely.names = {0: "player"}


def test_a_run_that_finds_little_says_where_to_look(tmp_path: Path) -> None:
    """The detector sees one of three players; its track takes a frame or more to begin."""
    clip = toy.make_match(tmp_path / "match.mp4", 30)
    [text] = track_video(clip, detector=rarely, classes=["player"]).warnings
    assert text.startswith("little was found: 0.9 tracked boxes a frame")
    assert "only these classes are kept: player (--classes)" in text
    assert "--imgsz" in text
    assert "(--weights)" in text
    short = toy.make_match(tmp_path / "short.mp4", 10)
    assert track_video(short, detector=rarely).warnings == []


def test_a_cause_that_is_known_is_named_with_its_numbers() -> None:
    tally = Tally()
    tally.frames, tally.bystanders = 100, 50
    settings = TrackSettings(score=0.6)
    [text] = why_empty(tally, SORT(), settings, replay=False, picture=(1920, 1080), imgsz=640)
    assert "pictures of 1920 pixels are shrunk to 640, small players with them (--imgsz 1280)" in text
    assert "boxes below a score of 0.6 are left out (--score)" in text
    assert "50 boxes were taken for people off the field (--on-pitch off)" in text
    [text] = why_empty(tally, SORT(), settings, replay=False, picture=(640, 360), imgsz=640)
    assert "--imgsz" not in text


@pytest.mark.parametrize(
    ("tall", "picture", "imgsz", "slices", "words"),
    [
        (24, (1920, 1080), 960, "none", "about 24 pixels tall, and 12 in the network's input"),
        (24, (1920, 1080), 960, "none", "--imgsz 1920 or --slices 2x1"),
        (36, (1920, 1080), 640, "none", "--imgsz 1280 or --slices 3x1"),
        (60, (1920, 1080), 960, "none", ""),  # large enough
        (24, (1920, 1080), 1920, "none", ""),  # nothing is shrunk
        (24, (848, 478), 960, "none", ""),  # it is enlarged already
        (24, (1920, 1080), 960, "2x1", ""),
        (24, (1920, 1080), None, "none", ""),
    ],
)
def test_small_players_name_what_finds_more(
    tall: int, picture: tuple[int, int], imgsz: int | None, slices: str, words: str
) -> None:
    tally, x = Tally(), np.arange(6) * 30.0
    boxes = np.stack([x, x, x + 10, x + tall], axis=1)
    tracks = Tracks(boxes, np.ones(6), np.zeros(6, np.int64), np.arange(6) + 1, np.arange(6))
    seen = Detections(boxes, np.ones(6), np.zeros(6, np.int64))
    tally.add(TrackedFrame(index=0, time=0.0, detections=seen, tracks=tracks))
    found = why_small(tally, TrackSettings(slices=slices), picture=picture, imgsz=imgsz)
    assert len(found) == bool(words)
    assert words in "".join(found)


@pytest.mark.parametrize("tracker", ["bytetrack", "sort", "sports", "jde"])
def test_boxes_that_no_tracker_takes_name_the_threshold(tmp_path: Path, tracker: str) -> None:
    clip = toy.make_match(tmp_path / "match.mp4")
    [text] = track_video(clip, detector=doubtful, tracker=tracker).warnings
    assert "no tracks: the highest score of 56 boxes is 0.20" in text
    lower = {name: float(value) for name, value in re.findall(r"--set (\w+)=([0-9.]+)", text)}
    assert track_video(clip, detector=doubtful, tracker=tracker, tracker_settings=lower).tracks >= 3


def test_a_replay_of_nothing_says_so(recording: Path) -> None:
    [text] = track_video(recording, score=0.99, ball="none").warnings
    assert "the recording has none of the classes and scores asked for" in text


def test_labels_of_nothing_say_why_too(tmp_path: Path) -> None:
    video = sportstrack.label_video(toy.make_match(tmp_path / "match.mp4"), detector=nothing)
    assert "warning: no boxes found in 20 frames" in video.as_text()

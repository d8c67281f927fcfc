"""The command line as a user meets it: a process, its files, its words and its exit status."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import make_video
import numpy as np
import pytest
import toy
from processes import call_track, refused, run_track

from sportstrack.masks import Masks
from sportstrack.recording import Recording
from sportstrack.track.command import main as track_main

TOY = ["--detector", "toy:find"]


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


@pytest.fixture(scope="module")
def tracked(match: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("tracked")
    result = run_track(match, *TOY, "-o", folder, "--formats", "all", "--save-detections", "--json")
    assert result.returncode == 0, result.stderr
    return folder, json.loads(result.stdout)


def test_a_match_becomes_tracks_of_its_three_players(tracked: tuple[Path, dict]) -> None:
    folder, summary = tracked
    rows = np.loadtxt(folder / "match.txt", delimiter=",")
    assert set(rows[:, 1]) == {1, 2, 3}
    assert summary["tracks"] == 3
    assert summary["frames"] == 20
    assert summary["complete"]
    assert summary["mean_score"] == pytest.approx(0.9)
    first = rows[rows[:, 0] == 1]
    boxes = first[:, 2:6] + np.hstack([np.zeros((3, 2)), first[:, 2:4]])
    expected = toy.truth(0)
    assert np.abs(boxes[boxes[:, 1].argsort()] - expected[expected[:, 1].argsort()]).max() <= 1.0


def test_all_outputs_agree_and_nothing_temporary_is_left(tracked: tuple[Path, dict]) -> None:
    folder, summary = tracked
    names = sorted(p.name for p in folder.iterdir() if p.name != ".sportstrack.ledger")
    assert names == sorted(
        f"match{e}"
        for e in (
            ".coco.json",
            ".csv",
            ".identities.csv",
            ".jsonl",
            ".npz",
            ".players.csv",
            ".players.html",
            ".settings.yaml",
            ".summary.json",
            ".txt",
            "_heat.png",
            "_tracked.mp4",
        )
    )
    frames = [json.loads(line) for line in (folder / "match.jsonl").read_text().splitlines()]
    rows = (folder / "match.csv").read_text().splitlines()
    assert len(frames) == 20
    assert [f["time"] for f in frames[:3]] == [0.0, 0.04, 0.08]
    assert sum(len(f["tracks"]) for f in frames) == len(rows) - 1 == summary["boxes"]
    assert {t["class"] for f in frames for t in f["tracks"]} == {"player"}
    assert make_video.count_frames(folder / "match_tracked.mp4") == 20


def test_the_video_plays_in_browsers_and_shows_boxes(match: Path, tracked: tuple[Path, dict]) -> None:
    import av

    folder, _ = tracked
    with av.open(str(folder / "match_tracked.mp4")) as drawn, av.open(str(match)) as plain:
        stream = drawn.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height, stream.average_rate) == (160, 120, 25)
        a, b = (next(c.decode(video=0)).to_ndarray(format="bgr24").astype(int) for c in (drawn, plain))
    assert np.abs(a - b).max() > 60


def test_a_replay_gives_the_same_tracks_to_the_last_bit(
    tracked: tuple[Path, dict], match: Path, tmp_path: Path
) -> None:
    folder, _ = tracked
    for words in (["--detections", folder / "match.npz"], [match, "--detections", folder / "match.npz"]):
        result = call_track(*words, "-o", tmp_path, "--formats", "all", "--quiet")
        assert result.returncode == 0, result.stderr
        for name in ("match.txt", "match.csv", "match.jsonl"):
            assert (tmp_path / name).read_text() == (folder / name).read_text()
    assert make_video.count_frames(tmp_path / "match_tracked.mp4") == 20


def test_files_hold_smoothed_boxes_or_on_request_those_detected(tracked: tuple[Path, dict], tmp_path: Path) -> None:
    folder, _ = tracked
    recording = folder / "match.npz"
    result = call_track(recording, "--boxes", "detected", "--formats", "mot,jsonl,csv", "-o", tmp_path, "--quiet")
    assert result.returncode == 0, result.stderr
    off = {}
    for out in (tmp_path, folder):
        shown = [json.loads(line)["tracks"] for line in (out / "match.jsonl").read_text().splitlines()]
        pairs = zip(Recording(recording), shown, strict=True)
        found = [(one["box"], frame.detections.xyxy[one["detection"]]) for frame, tracks in pairs for one in tracks]
        off[out] = max(np.abs(np.subtract(box, own)).max() for box, own in found)
        rows = np.loadtxt(out / "match.txt", delimiter=",")  # all formats agree
        assert np.allclose(rows[:, 2:4], [one["box"][:2] for tracks in shown for one in tracks], atol=0.011)
        corners = [line.split(",")[6:8] for line in (out / "match.csv").read_text().splitlines()[1:]]
        assert np.allclose(np.array(corners, float), rows[:, 2:4], atol=0.011)
    assert off[tmp_path] <= 0.006  # rounded to a hundredth of a pixel
    assert off[folder] > 0.02
    refused(call_track(recording, "--boxes", "detectd", "-o", tmp_path), "--boxes", "detected")


def test_saved_settings_run_again_and_options_win_over_them(
    tracked: tuple[Path, dict], match: Path, tmp_path: Path
) -> None:
    folder, _ = tracked
    words = (match, "--config", folder / "match.settings.yaml", "--formats", "mot", "-o", tmp_path, "--quiet")
    refused = call_track(*words)  # the file names a detector of one's own, which would be imported
    assert refused.returncode == 2
    assert "match.settings.yaml: detector: toy:" in refused.stderr
    again = call_track(*words, "--trust")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "match.txt").read_text() == (folder / "match.txt").read_text()
    assert not (tmp_path / "match.csv").exists()


def test_resume_skips_what_is_finished_and_redoes_what_has_other_settings(match: Path, tmp_path: Path) -> None:
    words = [match, *TOY, "--formats", "mot", "-o", tmp_path, "--json"]
    assert call_track(*words).returncode == 0
    before = (tmp_path / "match.txt").stat().st_mtime_ns
    assert json.loads(call_track(*words, "--resume").stdout)["skipped"]
    assert (tmp_path / "match.txt").stat().st_mtime_ns == before
    assert not json.loads(call_track(*words, "--resume", "--tracker", "sort").stdout)["skipped"]
    assert (tmp_path / "match.txt").stat().st_mtime_ns != before


def test_many_sources_go_on_after_a_bad_one_and_same_names_do_not_collide(match: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    twin = toy.make_match(tmp_path / "b" / "match.mp4", frames=5)
    out = tmp_path / "out"
    result = call_track(match, tmp_path / "gone.mp4", twin, *TOY, "--formats", "mot", "-o", out)
    assert result.returncode == 2
    assert "gone.mp4" in result.stderr
    assert "1 of 3 sources failed" in result.stderr
    assert len(list(out.glob("*match.txt"))) == 2


def test_every_nth_frame_keeps_the_source_frame_numbers(match: Path, tmp_path: Path) -> None:
    result = call_track(match, *TOY, "--every", 2, "-o", tmp_path, "--quiet", "--tracker", "sort")
    assert result.returncode == 0, result.stderr
    rows = np.loadtxt(tmp_path / "match.txt", delimiter=",")
    assert set(rows[:, 0]) <= set(range(1, 21, 2))
    assert make_video.count_frames(tmp_path / "match_tracked.mp4") == 10


def test_a_tracker_of_ones_own_plugs_in(match: Path, tmp_path: Path) -> None:
    words = [match, *TOY, "--formats", "mot", "-o", tmp_path, "--json"]
    result = call_track(*words, "--tracker", "toy:EveryoneIsNew", "--set", "first=100")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["tracks"] == summary["boxes"] > 50
    assert np.loadtxt(tmp_path / "match.txt", delimiter=",")[:, 1].min() == 100
    refused(call_track(*words, "--tracker", "toy:Missing"), "toy:Missing")
    refused(call_track(*words, "--tracker", "nowhere:Missing"), "nowhere")
    refused(call_track(*words, "--tracker", "toy:FailAt"), "toy:FailAt")


def test_unusable_boxes_are_counted_and_do_no_harm(tracked: tuple[Path, dict], match: Path, tmp_path: Path) -> None:
    folder, _ = tracked
    words = [match, "--detector", "toy:find_with_slips", "--formats", "mot", "-o", tmp_path]
    result = call_track(*words, "--json")
    assert json.loads(result.stdout)["dropped_boxes"] == 80
    assert (tmp_path / "match.txt").read_text() == (folder / "match.txt").read_text()
    assert "80 unusable boxes" in call_track(*words).stdout
    refused(call_track(*words, "--strict"), "unusable", "row 3")


def test_masks_and_key_points_reach_the_json_and_survive_a_recording(match: Path, tmp_path: Path) -> None:
    words = ["-o", tmp_path, "--formats", "jsonl,video", "--quiet"]
    result = call_track(match, "--detector", "toy:find_with_masks", *words, "--save-detections")
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "match.jsonl").read_text()
    track = json.loads(text.splitlines()[0])["tracks"][0]
    assert len(track["keypoints"]) == 5
    x1, y1, x2, y2 = track["box"]
    assert Masks.from_coco([track["mask"]]).area()[0] == pytest.approx((x2 - x1) * (y2 - y1))
    assert call_track("--detections", tmp_path / "match.npz", *words).returncode == 0
    assert (tmp_path / "match.jsonl").read_text() == text


@pytest.mark.parametrize("word", ["--help", "--list-trackers"])
def test_help_names_the_trackers_and_settings(word: str) -> None:
    result = call_track(word)
    assert result.returncode == 0
    assert "bytetrack" in result.stdout
    assert ("track_buffer" in result.stdout) == (word == "--list-trackers")


def test_a_truncated_file_is_tracked_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = toy.make_match(tmp_path / "cut.mp4", frames=100)
    make_video.cut(whole, 0.6)
    result = call_track(whole, *TOY, "-o", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert 10 <= summary["frames"] < 100
    assert summary["declared_frames"] == 100
    assert any("100" in warning for warning in summary["warnings"])
    assert make_video.count_frames(tmp_path / "out" / "cut_tracked.mp4") == summary["frames"]


def test_a_corrupt_middle_does_not_end_the_video(tmp_path: Path) -> None:
    broken = make_video.make_video(tmp_path / "broken.mp4", 100)
    make_video.scramble(broken, 0.45, 0.5)
    result = call_track(broken, *TOY, "-o", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["frames"] > 50
    assert summary["warnings"]


def test_one_frame_and_odd_sizes(tmp_path: Path) -> None:
    single = toy.make_match(tmp_path / "one.mp4", frames=1)
    result = call_track(single, *TOY, "-o", tmp_path / "out", "--json")
    assert json.loads(result.stdout)["frames"] == 1
    make_video.make_images(tmp_path / "odd", ["1.png", "2.png", "10.png"], size=(159, 121))
    result = call_track(tmp_path / "odd", *TOY, "-o", tmp_path / "out", "--json")
    assert json.loads(result.stdout)["frames"] == 3, result.stderr
    assert make_video.count_frames(tmp_path / "out" / "odd_tracked.mp4") == 3


@pytest.mark.parametrize(
    "kind",
    [
        {"pix_fmt": "gray"},
        {"pix_fmt": "yuv420p10le"},
        {"pix_fmt": "yuv444p", "size": (159, 121)},
        {"ticks": [0, 1000, 2500, 9000, 9100], "time_base": Fraction(1, 1000)},
        {"turned": True},
    ],
    ids=["grey", "10-bit", "odd", "variable rate", "rotated"],
)
def test_unusual_videos_come_out_with_their_size_count_and_times(kind: dict[str, Any], tmp_path: Path) -> None:
    import av

    turned, size = kind.pop("turned", False), kind.get("size", make_video.SIZE)
    video = make_video.make_video(tmp_path / "odd.mp4", 5, **kind)
    if turned:
        make_video.set_matrix(video, 0, 1, -1, 0)
        size = size[::-1]
    result = call_track(video, *TOY, "-o", tmp_path / "out", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["frames"] == 5
    with av.open(str(tmp_path / "out" / "odd_tracked.mp4")) as container:
        frames = list(container.decode(video=0))
    even = tuple(side + side % 2 for side in size)  # H.264 in 4:2:0 has no odd sizes
    assert {(frame.width, frame.height) for frame in frames} == {even}
    expected = [tick / 1000 for tick in kind["ticks"]] if "ticks" in kind else [i / 25 for i in range(5)]
    assert [frame.time - frames[0].time for frame in frames] == pytest.approx(expected, abs=1e-3)


def test_real_football_with_real_weights(shared_data: Path, tmp_path: Path) -> None:
    weights, video = shared_data / "weights" / "yolov8n.pt", shared_data / "video" / "football_848x478.mp4"
    words = [video, "--weights", weights, "--imgsz", 480, "--every", 8, "-o", tmp_path, "--json"]
    result = call_track(*words)
    assert result.returncode == 0, result.stderr
    summary = json.loads(result.stdout)
    assert summary["frames"] == 22
    assert summary["boxes"] > 22
    assert {"decode", "detect", "inference", "track", "draw", "encode"} <= set(summary["stages_ms"])


@pytest.mark.parametrize(("task", "column"), [("-seg", "mask"), ("-pose", "keypoints")])
def test_segmentation_and_pose_weights_carry_what_they_find(
    task: str, column: str, random_weights: Callable[[str], Path], tmp_path: Path
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    image = np.kron(noise, np.ones((16, 16, 1), np.uint8))
    video = make_video.make_video(tmp_path / "noise.mp4", 4, size=(192, 128), pictures=[image] * 4)
    words = [
        "--weights",
        random_weights(task),
        "--imgsz",
        192,
        "--classes",
        "all",
        "--tracker",
        "sort",
        "--set",
        "min_hits=1",
    ]
    result = call_track(video, *words, "--formats", "jsonl,video", "-o", tmp_path, "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["boxes"] > 0
    frames = [json.loads(line) for line in (tmp_path / "noise.jsonl").read_text().splitlines()]
    assert all(column in track for frame in frames for track in frame["tracks"])


def at_terminal(words: list[str], capsys: pytest.CaptureFixture[str], *, terminal: bool = True) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.stderr, "isatty", lambda: terminal)
        track_main(words)
    return capsys.readouterr().err


def test_a_person_at_a_terminal_reads_at_once_what_is_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(toy.__file__).parent))
    clip = toy.make_match(tmp_path / "match.mp4", 6)
    words = [str(clip), "--detector", "toy:find", "--formats", "mot", "-o", str(tmp_path / "out"), "--overwrite"]
    assert at_terminal(words, capsys).startswith("loading toy:find …\n")
    assert "loading" not in at_terminal(words, capsys, terminal=False)
    assert "loading" not in at_terminal([*words, "--quiet"], capsys)
    assert "loading" not in at_terminal([*words, "--json"], capsys)

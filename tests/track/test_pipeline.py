"""`track_video` from Python."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import toy

import sportstrack
from sportstrack.errors import OutputError, SettingError
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


def test_frames_come_in_order_with_their_pictures(match: Path) -> None:
    seen: list[TrackedFrame] = []
    summary = track_video(match, detector=toy.find, on_frame=seen.append)
    assert [frame.index for frame in seen] == list(range(20))
    assert [round(frame.time, 6) for frame in seen] == [round(i / 25, 6) for i in range(20)]
    assert all(frame.image is not None and frame.image.shape == (120, 160, 3) for frame in seen)
    assert summary.outputs == {}
    assert summary.tracks == 3


@pytest.mark.parametrize("batch", [1, 3, 20, 64])
def test_the_batch_size_changes_nothing(match: Path, batch: int) -> None:
    def tracks(size: int) -> list[list[float]]:
        rows: list[list[float]] = []

        def keep(frame: TrackedFrame) -> None:
            rows.extend([frame.index, *box, i] for box, i in zip(frame.tracks.xyxy, frame.tracks.track_id, strict=True))

        track_video(match, detector=toy.find, on_frame=keep, batch=size)
        return rows

    assert np.array_equal(tracks(batch), tracks(1))


def test_a_tracker_object_and_progress(match: Path) -> None:
    progress: list[tuple[int, int | None]] = []
    tracker = sportstrack.create_tracker("sort", frame_rate=25, min_hits=1)
    track_video(match, detector=toy.find, tracker=tracker, progress=lambda *p: progress.append(p))
    assert progress == [(i, 20) for i in range(1, 21)]


@pytest.mark.parametrize("fails", [False, True])
def test_opencv_has_its_threads_back_after_a_run(match: Path, fails: bool) -> None:
    import cv2

    before, seen = cv2.getNumThreads(), set()

    def look(frame: TrackedFrame) -> None:
        seen.add(cv2.getNumThreads())
        if fails and frame.index == 3:
            raise ZeroDivisionError

    try:
        cv2.setNumThreads(3)
        with pytest.raises(ZeroDivisionError) if fails else nullcontext():
            track_video(match, detector=toy.find, on_frame=look)
        assert seen == {1}
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_what_on_frame_raises_comes_through(match: Path, tmp_path: Path) -> None:
    def stop(frame: TrackedFrame) -> None:
        if frame.index == 7:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        track_video(match, tmp_path, detector=toy.find, on_frame=stop, formats=["mot"])
    assert [p.match("match.*.part.txt") for p in tmp_path.iterdir()] == [True]


def test_a_detector_that_returns_too_few_tables(match: Path) -> None:
    with pytest.raises(SettingError, match="one per frame"):
        track_video(match, detector=lambda frames: [], batch=2)


def test_a_tracker_that_returns_something_else(match: Path) -> None:
    class Odd:
        def update(self, detections: object, camera: object = None) -> object:
            return [1, 2, 3]

        def reset(self) -> None: ...

    with pytest.raises(SettingError, match="list"):
        track_video(match, detector=toy.find, tracker=Odd())


def test_ignored_settings_are_reported(tmp_path: Path) -> None:
    clip = toy.make_match(tmp_path / "match.mp4", frames=1)
    settings = TrackSettings(detector="torchvision:ssdlite320_mobilenet_v3_large:random", device="cpu")
    plain, asked = track_video(clip, settings=settings), track_video(clip, settings=settings, imgsz=320, iou=0.5)
    assert [text for text in plain.warnings if "part of this detector" in text] == []
    assert "imgsz is part of this detector and was not set" in asked.warnings
    assert "imgsz" not in plain.settings


def test_unknown_settings_are_refused_before_anything_starts(match: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="'tracker'"):
        track_video(match, tmp_path, trackr="sort")
    with pytest.raises(OutputError, match=r"match\.mp4"):
        track_video(match, match, detector=toy.find)


def test_a_finished_result_is_not_lost_to_a_failed_second_run(match: Path, tmp_path: Path) -> None:
    track_video(match, tmp_path, detector=toy.find, formats=["mot"])
    before = (tmp_path / "match.txt").read_text()
    with pytest.raises(RuntimeError, match="broke"):
        track_video(match, tmp_path, detector=toy.FailAt(), formats=["mot"])
    assert (tmp_path / "match.txt").read_text() == before


def test_a_sequence_folder_is_a_source(tmp_path: Path) -> None:
    import cv2

    images = tmp_path / "v_game_c001" / "img1"
    images.mkdir(parents=True)
    for i in range(6):
        assert cv2.imwrite(str(images / f"{i + 1:06d}.png"), toy.picture(i))
    (images.parent / "seqinfo.ini").write_text(
        "[Sequence]\nname=v_game_c001\nimDir=img1\nframeRate=50\nseqLength=6\nimWidth=160\nimHeight=120\nimExt=.png\n"
    )
    summary = track_video(images.parent, tmp_path / "out", detector=toy.find)
    assert (summary.name, summary.frame_rate, summary.frames, summary.tracks) == ("v_game_c001", 50.0, 6, 3)


def _gap(frames: list[np.ndarray]) -> list[sportstrack.Detections]:
    """As toy.find, but blind for six frames, longer than this tracker remembers."""
    found = toy.find(frames)
    _gap.count += len(frames)
    return [sportstrack.Detections.empty()] if 8 <= _gap.count <= 13 else found


def test_offline_mends_what_a_gap_has_broken(match: Path, tmp_path: Path) -> None:
    def ids(folder: str, **settings: object) -> tuple[set[str], int]:
        _gap.count = -1
        options = {"tracker_settings": {"max_age": 3, "min_hits": 1}, "formats": ["mot", "video"], **settings}
        summary = track_video(match, tmp_path / folder, detector=_gap, tracker="sort", **options)
        rows = [line.split(",") for line in (tmp_path / folder / "match.txt").read_text().splitlines()]
        frames = [int(row[0]) for row in rows]
        assert frames == sorted(frames)
        assert Path(summary.outputs["video"]).stat().st_size > 1000
        return {row[1] for row in rows}, len(rows)

    broken, seen = ids("causal")
    whole, filled = ids("offline", offline=True)
    assert len(whole) < len(broken)
    assert filled > seen
    assert sorted(p.name for p in (tmp_path / "offline").iterdir()) == [
        ".sportstrack.ledger",
        "match.settings.yaml",
        "match.summary.json",
        "match.txt",
        "match_tracked.mp4",
    ]


def test_offline_reports_refined_tracks_with_pictures_and_both_passes(match: Path) -> None:
    seen: list[TrackedFrame] = []
    progress: list[tuple[int, int | None]] = []
    summary = track_video(
        match, detector=toy.find, offline=True, on_frame=seen.append, progress=lambda *p: progress.append(p)
    )
    assert [frame.index for frame in seen] == list(range(20))
    assert all(frame.image is not None for frame in seen)
    assert progress == [(i, 40) for i in range(1, 41)]
    assert {"detect", "track", "refine"} <= set(summary.stages_ms)


def test_an_interrupted_first_pass_leaves_its_recording_and_its_tracks_so_far(match: Path, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="broke"):
        track_video(match, tmp_path, detector=toy.FailAt(), offline=True)
    left = sorted(path.suffix for path in (tmp_path / "match.first-pass").iterdir())
    assert left == [".npz", ".txt"]
    (text,) = (tmp_path / "match.first-pass").glob("match.*.part.txt")
    assert text.read_text().splitlines()[-1].startswith("5,")
    assert not (tmp_path / "match.txt").exists()
    track_video(match, tmp_path, detector=toy.find, offline=True)
    assert not (tmp_path / "match.first-pass").exists()


def test_a_heat_map_shows_where_players_were_over_the_first_frame(match: Path, tmp_path: Path) -> None:
    import cv2

    summary = track_video(match, tmp_path, detector=toy.find, formats=["video", "heatmap"])
    heat = cv2.imread(summary.outputs["heatmap"]).astype(int)
    first = toy.picture(0).astype(int)
    feet = [(int((x1 + x2) / 2), int(y2)) for f in range(20) for x1, _, x2, y2 in toy.truth(f) if y2 < 118]
    there = np.array([np.abs(heat[y, x] - first[y, x]).max() for x, y in feet])
    assert (there > 30).mean() > 0.9
    assert np.abs(heat[:8, :60] - first[:8, :60]).max() < 10  # no player was there, and no label was drawn there


def test_a_replay_without_pictures_has_a_heat_map_too(match: Path, tmp_path: Path) -> None:
    first = track_video(match, tmp_path, detector=toy.find, formats=[], save_detections=True)
    again = track_video(first.outputs["detections"], tmp_path, formats=["heatmap"])
    assert Path(again.outputs["heatmap"]).read_bytes().startswith(b"\x89PNG")

"""Maps show places on the ground, also while the camera moves; where they cannot, they say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sportstrack.camera.anchored import AnchoredMotion
from sportstrack.cli import main
from sportstrack.draw.ground import GroundMap
from sportstrack.draw.heatmap import draw_paths, heat_map
from sportstrack.mot import format_mot_rows
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.run import track_video
from sportstrack.types import Detections, Tracks
from tests.draw.conftest import FRAMES, PAN, SIZE, Detect, pictures, places


def tracks(frame: int) -> Tracks:
    return Tracks(places(frame)[:4], np.ones(4), np.zeros(4, np.int64), np.array([1, 2, 3, 4]), np.arange(4))


def panned(frame: int) -> Tracks:
    """Four who stand on the ground."""
    boxes = places(0)[:4] + np.array([200.0 - PAN * frame, 0] * 2)
    return Tracks(boxes, np.ones(4), np.zeros(4, np.int64), np.array([1, 2, 3, 4]), np.arange(4))


def filled(ground: GroundMap, *, images: bool = True, camera: bool = False) -> GroundMap:
    step = np.array([[1.0, 0, -PAN], [0, 1, 0]])
    for frame, image in enumerate(pictures()):
        motion = step if camera and frame else None
        ground.add(frame, image if images else None, tracks(frame), motion)
    return ground


def spread(ground: GroundMap, track: int) -> float:
    found = ground.ground()
    return float(np.ptp(found.foot[found.track_id == track, 0]))


@pytest.mark.parametrize("how", [{"images": True}, {"images": False, "camera": True}], ids=["pictures", "recorded"])
def test_who_stands_still_is_at_one_place(how: dict[str, bool]) -> None:
    ground = filled(GroundMap(*SIZE), **how)
    assert spread(ground, 2) == pytest.approx(1.4 * (FRAMES - 1), abs=3)  # its own slow walk
    assert spread(ground, 3) == pytest.approx((PAN + 1.27) * (FRAMES - 1), abs=4)  # it kept up with the camera
    found = ground.ground()
    assert not found.warnings
    assert found.image.shape[1] == pytest.approx(SIZE[0] + PAN * (FRAMES - 1), abs=4)
    assert (found.foot >= 0).all()
    assert (found.foot < found.image.shape[1::-1]).all()


def test_the_map_is_made_of_the_pictures() -> None:
    from tests.draw.conftest import ground

    found, whole = filled(GroundMap(*SIZE)).ground(), ground()
    strip = slice(150, 180)
    width = min(found.image.shape[1], whole.shape[1]) - 8
    difference = found.image[strip, :width].astype(int) - whole[strip, :width]
    assert (abs(difference).max(axis=2) < 30).mean() > 0.9


def test_what_a_map_means_is_said_where_the_motion_is_unknown() -> None:
    for still in (False, True):
        ground = GroundMap(*SIZE, still=still)
        for frame in range(FRAMES):
            ground.add(frame, None, panned(frame))
        warnings = ground.ground().warnings
        assert [("the camera seems to move" in warning) for warning in warnings] == ([] if still else [True])


def test_a_cut_leaves_the_other_scene_out_and_says_so() -> None:
    import cv2

    rng = np.random.default_rng(9)
    noise = rng.integers(0, 255, (24, 40), np.uint8)
    other = np.repeat(cv2.resize(noise, SIZE, interpolation=cv2.INTER_CUBIC)[..., None], 3, axis=2)
    ground = filled(GroundMap(*SIZE))
    for frame in range(FRAMES, FRAMES + 8):
        ground.add(frame, other, tracks(0))
    found = ground.ground()
    assert found.frame.max() == FRAMES - 1
    assert "the map shows one of 2 scenes, 120 of 152 boxes" in found.warnings[0]


def walk(frames: int) -> GroundMap:
    """Two people who walk about without a camera's motion; the second is away for a while."""
    ground = GroundMap(*SIZE, still=True)
    for frame in range(frames):
        t = frame / 300
        feet = np.array(
            [[160 + 90 * np.cos(t), 90 + 60 * np.sin(t)], [160 + 120 * np.cos(3 * t), 120 + 40 * np.sin(2 * t)]]
        )
        seen = np.arange(1 if 1000 <= frame < 1400 else 2)
        boxes = np.hstack([feet - (5, 20), feet + (5, 0)])[seen]
        ground.add(frame, None, Tracks(boxes, np.ones(len(seen)), 0 * seen, seen + 1, seen))
    return ground


def test_a_long_run_needs_no_more_memory_and_gives_the_same_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    import cv2

    whole = walk(3000).ground()
    monkeypatch.setattr("sportstrack.draw.ground.MOST_ROWS", 1500)
    thin = walk(3000).ground()
    assert whole.every == 1
    assert len(thin.frame) <= 1500
    assert set((thin.frame % thin.every).tolist()) == {0}
    heats = [heat_map(one.foot, *SIZE) for one in (whole, thin)]
    assert abs(heats[0] - heats[1]).max() < 0.05
    drawn = [draw_paths(one.image.copy(), one.frame, one.track_id, one.foot, one.every) for one in (whole, thin)]
    lines = [(image != whole.image).any(axis=2).astype(np.uint8) for image in drawn]
    for one, other in (lines, lines[::-1]):  # each line is where the other is, or a pixel beside it
        assert (one & cv2.dilate(other, np.ones((3, 3), np.uint8))).sum() > 0.98 * one.sum()


def test_scenes_that_no_map_will_show_are_forgotten() -> None:
    ground = GroundMap(*SIZE)
    for frame, length in enumerate([5, 9, 3, 9, 1]):
        for i in range(length):
            ground.add(10 * frame + i, None, panned(0), np.eye(2, 3), cut=i == 0)
    found = ground.ground()
    assert set((found.frame // 10).tolist()) == {1}
    assert "one of 5 scenes, 36 of 108 boxes" in found.warnings[0]
    assert [len(ground.rows(scene)[0]) for scene in range(5)] == [0, 36, 0, 0, 4]


def test_a_camera_at_rest_is_at_rest_for_ever() -> None:
    motion, image = AnchoredMotion(), pictures()[0]
    rng = np.random.default_rng(2)
    for _ in range(20):
        noisy = (image + rng.integers(-4, 5, image.shape)).clip(0, 255).astype(np.uint8)
        np.testing.assert_array_equal(motion.update(noisy, places(0)), np.eye(2, 3))


def test_the_error_does_not_add_up() -> None:
    motion, images = AnchoredMotion(), pictures()
    there_and_back = [*range(FRAMES), *reversed(range(FRAMES))] * 4
    for frame in there_and_back:
        place = motion.update(images[frame], places(frame))
        assert abs(place[:, 2] - (-PAN * frame, 0)).max() < 1.0
    assert motion.scene == 0


def test_presence_and_track_draw_the_same_true_map(match: Path, tmp_path: Path) -> None:
    import cv2

    text = tmp_path / "true.txt"
    text.write_text("".join(format_mot_rows(i, tracks(i)) for i in range(FRAMES)), encoding="utf-8")
    words = ["presence", str(text), "--video", str(match), "--quiet", "--id", "2", "--no-path", "-o"]
    assert main([*words, str(tmp_path / "moved.png")]) == 0
    assert main([*words, str(tmp_path / "still.png"), "--still"]) == 0
    moved, still = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("moved", "still"))
    assert still.shape[1] == SIZE[0]
    assert moved.shape[1] > SIZE[0] + 90
    summary = track_video(match, tmp_path / "out", detector=Detect(), formats=["heatmap"])
    assert cv2.imread(summary.outputs["heatmap"]).shape[1] == pytest.approx(moved.shape[1], abs=4)
    assert not summary.warnings


def test_maps_without_pictures_warn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = RecordingWriter(tmp_path / "match.npz", RecordingInfo("match", *SIZE, 25.0))
    for frame in range(FRAMES):
        boxes = Detections.from_arrays(panned(frame).xyxy, np.full(4, 0.9))
        writer.write(RecordedFrame(frame, frame / 25, boxes))
    writer.close()
    summary = track_video(tmp_path / "match.npz", tmp_path, formats=["heatmap", "mot"])
    assert any("the camera seems to move" in warning for warning in summary.warnings)
    assert main(["presence", str(tmp_path / "match.txt"), "-o", str(tmp_path / "dark.png"), "--quiet"]) == 0
    assert "the camera seems to move" in capsys.readouterr().err

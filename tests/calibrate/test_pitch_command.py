"""``sportstrack pitch``: a rendered clip whose cameras are known, marked in one frame."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.synthetic.render import render_sequence
from data_prep.synthetic.settings import Settings
from sportstrack import calibrate_video, load_pitch, read_pitch
from sportstrack.calibrate.lines import find_lines
from sportstrack.calibrate.look import Looker
from sportstrack.calibrate.pitch.command import main
from sportstrack.calibrate.spool import Spool
from sportstrack.errors import SettingError
from sportstrack.pitch.evidence import SeenFrame

FRAMES, SIZE = 12, (960, 540)
FOOTBALL = load_pitch()


def seen_at(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The pixels of places of the pitch; renders count y the other way."""
    rows = np.column_stack([points[:, 0], -points[:, 1], np.zeros(len(points)), np.ones(len(points))]) @ matrix.T
    return rows[:, :2] / rows[:, 2:]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[np.ndarray], Path]:
    folder = tmp_path_factory.mktemp("clip") / "match"
    folder.mkdir()
    cameras = []
    for image, truth in render_sequence(Settings(seed=3, frames=FRAMES, width=SIZE[0], height=SIZE[1], view="main")):
        cv2.imwrite(str(folder / f"{truth.frame:03}.jpg"), image)
        cameras.append(truth.camera)
    names = [name for name, place in FOOTBALL.keypoints.items() if len(place) == 2]
    pixels = seen_at(cameras[4], np.array([FOOTBALL.keypoints[name] for name in names]))
    inside = (pixels > 0).all(1) & (pixels < SIZE).all(1)
    rng = np.random.default_rng(0)
    rows = [(names[i], pixels[i] + rng.normal(0, 1, 2)) for i in np.flatnonzero(inside)][:7]
    file = folder.parent / "points.csv"
    file.write_text("frame,place,px,py\n" + "".join(f"5,{name},{x:.1f},{y:.1f}\n" for name, (x, y) in rows))
    return folder, cameras, file


def test_one_marked_frame_places_the_feet_of_all(
    clip: tuple[Path, list[np.ndarray], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, cameras, points = clip
    assert main([str(folder), "--points", str(points), "-o", str(tmp_path), "--draw", "--picture"]) == 0
    printed = capsys.readouterr()
    assert "12 frames: 12 ok, 0 carried, 0 refused" in printed.out
    assert "match.pitch.jsonl" in printed.err
    track = read_pitch(tmp_path / "match.pitch.jsonl")
    feet = np.array([(x, y) for x in range(-40, 41, 8) for y in range(-30, 31, 10)], dtype=float)
    for frame, matrix in enumerate(cameras):
        pixels = seen_at(matrix, feet)
        inside = (pixels > 0).all(1) & (pixels < SIZE).all(1)
        metres, errors = track.to_ground(frame, pixels[inside], 0.0)
        assert np.linalg.norm(metres - feet[inside], axis=1).mean() < 0.3
        assert np.median(errors) < 0.3
    assert cv2.imread(str(tmp_path / "match_pitch.jpg")).shape[1] == 2 * SIZE[0]
    assert (tmp_path / "match_pitch.mp4").stat().st_size > 10_000


def test_the_drawn_lines_lie_on_the_lines_of_the_video(
    clip: tuple[Path, list[np.ndarray], Path], tmp_path: Path
) -> None:
    folder, _, points = clip
    done = calibrate_video(folder, points=points)
    image = cv2.imread(str(sorted(folder.iterdir())[8]))
    found = find_lines(image)
    camera = done.track.at(8).camera
    assert camera is not None
    drawn = camera.project(np.concatenate([part.points(0.1) for part in FOOTBALL.parts]))
    drawn = drawn[np.isfinite(drawn).all(1)]
    away = np.array([np.linalg.norm(drawn - point, axis=1).min() for point in found[:, :2]])
    on_field = found[:, 1] > 200
    assert np.median(away[on_field]) < 1.5
    assert done.files == []


def test_without_marks_and_network_the_way_on_is_named(
    clip: tuple[Path, list[np.ndarray], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(clip[0]), "--sport", "handball", "-o", str(tmp_path)]) == 2
    assert "mark four or more places of a frame in a file, and give it with --points" in capsys.readouterr().err
    (tmp_path / "p.csv").write_text("1,centre_spt,1,2\n")
    with pytest.raises(SettingError, match="did you mean 'centre_spot'"):
        calibrate_video(clip[0], points=tmp_path / "p.csv")


def test_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list-places", "--sport", "handball"]) == 0
    printed = capsys.readouterr().out
    assert "left_far_corner" in printed
    assert "volleyball" in printed


@pytest.mark.parametrize("colour", [(230, 235, 230), (210, 190, 60), (60, 80, 210)], ids=("white", "cyan", "red"))
def test_lines_are_found_where_they_are_and_turf_has_none(colour: tuple[int, int, int]) -> None:
    image = np.full((400, 600, 3), (50, 120, 55), np.uint8)
    image = cv2.add(image, np.random.default_rng(0).integers(0, 8, image.shape, dtype=np.uint8))
    assert len(find_lines(image)) < 5
    cv2.line(image, (50, 300), (550, 200), colour, 3, cv2.LINE_AA)
    found = find_lines(image)
    assert len(found) > 80
    across = np.array([100.0, 500.0]) / np.hypot(100, 500)
    off = (found[:, :2] - (50.5, 300.5)) @ across
    assert np.percentile(np.abs(off), 95) < 0.2  # the two ends may wander
    assert np.median(np.abs(np.cos(found[:, 2]) * across[0] + np.sin(found[:, 2]) * across[1])) > 0.99


def test_points_are_followed_and_a_cut_begins_anew() -> None:
    rng = np.random.default_rng(1)
    scene = cv2.GaussianBlur(rng.integers(0, 255, (400, 700, 3), dtype=np.uint8), (0, 0), 2)
    other = cv2.GaussianBlur(rng.integers(0, 90, (400, 700, 3), dtype=np.uint8), (0, 0), 2)
    other[:200] += np.array((20, 90, 30), np.uint8)
    looker = Looker()
    looker.look(0, scene[50:350, 50:650].copy())
    seen = looker.look(1, scene[53:353, 57:657].copy())
    assert len(seen.before) > 100
    assert np.median(seen.after - seen.before, axis=0) == pytest.approx((-7, -3), abs=0.1)
    for k in range(2, 30):
        assert not looker.look(k, scene[53:353, 57:657].copy()).cut
    seen = looker.look(30, other[50:350, 50:650].copy())
    assert seen.cut
    assert len(seen.before) == 0


def test_the_spool_gives_back_what_it_was_given() -> None:
    rng = np.random.default_rng(2)
    frames = [SeenFrame(k, rng.random((k, 3)), rng.random((3, 2)), rng.random((3, 2)), k == 2) for k in range(5)]
    with Spool() as spool:
        for one in frames:
            spool.append(one)
        assert len(spool) == 5
        for one, back in zip(frames, spool[0:5], strict=True):
            assert (one.frame, one.cut) == (back.frame, back.cut)
            assert back.lines == pytest.approx(one.lines, abs=1e-6)
            assert back.after == pytest.approx(one.after, abs=1e-6)
        assert spool[-1].frame == 4
        with pytest.raises(IndexError):
            spool[5]


def test_faint_lines_are_found_in_a_dark_blurred_picture() -> None:
    image = np.full((400, 600, 3), (20, 70, 40), np.uint8)
    cv2.line(image, (50, 300), (550, 200), (45, 85, 65), 4, cv2.LINE_AA)
    cv2.line(image, (300, 60), (340, 390), (45, 85, 65), 4, cv2.LINE_AA)
    image = cv2.GaussianBlur(image, (0, 0), 3.0)
    image = cv2.add(image, np.random.default_rng(0).integers(0, 4, image.shape, dtype=np.uint8))
    found = find_lines(image)
    first, second = (np.array(one) / np.hypot(*one) for one in ((100.0, 500.0), (330.0, -40.0)))
    off = np.minimum(np.abs((found[:, :2] - (50.5, 300.5)) @ first), np.abs((found[:, :2] - (300.5, 60.5)) @ second))
    assert len(found) > 80
    assert np.quantile(off, 0.95) < 1.5

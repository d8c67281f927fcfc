"""The pitch found by itself: cameras of pictures and clips that the network has never seen, or refusals."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_prep.synthetic.pitch_pictures import PitchPicture, render_picture
from data_prep.synthetic.pitch_pictures.views import pitch_of
from data_prep.synthetic.render import render_sequence
from data_prep.synthetic.settings import Settings
from sportstrack import Camera, calibrate_video, load_pitch
from sportstrack.calibrate.byself import EVERY, LONGEST, PitchFinder, evidence_of
from sportstrack.calibrate.look import Looker
from sportstrack.calibrate.pitch.command import main
from sportstrack.errors import SettingError
from sportstrack.pitch.clip.fit import fit_clip
from sportstrack.pitch.evidence import PitchEvidence
from sportstrack.pitch.network.find import FrameCamera
from sportstrack.video import open_source

FOOTBALL = load_pitch()
SEEDS = range(2000, 2012)


@pytest.fixture(scope="module")
def finder() -> PitchFinder:
    return PitchFinder(FOOTBALL)


@pytest.fixture(scope="module")
def pictures() -> list[PitchPicture]:
    """Main cameras over pitches of the usual size."""
    made = [render_picture(seed, index, (848, 478)) for seed in SEEDS for index in range(2)]
    return [
        one for one in made if one.view is None or (one.view.kind, one.view.pitch) == ("main", pitch_of(105.0, 68.0))
    ]


def error(camera: Camera, truth: Camera, size: tuple[int, int]) -> float:
    """Metres on the pitch in view, at the median."""
    x, y = np.meshgrid(np.linspace(0, size[0], 15), np.linspace(0, size[1], 12))
    pixels = np.column_stack([x.ravel(), y.ravel()])
    ground = truth.to_ground(pixels)
    inside = (np.abs(np.nan_to_num(ground, nan=999)) < (52.5, 34)).all(1)
    off = np.linalg.norm(camera.to_ground(pixels[inside]) - ground[inside], axis=1)
    return float(np.median(np.nan_to_num(off, nan=99)))


def find_in(picture: PitchPicture, finder: PitchFinder) -> FrameCamera:
    """What a single picture tells, with its line pixels."""
    lines = Looker().look(0, picture.image).lines
    return PitchFinder(FOOTBALL, network=finder.network).find(picture.image, lines)


def test_unseen_stadiums_are_found_or_refused(finder: PitchFinder, pictures: list[PitchPicture]) -> None:
    found = [(find_in(one, finder), one) for one in pictures]
    errors = [error(f.camera, p.view.camera, p.view.size) for f, p in found if f.camera and p.view]
    assert len(errors) >= 3
    assert np.median(errors) < 1.0
    for one, picture in found:
        assert (one.camera is None) == bool(one.reason)
        if picture.view is None:
            assert one.camera is None


def test_a_stripe_of_the_grass_is_not_taken_for_the_touchline(finder: PitchFinder) -> None:
    picture = render_picture(3053, 0, (848, 478))
    assert picture.view is not None
    seen = Looker().look(0, picture.image)
    found = PitchFinder(picture.view.pitch, network=finder.network).find(picture.image, seen.lines)
    assert found.camera is not None
    one = fit_clip([seen], {0: evidence_of(0, found)}, picture.view.pitch, picture.view.size).track.at(0)
    if one.camera is None:
        assert "circles" in one.reason
    else:
        assert error(one.camera, picture.view.camera, picture.view.size) < 1.0


def test_what_is_no_football_pitch_is_refused(finder: PitchFinder) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (360, 640, 3), dtype=np.uint8)
    grass = np.full((360, 640, 3), (60, 140, 70), np.uint8)
    for image in (noise, grass, np.zeros_like(noise)):
        assert finder.find(image).camera is None


def test_a_sport_without_a_network_says_what_to_do() -> None:
    with pytest.raises(SettingError, match=r"handball.*--points"):
        PitchFinder(load_pitch("handball"))


def test_the_command_asks_for_marks_where_no_network_knows_the_sport(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "clip").mkdir()
    cv2.imwrite(str(tmp_path / "clip" / "1.png"), np.zeros((90, 160, 3), np.uint8))
    assert main([str(tmp_path / "clip"), "--sport", "handball", "-o", str(tmp_path / "out")]) == 2
    assert "--points" in capsys.readouterr().err


def test_few_frames_are_looked_at(finder: PitchFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    own = PitchFinder(FOOTBALL, network=finder.network)
    looked = []
    monkeypatch.setattr(own, "find", lambda image, lines: looked.append(image) or finder.find(image, lines))
    black = np.zeros((90, 160, 3), np.uint8)
    for frame in range(10 * EVERY):
        own(frame, black)
    assert 2 <= len(looked) <= 10
    assert LONGEST > EVERY


def test_a_clip_of_another_renderer_is_calibrated_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "match"
    folder.mkdir()
    matrices = []
    for image, truth in render_sequence(Settings(seed=5, frames=4, width=848, height=480, view="main")):
        cv2.imwrite(str(folder / f"{truth.frame:03}.jpg"), image)
        matrices.append(truth.camera)
    track = calibrate_video(folder).track
    assert all(track.at(frame).status == "ok" for frame in range(4))
    places = np.array([(x, y, 0, 1) for x in range(-50, 51, 5) for y in range(-30, 31, 5)], dtype=float)
    seen = (places * (1, -1, 1, 1)) @ np.asarray(matrices[2]).T  # renders count y the other way
    pixels = seen[:, :2] / seen[:, 2:]
    inside = (seen[:, 2] > 0) & (pixels > 0).all(1) & (pixels < (848, 480)).all(1)
    metres, _ = track.to_ground(2, pixels[inside])
    assert np.median(np.linalg.norm(metres - places[inside, :2], axis=1)) < 0.5


def test_marks_by_hand_win_over_the_network(finder: PitchFinder, pictures: list[PitchPicture]) -> None:
    from sportstrack.pitch.clip.fit import _of_shot

    picture = next(one for one in pictures if one.view is not None)
    found = find_in(picture, finder)
    byself = evidence_of(3, found) if found.camera else PitchEvidence(3, [], np.empty((0, 2)), [], [])
    hand = PitchEvidence(5, ["centre_spot"], np.array([[3.0, 4.0]]), np.ones(1), np.ones(1), by_hand=True)
    assert _of_shot({3: byself, 5: hand}, 0, 9) == {5: hand}
    assert _of_shot({3: byself, 5: hand}, 0, 5) == {3: byself}


@pytest.mark.slow
def test_real_footage_agrees_with_marks_by_hand(shared_data: Path, finder: PitchFinder) -> None:
    by_hand = {
        0: [("near_halfway", 551.8, 386.8), ("far_centre_circle_halfway", 539.9, 189.0),
            ("near_centre_circle_halfway", 543.2, 243.3), ("left_far_penalty_area_corner", 191.6, 160.4)],
        168: [("far_halfway", 221.7, 119.8), ("near_halfway", 261.3, 424.4),
              ("near_centre_circle_halfway", 237.9, 245.0), ("right_far_penalty_area_corner", 657.4, 134.5)],
    }  # fmt: skip
    own = PitchFinder(FOOTBALL, network=finder.network)
    with open_source(shared_data / "video" / "football_848x478.mp4") as source:
        for frame in source:
            if frame.index % 42 and frame.index not in by_hand:
                continue
            found = own.find(frame.image)
            assert found.camera is not None, found.reason
            for name, x, y in by_hand.get(frame.index, []):
                off = found.camera.to_ground([(x, y)])[0] - FOOTBALL.keypoints[name][:2]
                assert np.linalg.norm(off) < 2.0, (frame.index, name, off)

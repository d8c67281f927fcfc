"""Pictures of pitches: the same ones from a seed, and cameras and maps that agree with what is painted."""

from __future__ import annotations

import numpy as np
import pytest

from data_prep.synthetic.pitch_pictures import PitchPicture, render_picture
from data_prep.synthetic.pitch_pictures.labels import line_maps, place_map
from data_prep.synthetic.pitch_pictures.views import CANONICAL, canonical, mirrors
from sportstrack import Camera
from sportstrack.pitch.network.layout import FOOTBALL_LINES


@pytest.fixture(scope="module")
def pictures() -> list[PitchPicture]:
    return [render_picture(seed, index) for seed in range(950, 956) for index in range(4)]


def test_a_seed_and_an_index_give_one_picture() -> None:
    first, again, other = render_picture(950, 1), render_picture(950, 1), render_picture(950, 2)
    assert (first.image == again.image).all()
    assert first.image.shape == (288, 512, 3)
    assert (first.image != other.image).any()
    assert render_picture(950, 1, (256, 144)).image.shape == (144, 256, 3)


def test_lines_are_painted_where_the_camera_sees_them(pictures: list[PitchPicture]) -> None:
    brighter = total = 0
    for picture in pictures:
        if picture.view is None:
            continue
        camera, pitch = picture.view.camera, picture.view.pitch
        grey = picture.image.astype(float).mean(2)
        for x in np.linspace(-9, 9, 40):  # across the halfway line and beside the centre circle
            for at in ([(0.0, x)], [(pitch.length / 2 - 16.5, x)], [(-pitch.length / 2 + 16.5, x)]):
                on, left, right = camera.project([*at, (at[0][0] - 1.0, x), (at[0][0] + 1.0, x)])
                around = np.array([on, left, right])
                wide = np.linalg.norm(left - right)
                if not np.isfinite(around).all() or (around < 2).any() or (around > (509, 285)).any() or wide < 8:
                    continue
                a, b, c = (grey[int(q[1]), int(q[0])] for q in around)
                if picture.hidden[int(on[1]), int(on[0])] == 0:
                    total += 1
                    brighter += bool(a > (b + c) / 2 + 1)
    assert total > 100
    assert brighter > 0.75 * total


def test_maps_agree_with_the_camera(pictures: list[PitchPicture]) -> None:
    picture = next(one for one in pictures if one.view is not None and line_maps(one)[1].max() > 200)
    assert picture.view is not None
    lines, places = line_maps(picture), place_map(picture)
    assert lines.shape == (len(FOOTBALL_LINES), 48, 80)
    y, x = np.unravel_index(lines[1].argmax(), lines[1].shape)
    pixel = [(6.4 * (x + 0.5), 6.0 * (y + 0.5))]
    ground = picture.view.camera.to_ground(pixel)
    assert abs(np.linalg.norm(ground) - 9.15) < 6 * picture.view.camera.ground_error(pixel)[0]
    y, x = np.argwhere(places[2] > 0)[-1]
    half = (picture.view.pitch.length / 2, picture.view.pitch.width / 2)
    ground = picture.view.camera.to_ground([(25.6 * (x + 0.5), 24.0 * (y + 0.5))])[0]
    np.testing.assert_allclose(places[:2, y, x] * half, ground, atol=1e-3)


def test_other_pictures_have_no_view_and_no_lines() -> None:
    others = [one for one in (render_picture(951, i) for i in range(30)) if one.view is None]
    assert others
    assert all(line_maps(one).max() == 0 and place_map(one)[2].max() == 0 for one in others)


def test_cameras_stand_on_one_side_of_the_pitch(pictures: list[PitchPicture]) -> None:
    for picture in pictures:
        if picture.view is not None:
            x, y, _ = picture.view.camera.centre
            assert (np.degrees(np.arctan2(y, x)) - CANONICAL) % 360 < 180


def test_a_camera_on_the_other_side_sees_the_same_picture_of_a_turned_pitch() -> None:
    camera = Camera((10.0, -70.0, 15.0), 175.0, 12.0, 0.5, 900.0, (256.0, 144.0))
    turned = canonical(camera)
    assert turned.centre == (-10.0, 70.0, 15.0)
    places = np.array([(3.0, -10.0), (-20.0, 5.0)])
    np.testing.assert_allclose(turned.project(-places), camera.project(places))
    assert mirrors(turned)
    assert not mirrors(Camera((80.0, 0.0, 15.0), -90.0, 12.0, 0.0, 900.0, (256.0, 144.0)))

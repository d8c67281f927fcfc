"""Heat maps and paths: places where players were are warm, all others are the picture itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import toy
from hypothesis import given, settings
from hypothesis import strategies as st
from pitch_match import play

from sportstrack.draw.heatmap import Presence, draw_path, heat_map, overlay, with_gaps
from sportstrack.draw.minimap import PitchCanvas
from sportstrack.errors import SettingError
from sportstrack.pitch import load_pitch
from sportstrack.presence.command import main


def test_the_warmest_place_is_where_the_feet_were_most() -> None:
    boxes = [[50, 20, 70, 80]] * 3 + [[150, 20, 170, 60]]
    heat = heat_map(boxes, 200, 100)
    assert heat.shape == (100, 200)
    assert np.unravel_index(heat.argmax(), heat.shape) == pytest.approx((80, 60), abs=2)
    assert heat.max() == 1
    assert heat[60, 160] == pytest.approx(1 / 3, abs=0.05)
    assert heat[10, 10] < 1e-3


def test_points_are_taken_as_they_are() -> None:
    heat = heat_map([(30, 40)], 100, 100)
    assert np.unravel_index(heat.argmax(), heat.shape) == pytest.approx((40, 30), abs=2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(*[st.floats(allow_nan=True, allow_infinity=True, width=32)] * 4), max_size=8))
def test_any_boxes_give_a_map_within_bounds(boxes: list[tuple[float, ...]]) -> None:
    heat = heat_map(boxes, 64, 48)
    assert heat.shape == (48, 64)
    assert heat.min() >= 0
    assert heat.max() <= 1


def test_adding_little_by_little_is_adding_at_once() -> None:
    points = np.random.default_rng(0).uniform(0, 90, (50, 2))
    presence = Presence(100, 100)
    for point in points:
        presence.add([point])
    np.testing.assert_array_equal(presence.map(), heat_map(points, 100, 100))


def test_an_overlay_leaves_cold_places_and_the_original_alone() -> None:
    image = np.full((100, 100, 3), 90, np.uint8)
    shown = overlay(image, heat_map([(20, 20)], 100, 100))
    assert (image == 90).all()
    assert (shown[60:, 60:] == 90).all()
    assert (shown[20, 20] != 90).any()
    with pytest.raises(SettingError, match="shape"):
        overlay(image, np.zeros((5, 5), np.float32))


def test_a_path_is_broken_where_nothing_was_seen() -> None:
    image = np.zeros((60, 200, 3), np.uint8)
    boxes = np.array([[x, 10, x + 10, 40] for x in range(0, 190, 10)], float)
    boxes[8:12] = np.nan
    assert draw_path(image, boxes) is image
    row = image[40].max(axis=1)
    assert row[10:70].min() > 0
    assert row[85:115].max() == 0
    assert row[140:170].min() > 0
    assert not image[:30].any()


def test_missing_frames_interrupt() -> None:
    gaps = with_gaps(np.array([3, 4, 9]), np.ones((3, 4)))
    assert np.isnan(gaps[:, 0]).tolist() == [False, False, True, False]


@pytest.mark.parametrize(("size", "spread"), [((0, 10), None), ((10, 10), 0.0), ((10, 10), float("inf"))])
def test_impossible_sizes_are_refused(size: tuple[int, int], spread: float | None) -> None:
    with pytest.raises(SettingError, match=r"size|spread"):
        Presence(*size, spread)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(SettingError, match="shape"):
        heat_map(np.zeros((3, 5)), 10, 10)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("presence")
    video = toy.make_match(folder / "match.mp4")
    rows = [(f + 1, i + 1, *toy.truth(f)[i][:2], *toy.BOX) for f in range(20) for i in range(3)]
    text = folder / "match.txt"
    text.write_text("".join(",".join(map(str, row)) + ",1,-1,-1,-1\n" for row in rows))
    return text, video


def test_the_command_draws_everyone_or_one(result: tuple[Path, Path], tmp_path: Path) -> None:
    text, video = result
    everyone, one = tmp_path / "all.png", tmp_path / "one.png"
    assert main([str(text), "--video", str(video), "-o", str(everyone), "--quiet"]) == 0
    assert main([str(text), "--video", str(video), "--id", "1", "-o", str(one), "--quiet"]) == 0
    first = toy.picture(0)[..., ::1].astype(int)
    warm = [np.abs(cv2.imread(str(path)) - first).max(axis=2) > 40 for path in (everyone, one)]
    assert warm[1][36:40, 20:50].any(), "the feet of player 1"
    assert not warm[1][90:, 60:].any(), "player 3 is not asked for"
    assert warm[0][95:110, 65:85].any()


def test_a_video_grows_warm_as_it_plays(result: tuple[Path, Path], tmp_path: Path) -> None:
    text, video = result
    target = tmp_path / "heat.mp4"
    assert main([str(text), "--video", str(video), "--id", "1", "-o", str(target), "--quiet"]) == 0
    from sportstrack.video import open_source

    with open_source(target) as source:
        images = [frame.image.astype(int) for frame in source]
    assert len(images) == 20
    there = (slice(34, 42), slice(35, 45))  # where player 1's feet pass in the middle of the video
    assert np.abs(images[-1][there] - images[0][there]).mean() > 20


def test_without_a_video_there_is_a_dark_field(result: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "heat.jpg"
    assert main([str(result[0]), "-o", str(target), "--quiet"]) == 0
    assert cv2.imread(str(target)).max() > 100


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--id", "9"], "no id 9"),
        (["-o", "heat.gif"], ".png"),
        (["-o", "heat.mp4"], "--video"),
        (["--video", "absent.mp4"], "absent.mp4"),
    ],
)
def test_bad_words_are_refused(
    result: tuple[Path, Path], words: list[str], wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(result[0]), *words, "--quiet"]) == 2
    shown = capsys.readouterr().err
    assert wanted in shown
    assert "Traceback" not in shown


def test_presence_on_the_pitch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    match = play(tmp_path, frames=40, refused=(*range(10, 20),))
    words = [str(match.result), "--pitch", str(match.pitch), "-o", str(tmp_path / "heat.png")]
    assert main([*words, "--id", "6"]) == 0
    assert "boxes have no place" in capsys.readouterr().err
    canvas, heat = PitchCanvas(load_pitch(), 1280), cv2.imread(str(tmp_path / "heat.png")).astype(int)
    assert heat.shape == canvas.image.shape
    x, y = canvas.pixels(match.xy[30, 5][None])[0].astype(int)
    assert np.abs(heat[y, x] - canvas.image[y, x]).sum() > 60
    warm = np.abs(heat - canvas.image).sum(axis=2) > 30
    assert warm.mean() < 0.1
    assert main([*words, "--classes", "ball"]) == 2
    assert "flies" in capsys.readouterr().err
    assert main([*words[:-1], str(tmp_path / "heat.mp4")]) == 2


def test_one_team_is_drawn_where_teams_are_known(tmp_path, capsys):
    rows = [f"{f},{k},{100 * k},50,20,40,1,1,-1,-1\n" for f in range(1, 30) for k in (1, 2)]
    (tmp_path / "match.txt").write_text("".join(rows))

    def draw(name, *more):
        return main([str(tmp_path / "match.txt"), "-o", str(tmp_path / name), "--still", *more])

    assert draw("a.png", "--team", "A") == 2
    assert "no match.identities.csv beside" in capsys.readouterr().err
    (tmp_path / "match.identities.csv").write_text("track_id,team\n1,A\n2,B\n")
    assert (
        draw("a.png", "--team", "A") == draw("b.png", "--team", "B") == draw("one.png", "--id", "1", "--no-path") == 0
    )
    assert draw("c.png", "--team", "C") == 2
    assert "knows no team C in it (it has: A, B)" in capsys.readouterr().err
    (tmp_path / "match.identities.csv").write_text("track_id,team\n1,\n2,\n")  # as --quality fast writes it
    assert draw("c.png", "--team", "A") == 2
    assert "it has: none; sportstrack teams VIDEO RESULT finds them" in capsys.readouterr().err
    a, b, one = ((tmp_path / f"{name}.png").read_bytes() for name in ("a", "b", "one"))
    assert a == one
    assert a != b


def test_a_second_picture_has_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = tmp_path / "clip.txt"
    result.write_text("1,7,10,10,20,40,1,-1,-1,-1\n1,8,50,10,20,40,1,-1,-1,-1\n", encoding="utf-8")
    for words in ([], ["--id", "7"], ["--id", "7,8"], ["--id", "8", "-o", "own"], ["-o", "own/this.png"]):
        assert main([str(result), *words, "--quiet"]) == 0
    written = sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*.png"))
    assert written == [
        *("own/clip_8_heat.png", "own/this.png"),
        *(f"runs/presence/clip{chosen}_heat.png" for chosen in ("_7_8", "_7", "")),
    ]

"""The minimap, speeds in km/h and maps of the pitch: people who walk under a camera that is known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from sportstrack import Annotator
from sportstrack.cli import main
from sportstrack.draw.colours import OFFICIAL, bgr, team_colour
from sportstrack.draw.minimap import Minimap, PitchCanvas, composed, corner_of
from sportstrack.draw.run import draw_video
from sportstrack.draw.settings import DrawSettings
from sportstrack.draw.standing import FramePlaces, KnownStand, LiveStand, MetresWalked
from sportstrack.errors import SettingError
from sportstrack.identities import Identities, Identity
from sportstrack.mot import format_mot_rows
from sportstrack.pitch import Camera, PitchFrame, PitchTrack, load_pitch, write_pitch
from sportstrack.pitch.ball import RADIUS
from sportstrack.types import Tracks
from sportstrack.video import open_source
from tests.helpers.make_video import make_video

SIZE, RATE, FRAMES = (640, 360), 25.0, 50
CAMERA = Camera((0.0, 64.0, 18.0), 0.0, 17.0, 0.0, 640.0, (320.0, 180.0))
SPEED = np.array([[4.0, 0.0], [0.0, 2.0], [0.0, 0.0]])  # m/s
START = np.array([[-10.0, 5.0], [3.0, -4.0], [12.0, 8.0]])
RED, BLUE, WHITE = (0, 0, 255), (255, 0, 0), (255, 255, 255)


def places(frame: int) -> np.ndarray:
    return START + SPEED * frame / RATE


def tracks(frame: int, ball: tuple[float, float, float] | None = None) -> Tracks:
    """Three people, and a ball at x, y and height."""
    feet, heads = CAMERA.project(places(frame)), CAMERA.project(np.column_stack([places(frame), np.full(3, 1.8)]))
    boxes = np.column_stack([feet[:, 0] - 6, heads[:, 1], feet[:, 0] + 6, feet[:, 1]])
    ids, classes = [1, 2, 3], [0, 0, 0]
    if ball is not None:
        middle = CAMERA.project(np.array([ball]))[0]
        boxes, ids, classes = np.vstack([boxes, [*(middle - 3), *(middle + 3)]]), [1, 2, 3, 9], [0, 0, 0, 1]
    return Tracks(boxes, np.ones(len(ids)), np.array(classes), np.array(ids), np.arange(len(ids)))


def pitch(refused: tuple[int, ...] = (), error_px: float = 0.3) -> PitchTrack:
    frames = {f: PitchFrame(f, "ok", "", CAMERA, error_px, 0.05) for f in range(FRAMES)}
    frames |= {f: PitchFrame(f, "refused", "a test") for f in refused}
    return PitchTrack(load_pitch(), SIZE, frames)


def at(image: np.ndarray, width: int, xy: np.ndarray) -> tuple[int, int, int]:
    x, y = np.round(PitchCanvas(load_pitch(), width).pixels(np.array([xy]))[0]).astype(int)
    return tuple(image[y, x].tolist())


def drawn(standing: FramePlaces, frame: PitchFrame, width: int = 600) -> np.ndarray:
    colours = [RED, BLUE, WHITE][: len(standing.xy)]
    return Minimap(load_pitch(), width, SIZE).draw(
        frame, standing, colours, ["", "", ""], np.zeros(len(standing.xy), bool)
    )


def test_everyone_is_a_dot_where_they_stand() -> None:
    stand = KnownStand(pitch(), {f: tracks(f) for f in range(FRAMES)}, RATE)
    image = drawn(stand.at(30, tracks(30)), pitch().at(30))
    for xy, colour in zip(places(30), (RED, BLUE, WHITE), strict=True):
        assert at(image, 600, xy) == colour


def test_the_part_in_view_is_outlined() -> None:
    image = drawn(FramePlaces.unknown(0), pitch().at(0))
    plain = PitchCanvas(load_pitch(), 600).image
    for xy, seen in (((0.0, 10.0), True), ((-3.0, -30.0), True), ((-45.0, 25.0), False), ((45.0, 30.0), False)):
        inside = CAMERA.project(np.array([xy]))[0]
        assert ((inside > 0) & (inside < SIZE)).all() == seen
        assert (at(image, 600, np.array(xy)) == at(plain, 600, np.array(xy))) == seen, xy


def test_without_a_camera_there_are_no_dots() -> None:
    track = pitch(refused=(30,))
    stand = KnownStand(track, {f: tracks(f) for f in range(FRAMES)}, RATE)
    standing = stand.at(30, tracks(30))
    assert np.isnan(standing.xy).all()
    image = drawn(standing, track.at(30))
    assert not (image == RED).all(axis=2).any()
    assert image.mean() < 0.7 * drawn(standing, track.at(29)).mean()


def test_a_place_that_is_not_sure_is_a_ring() -> None:
    xy = places(0)
    image = drawn(FramePlaces(xy, np.array([2.5, 0.2, 0.2]), np.zeros(3)), pitch().at(0))
    assert at(image, 600, xy[0]) != RED
    scale = PitchCanvas(load_pitch(), 600).scale
    ring = np.flatnonzero(((image[..., 2] > 140) & (image[..., 1] < 100)).any(axis=0))
    assert 4 * scale < np.ptp(ring) < 6 * scale
    assert at(image, 600, xy[1]) == BLUE


def test_the_ball_is_drawn_on_the_ground_alone() -> None:
    times = np.arange(FRAMES) / RATE
    rolling = {f: tracks(f, (2.0 + 6 * times[f], 3.0, RADIUS)) for f in range(FRAMES)}
    flying = {
        f: tracks(f, (2.0 + 6 * times[f], 3.0, RADIUS + 9.8 * times[f] - 4.9 * times[f] ** 2)) for f in range(FRAMES)
    }
    for known, count in ((rolling, FRAMES), (flying, 0)):
        stand = KnownStand(pitch(), known, RATE, balls=[1])
        live = LiveStand(pitch(), RATE, [1])
        found = [np.isfinite(stand.at(f, known[f]).xy[3, 0]) for f in range(FRAMES)]
        came = [np.isfinite(live.at(f, known[f]).xy[3, 0]) for f in range(FRAMES)]
        assert sum(found) == count
        assert sum(came[13:]) == (count and FRAMES - 13)
    place = KnownStand(pitch(), rolling, RATE, balls=[1]).at(20, rolling[20]).xy[3]
    np.testing.assert_allclose(place, (2 + 6 * 20 / RATE, 3), atol=0.05)


def test_speeds_are_those_of_the_truth() -> None:
    stand = KnownStand(pitch(), {f: tracks(f) for f in range(FRAMES)}, RATE)
    live = LiveStand(pitch(), RATE)
    came = [live.at(f, tracks(f)) for f in range(FRAMES)]
    np.testing.assert_allclose(stand.at(25, tracks(25)).speed, (4, 2, 0), atol=0.02)
    np.testing.assert_allclose(came[40].speed, (4, 2, 0), atol=0.02)
    assert np.isnan(came[3].speed).all()
    assert np.isnan(live.at(0, tracks(0)).speed).all()  # another video
    assert stand.metres(0, FRAMES - 1)[1] == pytest.approx(4 * FRAMES / RATE, rel=0.01)
    assert stand.metres(10, 34)[2] == pytest.approx(2.0, rel=0.01)
    assert stand.metres(0, FRAMES - 1)[3] == pytest.approx(0, abs=0.05)


def test_metres_are_counted_in_bounded_memory() -> None:
    walked, rate = MetresWalked(RATE), RATE
    rng = np.random.default_rng(0)
    for frame in range(int(200 * rate)):  # 1 walks for 200 s, 2 stands and leaves after 20 s, 3 comes for the last 10 s
        seconds = frame / rate
        there = np.array([True, seconds < 20, seconds > 190])
        xy = np.array([[40 * np.sin(seconds / 20), 5.0], [3.0, 3.0], [2 * (seconds - 190), 0.0]]) + rng.normal(
            0, 0.1, (3, 2)
        )
        walked.add(frame, np.array([1, 2, 3])[there], xy[there], np.full(3, 0.2)[there])
        assert sum(map(len, walked._places.values())) < 2 * 61 * rate
    found = walked.metres()
    way = np.abs(np.diff(40 * np.sin(np.arange(200 * rate) / rate / 20))).sum()
    assert found[1] == pytest.approx(way, rel=0.02)
    assert found[2] < 2
    assert found[3] == pytest.approx(20, rel=0.03)


def test_feet_below_the_picture_are_nowhere() -> None:
    cut = tracks(0)
    cut = Tracks(cut.xyxy + (0, 0, 0, 0), cut.score, cut.class_id, cut.track_id, cut.detection)
    cut.xyxy[0, 3] = SIZE[1]
    found = LiveStand(pitch(), RATE).at(0, cut)
    assert np.isnan(found.xy[0]).all()
    assert np.isfinite(found.xy[1:]).all()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("match")
    make_video(folder / "match.mp4", size=SIZE, pictures=[np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)] * FRAMES)
    (folder / "match.txt").write_text("".join(format_mot_rows(f, tracks(f)) for f in range(FRAMES)), encoding="utf-8")
    write_pitch(folder / "match.pitch.jsonl", pitch())
    return folder


@pytest.mark.parametrize(("place", "size"), [("upper-left", SIZE), ("alone", (1280, 862)), ("beside", (1174, 360))])
def test_the_map_in_a_corner_beside_and_alone(files: Path, place: str, size: tuple[int, int]) -> None:
    found = []
    settings = DrawSettings(draw=["minimap"], minimap=place)
    draw_video(
        files / "match.mp4", files / "match.txt", None, settings, pitch=files / "match.pitch.jsonl",
        on_frame=lambda _, image: found.append(image.copy()),
    )  # fmt: skip
    assert found[20].shape[1::-1] == size
    assert len({image.tobytes() for image in found[:5]}) == 5  # they walk
    if place == "upper-left":
        assert (found[20][200:, 300:] == found[20][300, 600]).all()  # the rest of the picture is as it was


def test_a_video_of_the_map_alone(files: Path, tmp_path: Path) -> None:
    words = ["draw", files / "match.mp4", files / "match.txt", "--pitch", files / "match.pitch.jsonl", "-o", tmp_path]
    assert main([*map(str, words), "--draw", "minimap", "--minimap", "alone", "--quiet"]) == 0
    with open_source(tmp_path / "match_drawn.mp4") as source:
        assert (source.info.width, source.info.height) == (1280, 862)


def test_maps_and_paths_are_on_the_pitch(files: Path, tmp_path: Path) -> None:
    import cv2

    words = ["draw", files / "match.mp4", files / "match.txt", "--pitch", files / "match.pitch.jsonl", "-o", tmp_path]
    assert main([*map(str, words), "--formats", "heatmap,paths,players", "--quiet"]) == 0
    plain = PitchCanvas(load_pitch(), 1280)
    heat, paths = (cv2.imread(str(tmp_path / f"match_{kind}.png")).astype(int) for kind in ("heat", "paths"))
    assert heat.shape == plain.image.shape
    x, y = plain.pixels(places(25)).astype(int).T
    assert (np.abs(heat[y, x] - plain.image[y, x]).sum(axis=1) > 60).all()
    x, y = plain.pixels(places(25)[:2]).astype(int).T
    assert (np.abs(paths[y, x] - plain.image[y, x]).sum(axis=1) > 60).all()
    with (tmp_path / "match.players.csv").open(encoding="utf-8") as file:
        rows = {row["id"]: float(row["path_m"]) for row in csv.DictReader(file)}
    assert rows["1"] == pytest.approx(8.0, abs=0.2)
    assert rows["3"] == pytest.approx(0.0, abs=0.2)


def test_dots_have_the_colours_of_the_teams() -> None:
    rows = [Identity(1, team="A", number="7"), Identity(2, team="B"), Identity(3, role="referee")]
    stand = KnownStand(pitch(), {f: tracks(f) for f in range(FRAMES)}, RATE)
    annotator = Annotator({}, draw="minimap", stand=stand, minimap="alone", identities=Identities(rows))
    annotator.draw(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), tracks(20), index=20)
    edge = places(20) + (0.0, 1.6)  # beside the words
    found = [at(annotator.map_image, 1280, xy) for xy in edge]
    assert found == [team_colour("A", "AB"), team_colour("B", "AB"), OFFICIAL]


def test_a_map_needs_a_pitch_of_this_video(files: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="--pitch"):
        Annotator({}, draw="minimap")
    with pytest.raises(SettingError, match="--pitch"):
        draw_video(files / "match.mp4", files / "match.txt", None, DrawSettings(draw=["minimap"]))
    small = PitchTrack(load_pitch(), (320, 180), dict(pitch().frames))
    with pytest.raises(SettingError, match="320x180"):
        draw_video(files / "match.mp4", files / "match.txt", None, pitch=small)


def test_where_a_map_goes() -> None:
    assert corner_of("lower-right", (640, 360), (200, 100)) == (433, 253)
    assert corner_of("upper-left", (640, 360), (200, 100)) == (7, 7)
    image, small = np.zeros((100, 50, 3), np.uint8), np.full((40, 30, 3), 9, np.uint8)
    assert composed(image, small, "lower-left") is image
    beside = composed(image, small, "beside")
    assert beside.shape == (100, 80, 3)
    assert (beside[30:70, 50:] == 9).all()
    assert bgr("#ff0000") == RED

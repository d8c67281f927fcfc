"""The command ``sportstrack draw``: what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sportstrack.cli import main
from sportstrack.draw.results import read_result
from sportstrack.draw.run import draw_video
from sportstrack.draw.settings import DrawSettings
from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.mot import format_mot_rows
from sportstrack.track.run import track_video
from sportstrack.types import Tracks
from tests.draw.conftest import FRAMES, SIZE, Detect, places, written_frames
from tests.helpers.make_video import count_frames

KEYS = st.sampled_from(["frame", "tracks", "id", "box", "class", "class_id", "detection", "mask", "keypoints", "size"])


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The players' true places as MOT text."""
    path = tmp_path_factory.mktemp("result") / "edited.txt"
    ids = np.array([1, 2, 3, 9])
    rows = [
        format_mot_rows(i, Tracks(places(i)[:4], np.ones(4), np.zeros(4, np.int64), ids, np.arange(4)))
        for i in range(FRAMES)
    ]
    path.write_text("".join(rows), encoding="utf-8")
    return path


def run(*words: object) -> int:
    return main(["draw", *map(str, words), "--quiet"])


def test_a_video_pictures_and_maps(match: Path, result: Path, tmp_path: Path) -> None:
    import cv2

    assert run(match, result, "-o", tmp_path, "--formats", "all", "--frames", "1,30") == 0
    names = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert names == {
        "edited_drawn.mp4", "edited_heat.png", "edited_paths.png", "edited_000001.png", "edited_000030.png",
        "edited.players.csv", "edited.players.html",
    }  # fmt: skip
    assert count_frames(tmp_path / "edited_drawn.mp4") == FRAMES
    assert cv2.imread(str(tmp_path / "edited_000030.png")).shape == (SIZE[1], SIZE[0], 3)
    assert run(match, result, "-o", tmp_path, "--frames", "2") == 0  # the same command again is no conflict


def test_the_players_table_of_an_edited_result(match: Path, result: Path, tmp_path: Path) -> None:
    assert run(match, result, "-o", tmp_path, "--formats", "players") == 0
    with (tmp_path / "edited.players.csv").open(newline="", encoding="utf-8") as file:
        rows = {int(row["id"]): row for row in csv.DictReader(file)}
    assert set(rows) == {1, 2, 3, 9}
    assert {float(row["seconds_seen"]) for row in rows.values()} == {FRAMES / 25}
    page = (tmp_path / "edited.players.html").read_text(encoding="utf-8")
    assert page.count("<td class='strip'><img") == 4


def test_pictures_alone_read_no_further_than_needed(match: Path, result: Path, tmp_path: Path) -> None:
    done: list[int] = []
    draw_video(match, result, tmp_path, DrawSettings(frames=[3]), progress=lambda frame, _: done.append(frame))
    assert max(done) == 3


def test_highlighted_players_are_coloured_and_the_others_grey(match: Path, result: Path) -> None:
    from sportstrack.draw.colours import OTHERS

    frames: dict[int, np.ndarray] = {}
    draw_video(match, result, settings=DrawSettings(ids=[2], draw=["box", "id"]), on_frame=frames.__setitem__)
    grey = (frames[0] == OTHERS).all(axis=-1)
    x1, y1, _, y2 = places(0)[0].astype(int)
    assert grey[y1 : y2 + 1, x1].mean() > 0.9
    x1, y1, _, y2 = places(0)[1].astype(int)
    assert not grey[y1 : y2 + 1, x1].any()


def test_the_virtual_camera_keeps_its_player_in_the_middle(match: Path, result: Path) -> None:
    frames: dict[int, np.ndarray] = {}
    draw_video(match, result, settings=DrawSettings(crop_to=3, draw=["box"]), on_frame=frames.__setitem__)
    assert len(frames) == FRAMES
    for number in range(5, 25):
        image = frames[number]
        assert image.shape == (SIZE[1], SIZE[0], 3)
        skin = (abs(image.astype(int) - (200, 60, 220)) < 60).all(axis=-1)
        rows, columns = np.nonzero(skin[:, 90:230])
        middle = np.array([np.median(columns) + 90, np.median(rows)])
        assert abs(middle - np.array(SIZE) / 2).max() < 45
    assert np.count_nonzero(skin) > 1.5 * 15 * 36  # it is shown larger than it is


def test_two_results_stand_side_by_side(match: Path, result: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(result.read_text(encoding="utf-8"), encoding="utf-8")
    with written_frames() as frames:
        assert run(match, result, other, "-o", tmp_path / "out", "--draw", "box") == 0
    assert (tmp_path / "out" / "edited_other_drawn.mp4").is_file()
    assert frames[7].shape == (SIZE[1], 2 * SIZE[0], 3)
    left, right = frames[7][30:, : SIZE[0]], frames[7][30:, SIZE[0] :]
    assert np.array_equal(left, right)


def test_tables_of_other_tools(match: Path, result: Path, tmp_path: Path) -> None:
    truth = read_result(result)
    sides = tmp_path / "sides.csv"
    with sides.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "frame", "bb_left", "bb_top", "bb_width", "bb_height", "class"])
        for frame, tracks in truth.tracks.items():
            for track, (x1, y1, x2, y2) in zip(tracks.track_id.tolist(), tracks.xyxy.tolist(), strict=True):
                table.writerow([track, frame, x1, y1, x2 - x1, y2 - y1, "ball" if track == 9 else "player"])
    found = read_result(sides)
    assert found.names == {0: "ball", 1: "player"}
    for frame, tracks in truth.tracks.items():
        np.testing.assert_array_equal(found.tracks[frame].xyxy, tracks.xyxy)
        np.testing.assert_array_equal(found.tracks[frame].track_id, tracks.track_id)


def test_some_classes_alone(match: Path, tmp_path: Path) -> None:
    track_video(match, tmp_path, detector=Detect(), formats=["mot", "csv"])
    for suffix in (".txt", ".csv"):
        found = read_result(tmp_path / f"match{suffix}")
        found.keep_classes(["ball"])
        assert {number for table in found.tracks.values() for number in table.class_id.tolist()} == {1}
    found = read_result(tmp_path / "match.txt")
    with pytest.raises(SettingError, match=r"classes: expected some of player, ball, referee"):
        found.keep_classes(["goalkeeper"])


def test_a_result_of_a_longer_video_is_refused_with_the_numbers(match: Path, result: Path, tmp_path: Path) -> None:
    longer = tmp_path / "longer.txt"
    longer.write_text(result.read_text(encoding="utf-8") + "44,1,5,5,10,20,1,-1,-1,-1\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"longer\.txt: goes to frame 44, but match has 30"):
        draw_video(match, longer, tmp_path / "out")
    assert not list(tmp_path.glob("out/*.mp4"))


def test_boxes_of_a_larger_picture_are_refused_with_the_numbers(match: Path, tmp_path: Path) -> None:
    larger = tmp_path / "larger.txt"
    larger.write_text("1,1,900,500,10,20,1\n1,2,10,20,10,20,1\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"1 of 2 boxes lie outside the 320x192 picture of match.*reach to 910, 520"):
        draw_video(match, larger)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "frame,name\n1,x\n", r"a\.csv, line 1: expected columns frame, track_id and x1"),
        ("a.csv", "frame,id,x1,y1,x2,y2\n1,2,3,4,x,6\n", r"a\.csv, line 2: expected a number in column 5, got 'x'"),
        ("a.csv", "frame,id,x1,y1,x2,y2\n1,2,3,4,5,6\n1,2,3,4,5,6\n", r"a\.csv: .*only once in a frame"),
        ("a.csv", "frame,id,x1,y1,x2,y2\n1.5,2,3,4,5,6\n", r"a\.csv: frames, ids and classes must be whole"),
        ("a.jsonl", '{"frame": 0, "tracks": [{"id": 1}]}\n', r"a\.jsonl, line 1: expected frame and tracks"),
        ("a.jsonl", '{"frame": 0, "tracks": []}\n{"fr\n', r"a\.jsonl, line 2, line 1: no JSON"),
        ("a.txt", "1,2,3\n", r"a\.txt, line 1: 3 columns"),
    ],
)
def test_damaged_results_are_refused_with_their_line(
    name: str, text: str, message: str, match: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message):
        draw_video(match, path)


CELLS = st.sampled_from(["0", "1", "-1", "2.5", "1e400", "nan", "", "x", "ball", '"', "9" * 30])
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, max_size=9), max_size=4),
    header=st.permutations(["frame", "id", "x1", "y1", "x2", "y2", "score", "class", "class_id"]),
    records=st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3),
)
def test_any_text_is_read_or_refused(
    rows: list[list[str]], header: list[str], records: list[dict[str, object]], tmp_path: Path
) -> None:
    table = "\n".join([",".join(header), *map(",".join, rows)])
    lines = "{}\n" + "\n".join(map(json.dumps, records))
    for name, text in (("a.csv", table), ("a.jsonl", lines[3:] or "{"), ("a.txt", "\n".join(map(",".join, rows)))):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with suppress(FormatError):
            found = read_result(tmp_path / name)
            assert all(np.isfinite(one.xyxy).all() for one in found.tracks.values())
            for frame in found.tracks:
                found.at(frame)


def test_a_recording_without_tracks_says_what_to_do(match: Path, tmp_path: Path) -> None:
    from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
    from sportstrack.types import Detections

    writer = RecordingWriter(tmp_path / "old.npz", RecordingInfo("match", *SIZE, 25.0))
    writer.write(RecordedFrame(0, 0.0, Detections.from_arrays([[1, 2, 3, 4]])))
    writer.close()
    with pytest.raises(SourceError, match=r"old\.npz: holds detections but no tracks"):
        draw_video(match, tmp_path / "old.npz")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ids", "1,77"], r"no id 77 in it \(it has: 1, 2, 3, 9\)"),
        (["--crop-to", "5"], "no id 5 in it"),
        (["--draw", "elipse"], "no item 'elipse'; did you mean 'ellipse'"),
        (["--frames", "31"], "31 was not drawn: match has 30 frames"),
        (["--frames", "0"], "expected a whole number from 1"),
        (["--start", "1:00", "--end", "30"], "end: expected more than the start, 60 s, got 30 s"),
        (["--start", "soon"], "expected a time such as"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(
    words: list[str], message: str, match: Path, result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        sys.exit(run(match, result, "-o", tmp_path, *words))
    text = capsys.readouterr().err
    assert re.search(message, text)
    assert len(text.strip().splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.suffix in (".mp4", ".png")]


def test_without_a_display_show_says_so(match: Path, result: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingError, match="--show: there is no display"):
        draw_video(match, result, settings=DrawSettings(show=True))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """What a window shows that is closed with q after four frames."""
    import cv2

    images: list[np.ndarray] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, image: images.append(image))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord("q") if len(images) == 4 else -1)
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
    monkeypatch.setattr(cv2, "destroyWindow", lambda _: None)
    return images


def test_the_window_shows_what_is_drawn(match: Path, result: Path, shown: list[np.ndarray]) -> None:
    frames: dict[int, np.ndarray] = {}
    draw_video(match, result, settings=DrawSettings(show=True), on_frame=frames.__setitem__)
    assert len(shown) == 4  # closed by the viewer; the rest is drawn all the same
    assert len(frames) == FRAMES
    assert np.array_equal(shown[2], frames[2])


def test_track_shows_its_frames_while_it_runs(match: Path, shown: list[np.ndarray]) -> None:
    summary = track_video(match, detector=Detect(), formats=[], show=True, draw=["box"])
    assert summary.frames == FRAMES
    assert 1 <= len(shown) <= 4
    assert len(np.unique(shown[-1].reshape(-1, 3), axis=0)) > 10

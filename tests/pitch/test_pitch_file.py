"""The file of a clip's cameras: what is written is read again, and what is wrong is named with its line."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Camera, PitchFrame, PitchTrack, load_pitch, read_pitch, write_pitch
from sportstrack.errors import FormatError, SettingError

SIZE = (1280, 720)
CAMERA = Camera((3.0, 75.0, 17.0), -18.0, 11.0, 0.7, 1700.0, (640.0, 360.0), -0.05)
TRACK = PitchTrack(
    load_pitch("football", 100, 64),
    SIZE,
    {
        0: PitchFrame(0, "ok", "", CAMERA, 0.8, 0.07),
        1: PitchFrame(1, "carried", "3 lines are seen", CAMERA, 2.5, 0.2),
        2: PitchFrame(2, "refused", "no pitch"),
    },
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_pitch(tmp_path / "a.pitch.jsonl", TRACK)
    found = read_pitch(tmp_path / "a.pitch.jsonl")
    assert (found.pitch.name, found.pitch.length, found.pitch.width, found.size) == ("football", 100, 64, SIZE)
    assert [(f.frame, f.status, f.reason) for f in found] == [(f.frame, f.status, f.reason) for f in TRACK]
    assert found.at(0).camera == CAMERA
    assert found.at(1).error_px == 2.5
    assert np.isnan(found.at(2).error_m)


def test_other_programs_find_the_homography_and_frames_from_1(tmp_path: Path) -> None:
    write_pitch(tmp_path / "a.pitch.jsonl", TRACK)
    head, *lines = [json.loads(line) for line in (tmp_path / "a.pitch.jsonl").read_text().splitlines()]
    assert head["image_width"] == 1280
    assert [line["frame"] for line in lines] == [1, 2, 3]
    assert lines[2]["homography"] is lines[2]["camera"] is lines[0]["reason"] is None
    straight = Camera(*astuple(CAMERA)[:-1])
    x, y, w = np.array(lines[0]["homography"]) @ (-20.0, 5.0, 1.0)
    assert (x / w, y / w) == pytest.approx(straight.project([(-20.0, 5.0)])[0], abs=1e-4)


def test_feet_are_found_in_each_frame() -> None:
    feet = np.array([(-20.0, 5.0), (-10.0, 5.0), (-20.0, 5.0)])
    pixels = CAMERA.project(feet)
    metres, errors = TRACK.to_ground(np.array([1, 0, 2]), pixels)
    assert metres[:2] == pytest.approx(feet[:2], abs=1e-6)
    assert np.isnan(metres[2]).all()
    assert np.isnan(errors[2])
    assert errors[0] > TRACK.to_ground(0, pixels[:1])[1][0] > TRACK.to_ground(0, pixels[:1], 0.0)[1][0] > 0
    boxes = np.column_stack([pixels - (5, 30), pixels + (5, 0)])
    assert TRACK.feet(0, boxes)[0] == pytest.approx(feet, abs=1e-6)
    assert TRACK.at(99).reason == "the frame is not in the file"
    assert len(TRACK.to_ground(np.empty(0), np.empty((0, 2)))[0]) == 0


def test_a_homography_alone_is_enough(tmp_path: Path) -> None:
    straight = Camera(*astuple(CAMERA)[:-1])
    file = tmp_path / "theirs.jsonl"
    write_pitch(file, PitchTrack(load_pitch(), SIZE, {0: PitchFrame(0, "ok", "", straight, 1.0, 0.1)}))
    head, line = file.read_text().splitlines()
    file.write_text(head + "\n" + json.dumps({**json.loads(line), "camera": None}))
    found = read_pitch(file).at(0).camera
    assert found is not None
    assert found.project([(-20.0, 5.0)]) == pytest.approx(straight.project([(-20.0, 5.0)]), abs=0.01)


GOOD = '{"frame": 1, "status": "refused"}'
HEAD = '{"pitch": "football", "length": 105, "width": 68, "image_width": 9, "image_height": 9, "version": 1}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.jsonl: is empty"),
        ("[]", "line 1: expected an object"),
        (GOOD, "line 1: no head of a pitch file: image_width is missing"),
        (HEAD.replace("football", "fotball"), "line 1: .*did you mean 'football'"),
        (HEAD.replace('n": 1', 'n": 2'), "version 2 is newer"),
        (HEAD + "\n{", "line 2: .*no JSON"),
        (HEAD + "\n" + GOOD + "\n" + GOOD, "line 3: .*frame 1 stands twice"),
        (HEAD + '\n{"frame": 0, "status": "refused"}', "frame is no whole number above 0: 0"),
        (HEAD + '\n{"frame": 1, "status": "good", "homography": null}', "line 2"),
        (HEAD + '\n{"frame": 1, "status": "ok", "homography": [1]}', "line 2: .*homography"),
        (HEAD + '\n{"frame": 1, "status": "ok", "camera": {"centre": [1, 2]}}', "line 2"),
        (HEAD + '\n{"frame": 1, "status": "refused", "error_px": "x"}', "error_px is no number"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(FormatError, match=message):
        read_pitch(tmp_path / "a.jsonl")


@settings(max_examples=60, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=4), lambda s: st.lists(s, max_size=3)))
def test_nothing_in_a_field_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    file = tmp_path_factory.mktemp("x") / "a.jsonl"
    for name in ("frame", "status", "camera", "homography", "error_px"):
        file.write_text(HEAD + "\n" + json.dumps({"frame": 1, "status": "ok", name: value}))
        with pytest.raises(FormatError, match="line 2"):
            read_pitch(file)


def test_a_frame_is_never_silently_without_a_camera() -> None:
    with pytest.raises(SettingError, match="frame 1: ok frames have a camera"):
        PitchFrame(0, "ok")
    with pytest.raises(SettingError, match="frame 1: refused frames have no camera"):
        PitchFrame(0, "refused", "x", CAMERA)

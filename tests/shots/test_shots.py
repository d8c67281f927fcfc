"""Shot changes: every cut at its frame, fades within half a second, and quiet within a shot."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from shot_frames import HEIGHT, LENGTH, MATCHES, REAL, WIDTH, Frames, boundaries, join, moved, read

from data_prep.synthetic import Settings, render_sequence
from sportstrack.errors import SettingError
from sportstrack.shots import (
    COLUMNS,
    Shot,
    ShotConfig,
    ShotDetector,
    is_close_up,
    kind_of_view,
)
from sportstrack.shots.command import main


def test_every_cut_between_matches_is_found_at_its_frame_and_nothing_else(matches: dict[int, Frames]) -> None:
    """All ordered pairs of five matches on green turf: precision and recall are 1."""
    order = [1, 2, 3, 4, 5, 1, 3, 5, 2, 4, 1, 4, 2, 5, 3, 1, 5, 4, 3, 2, 1]
    assert len(set(itertools.pairwise(order))) == 20
    frames, starts = join([matches[seed][::2] for seed in order])
    found = boundaries(frames)
    assert [(b.frame, b.kind) for b in found] == [(start, "cut") for start in starts]
    assert all(0.5 < b.confidence <= 1 for b in found)


def test_a_cut_to_another_camera_of_the_same_match_is_found() -> None:
    wanted = Settings(seed=11, frames=45, width=WIDTH, height=HEIGHT, cuts=2)
    rendered = list(render_sequence(wanted))
    starts = [i for i in range(1, len(rendered)) if rendered[i][1].shot != rendered[i - 1][1].shot]
    assert [b.frame for b in boundaries(image for image, _ in rendered)] == starts


def test_a_cut_is_reported_when_its_first_frame_comes(matches: dict[int, Frames]) -> None:
    detector = ShotDetector()
    assert all(detector.update(frame) is None for frame in matches[1])
    boundary = detector.update(matches[2][0])
    assert boundary is not None
    assert (boundary.frame, boundary.kind) == (LENGTH, "cut")


def test_a_picture_of_another_size_is_another_shot(matches: dict[int, Frames]) -> None:
    smaller = [frame[:300] for frame in matches[1][10:]]
    assert [(b.frame, b.kind) for b in boundaries([*matches[1][:10], *smaller])] == [(10, "cut")]


def test_every_cut_between_real_videos_is_found(shared_data: Path) -> None:
    import cv2

    clips = [
        [cv2.resize(frame, (WIDTH, HEIGHT)) for frame in read(shared_data / path, frames)]
        for path, frames in REAL.values()
    ]
    frames, starts = join([*clips, *clips[::2], *clips[1::2]])
    assert [(b.frame, b.kind) for b in boundaries(frames)] == [(start, "cut") for start in starts]


# --- no shot changes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", MATCHES)
@pytest.mark.parametrize("step", [1, 3])
def test_a_hectic_camera_is_no_cut(seed: int, step: int, matches: dict[int, Frames]) -> None:
    assert boundaries(matches[seed][::step]) == []


@pytest.mark.parametrize(("name", "frames"), [("football", 169), ("cars", 150), ("street", 120), ("hand-held", 196)])
def test_a_real_video_of_one_shot_has_no_shot_change(name: str, frames: int, shared_data: Path) -> None:
    assert boundaries(read(shared_data / REAL[name][0], frames)) == []


@pytest.mark.parametrize("seed", [1, 3])
def test_a_fast_pan_is_no_cut(seed: int, matches: dict[int, Frames]) -> None:
    """A picture's width in a second: 25 pixels a frame at 640."""
    assert boundaries(moved(matches[seed][0], 2.0, 25.0 * (k - 12)) for k in range(25)) == []


@pytest.mark.parametrize("seed", [1, 3])
def test_a_fast_zoom_is_no_cut(seed: int, matches: dict[int, Frames]) -> None:
    assert boundaries(moved(matches[seed][0], 1.03**k, 0.0) for k in range(30)) == []


@pytest.mark.parametrize("seed", MATCHES)
@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(seed: int, length: int, matches: dict[int, Frames]) -> None:
    frames = list(matches[seed])
    for k in range(12, 12 + length):
        frames[k] = np.clip(frames[k] * 1.6 + 30.0, 0, 255).astype(np.uint8)
    assert boundaries(frames) == []


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_player_that_runs_past_the_lens_is_no_shot_change(seed: int, matches: dict[int, Frames]) -> None:
    """Half a second in which a red shirt covers up to 40 % of the picture."""
    frames = [frame.copy() for frame in matches[seed]]
    for k in range(8, 20):
        left = (k - 8) * 80 - 250
        frames[k][40:, max(left, 0) : max(left + 260, 0)] = (30, 20, 190)
    assert boundaries(frames) == []


def test_black_and_noise_are_quiet() -> None:
    rng = np.random.default_rng(0)
    black = [np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 30
    noise = [rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8) for _ in range(30)]
    assert boundaries(black) == []
    assert boundaries(noise) == []


# --- fades -----------------------------------------------------------------------------------------------------------


def dissolve(first: Frames, second: Frames, length: int) -> Frames:
    """29 frames of one match, some of both, and the second match."""
    middle = []
    for k in range(length):
        share = (k + 1) / (length + 1)
        middle.append(((1 - share) * first[k] + share * second[k]).astype(np.uint8))
    return [*reversed(first[1:]), *middle, *second[length:], *reversed(second)]


@pytest.mark.parametrize("pair", [(1, 2), (2, 3), (3, 4), (4, 5), (5, 1)])
@pytest.mark.parametrize("length", [6, 12])
def test_a_dissolve_is_found_within_half_a_second(
    pair: tuple[int, int], length: int, matches: dict[int, Frames]
) -> None:
    frames = dissolve(matches[pair[0]], matches[pair[1]], length)
    start = LENGTH - 1
    detector = ShotDetector()
    reports = [(k, b) for k, frame in enumerate(frames) if (b := detector.update(frame)) is not None]
    assert len(reports) == 1
    reported, boundary = reports[0]
    assert boundary.kind == "fade"
    assert start - 1 <= boundary.frame <= start + length
    assert reported <= start + length / 2 + 12


def test_a_fade_through_black_is_found(matches: dict[int, Frames]) -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    out = [(frame * (1 - (k + 1) / 8)).astype(np.uint8) for k, frame in enumerate(matches[1][:8])]
    into = [(frame * ((k + 1) / 8)).astype(np.uint8) for k, frame in enumerate(matches[3][:8])]
    frames = [*reversed(matches[1]), *out, *[black] * 4, *into, *matches[3][8:]]
    found = boundaries(frames)
    assert found
    assert all(LENGTH - 1 <= b.frame <= LENGTH + 24 for b in found)


def test_fades_can_be_left_out(matches: dict[int, Frames]) -> None:
    assert boundaries(dissolve(matches[1], matches[2], 12), ShotConfig(fades=False)) == []


# --- in a tracking run -----------------------------------------------------------------------------------------------


def test_a_tracking_run_knows_the_middle_of_a_fade(matches: dict[int, Frames], tmp_path: Path) -> None:
    """Also offline, where it is the middle that parts the shots, not the frame at which it was noticed."""
    import toy

    from sportstrack import track_video
    from sportstrack.video import VideoWriter

    path = tmp_path / "fade.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, 25) as writer:
        for k, frame in enumerate(dissolve(matches[1], matches[3], 12)):
            writer.write(frame, Fraction(k, 25))
    seen = []
    plain = track_video(path, detector=toy.find, on_frame=seen.append)
    noticed = [frame.index for frame in seen if frame.cut_confidence]
    assert [shot["kind"] for shot in plain.shots] == ["fade"]
    assert LENGTH - 2 <= plain.shots[0]["frame"] <= LENGTH + 11
    assert plain.shots[0]["frame"] < noticed[0]
    assert track_video(path, detector=toy.find, offline=True).shots == plain.shots


# --- the interface ---------------------------------------------------------------------------------------------------


def test_reset_equals_fresh(matches: dict[int, Frames]) -> None:
    frames, _ = join([matches[1][:12], matches[2][:12]])
    detector = ShotDetector()
    first = [detector.update(frame) for frame in frames]
    detector.reset()
    assert [detector.update(frame) for frame in frames] == first
    assert sum(b is not None for b in first) == 1


def test_input_is_not_changed_nor_kept(matches: dict[int, Frames]) -> None:
    frames, starts = join([matches[1][:12], matches[2][:12]])
    detector, buffer, found = ShotDetector(), np.empty_like(frames[0]), []
    for frame in frames:
        buffer[:] = frame  # a decoder uses its buffer again
        found.append(detector.update(buffer))
        np.testing.assert_array_equal(buffer, frame)
    assert [b.frame for b in found if b is not None] == starts


@pytest.mark.parametrize(
    "frame",
    [np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH, 3)), np.zeros((9, 9, 3), np.uint8), None],
    ids=["grey", "float", "tiny", "none"],
)
def test_what_is_no_colour_picture_is_refused(frame: np.ndarray) -> None:
    with pytest.raises(SettingError, match="shots: expected"):
        ShotDetector().update(frame)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SettingError, match=r"lost: expected a value from 0 to 1, got 3"):
        ShotConfig(lost=3)
    with pytest.raises(SettingError, match="frame_rate: expected frames per second above 0"):
        ShotDetector(frame_rate=0)
    with pytest.raises(SettingError, match="expected seconds"):
        ShotConfig(min_shot=-1)


@pytest.mark.parametrize(("heights", "expected"), [((300, 280), True), ((60, 70, 300), False), ((), False)])
def test_a_close_up_has_few_tall_boxes(heights: tuple[int, ...], expected: bool) -> None:
    boxes = np.array([[0, 0, 50, height] for height in heights], float).reshape(-1, 4)
    assert is_close_up(boxes, HEIGHT) is expected
    shot = Shot(0, 50, 0.0, 2.0, "cut", 0.9)
    assert kind_of_view(shot, boxes, HEIGHT) == ("close-up" if expected else "wide")
    assert kind_of_view(replace(shot, slow_motion=0.6), boxes, HEIGHT) == "slow motion"


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def clip(matches: dict[int, Frames], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sportstrack.video import VideoWriter

    path = tmp_path_factory.mktemp("shots") / "two matches.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, 25) as writer:
        for k, frame in enumerate([*matches[1][:20], *matches[2][:15]]):
            writer.write(frame, Fraction(k, 25))
    return path


def test_the_command_prints_and_writes_the_shots(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "shots.csv"
    assert main([str(clip), "--csv", str(table), "--quiet"]) == 0
    with table.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["start"], row["end"], row["kind"]) for row in rows] == [("0", "19", "start"), ("20", "34", "cut")]
    assert [row["start_time"] for row in rows] == ["0.000", "0.800"]
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert printed == [list(COLUMNS), *(list(row.values()) for row in rows)]


def test_a_missing_video_and_an_unwritable_table_are_explained(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.mp4")]) == 2
    assert "none.mp4" in capsys.readouterr().err
    assert main([str(clip), "--quiet", "--csv", str(tmp_path / "no" / "folder" / "x.csv")]) == 2
    assert "x.csv" in capsys.readouterr().err

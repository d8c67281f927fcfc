"""The synthetic football: its pixels and its truth agree, and its files can be read by others."""

from __future__ import annotations

import configparser
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from processes import call_word

from data_prep.synthetic import (
    CLASSES,
    FrameTruth,
    Settings,
    identities,
    render_sequence,
    write_mot,
    write_video,
    write_yolo,
)
from data_prep.synthetic.kits import BLACK, KEEPER_COLOURS, PLAYER_COLOURS, kits
from data_prep.synthetic.render import cut_frames
from sportstrack.errors import OutputError, SettingError, SportstrackError

SMALL = Settings(seed=5, frames=6, width=320, height=180, view="main", shadows=False, noise=0.0)


@pytest.fixture(scope="module")
def clip() -> list[tuple[np.ndarray, FrameTruth]]:
    return list(render_sequence(SMALL))


# --- the pictures and their truth


def test_same_settings_give_same_pixels_and_truth(clip):
    again = list(render_sequence(SMALL))
    for (image, truth), (image2, truth2) in zip(clip, again, strict=True):
        assert np.array_equal(image, image2)
        for field in ("track_id", "class_id", "xyxy", "visibility", "pitch_xy", "camera"):
            assert np.array_equal(getattr(truth, field), getattr(truth2, field))


def test_another_seed_gives_other_pixels(clip):
    image, _ = next(render_sequence(replace(SMALL, seed=6)))
    assert not np.array_equal(image, clip[0][0])


def test_skipping_frames_changes_neither_pixels_nor_truth(clip):
    kept = list(render_sequence(replace(SMALL, noise=3.0), every=1))[::2]
    for (image, truth), (image2, truth2) in zip(kept, render_sequence(replace(SMALL, noise=3.0), every=2), strict=True):
        assert truth.frame == truth2.frame
        assert np.array_equal(image, image2)
        assert np.array_equal(truth.xyxy, truth2.xyxy)


def test_frames_have_the_size_and_truth_lies_inside(clip):
    assert [truth.frame for _, truth in clip] == list(range(SMALL.frames))
    for image, truth in clip:
        assert image.shape == (180, 320, 3)
        assert image.dtype == np.uint8
        assert len(truth.track_id) > 3
        assert len(set(truth.track_id)) == len(truth.track_id)
        assert (truth.xyxy[:, :2] >= 0).all()
        assert (truth.xyxy[:, 2:] <= (320, 180)).all()
        assert (truth.xyxy[:, 2:] > truth.xyxy[:, :2]).all()
        assert ((truth.visibility >= 0) & (truth.visibility <= 1)).all()
        assert set(truth.class_id) <= set(range(len(CLASSES)))


def test_a_box_holds_exactly_the_pixels_its_person_paints(clip):
    """Leave one person out: the picture changes inside that box, to its edges, and nowhere else."""
    image, truth = clip[0]
    inside = (truth.xyxy[:, :2] > 2).all(axis=1) & (truth.xyxy[:, 2:] < (318, 178)).all(axis=1)
    alone = np.flatnonzero(inside & (truth.visibility == 1) & (truth.class_id == 0))
    assert len(alone) > 0
    for row in alone[:2]:
        without, _ = next(render_sequence(replace(SMALL, hidden=(int(truth.track_id[row]),))))
        changed = np.abs(image.astype(int) - without).max(axis=2) > 24
        ys, xs = np.nonzero(changed)
        painted = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        # one pixel for the lens, which is soft, and one where a boot has the colour of the turf
        assert np.abs(painted - truth.xyxy[row]).max() <= 3


def test_hidden_objects_are_not_in_the_truth(clip):
    shown = int(clip[0][1].track_id[0])
    _, truth = next(render_sequence(replace(SMALL, hidden=(shown,))))
    assert shown not in truth.track_id


def test_visibility_falls_when_somebody_stands_in_front():
    """Where all players run to the ball some are covered; alone, the same ones are seen in full."""
    crowd = replace(SMALL, crowding=1.0, frames=1, seed=11)
    _, truth = next(render_sequence(crowd))
    covered = truth.track_id[(truth.visibility < 0.9) & (truth.xyxy[:, 0] > 2) & (truth.xyxy[:, 2] < 318)]
    assert len(covered) > 0
    one = int(covered[0])
    others = tuple(i for i in range(1, 25) if i != one)
    _, alone = next(render_sequence(replace(crowd, hidden=others)))
    assert alone.track_id.tolist() == [one]
    before = truth.visibility[truth.track_id == one][0]
    assert alone.visibility[0] > before


def test_camera_puts_pitch_positions_under_the_feet(clip):
    for _, truth in clip:
        people = (truth.class_id != CLASSES.index("ball")) & (truth.xyxy[:, 3] < 179) & (truth.xyxy[:, 1] > 0)
        ground = np.column_stack([truth.pitch_xy, np.zeros(len(truth.pitch_xy)), np.ones(len(truth.pitch_xy))])
        pixels = ground @ truth.camera.T
        foot = pixels[:, :2] / pixels[:, 2:]
        height = truth.xyxy[:, 3] - truth.xyxy[:, 1]
        middle = (truth.xyxy[:, 0] + truth.xyxy[:, 2]) / 2
        assert (np.abs(foot[:, 0] - middle)[people] < 0.35 * height[people]).all()
        assert (np.abs(foot[:, 1] - truth.xyxy[:, 3])[people] < 0.25 * height[people]).all()


def test_a_fixed_camera_stays_and_a_moving_one_moves():
    still = [truth.camera for _, truth in render_sequence(replace(SMALL, camera_speed=0.0), every=5)]
    assert np.array_equal(still[0], still[-1])
    moved = [truth.camera for _, truth in render_sequence(replace(SMALL, camera_speed=2.0), every=5)]
    assert not np.array_equal(moved[0], moved[-1])


def test_shot_changes_move_the_camera_and_keep_identities():
    settings = replace(SMALL, cuts=1, frames=8)
    frames = list(render_sequence(settings))
    assert cut_frames(settings) == [4]
    assert [truth.shot for _, truth in frames] == [0] * 4 + [1] * 4
    jumps = [np.abs(a[0].astype(int) - b[0]).mean() for a, b in pairwise(frames)]
    assert int(np.argmax(jumps)) == 3
    assert jumps[3] > 2 * np.median(jumps)
    positions = [dict(zip(t.track_id.tolist(), t.pitch_xy, strict=True)) for _, t in frames[3:5]]
    for track_id in positions[0].keys() & positions[1].keys():
        assert np.linalg.norm(positions[0][track_id] - positions[1][track_id]) < 2.0  # people do not jump


def test_nobody_runs_faster_than_a_sprinter():
    from data_prep.synthetic.match import Match

    match = Match(replace(SMALL, crowding=0.7))
    speeds = [np.linalg.norm(match.step().velocity, axis=1).max() for _ in range(250)]
    assert 2.0 < max(speeds) <= 9.0 + 1e-9


def test_light_change_changes_the_light_over_time():
    still = replace(SMALL, light_change=0.0, camera_speed=0.0, frames=30)
    swing = replace(still, light_change=1.0)
    dark = [np.std([image.mean() for image, _ in render_sequence(s, every=6)]) for s in (still, swing)]
    assert dark[1] > 2 * dark[0]


def test_kits_tell_the_roles_apart_for_every_seed():
    for seed in range(40):
        settings = Settings(seed=seed)
        worn = kits(settings)
        assert worn == kits(settings)
        teams = {worn[i].shirt for i in range(10)}, {worn[i].shirt for i in range(10, 20)}
        assert len(teams[0]) == len(teams[1]) == 1
        assert teams[0] != teams[1]
        assert teams[0] | teams[1] <= set(PLAYER_COLOURS.values())
        assert all(keeper.shirt in KEEPER_COLOURS and keeper.long_sleeves and keeper.gloves for keeper in worn[20:22])
        assert worn[22].shirt == worn[22].shorts == BLACK
        for team in (worn[:10], worn[10:20]):
            assert len({kit.number for kit in team}) == 10
        assert [kit.number for kit in worn] == [person.number for person in identities(settings)[:23]]


@pytest.mark.parametrize(
    ("name", "value"),
    [("frames", 0), ("width", 10), ("frame_rate", 0), ("crowding", 1.5), ("cuts", 200), ("view", "moon"), ("seed", -1)],
)
def test_impossible_settings_are_refused_by_name(name, value):
    with pytest.raises(SportstrackError, match=name):
        Settings(**{name: value})


# --- files


def test_mot_layout_reads_back(tmp_path, clip):
    import cv2

    folder = write_mot(SMALL, tmp_path)
    rows = np.loadtxt(folder / "gt" / "gt.txt", delimiter=",", ndmin=2)
    assert rows.shape[1] == 9
    assert len(rows) == sum(len(truth.track_id) for _, truth in clip)
    frame, truth = rows[rows[:, 0] == 1], clip[0][1]
    assert frame[:, 1].tolist() == truth.track_id.tolist()
    assert np.allclose(frame[:, 2:4] + frame[:, 4:6], truth.xyxy[:, 2:])
    assert np.array_equal(frame[:, 7], truth.class_id + 1)
    info = configparser.ConfigParser()
    info.read(folder / "seqinfo.ini")
    section = info["Sequence"]
    assert section["name"] == folder.name
    assert (int(section["imWidth"]), int(section["imHeight"])) == (320, 180)
    assert (int(section["seqLength"]), float(section["frameRate"])) == (6, 25.0)
    pictures = sorted((folder / section["imDir"]).iterdir())
    assert [p.name for p in pictures] == [f"{i:06d}{section['imExt']}" for i in range(1, 7)]
    assert np.abs(cv2.imread(str(pictures[0])).astype(int) - clip[0][0]).mean() < 4


def test_gameinfo_names_every_tracklet(tmp_path):
    folder = write_mot(replace(SMALL, frames=1), tmp_path)
    info = configparser.ConfigParser()
    info.optionxform = str
    info.read(folder / "gameinfo.ini")
    roles = [info["Sequence"][f"trackletID_{i}"] for i in range(1, 25)]
    assert roles[0].startswith("player team left;")
    assert roles[21:] == ["goalkeeper team right;1", "referee;main", "ball;1"]
    assert list(info["Classes"].values()) == list(CLASSES)


def test_yolo_layout_is_normalised_and_split_by_sequence(tmp_path):
    sequences = [replace(SMALL, seed=seed, frames=3) for seed in (5, 11)]
    folder = write_yolo(sequences, tmp_path / "set", every=2)
    images = {split: sorted(p.stem for p in (folder / "images" / split).iterdir()) for split in ("train", "val")}
    assert images["train"] == ["synthetic-00005_000001", "synthetic-00005_000003"]
    assert images["val"] == ["synthetic-00011_000001", "synthetic-00011_000003"]
    for split, stems in images.items():
        for stem in stems:
            rows = np.loadtxt(folder / "labels" / split / f"{stem}.txt", ndmin=2)
            assert rows.shape[1] == 5
            assert set(rows[:, 0]) <= {0, 1, 2, 3}
            assert (rows[:, 1:] >= 0).all()
            assert (rows[:, 1:] <= 1).all()
            assert (rows[:, 1:3] + rows[:, 3:] / 2 <= 1 + 1e-5).all()
    assert "goalkeeper" in (folder / "data.yaml").read_text()


def test_hardly_visible_objects_are_truth_but_not_labels(clip):
    from data_prep.synthetic.layouts import mot_rows, yolo_rows

    truth = clip[0][1]
    dim = replace(truth, visibility=np.where(np.arange(len(truth.visibility)) == 0, 0.05, 1.0))
    assert len(mot_rows(dim)) == len(truth.track_id)
    assert len(yolo_rows(dim, 320, 180)) == len(truth.track_id) - 1


def test_video_plays_and_has_every_frame(tmp_path):
    import av

    path = tmp_path / "clip.mp4"
    write_video(SMALL, path)
    assert (tmp_path / "clip.txt").read_text().startswith("1,")
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 25
        assert sum(1 for _ in video.decode(stream)) == SMALL.frames
    assert sorted(p.name for p in tmp_path.iterdir() if p.name[0] != ".") == [
        "clip.gameinfo.ini",
        "clip.mp4",
        "clip.txt",
    ]
    assert "trackletID_23= referee;main" in (tmp_path / "clip.gameinfo.ini").read_text()


def test_what_exists_is_kept_unless_asked(tmp_path):
    write_mot(replace(SMALL, frames=1), tmp_path)
    with pytest.raises(OutputError, match="exists"):
        write_mot(replace(SMALL, frames=2), tmp_path)
    folder = write_mot(replace(SMALL, frames=2), tmp_path, overwrite=True)
    assert len(list((folder / "img1").iterdir())) == 2


@pytest.mark.parametrize("layout", ["mot", "yolo", "video"])
def test_what_is_written_already_is_neither_written_again_nor_lost(tmp_path, layout):
    def write(frames: int, overwrite: bool = False) -> dict[str, bytes]:
        settings = replace(SMALL, frames=frames)
        if layout == "mot":
            write_mot(settings, tmp_path, overwrite)
        elif layout == "yolo":
            write_yolo([settings, replace(settings, seed=9)], tmp_path / "set", 1, overwrite=overwrite)
        else:
            write_video(settings, tmp_path / "clip.mp4", overwrite=overwrite)
        return {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.*") if p.is_file() and p.name[0] != "."}

    first = write(2)
    assert write(2) == first
    with pytest.raises(OutputError, match="--overwrite"):
        write(3)
    assert write(2) == first
    label = next(p for p in first if p.suffix == ".txt")
    label.write_text("1,1,2,3,4,5,1,1,1\n")
    with pytest.raises(OutputError, match="changed"):
        write(2)
    assert write(3, overwrite=True) != first


@pytest.mark.parametrize("layout", ["mot", "yolo"])
def test_what_a_kill_left_of_a_sequence_is_rendered_anew(tmp_path, layout, monkeypatch):
    def killed(*_: object) -> None:
        raise MemoryError  # nothing is cleared away, as after a kill

    def write() -> None:
        if layout == "mot":
            write_mot(replace(SMALL, frames=1), tmp_path)
        else:
            write_yolo([replace(SMALL, frames=1), replace(SMALL, frames=1, seed=9)], tmp_path / "set", 1)

    with monkeypatch.context() as patch:
        patch.setattr("sportstrack.files.folders.PartFolder.discard", killed)
        patch.setattr("data_prep.synthetic.layouts._write_jpeg", killed)
        with pytest.raises(MemoryError):
            write()
    assert list(tmp_path.glob(".*.part"))
    write()
    assert not list(tmp_path.glob(".*"))


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set/thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="no data set of this program"):
        write_yolo([SMALL, replace(SMALL, seed=9)], tmp_path / "set", overwrite=True)
    assert (tmp_path / "set/thesis.txt").read_text() == "mine"


def test_an_interrupted_sequence_leaves_nothing_behind(tmp_path):
    def stop(name: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_mot(SMALL, tmp_path, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_yolo_needs_a_sequence_to_validate_on(tmp_path):
    with pytest.raises(SettingError, match="2 sequences"):
        write_yolo([SMALL], tmp_path / "set")


def test_odd_sizes_cannot_be_a_video(tmp_path):
    with pytest.raises(SettingError, match="even size"):
        write_video(replace(SMALL, width=321), tmp_path / "clip.mp4")


# --- the command


def test_command_writes_a_sequence(root, tmp_path):
    arguments = ("--frames", "3", "--size", "320x180", "--seed", "4", "--cuts", "1")
    command = [sys.executable, "-m", "data_prep.synthetic", str(tmp_path / "out"), *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "synthetic-00004" in done.stdout
    assert "3/3 frames" in done.stderr
    assert (tmp_path / "out" / "synthetic-00004" / "gt" / "gt.txt").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--crowding", "7"), "--crowding: expected a number from 0 to 1"),
        (("--frames", "0"), "--frames: expected a whole number from 1"),
        (("--size", "big"), "--size: expected WIDTHxHEIGHT"),
        (("--sequences", "0"), "--sequences: expected a whole number from 1"),
        (("--layout", "yolo"), "2 sequences"),
        (("--layout", "coco"), "none of mot, yolo, video"),
        (("--cuts", "200"), "cuts: expected at most half of the 250 frames, got 200"),
    ],
)
def test_wrong_arguments_say_what_is_wrong(tmp_path, arguments, message):
    done = call_word("synthetic", tmp_path / "out", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path):
    (tmp_path / "out").write_text("in the way")
    done = call_word("synthetic", tmp_path / "out", "--frames", 1, "--size", "320x180")
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


# --- the clip that ships with the project


def test_the_demo_clip_is_what_the_renderer_makes(root):
    import av

    settings = Settings(seed=4374, frames=200, view="main", crowding=0.5, camera_speed=1.2)
    image, truth = next(render_sequence(settings))
    rows = np.loadtxt(root / "weights" / "demo_gt.txt", delimiter=",")
    first = rows[rows[:, 0] == 1]
    assert first[:, 1].tolist() == truth.track_id.tolist()
    assert np.abs(first[:, 2:4] - truth.xyxy[:, :2]).max() <= 2  # another processor may round an edge differently
    with av.open(str(root / "weights" / "demo.mp4")) as video:
        stream = video.streams.video[0]
        assert (stream.frames, stream.width, stream.height, stream.average_rate) == (200, 1280, 720, 25)
        shown = next(video.decode(stream)).to_ndarray(format="bgr24")
    assert np.abs(shown.astype(int) - image).mean() < 6
    assert sorted(set(rows[:, 0])) == list(range(1, 201))

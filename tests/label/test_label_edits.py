"""Corrected tracks become labels, crops of each person and truth."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy
from gappy import Gappy

from data_prep.formats.yolo_read import read_yolo
from sportstrack import read_mot
from sportstrack.edits import Delete, Edit, EditSession, Split, with_boxes, write_edits
from sportstrack.errors import SettingError
from sportstrack.label import LabelledVideo, LabelSettings, label_video, write_training
from sportstrack.label.command import main
from sportstrack.refine import TrackTable

FRAMES = 15


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4", FRAMES)


@pytest.fixture(scope="module")
def labelled(match: Path) -> LabelledVideo:
    return label_video(match, detector=Gappy())


@pytest.fixture(scope="module")
def edits(labelled: LabelledVideo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first track is two persons, the last one is none."""
    ids = sorted(set(labelled.boxes.track_id.tolist()))
    session, made = EditSession(labelled.boxes), []
    for operation in (Split(ids[0], 8, 77), Delete(ids[-1])):
        made.append(Edit(with_boxes(session, operation)))
        session.apply(made[-1])
    path = tmp_path_factory.mktemp("edits") / "match.edits.jsonl"
    write_edits(path, made)
    return path


def boxes_of(video: LabelledVideo) -> dict[int, int]:
    table: TrackTable = video.boxes
    return {track: int((table.track_id == track).sum()) for track in set(table.track_id.tolist())}


def test_labels_are_those_of_the_corrected_tracks(match: Path, labelled: LabelledVideo, edits: Path) -> None:
    before, after = (
        boxes_of(labelled),
        boxes_of(label_video(match, detector=Gappy(), settings=LabelSettings(edits=edits))),
    )
    first, last = min(before), max(before)
    assert after[first] == 8
    assert after[77] == before[first] - 8
    assert last not in after


def test_edits_of_another_video_are_refused(match: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.edits.jsonl"
    write_edits(path, [Edit(Split(999, 3, 1000))])
    with pytest.raises(SettingError, match="none of its 1 edits fits these tracks"):
        label_video(match, detector=Gappy(), settings=LabelSettings(edits=path))


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.label.training.LEAST_HEIGHT", 8)  # the players of the toy match are small


@pytest.mark.usefixtures("_small")
def test_training_gets_labels_crops_and_truth(match: Path, edits: Path, tmp_path: Path) -> None:
    video = label_video(match, detector=Gappy(), settings=LabelSettings(edits=edits))
    made = write_training([video], tmp_path / "set", every=3)
    table = read_yolo(tmp_path / "set" / "detector")
    assert len(table.images) == made["pictures"] == 5
    people = {path.name for path in (tmp_path / "set" / "people" / "train").iterdir()}
    assert all(name.startswith("match_") for name in people)
    assert people == {
        f"match_{track:04d}" for track in boxes_of(video) if track != 77
    }  # 77 is filled for the most part
    truth = read_mot(tmp_path / "set" / "truth" / "train" / "match" / "gt" / "gt.txt")
    assert len(truth) == made["boxes"] == len(video.boxes)
    assert set(truth.track_id.tolist()) == set(boxes_of(video))


@pytest.mark.usefixtures("_small")
def test_one_command_makes_all_of_it(
    match: Path, edits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--detector", "gappy:Gappy", "--edits", str(edits), "--format", "training", "--every", "3"]
    code = main([str(match), "-o", str(tmp_path / "set"), *options])
    assert code == 0, capsys.readouterr().err
    said = capsys.readouterr()
    assert "5 pictures" in said.out, said.err
    assert {path.name for path in (tmp_path / "set").iterdir()} >= {"detector", "people", "truth"}

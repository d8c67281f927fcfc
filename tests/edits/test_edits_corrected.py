"""Tracks go to CVAT and Label Studio and come back as edits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from sportstrack import read_mot, write_mot
from sportstrack.edits import apply_edits, find_edits, read_corrected
from sportstrack.errors import FormatError
from sportstrack.label import LabelledVideo, write_cvat
from sportstrack.label.labelstudio import write_labelstudio
from sportstrack.refine import TrackTable
from sportstrack.refine.command import main


def tracks() -> TrackTable:
    """Three players who walk, one of them with a gap."""
    rows: list[tuple[int, int, Any]] = []
    for frame in range(40):
        for track in (1, 2, 3):
            if track != 3 or not 10 <= frame < 20:
                x, y = 20.0 + 5.0 * frame * track, 150.0 * track
                rows.append((frame, track, (x, y, x + 30.0, y + 70.0)))
    return TrackTable.of(*([row[i] for row in rows] for i in range(3)), class_id=np.zeros(len(rows)))


def video(table: TrackTable) -> LabelledVideo:
    return LabelledVideo("match", "match.mp4", 1280, 720, 25.0, 40, np.arange(40), table.ordered(), ("player",))


def persons(table: TrackTable) -> set[tuple[tuple[int, int], ...]]:
    """Frames and rounded left edges of each track."""
    return {
        tuple(zip(mine.frame.tolist(), np.rint(mine.xyxy[:, 0]).astype(int).tolist(), strict=True))
        for mine in (table[table.track_id == one].ordered() for one in np.unique(table.track_id).tolist())
    }


def test_what_nobody_corrected_makes_no_edit(tmp_path: Path) -> None:
    write_cvat(video(tracks()), tmp_path / "match.xml")
    write_labelstudio(video(tracks()), tmp_path / "match.json")
    for name in ("match.xml", "match.json"):
        assert find_edits(tracks(), read_corrected(tmp_path / name)) == []


def test_a_swap_made_in_cvat_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "match.xml"
    write_cvat(video(tracks()), path, tolerance=0.0)
    tree = ElementTree.parse(path)
    one, two = list(tree.iter("track"))[:2]
    tails = [[box for box in track if int(box.attrib["frame"]) >= 25] for track in (one, two)]
    for track, own, other in ((one, tails[0], tails[1]), (two, tails[1], tails[0])):
        for box in own:
            track.remove(box)
        track.extend(other)
    tree.write(path)
    back = read_corrected(path)
    edits = find_edits(tracks(), back)
    assert [type(edit.operation).__name__ for edit in edits] == ["Swap"]
    assert persons(apply_edits(tracks(), edits).tracks) == persons(back)


def test_corrections_in_label_studio_come_back(tmp_path: Path) -> None:
    path = tmp_path / "match.json"
    write_labelstudio(video(tracks()), path)
    tasks = json.loads(path.read_text())
    for task in tasks:
        result = task.pop("predictions")[0]["result"]
        if task["data"]["frame"] >= 30:  # player 2 was lost from here on
            result = [region for region in result if not region["id"].endswith("-t2")]
        if task["data"]["frame"] == 12:  # player 3 was there
            region = json.loads(json.dumps(result[0]))
            region.update(id="drawn", meta={"text": ["track 3"]})
            region["value"].update(x=10.0, y=80.0)
            result.append(region)
        task["annotations"] = [{"result": result, "was_cancelled": False}]
    path.write_text(json.dumps(tasks))
    made = apply_edits(tracks(), find_edits(tracks(), read_corrected(path))).tracks
    assert made.frame[made.track_id == 2].max() == 29
    assert 12 in made.frame[made.track_id == 3]
    assert made.tracks == 3


def test_a_video_of_label_studio_is_read(tmp_path: Path) -> None:
    key = {"x": 10.0, "y": 10.0, "width": 5.0, "height": 20.0, "rotation": 0}
    sequence = [{"frame": 1, **key}, {"frame": 11, **key, "x": 20.0, "enabled": False}, {"frame": 21, **key}]
    region = {"type": "videorectangle", "id": "a", "original_width": 1280, "original_height": 720}
    region["value"] = {"sequence": sequence}
    path = tmp_path / "video.json"
    path.write_text(json.dumps([{"data": {}, "annotations": [{"result": [region]}]}]))
    table = read_corrected(path)
    assert table.frame.tolist() == [*range(11), 20]
    assert table.xyxy[5].tolist() == pytest.approx([192.0, 72.0, 256.0, 216.0])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.xml", "<annotations/>", "holds no tracks"),
        ("a.xml", "<annotations><track>", "no XML"),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotations/>', "DOCTYPE"),
        ("a.xml", '<a><track><box frame="1" xtl="x" ytl="1" xbr="2" ybr="2"/></track></a>', "track 0"),
        ("a.json", "{}", "expected a list of tasks"),
        ("a.json", '[{"annotations": [{"result": [{"type": "rectanglelabels"}]}], "data": {}}]', "task 1"),
        ("a.json", '[{"annotations": [], "data": {}}]', "holds no tracks"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(FormatError, match=said) as refused:
        read_corrected(path)
    assert str(path) in str(refused.value)


def test_refine_takes_them(tmp_path: Path) -> None:
    write_mot(tmp_path / "match.txt", tracks())
    table = tracks()
    gone = table[table.track_id != 2]
    write_cvat(video(gone), tmp_path / "match.xml", tolerance=0.0)
    out = tmp_path / "out" / "match.txt"
    options = ["--edits", str(tmp_path / "match.xml"), "--steps", "none", "--quiet", "--size", "1280x720"]
    assert main([str(tmp_path / "match.txt"), "-o", str(out), *options]) == 0
    assert set(read_mot(out).track_id.tolist()) == {1, 3}

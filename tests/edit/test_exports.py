"""The corrected tracks in every format, read by what reads them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from data_prep.formats.yolo_read import read_yolo
from sportstrack import read_identities, read_mot
from sportstrack.draw.results import read_result
from sportstrack.edit.exports import FORMATS
from sportstrack.edit.run import open_room
from sportstrack.edit.settings import EditSettings


@pytest.fixture
def written(own_match: Path) -> dict[str, list[Path]]:
    """All formats, of tracks of which one was deleted and one was named."""
    room = open_room(own_match, EditSettings())
    try:
        for edit in ({"op": "delete", "track": 1}, {"op": "team", "track": 2, "value": "A"}):
            room.apply(edit, room.desk.version, "", follow=False)
        return {form: room.export(form, 1) for form in FORMATS}
    finally:
        room.close()


def test_every_format_has_the_corrected_tracks(written: dict[str, list[Path]]) -> None:
    table = read_mot(written["mot"][0])
    assert np.unique(table.track_id).tolist() == [2, 3]
    assert len(table) == 115
    assert [one.team for one in read_identities(written["mot"][1])] == ["A"]
    for form in ("csv", "jsonl"):
        found = read_result(written[form][0])
        assert found.ids.tolist() == [2, 3]
        assert sum(map(len, found.tracks.values())) == 115
        assert found.identities.of(2)[0].team == "A"
    tracks = ElementTree.parse(written["cvat"][0]).getroot().findall("track")
    assert len(tracks) == 2
    first = json.loads(written["labelstudio"][0].read_text())[0]
    assert len(first["predictions"][0]["result"]) == 2
    coco = json.loads(written["coco"][0].read_text())
    assert (len(coco["images"]), len(coco["annotations"])) == (60, 115)
    assert len(read_yolo(written["yolo"][0]).boxes) == 115


def test_an_export_may_be_written_again(own_match: Path, written: dict[str, list[Path]]) -> None:
    room = open_room(own_match, EditSettings())
    try:
        for form in ("mot", "cvat", "yolo"):
            assert room.export(form, 2) == written[form]
    finally:
        room.close()
    assert sorted(path.name for path in own_match.parent.glob("match.*"))[:2] == [
        "match.edited.coco.json",
        "match.edited.csv",
    ]

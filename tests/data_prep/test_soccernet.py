"""SoccerNet: roles become classes; zips are read with care."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from make_clips import GAMEINFO, SOCCERNET_ROWS, files_below, jpeg, make_clip
from soccernet_zip import make_soccernet, zipped

from data_prep.formats.soccernet import parse_role, read_soccernet
from data_prep.soccernet import command as soccernet_command
from data_prep.table import TrackInfo
from sportstrack.errors import FormatError


@pytest.mark.parametrize("layout", ["folders", "zips", "one zip"])
def test_soccernet_roles_become_classes_and_the_rest_a_sidecar(tmp_path: Path, layout: str) -> None:
    root = make_soccernet(tmp_path / "folders")
    if layout == "zips":
        (tmp_path / "zips").mkdir()
        for split in ("train", "test"):
            zipped(root / split, tmp_path / "zips" / f"{split}.zip")
        root = tmp_path / "zips"
    elif layout == "one zip":
        root = zipped(root / "train", tmp_path / "train.zip")
    out = tmp_path / "out"
    assert soccernet_command.main([str(root), str(out), "--quiet"]) == 0
    found = files_below(out)
    lines = found["labels/train/SNMOT-060/000002.txt"].decode().splitlines()
    assert [line[0] for line in lines] == ["0", "1", "2", "3", "4"]
    assert "names:\n  0: player\n  1: goalkeeper\n  2: referee\n  3: ball\n  4: other\n" in found["data.yaml"].decode()
    sidecar = json.loads(found["tracks/train/SNMOT-060.json"])
    assert sidecar["tracks"]["1"] == {"role": "player", "team": "left", "number": "10"}
    assert sidecar["tracks"]["2"] == {"role": "goalkeeper", "team": "right", "number": "x"}
    assert sidecar["match"] == "4"
    assert sidecar["frames"]["SNMOT-060/000002.jpg"] == [1, [1, 2, 3, 4, 5]]
    assert found["images/train/SNMOT-060/000003.jpg"] == jpeg()
    assert ("labels/test/SNMOT-116/000001.txt" in found) == (layout != "one zip")
    assert sorted(p.name for p in tmp_path.rglob("SNMOT-060") if "folders" not in p.parts) == ["SNMOT-060"] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("player team left;10", TrackInfo("player", "left", "10")),
        ("goalkeepers team right;x", TrackInfo("goalkeeper", "right", "x")),
        (" Referee;main", TrackInfo("referee", "", "main")),
        ("ball;1", TrackInfo("ball", "", "1")),
        ("other", TrackInfo("other", "", "")),
        ("side  referee ; top", TrackInfo("side referee", "", "top")),
    ],
)
def test_roles(text: str, expected: TrackInfo) -> None:
    assert parse_role(text) == expected


def test_a_track_without_a_role_is_refused(tmp_path: Path) -> None:
    make_clip(tmp_path / "train" / "SNMOT-060", SOCCERNET_ROWS + "1,9,1,1,5,5,1,-1,-1,-1\n", gameinfo=GAMEINFO)
    with pytest.raises(FormatError, match=r"gt.txt, row 16: track 9 is not in gameinfo.ini"):
        read_soccernet(tmp_path)


@pytest.mark.parametrize("member", ["../x/seqinfo.ini", "/etc/x", "C:/x", "a/../../x", "..\\x", "a\\..\\..\\x"])
def test_a_zip_that_climbs_out_is_refused_as_a_whole(
    tmp_path: Path, member: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = zipped(make_soccernet(tmp_path / "root") / "train", tmp_path / "train.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, "x")
    assert soccernet_command.main([str(path), str(tmp_path / "out"), "--quiet"]) == 2
    assert "climbs out of the archive" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["root", "train.zip"]


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.zip").write_bytes(b"PK no archive")
    with pytest.raises(FormatError, match=r"train.zip: not a readable zip archive"):
        read_soccernet(tmp_path)
    path = zipped(make_soccernet(tmp_path / "root") / "train", tmp_path / "train.zip")
    data = bytearray(path.read_bytes())
    place = data.index(SOCCERNET_ROWS.encode())
    data[place : place + 4] = b"9999"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=r"train.zip!train/SNMOT-060/gt/gt.txt: cannot be read from the archive"):
        read_soccernet(path)

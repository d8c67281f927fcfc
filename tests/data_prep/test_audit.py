"""The audit finds each fault of a data set once, with file and line, and repairs what is safe."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from audit_sets import MAKERS, edit, make_clip, make_mot, picture, train

from data_prep.audit import AuditSettings, PixelSettings, Thresholds, audit
from data_prep.audit.command import main
from sportstrack.errors import FormatError, SettingError


@pytest.mark.parametrize("layout", MAKERS)
def test_nothing_is_found_in_a_sound_data_set(layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = MAKERS[layout](tmp_path / "set")
    found = audit(root)
    assert found.source.layout == layout
    assert found.clean, found.findings
    assert len(found.measured) == len(found.source.table.images) > 0
    assert main([str(root)]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_reports_name_the_place_and_need_nothing_from_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_mot(tmp_path / "set<b>")
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    (train(root) / "img1/000005.png").write_bytes(picture(104, "dark"))
    page, data = tmp_path / "audit.html", tmp_path / "audit.json"
    assert main([str(root), "--html", str(page), "--json", str(data)]) == 1
    out = capsys.readouterr().out
    assert "not finite" in out
    assert f"{train(root)}/gt/gt.txt, line 3, frame 2: corners nan, 10, nan, 40" in out
    record = json.loads(data.read_text(encoding="utf-8"))
    assert record["counts"] == {"not finite": 1, "light outlier": 1}
    assert record["statistics"]["splits"]["train"] == {"pictures": 10, "labelled": 10, "clips": 1, "boxes": 20}
    assert sum(record["statistics"]["track_length"]["counts"]) == 4
    assert sum(map(sum, record["statistics"]["positions"])) == 39
    text = page.read_text(encoding="utf-8")
    assert "set&lt;b&gt;" in text
    assert text.count("data:image/jpeg;base64,") == 2
    assert "http" not in text
    assert "<script" not in text
    assert text.count("<svg") >= 5


def test_workers_give_the_same_answer_and_every_reads_fewer_pictures(tmp_path: Path) -> None:
    root = make_mot(tmp_path / "set")
    (train(root) / "img1/000004.png").write_bytes(b"")
    one, four = audit(root), audit(root, AuditSettings(pixels=PixelSettings(workers=4)))
    assert one.findings == four.findings
    assert one.measured == four.measured
    thinned = audit(root, AuditSettings(pixels=PixelSettings(every=5)))
    assert len(thinned.measured) == 4
    assert thinned.clean


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    root, cache = make_mot(tmp_path / "set"), tmp_path / "pixels.jsonl"

    def stop(done: int, expected: int | None) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit(root, AuditSettings(pixels=PixelSettings(cache=cache, progress=stop)))
    with cache.open("a") as file:
        file.write('["half a li')
    steps: list[int] = []
    again = audit(root, AuditSettings(pixels=PixelSettings(cache=cache, progress=lambda done, _: steps.append(done))))
    assert steps == list(range(8, 21))
    assert again.measured == audit(root).measured


def test_labels_without_any_picture_lack_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_mot(tmp_path / "set")
    for path in root.rglob("*.png"):
        path.unlink()
    assert main([str(root)]) == 0
    assert "labels alone" in capsys.readouterr().out


def test_a_zip_is_read_without_unpacking(tmp_path: Path) -> None:
    import shutil

    root = make_mot(tmp_path / "set")
    edit(3, "2,0,nan,10,12,30,1,1,1")(root)
    archive = shutil.make_archive(str(tmp_path / "clips"), "zip", root)
    found = audit(archive)
    assert found.counts() == {"not finite": 1}
    assert len(found.measured) == 20


def test_roles_without_a_track_are_unknown(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for i, clip in enumerate((root / "train/SNMOT-060", root / "val/SNMOT-061")):
        make_clip(clip, 100 * i, i)
        (clip / "gameinfo.ini").write_text("[Sequence]\ntrackletID_0= player team left;7\ntrackletID_1= ball;1\n")
    with (root / "train/SNMOT-060/gt/gt.txt").open("a") as file:
        file.write("4,9,40,5,4,9,1,1,1\n")
    found = audit(root, AuditSettings(ignore=("class imbalance",)))
    assert found.counts() == {"unknown class": 1}
    assert found.source.table.counts()["val"] == {"player": 10, "goalkeeper": 0, "referee": 0, "ball": 10, "other": 0}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "no such file or folder"),
        (["."], "no data set recognised"),
        (["set", "--ignore", "jumps"], "did you mean 'jump'"),
        (["set", "--from", "coco"], "no COCO JSON found"),
        (["set", "--json", "no/folder/x.json"], "cannot be written"),
        (["set", "--cache", "no/folder/x.jsonl"], "cannot be written"),
        (["set", "--fix", "set"], "holds files that are no data set of this program"),
    ],
)
def test_bad_input_ends_with_status_2_and_one_line(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "set":
        make_mot(tmp_path / "set")
    assert main([*arguments, "--quiet"]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.count("\n") == 1


def test_without_imagehash_everything_else_is_still_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_mot(tmp_path / "set")
    monkeypatch.setitem(sys.modules, "imagehash", None)
    assert main([str(root), "--quiet"]) == 2
    assert "pip install imagehash" in capsys.readouterr().err
    assert main([str(root), "--quiet", "--ignore", "near-identical-pictures-in-two-splits"]) == 0


def test_settings_are_checked() -> None:
    with pytest.raises(SettingError, match="blur: expected a number from 0 to 1, got 2"):
        Thresholds(blur=2)
    with pytest.raises(FormatError):
        audit("nowhere")


def test_help_shows_the_exit_status_of_findings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "exit status: 0 nothing found, 1 something found" in capsys.readouterr().out


def test_the_real_sequences_of_sportsmot(shared_data: Path) -> None:
    folder = shared_data / "sportsmot"
    if not folder.is_dir():
        pytest.skip("SportsMOT is not there")
    found = audit(folder)
    assert len(found.source.table.boxes) == 312_579
    assert len(found.source.table.images) == 28_574
    assert found.counts() == {"near-duplicate boxes": 1, "jump": 9}

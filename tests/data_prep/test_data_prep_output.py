"""Writing whole or not at all: stopped runs go on, full disks leave nothing, other people's folders stay untouched."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from make_clips import files_below, make_sportsmot

from data_prep import output, pictures
from data_prep.formats import yolo
from data_prep.formats.sportsmot import read_sportsmot
from data_prep.formats.yolo import write_yolo
from data_prep.sportsmot import command as sportsmot_command
from sportstrack.errors import OutputError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_sportsmot(tmp_path / "SportsMOT")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("no mount command")
    if done.returncode:
        pytest.skip("mounting needs rights that this user has not")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def run(root: Path, out: Path, *more: str) -> int:
    return sportsmot_command.main([str(root), str(out), "--quiet", *more])


def without_job(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in found.items() if name != "manifest.json"}


@pytest.mark.parametrize("way", [(), ("--copy",), ("--size", "32")], ids=["links", "copies", "resized"])
def test_a_stopped_run_goes_on_where_it_was(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    place, placed = pictures.place_pictures, []

    def stopping(images, targets, **settings):
        def tick() -> None:
            placed.append(images.name[0])
            if len(placed) == 5:  # in the middle of the second clip
                raise KeyboardInterrupt

        place(images, targets, **(settings | {"tick": tick}))

    monkeypatch.setattr(output, "place_pictures", stopping)
    assert run(root, tmp_path / "out", *way) == 130
    assert "interrupted" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert (tmp_path / ".out.part").is_dir()

    placed[:] = ["earlier"] * 5
    kept = (tmp_path / ".out.part/images/train/v_aaa_c001/000001.jpg").stat().st_ino
    assert run(root, tmp_path / "out", *way) == 0
    assert "v_aaa_c001/000001.jpg" not in placed  # the first clip was done
    assert (tmp_path / "out/images/train/v_aaa_c001/000001.jpg").stat().st_ino == kept
    assert not (tmp_path / ".out.part").exists()

    monkeypatch.setattr(output, "place_pictures", place)
    assert run(root, tmp_path / "straight", *way) == 0
    assert files_below(tmp_path / "out") == files_below(tmp_path / "straight")


def test_a_stopped_run_with_other_settings_begins_anew(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(yolo, "write_small", stop)
    assert run(root, tmp_path / "out") == 130
    monkeypatch.undo()
    assert run(root, tmp_path / "out", "--every", "2") == 0
    assert run(root, tmp_path / "straight", "--every", "2") == 0
    assert files_below(tmp_path / "out") == files_below(tmp_path / "straight")


def test_a_finished_job_is_not_done_twice(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    assert run(root, tmp_path / "out") == 0
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == before


def test_another_data_set_is_not_overwritten(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, tmp_path / "out") == 0
    before = files_below(tmp_path / "out")
    assert run(root, tmp_path / "out", "--every", "2") == 2
    assert "holds another data set (yolo)" in capsys.readouterr().err
    assert files_below(tmp_path / "out") == before
    assert run(root, tmp_path / "out", "--every", "2", "--overwrite") == 0
    assert len(files_below(tmp_path / "out")) < len(before)


def test_a_data_set_is_written_anew_when_its_source_has_changed(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    before = files_below(tmp_path / "out")
    truth = next(root.rglob("gt.txt"))
    truth.write_text(truth.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert run(root, tmp_path / "out") == 0
    after = files_below(tmp_path / "out")
    assert sum(map(len, after.values())) < sum(map(len, before.values()))
    label = next(path for path in (tmp_path / "out" / "labels").rglob("*.txt"))
    label.write_text("0 0.5 0.5 0.1 0.1\n", encoding="utf-8")
    assert run(root, tmp_path / "out") == 2


@pytest.mark.parametrize("content", ["thesis.txt", "manifest.json"])
def test_a_folder_of_somebody_else_is_never_touched(
    root: Path, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / content).write_text("{}")
    for more in ((), ("--overwrite",)):
        assert run(root, tmp_path / "out", *more) == 2
        assert "no data set of this program" in capsys.readouterr().err
    assert files_below(tmp_path / "out") == {content: b"{}"}
    (tmp_path / "file").write_text("x")
    assert run(root, tmp_path / "file") == 2
    assert "is a file" in capsys.readouterr().err


def test_an_empty_folder_is_filled(root: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert run(root, tmp_path / "out") == 0
    assert (tmp_path / "out/data.yaml").is_file()


def test_a_full_disk_leaves_nothing(root: Path, tiny_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(root, tiny_disk / "out", "--copy") == 2
    assert "the disk is full; nothing was left there" in capsys.readouterr().err
    assert not list(tiny_disk.iterdir())


@pytest.mark.parametrize("call", ["write", "link", "mkdir"])
def test_a_disk_that_fills_up_in_any_call_leaves_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    owner = Path if call == "mkdir" else os  # Python 3.10's Path remembers os.mkdir from its import
    real, calls = getattr(owner, call), []

    def failing(*args, **settings):
        calls.append(args)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **settings)

    table = read_sportsmot(root)
    monkeypatch.setattr(owner, call, failing)
    with pytest.raises(OutputError, match="the disk is full"):
        write_yolo(table, tmp_path / "out")
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["SportsMOT"]


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:3]))
    yolo.write_small(str(tmp_path / "a.txt"), b"0 0.5 0.5 0.1 0.1\n")
    monkeypatch.undo()
    assert (tmp_path / "a.txt").read_bytes() == b"0 0.5 0.5 0.1 0.1\n"


def test_a_folder_without_permission_is_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: object, **settings: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert run(root, tmp_path / "out") == 2
    assert "no permission to write there" in capsys.readouterr().err


def test_workers_change_nothing(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "one") == 0
    assert run(root, tmp_path / "four", "--workers", "4") == 0
    assert files_below(tmp_path / "one") == files_below(tmp_path / "four")


def test_the_manifest_says_what_is_there(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["settings"]["source"]["root"] == str(root)
    assert manifest["classes"] == ["player"]
    train = manifest["splits"]["train"]
    assert (train["images"], train["clips"], train["boxes"]) == (6, 2, 8)
    labels = b"".join(
        data for name, data in sorted(files_below(tmp_path / "out").items()) if name.startswith("labels/train/")
    )
    import hashlib

    assert train["labels_sha256"] == hashlib.sha256(labels).hexdigest()

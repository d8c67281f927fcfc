"""Two runs at a time, kills between any two steps, sets that were changed by hand, and inputs that are no outputs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from make_clips import files_below, make_sportsmot

from data_prep.augment import run as augment
from data_prep.augment.command import main as augment_main
from data_prep.convert import command as convert
from data_prep.formats.yolo_read import read_yolo
from data_prep.sportsmot import command as sportsmot_command
from sportstrack.files.folders import PartFolder, contents_digest, settled


class Killed(BaseException):
    """What no handler of errors catches, like a kill."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_sportsmot(tmp_path / "SportsMOT")


def run(root: Path, out: Path, *more: str) -> int:
    return sportsmot_command.main([str(root), str(out), "--quiet", *more])


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Stop before the step-th rename or deletion of a folder; yields the steps taken."""
    taken: list[str] = []
    real_replace, real_rmtree = Path.replace, shutil.rmtree

    def one(path: object) -> None:
        if len(taken) == step:
            raise Killed
        taken.append(str(path))

    def replace(self: Path, target: object) -> object:
        one(target)
        return real_replace(self, target)

    def rmtree(path: Path, **settings: object) -> None:
        one(path)
        real_rmtree(path, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        patch.setattr(shutil, "rmtree", rmtree)
        yield taken


def each_kill(work: Callable[[], int]) -> Iterator[int]:
    """Run again and again, killed one step later each time, until a run gets through."""
    for step in range(1000):
        try:
            with killed_at(step):
                assert work() == 0
        except Killed:
            yield step
        else:
            assert step > 3
            return


def test_a_kill_at_any_step_leaves_the_old_or_the_new_set(root: Path, tmp_path: Path) -> None:
    out, straight = tmp_path / "out", tmp_path / "straight"
    assert run(root, out) == run(root, straight, "--every", "2") == 0
    old, new = read_yolo(out).images.name.tolist(), read_yolo(straight).images.name.tolist()
    wanted = files_below(straight)
    for step in each_kill(lambda: run(root, out, "--every", "2", "--overwrite")):
        assert read_yolo(out).images.name.tolist() in (old, new), step
        assert read_yolo(out / "data.yaml").images.name.tolist() in (old, new), step
        assert run(root, out, "--every", "2", "--overwrite") == 0, step
        assert files_below(out) == wanted, step
        assert sorted(p.name for p in tmp_path.iterdir()) == ["SportsMOT", "out", "straight"]
        assert run(root, out, "--overwrite") == 0


def test_a_reader_names_what_a_kill_left_between_two_names(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    (tmp_path / "out").rename(PartFolder(tmp_path / "out").complete)
    assert settled(tmp_path / "out/images/train") == tmp_path / "out/images/train"
    assert (tmp_path / "out/images/train").is_dir()
    assert settled(tmp_path / "elsewhere") == tmp_path / "elsewhere"


def test_a_new_folder_of_that_name_is_not_replaced_by_what_a_kill_left(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    (tmp_path / "out").rename(PartFolder(tmp_path / "out").complete)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.txt").write_text("mine")
    settled(tmp_path / "out")
    assert run(root, tmp_path / "out", "--overwrite") == 2
    assert files_below(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_an_augmentation_that_was_killed_goes_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(root, tmp_path / "set") == 0
    made: list[object] = []
    real = augment.augment_sample

    def counted(*arguments: object, **settings: object) -> object:
        made.append(None)
        return real(*arguments, **settings)

    monkeypatch.setattr(augment, "augment_sample", counted)

    def work(out: str = "out") -> int:
        return augment_main([str(tmp_path / "set"), str(tmp_path / out), "--ops", "flip,noise", "--quiet"])

    assert work("straight") == 0
    pictures = len(made)
    made.clear()
    for _ in each_kill(work):
        assert not (tmp_path / "out").exists()
    assert pictures <= len(made) <= pictures + len(files_below(tmp_path / "out"))  # a kill costs one picture
    assert files_below(tmp_path / "out") == files_below(tmp_path / "straight")


def test_the_second_of_two_runs_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "import sys; from sportstrack.files.folders import PartFolder\n"
        "with PartFolder(sys.argv[1]).lock('out', 'sportstrack test'): print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "out")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert run(root, tmp_path / "out") == 2
        assert f"process {other.pid} on " in (message := capsys.readouterr().err)
        assert "(sportstrack test)" in message
        other.kill()
    assert run(root, tmp_path / "out") == 0  # a lock does not outlive its process
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_a_set_that_was_changed_by_hand_is_kept(
    root: Path, tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, tmp_path / "out") == 0
    straight = files_below(tmp_path / "out")
    label = next((tmp_path / "out/labels").rglob("*.txt"))
    if change == "edit":
        label.write_bytes(label.read_bytes().replace(b"0.", b"1.", 1))
    elif change == "add":
        label.with_name("more.txt").write_text("")
    else:
        label.unlink()
    changed = files_below(tmp_path / "out")
    assert run(root, tmp_path / "out") == 2
    assert "changed" in (message := capsys.readouterr().err)
    assert "--overwrite" in message
    assert files_below(tmp_path / "out") == changed
    assert run(root, tmp_path / "out", "--overwrite") == 0
    assert files_below(tmp_path / "out") == straight


def test_caches_of_other_programs_are_no_change(root: Path, tmp_path: Path) -> None:
    assert run(root, tmp_path / "out") == 0
    digest = contents_digest(tmp_path / "out")
    for name in ("labels/train.cache", ".DS_Store"):
        (tmp_path / "out" / name).write_bytes(b"x")
    assert contents_digest(tmp_path / "out") == digest
    assert run(root, tmp_path / "out") == 0


@pytest.mark.parametrize("way", [[], ["--overwrite"]])
def test_an_input_is_never_an_output(
    root: Path, tmp_path: Path, way: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(root, tmp_path / "set") == 0
    before = files_below(tmp_path / "set")
    (tmp_path / "link").symlink_to(tmp_path / "set")
    for out in ("set", "link", "set/../set"):
        place = str(tmp_path / out)
        assert convert.main([str(tmp_path / "set"), place, "--from", "yolo", "--to", "coco", "--quiet", *way]) == 2
        assert "what is read" in capsys.readouterr().err
        assert augment_main([str(tmp_path / "set/data.yaml"), place, "--quiet", *way]) == 2
        assert "what is read" in capsys.readouterr().err
    assert files_below(tmp_path / "set") == before


def test_an_unfinished_folder_of_somebody_else_is_never_touched(root: Path, tmp_path: Path) -> None:
    part = tmp_path / ".out.part"
    part.mkdir()
    (part / "thesis.txt").write_text("mine")
    assert run(root, tmp_path / "out") == 2
    assert files_below(part) == {"thesis.txt": b"mine"}

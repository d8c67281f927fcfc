"""One rule for the outputs of all commands: its own unchanged file is replaced, any other needs --overwrite."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from make_clips import make_clip

from sportstrack.cli import main
from sportstrack.errors import OutputError
from sportstrack.files.option_files import claimed

ROWS = "".join(f"{frame},{track},{10 * track + frame},20,8,12,1,1,1\n" for frame in range(1, 6) for track in (1, 2))
COMMANDS = {
    "refine": ("refine IN/clip.txt -o OUT --size 64x48", "clip.txt"),
    "presence": ("presence IN/clip.txt -o OUT/heat.png", "heat.png"),
    "evaluate": ("evaluate --truth IN/clip.txt --results IN/clip.txt --diagnose -o OUT", "diagnosis-clip.html"),
    "plots": ("evaluate --truth IN/clip.txt --results IN/clip.txt --plots -o OUT", "hota-curves-clip.png"),
    "audit": ("audit IN/set --json OUT/found.json", "found.json"),
    "page": ("audit IN/set --html OUT/page.html", "page.html"),
    "shots": ("shots IN/set/clip --csv OUT/shots.csv", "shots.csv"),
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "IN").mkdir()
    (tmp_path / "OUT").mkdir()
    (tmp_path / "IN/clip.txt").write_text(ROWS)
    make_clip(tmp_path / "IN/set/clip", ROWS, frames=5)
    return tmp_path


def run(place: Path, words: str, *more: str) -> int:
    full = [f"{place}/{word}" if word.split("/")[0] in ("IN", "OUT") else word for word in words.split()]
    return main([*full, "--quiet", *more])


@pytest.mark.parametrize("name", COMMANDS)
def test_own_results_are_replaced_and_all_else_is_kept(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, file = COMMANDS[name]
    fine = (0, 1) if words.startswith("audit") else (0,)
    for _ in range(2):
        assert run(place, words) in fine
    written = (place / "OUT" / file).read_bytes()
    assert not list((place / "OUT").glob("*.part*"))
    for content, reason in ((written + b" ", "changed since"), (None, "not written by this program")):
        if content is None:
            shutil.rmtree(place / "OUT")
            (place / "OUT").mkdir()
        (place / "OUT" / file).write_bytes(content or b"mine")
        capsys.readouterr()
        assert run(place, words) == 2
        captured = capsys.readouterr()
        assert reason in captured.err
        assert "--overwrite" in captured.err
        assert not captured.out  # refused before the work
        assert (place / "OUT" / file).read_bytes() == (content or b"mine")
    assert run(place, words, "--overwrite") in fine
    assert (place / "OUT" / file).read_bytes() not in (b"mine", b"")


@pytest.mark.parametrize(
    "words",
    [
        "refine IN/clip.txt -o IN",
        "presence IN/set/clip/gt/gt.txt --video IN/set/clip/img1/000001.jpg -o IN/set/clip/img1/000001.jpg",
        "audit IN/set --json IN/set/clip/seqinfo.ini",
        "shots IN/set/clip --csv IN/set/clip/gt/gt.txt",
    ],
)
def test_an_input_is_never_an_output(words: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
    for more in ((), ("--overwrite",)):
        assert run(place, words, *more) == 2
        assert "is an input of this run" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_several_files_of_one_folder_are_claimed_together(tmp_path: Path) -> None:
    paths = [tmp_path / "a.json", tmp_path / "a.html"]
    with claimed(paths, command="sportstrack x") as files:
        for file in files:
            file.write(b"x")
            file.complete()
        with pytest.raises(OutputError, match="is being written by"), claimed(paths[:1], command="sportstrack x"):
            pass
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["a.html", "a.json"]
    with pytest.raises(OutputError, match="there is no folder"), claimed([tmp_path / "no/a"], command="x"):
        pass


def test_an_audit_does_not_write_its_cache_into_another_file(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = place / "OUT/notes.txt"
    notes.write_text("mine\n")
    assert run(place, f"audit IN/set --cache {notes}") == 2
    assert "is no cache" in capsys.readouterr().err
    assert notes.read_text() == "mine\n"
    for _ in range(2):
        assert run(place, "audit IN/set --cache OUT/cache.jsonl") in (0, 1)

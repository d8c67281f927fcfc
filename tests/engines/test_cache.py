"""The cache of converted networks: whole or not there, made once, made anew where it is not what was written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sportstrack.engines.cache import engines_folder, find_or_convert, find_or_make
from sportstrack.engines.names import EngineError


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "best.pt"
    path.write_bytes(b"weights of a network")
    return path


class Maker:
    """Writes a file, and counts how often."""

    def __init__(self, text: str = "network") -> None:
        self.text, self.times = text, 0

    def __call__(self, out: Path) -> None:
        self.times += 1
        out.write_text(self.text)


def test_a_checkpoint_is_converted_once(random_weights: Callable[[str], Path]) -> None:
    said: list[str] = []
    first = find_or_convert(random_weights(""), begin=said.append)
    again = find_or_convert(random_weights(""), begin=said.append)
    assert first.seconds is not None
    assert again.seconds is None
    assert (again.path, again.card) == (first.path, first.card)
    assert len(said) == 1
    assert said[0].startswith("random.pt is converted")
    assert {path.name for path in first.path.parent.iterdir()} == {"model.onnx", "model.card.json", "entry.json"}
    assert [path.name for path in engines_folder().iterdir()] == [first.path.parent.name]

    first.path.with_name("model.card.json").write_text("{}")
    assert find_or_convert(random_weights("")).seconds is not None


@pytest.mark.parametrize("damage", ["cut", "other", "gone", "no entry", "odd entry"])
def test_what_is_not_as_it_was_written_is_made_anew(damage: str, weights: Path) -> None:
    make = Maker()
    path, _ = find_or_make(weights, "net", {}, make)
    if damage == "cut":
        path.write_text("netw")
    elif damage == "other":
        path.write_text("network"[::-1])
    elif damage == "gone":
        path.unlink()
    elif damage == "no entry":
        path.with_name("entry.json").unlink()
    else:
        path.with_name("entry.json").write_text("[1")
    assert find_or_make(weights, "net", {}, make)[0].read_text() == "network"
    assert make.times == 2
    assert find_or_make(weights, "net", {}, make)[1] is None


def test_other_weights_and_versions_are_another_entry(weights: Path) -> None:
    paths = {find_or_make(weights, "net", {"version": v}, Maker())[0] for v in ("1", "2", "2")}
    weights.write_bytes(b"trained a little more")
    paths.add(find_or_make(weights, "net", {"version": "2"}, Maker())[0])
    assert len(paths) == 3


def test_a_full_disk_is_told_and_leaves_nothing(weights: Path) -> None:
    def full(out: Path) -> None:
        out.write_text("half a net")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(EngineError, match=r"engines: the cache cannot be written \(No space left on device\)"):
        find_or_make(weights, "net", {}, full)
    assert list(engines_folder().iterdir()) == []


def test_a_cache_that_cannot_be_a_folder(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(EngineError, match="the cache cannot be written"):
        find_or_make(weights, "net", {}, Maker())


def test_two_threads_make_one(weights: Path) -> None:
    make, found = Maker(), []

    def slow(out: Path) -> None:
        time.sleep(0.2)
        make(out)

    threads = [threading.Thread(target=lambda: found.append(find_or_make(weights, "n", {}, slow))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert make.times == 1
    assert sorted(seconds is None for _, seconds in found) == [False, True, True]


def test_two_processes_make_one_and_a_killed_one_leaves_no_half(weights: Path, tmp_path: Path) -> None:
    code = f"""
        import sys, time
        from pathlib import Path
        from sportstrack.engines.cache import find_or_make
        def make(out):
            out.write_text("half")
            print("begun", flush=True)
            time.sleep(float(sys.argv[1]))
            out.write_text("whole")
        print(find_or_make(Path({str(weights)!r}), "net", {{}}, make)[0].read_text())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    killed = subprocess.Popen([*command, "60"], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "begun\n"
    killed.kill()
    killed.communicate()
    both = [subprocess.Popen([*command, "0.3"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].split() for process in both]
    assert sorted(said) == [["begun", "whole"], ["whole"]]


def test_entries_that_nobody_used_for_long_go(weights: Path) -> None:
    old, _ = find_or_make(weights, "net", {"version": 1}, Maker())
    kept, _ = find_or_make(weights, "net", {"version": 2}, Maker())
    for path, days in ((old, 100), (kept, 80)):
        then = time.time() - days * 86400
        os.utime(path.with_name("entry.json"), (then, then))
    find_or_make(weights, "net", {"version": 3}, Maker())
    assert not old.parent.exists()
    assert kept.exists()

"""Files that commands write: one name each, one writer at a time, and no other program's file is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sportstrack.errors import OutputError
from sportstrack.files.claim import LEDGER, Claim, PartFile, write_text
from sportstrack.files.locks import Lock

COMMAND = "sportstrack toy"


def claim(folder: Path, *names: str, **more: object) -> Claim:
    return Claim(folder, names or ["a.txt"], command=COMMAND, **more)  # type: ignore[arg-type]


def write(folder: Path, text: str, **more: object) -> None:
    with claim(folder, **more) as mine:
        mine.write_text("a.txt", text)


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_what_we_wrote_is_replaced_and_only_the_ledger_stays_beside_it(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        write(tmp_path, text, source="rtsp://camera")
    assert (tmp_path / "a.txt").read_text() == "three"
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER, "a.txt"]


@pytest.mark.parametrize(
    "how", ["foreign", "changed", "same size", "link", "other source", "other command", "no ledger"]
)
def test_all_else_is_refused_and_replaced_with_overwrite(how: str, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "out" / "a.txt"
    if how != "foreign":
        write(out, "ours", source="one.mp4")
    if how == "foreign":
        out.mkdir()
        file.write_text("mine")
    elif how == "changed":
        file.write_text("ours, corrected by hand")
    elif how == "same size":
        times = file.stat()
        file.write_text("OURS")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    elif how == "link":
        (tmp_path / "elsewhere.txt").write_text("ours")
        file.unlink()
        file.symlink_to(tmp_path / "elsewhere.txt")
    elif how == "no ledger":
        (out / LEDGER).write_text("{ broken")
    before = file.read_text()
    source = "two.mp4" if how == "other source" else "one.mp4"
    command = "sportstrack other" if how == "other command" else COMMAND
    with pytest.raises(OutputError, match="--overwrite"):
        Claim(out, ["a.txt"], command=command, source=source)
    assert file.read_text() == before
    with Claim(out, ["a.txt"], command=command, source=source, overwrite=True) as mine:
        mine.write_text("a.txt", "new")
    assert file.read_text() == "new"
    assert not file.is_symlink()
    if how == "link":
        assert (tmp_path / "elsewhere.txt").read_text() == "ours"


def test_a_copied_or_moved_result_is_still_ours(tmp_path: Path) -> None:
    source = tmp_path / "video.mp4"
    source.write_text("frames")
    write(tmp_path / "out", "ours", source=source)
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("a.txt", LEDGER):  # as a copy does, with new times
        (moved / name).write_bytes((tmp_path / "out" / name).read_bytes())
    (tmp_path / "other").mkdir()
    source = source.rename(tmp_path / "other" / "renamed.mp4")
    write(moved, "new", source=source)
    assert (moved / "a.txt").read_text() == "new"


@pytest.mark.parametrize("how", ["itself", "link", "hard link", "spelling", "in the folder"])
def test_an_input_is_never_an_output(how: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    file = given = tmp_path / "out" / "a.txt"
    file.write_text("input")
    if how == "link":
        given = tmp_path / "link.txt"
        given.symlink_to(file)
    elif how == "hard link":
        given = tmp_path / "link.txt"
        os.link(file, given)
    elif how == "spelling":
        given = tmp_path / "out" / ".." / "out" / "a.txt"
    elif how == "in the folder":
        given = tmp_path / "out"
    with pytest.raises(OutputError, match="input"):
        claim(tmp_path / "out", inputs=[given], overwrite=True)
    assert file.read_text() == "input"


def test_a_file_that_is_changed_during_the_run_is_kept_and_so_is_the_new_one(tmp_path: Path) -> None:
    write(tmp_path, "old")
    with claim(tmp_path) as mine:
        file = mine.file("a.txt")
        file.write(b"new")
        (tmp_path / "a.txt").write_text("corrected meanwhile")
        with pytest.raises(OutputError, match=file.part.name):
            file.complete()
    assert (tmp_path / "a.txt").read_text() == "corrected meanwhile"
    assert file.part.read_bytes() == b"new"


def test_a_kill_before_or_after_the_renaming_leaves_a_file_that_is_ours(tmp_path: Path) -> None:
    write(tmp_path, "old")
    for done in (False, True):
        with claim(tmp_path) as mine:
            file = mine.file("a.txt")
            file.write(b"new %d" % done)
            mine._ledger.enter({"a.txt": mine._entry(file)})
            if done:
                file.rename()
        claim(tmp_path).release()
    write(tmp_path, "newest")
    assert visible(tmp_path) == ["a.txt"], "the parts of dead runs are gone"


def test_parts_of_dead_runs_stay_until_a_run_succeeds(tmp_path: Path) -> None:
    left = PartFile(tmp_path / "a.txt")
    left.write(b"half")
    (tmp_path / "a.notes.part.txt").write_text("somebody's own")
    claim(tmp_path).release()
    assert left.part.exists()
    write(tmp_path, "whole")
    assert visible(tmp_path) == ["a.notes.part.txt", "a.txt"]


def test_what_a_kill_left_of_the_ledger_goes_too(tmp_path: Path) -> None:
    for name in (LEDGER, ".sportstrack"):
        PartFile(tmp_path / name).write(b"{")
    write(tmp_path, "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER, "a.txt"]


def test_a_second_writer_is_refused_with_process_and_host(tmp_path: Path) -> None:
    code = (
        "import sys, time; from sportstrack.files.claim import Claim;"
        "c = Claim(sys.argv[1], ['a.txt'], command='sportstrack x');"
        "print('claimed', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        with pytest.raises(OutputError, match=rf"process {process.pid} on .*sportstrack x.*another folder"):
            claim(tmp_path)
        claim(tmp_path, "b.txt").release()  # another output of the folder is free
    finally:
        process.kill()
        process.communicate()
    claim(tmp_path).release()  # a dead process holds nothing
    assert visible(tmp_path) == []


def test_two_threads_exclude_each_other_and_many_take_turns(tmp_path: Path) -> None:
    with claim(tmp_path), pytest.raises(OutputError, match="being written"):
        claim(tmp_path)
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            lock = Lock(tmp_path / ".lock", "this", "test")
            lock.take(wait=60)
            inside += 1
            most = max(most, inside)
            inside -= 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize(
    ("process", "host", "free"), [(os.getpid(), None, False), (2**22 + 7, None, True), (1, "elsewhere", False)]
)
def test_where_locks_do_not_work_the_holder_s_process_counts(
    process: int, host: str | None, free: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr("sportstrack.files.locks._lock", lambda handle: None)
    holder = {"process": process, "host": host or socket.gethostname(), "command": "sportstrack track"}
    (tmp_path / ".a.lock").write_text(json.dumps(holder))
    if free:
        claim(tmp_path).release()
        assert not (tmp_path / ".a.lock").exists()
    else:
        with pytest.raises(OutputError, match=f"process {process}"):
            claim(tmp_path)


@pytest.mark.parametrize("name", ["../a.txt", "a/b.txt", LEDGER, "..", ""])
def test_a_claim_takes_names_and_no_paths(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be the name"):
        claim(tmp_path / "out", name)


def test_a_full_disk_is_an_error_that_leaves_no_file(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    write(tmp_path, "old")
    with claim(tmp_path) as mine:
        file = mine.file("a.txt")
        file.part.symlink_to("/dev/full")
        with pytest.raises(OutputError, match="disk is full"):
            file.write(b"x" * 100)
    assert (tmp_path / "a.txt").read_text() == "old"


def test_plain_files_appear_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "é\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\n".encode()
    assert visible(tmp_path) == ["a.txt"]

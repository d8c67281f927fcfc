"""The file of edits: every operation comes back, errors name line and fix, a killed program loses one line at most."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sportstrack.edits import (
    Add,
    Confirm,
    Delete,
    Describe,
    Edit,
    Interpolate,
    KeyBox,
    Merge,
    Move,
    Remove,
    Rename,
    SeenBox,
    Split,
    Swap,
    append_edit,
    drop_last_edit,
    edits_beside,
    read_edits,
    write_edits,
)
from sportstrack.errors import FormatError, OutputError, SettingError

BOX = (1.5, 2.0, 30.25, 40.0)
SEEN = SeenBox(4, BOX, ((0.0, 0.0, 5.0, 5.0),))
EVERY = [
    Edit(Swap(7, 9, 119, SEEN, SeenBox(3, BOX), SEEN, None)),
    Edit(Split(7, 119, 31, SEEN, SEEN)),
    Edit(Merge(7, 9, SEEN, SEEN), (Swap(1, 2, 3), Delete(4)), "the goalkeeper comes back"),
    Edit(Delete(7, 9, 19, SEEN)),
    Edit(Delete(7)),
    Edit(Rename(7, 70, SEEN)),
    Edit(Describe("team", 7, "Blåvitt")),
    Edit(Describe("role", 7, "goalkeeper", 0, 10)),
    Edit(Describe("number", 7, "07", seen=SEEN)),
    Edit(Describe("name", 7, "")),
    Edit(Move(7, 119, BOX, SEEN)),
    Edit(Add(7, 0, BOX, begins=True, class_id=1)),
    Edit(Remove(7, 119, SEEN)),
    Edit(Interpolate(7, (KeyBox(9, BOX), KeyBox(19, (2.0, 3.0, 4.0, 5.0))), 2, SEEN)),
    Edit(Confirm((7, 9), 1, 20, (SEEN, SEEN))),
]


def test_every_operation_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "match.edits.jsonl"
    write_edits(path, EVERY)
    assert list(read_edits(path).edits) == EVERY
    for edit in EVERY:
        append_edit(tmp_path / "appended.jsonl", edit)
    assert (tmp_path / "appended.jsonl").read_bytes() == path.read_bytes()


def test_frames_count_from_1_in_the_file(tmp_path: Path) -> None:
    write_edits(tmp_path / "e", [Edit(Swap(7, 9, 119)), Edit(Move(7, 0, BOX, SeenBox(0, BOX)))])
    first, second = (tmp_path / "e").read_text().splitlines()
    assert first == '{"op": "swap", "a": 7, "b": 9, "frame": 120}'
    assert '"frame": 1, "box": [1.5, 2.0, 30.25, 40.0], "seen": {"frame": 1' in second


def test_the_file_stands_beside_the_result() -> None:
    assert edits_beside("runs/match.txt") == Path("runs/match.edits.jsonl")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("swap 7 9", "no JSON"),
        ("[1, 2]", "expected an operation such as"),
        ('{"op": "swop", "a": 7, "b": 9, "frame": 120}', "did you mean 'swap'"),
        ('{"op": "swap", "a": 7, "frame": 120}', "the field 'b' is missing"),
        ('{"op": "swap", "a": 7, "b": 9, "fram": 120}', "did you mean 'frame'"),
        ('{"op": "swap", "a": 7, "b": 7, "frame": 120}', "expected two tracks"),
        ('{"op": "swap", "a": 7, "b": 9, "frame": 0}', "expected a frame from 1"),
        ('{"op": "swap", "a": 7, "b": 9, "frame": 1.5}', "frame: expected a whole number"),
        ('{"op": "role", "track": 7, "value": "goalie"}', "did you mean 'goalkeeper'"),
        ('{"op": "number", "track": 7, "value": "1234"}', "one to three digits"),
        ('{"op": "move", "track": 7, "frame": 1, "box": [5, 5, 1, 9]}', "expected x1 < x2"),
        ('{"op": "move", "track": 7, "frame": 1, "box": [5, 5, 9]}', "expected a box"),
        ('{"op": "delete", "track": 7, "first": 9, "last": 3}', "expected first ≤ last"),
        ('{"op": "interpolate", "track": 7, "keys": [{"frame": 1, "box": [1, 1, 2, 2]}]}', "two boxes or more"),
        ('{"op": "confirm", "tracks": [7, 7]}', "different ids"),
        ('{"op": "merge", "a": 7, "b": 9, "then": [{"op": "x"}]}', "no operation 'x'"),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "match.edits.jsonl"
    path.write_text(f'{{"op": "delete", "track": 1}}\n\n{line}\n{{"op": "delete", "track": 2}}\n')
    with pytest.raises(FormatError) as refused:
        read_edits(path)
    assert f"{path}, line 3" in str(refused.value)
    assert said in str(refused.value)


def test_a_torn_last_line_is_told_left_out_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "match.edits.jsonl"
    write_edits(path, EVERY[:2])
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op": "merge", "a": 7, "b')
    found = read_edits(path)
    assert list(found.edits) == EVERY[:2]
    assert "line 3" in found.torn
    append_edit(path, EVERY[3])
    assert list(read_edits(path).edits) == [*EVERY[:2], EVERY[3]]
    assert not read_edits(path).torn


def test_a_last_line_without_an_end_that_is_whole_counts(tmp_path: Path) -> None:
    path = tmp_path / "match.edits.jsonl"
    path.write_text('{"op": "delete", "track": 1}\n{"op": "delete", "track": 2}')
    assert [edit.operation for edit in read_edits(path).edits] == [Delete(1), Delete(2)]
    append_edit(path, Edit(Delete(3)))
    found = read_edits(path)
    assert [edit.operation for edit in found.edits] == [Delete(1), Delete(2), Delete(3)]
    assert found.lines == (1, 2, 3)


def test_undo_drops_the_last_line(tmp_path: Path) -> None:
    path = tmp_path / "match.edits.jsonl"
    write_edits(path, EVERY[:2])
    before = path.read_bytes()
    append_edit(path, EVERY[4])
    assert drop_last_edit(path) == EVERY[4]
    assert path.read_bytes() == before
    assert [drop_last_edit(path), drop_last_edit(path), drop_last_edit(path)] == [EVERY[1], EVERY[0], None]


def test_a_killed_writer_loses_the_last_line_at_most(tmp_path: Path) -> None:
    path, told = tmp_path / "match.edits.jsonl", tmp_path / "told"
    code = (
        "import sys\nfrom sportstrack.edits import *\n"
        "with open(sys.argv[2], 'w') as told:\n"
        "    for i in range(100000):\n"
        "        append_edit(sys.argv[1], Edit(Rename(i, i + 1, SeenBox(i, (0.5, 0.5, 9.5, 9.5)), )))\n"
        "        told.write(f'{i}\\n'); told.flush()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path), str(told)]) as writer:
        while not (told.exists() and told.read_bytes().count(b"\n") > 20):
            time.sleep(0.01)
        writer.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    said = told.read_bytes().count(b"\n")
    found = [edit.operation for edit in read_edits(path).edits]
    assert len(found) in (said, said + 1)
    assert [one.track for one in found if isinstance(one, Rename)] == list(range(len(found)))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="missing"):
        append_edit(tmp_path / "missing" / "match.edits.jsonl", EVERY[0])


def test_operations_that_cannot_be_are_refused_in_python_too() -> None:
    for bad in (lambda: Swap(1, 1, 5), lambda: Delete(1, 9, 3), lambda: Describe("colour", 1, "red")):
        with pytest.raises(SettingError):
            bad()

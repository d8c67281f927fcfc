"""The ledger of a folder: it grows by a line for a change, survives kills, and older ones are still read."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sportstrack.errors import OutputError
from sportstrack.files.claim import LEDGER, Claim
from sportstrack.files.ledger import Ledger, stamp

COMMAND = "sportstrack toy"


def write(folder: Path, *names: str, text: str = "ours") -> None:
    with Claim(folder, names, command=COMMAND) as claim:
        for name in names:
            claim.write_text(name, text)


def is_ours(folder: Path, name: str) -> bool:
    """Ask a process that has read nothing yet."""
    code = "import sys; from pathlib import Path; from sportstrack.files.ledger import Ledger as L;"
    code += "print(L(Path(sys.argv[1])).owner(sys.argv[2]) is not None)"
    asked = subprocess.run([sys.executable, "-c", code, folder, name], capture_output=True, text=True, check=True)
    return asked.stdout.strip() == "True"


def old_format(folder: Path) -> str:
    entries = {name: Ledger(folder).entries(name) for name in sorted(Ledger(folder).names())}
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in entries.items())
    return f'{{"version": 1, "files": {{\n{rows}\n}}}}\n'


def test_a_new_file_costs_a_line_and_not_the_whole_ledger(tmp_path: Path) -> None:
    write(tmp_path, "first.txt")
    before = (tmp_path / LEDGER).read_bytes()
    for number in range(20):
        write(tmp_path, f"{number}.txt")
        after = (tmp_path / LEDGER).read_bytes()
        assert after.startswith(before)
        assert after.count(b"\n") == before.count(b"\n") + 1
        before = after
    assert is_ours(tmp_path, "first.txt")
    assert is_ours(tmp_path, "19.txt")


def test_files_written_again_and_again_do_not_fill_the_ledger(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    ledger, sizes = Ledger(tmp_path), []
    for number in range(220):
        (tmp_path / "a.txt").write_text(str(number))
        ledger.enter({"a.txt": stamp(tmp_path / "a.txt")})
        ledger.settle(["a.txt"])
        sizes.append((tmp_path / LEDGER).stat().st_size)
    assert max(sizes[110:]) < 1.1 * max(sizes[:110]), "it is written anew at times"
    assert is_ours(tmp_path, "a.txt")


@pytest.mark.parametrize("cut", [1, 30])
def test_a_line_that_a_kill_cut_off_is_left_out_and_the_next_one_is_whole(cut: int, tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    write(tmp_path, "b.txt")
    ledger = tmp_path / LEDGER
    ledger.write_bytes(ledger.read_bytes()[:-cut])
    assert is_ours(tmp_path, "a.txt")
    assert not is_ours(tmp_path, "b.txt")
    write(tmp_path, "c.txt")
    assert is_ours(tmp_path, "a.txt")
    assert is_ours(tmp_path, "c.txt")
    with pytest.raises(OutputError, match="--overwrite") if cut > 1 else pytest.MonkeyPatch.context():
        write(tmp_path, "b.txt")  # its line is whole again where only the end of the line was missing


def test_a_ledger_of_an_earlier_version_is_read_and_carried_on(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "b.txt")
    (tmp_path / LEDGER).write_text(old_format(tmp_path))
    assert is_ours(tmp_path, "a.txt")
    write(tmp_path, "a.txt", text="newer")
    write(tmp_path, "c.txt")
    assert all(is_ours(tmp_path, name) for name in ("a.txt", "b.txt", "c.txt"))
    (tmp_path / "b.txt").write_text("corrected")
    assert not is_ours(tmp_path, "b.txt")


def test_what_another_process_writes_is_seen(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    code = (
        "import sys; from sportstrack.files.claim import Claim\n"
        "for n in range(int(sys.argv[3])):\n"
        "    with Claim(sys.argv[1], [f'{sys.argv[2]}{n}.txt'], command='sportstrack toy') as claim:\n"
        "        claim.write_text(f'{sys.argv[2]}{n}.txt', 'ours')\n"
    )
    words = [[sys.executable, "-c", code, str(tmp_path), name, "30"] for name in ("x", "y", "z")]
    for process in [subprocess.Popen(one) for one in words]:
        assert process.wait() == 0
    assert len(Ledger(tmp_path).names()) == 91
    assert all(Ledger(tmp_path).owner(f"{name}{n}.txt") for name in "xyz" for n in range(30))


def test_a_ledger_that_is_replaced_by_another_one_is_read_anew(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for number in range(3):
            write(tmp_path / name, f"{name}{number}.txt")
    assert Ledger(tmp_path / "one").names() == {"one0.txt", "one1.txt", "one2.txt"}
    write(tmp_path / "two", "two3.txt")
    shutil.copy(tmp_path / "two" / LEDGER, tmp_path / "one" / LEDGER)
    assert Ledger(tmp_path / "one").names() == {"two0.txt", "two1.txt", "two2.txt", "two3.txt"}


@pytest.mark.parametrize("how", ["link", "hard link"])
def test_a_ledger_with_a_second_name_is_not_added_to(how: str, tmp_path: Path) -> None:
    write(tmp_path / "copy", "a.txt")
    kept = (tmp_path / "copy" / LEDGER).read_bytes()
    (tmp_path / "out").mkdir()
    ledger = tmp_path / "out" / LEDGER
    if how == "link":
        ledger.symlink_to(tmp_path / "copy" / LEDGER)
    else:
        ledger.hardlink_to(tmp_path / "copy" / LEDGER)
    write(tmp_path / "out", "b.txt")
    assert (tmp_path / "copy" / LEDGER).read_bytes() == kept
    assert is_ours(tmp_path / "out", "b.txt")

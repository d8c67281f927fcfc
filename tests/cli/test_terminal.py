"""Output on terminals that are not UTF-8, into pipes that close, and with names that are no text."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack import cli
from sportstrack.cli import terminal

ROOT = Path(__file__).resolve().parents[2]
ROWS = "1,1,100,50,40,90,1,1,1\n2,1,101,50,40,90,1,1,1\n"
ENCODINGS = ("ascii:strict", "iso-8859-1:strict", "cp1252:strict", "cp437:strict", "utf-8:strict")


def call(*words: object, encoding: str = "utf-8:strict", **more: Any) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sportstrack", *map(os.fspath, map(_word, words))]
    return subprocess.run(command, env=env, capture_output=True, check=False, timeout=120, **more)


def _word(word: object) -> str:
    return os.fspath(word) if isinstance(word, os.PathLike) else str(word)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    for folder in ("truth", "results"):
        (tmp_path / folder).mkdir()
        for name in ("Köln–Łódź", "b"):
            (tmp_path / folder / f"{name}.txt").write_text(ROWS, encoding="utf-8")
    return tmp_path / "truth", tmp_path / "results"


@given(st.text(st.characters(), max_size=40))
def test_the_plain_form_of_any_text_is_ascii(text: str) -> None:
    assert terminal.plain(text).isascii()


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_stays_as_it_is(text: str) -> None:
    assert terminal.plain(text) == text


def test_plain_forms_can_be_read() -> None:
    assert (
        terminal.plain("3 → 2 tracks … 4×5 − ≥ ─│┌ Müller Åsa Łódź") == "3 -> 2 tracks ... 4x5 - >= -|+ Muller Asa Lodz"
    )
    assert terminal.plain("日本") == "??"
    assert terminal.plain(os.fsdecode(b"a\xff.mp4")) == r"a\udcff.mp4"


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "cp1252", "cp437"])
def test_every_help_can_be_printed_everywhere(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in ([], *([word] for word in cli.COMMANDS)):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict")
        monkeypatch.setattr(sys, "stdout", out)
        with contextlib.suppress(SystemExit):
            cli.main([*words, "--help"])
        out.flush()
        assert b"usage: sportstrack" in out.buffer.getvalue()  # type: ignore[attr-defined]


def printed(monkeypatch: pytest.MonkeyPatch, encoding: str, *words: object) -> tuple[bytes, bytes]:
    """What a command prints in this process, and says on standard error, when its terminal has this encoding."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2))
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert cli.main(list(map(_word, words))) == 0
    out.flush()
    err.flush()
    return out.buffer.getvalue(), err.buffer.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", [one.partition(":")[0] for one in ENCODINGS])
def test_scores_and_refinement_can_be_printed_everywhere(
    encoding: str, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, results = pair
    scored, said = printed(monkeypatch, encoding, "evaluate", "--truth", truth, "--results", results)
    assert said == b""
    refined, _ = printed(monkeypatch, encoding, "refine", results, "-o", tmp_path / "out", "--size", "640x480")
    if encoding.startswith("ascii"):
        assert b"Koln-Lodz" in scored
        assert b"1 tracks -> 1" in refined
    if encoding.startswith("utf-8"):
        assert "Köln–Łódź".encode() in scored


def test_json_on_standard_output_keeps_every_name(pair: tuple[Path, Path], tmp_path: Path) -> None:
    _, results = pair
    done = call("refine", results, "-o", tmp_path / "out", "--json", "--size", "640x480", encoding="ascii:strict")
    assert {json.loads(line)["name"] for line in done.stdout.splitlines()} == {"Köln–Łódź", "b"}


def test_errors_are_printed_everywhere(tmp_path: Path) -> None:
    done = call("evaluate", "--truth", tmp_path / "Łódź", "--results", tmp_path, encoding="ascii:strict")
    assert done.returncode == 2
    assert b"Lodz: no such file or folder" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_names_that_are_no_text_end_no_run(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    result = tmp_path / f"{name}.txt"
    result.write_text(ROWS)
    refined = call("refine", result, "-o", tmp_path / "out", "--size", "640x480")
    assert refined.returncode == 0, refined.stderr
    assert rb"caf\udce9: 1 tracks" in refined.stdout
    report = tmp_path / "report"
    scored = call("evaluate", "--truth", result, "--results", result, "--diagnose", "--plots", "-o", report, "--quiet")
    assert scored.returncode == 0, scored.stderr
    (written,) = report.glob("diagnosis-*.json")
    assert name in json.dumps(json.loads(written.read_text(encoding="utf-8")), ensure_ascii=False)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a shell")
@pytest.mark.parametrize("words", ["--help", "track --help", "track --list-trackers", "refine --list-settings", "what"])
def test_a_reader_that_has_gone_ends_the_command_quietly(words: str) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "sportstrack", *words.split()]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False, cwd=ROOT, timeout=120)
    os.close(write)
    assert b"BrokenPipe" not in done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 1, 2)  # argparse passes over what it cannot print


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a shell")
def test_errors_into_a_closed_pipe_are_quiet_too() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "sportstrack", "track", "--bad"], stdout=write, stderr=write, check=False, cwd=ROOT
    )
    os.close(write)
    assert done.returncode in (1, 2)


def test_names_with_dollars_are_no_formulas_in_plots(tmp_path: Path) -> None:
    result = tmp_path / "a$_{b$.txt"
    result.write_text(ROWS)
    words = ("--truth", result, "--results", result, "--plots", "-o", tmp_path / "report", "--quiet")
    scored = call("evaluate", *words)
    assert scored.returncode == 0, scored.stderr
    assert list((tmp_path / "report").glob("*.png"))

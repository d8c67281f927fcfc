"""`sportstrack doctor` finds what is broken, says how to mend it, and tells scripts by its exit status."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest
import toy

from sportstrack import cli
from sportstrack.doctor import hardware, software
from sportstrack.doctor.examine import EXAMINATIONS, all_works, examine, track_demo
from sportstrack.doctor.verdict import FAILED, NOTE, OK, Verdict, examined
from sportstrack.errors import SportstrackError


def states(found: list[Verdict]) -> dict[str, str]:
    return {one.text: one.state for one in found}


def test_the_command_prints_a_line_for_each_topic(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--no-self-test"]) == 0
    out = capsys.readouterr().out
    for topic in EXAMINATIONS:
        assert f"  {topic} " in out
    assert "libx264" in out
    assert out.endswith("everything that is needed works\n")


def test_json_says_the_same_to_a_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path / "cache"))
    assert cli.main(["doctor", "--no-self-test", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["works"] is True
    assert {one["topic"] for one in said["verdicts"]} >= set(EXAMINATIONS)
    assert any(str(tmp_path / "cache") in one["text"] for one in said["verdicts"] if one["topic"] == "cache")


def test_a_broken_part_gives_1_and_the_fix(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> object:
        raise SportstrackError("OpenCV 4.13 is installed without its contrib modules")

    monkeypatch.setattr(hardware, "require_contrib", broken)
    assert cli.main(["doctor", "--no-self-test"]) == 1
    out = capsys.readouterr().out
    assert "failed  OpenCV" in out
    assert "→ pip install --force-reinstall --no-deps opencv-contrib-python" in out
    assert cli.main(["doctor", "--no-self-test", "--quiet"]) == 1
    assert capsys.readouterr().out == ""


def test_missing_and_old_packages_are_named_with_their_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["numpy>=1.26", "no-such-package>=3", "pillow>=9999"]
    wanted += ["ghost>=1; extra == 'dev'", "ghost>=1; python_version < '3'"]
    monkeypatch.setattr(metadata, "requires", lambda name: wanted)
    found = list(software.needed_packages())
    assert [(one.text, one.fix) for one in found if one.state == FAILED] == [
        ("no-such-package is missing", 'pip install "no-such-package>=3"'),
        (f"pillow {metadata.version('pillow')} is older than 9999", 'pip install "pillow>=9999"'),
    ]
    assert found[-1].text.startswith("numpy ")
    assert not all_works(found)


@pytest.mark.parametrize(
    ("version", "least", "older"),
    [("2.10", "2.9", False), ("2.9.1", "2.10", True), ("2.6.0+cpu", "2.6", False), ("1.0rc1", "1.0", False)],
)
def test_versions_are_compared_as_numbers(version: str, least: str, older: bool) -> None:
    assert software._older(version, least) is older


def test_a_missing_codec_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_has", lambda codec, mode: codec not in ("libx264", "vp9"))
    assert states(list(hardware.codecs())) | {} == {
        **{text: OK for text in states(list(hardware.codecs())) if text.startswith("PyAV")},
        "cannot read vp9": NOTE,
        "cannot write H.264: no libx264": FAILED,
    }


def test_whatever_an_examination_raises_is_a_verdict() -> None:
    (one,) = examined("devices", lambda: [1 / 0])  # type: ignore[list-item]
    assert (one.state, one.text) == (FAILED, "ZeroDivisionError: division by zero")


def test_ten_frames_are_tracked(tmp_path: Path) -> None:
    video = toy.make_match(tmp_path / "match.mp4", 14)
    (one,) = track_demo(video, detector=toy.find)
    assert one.state == OK
    assert one.text.startswith("10 frames of the demo: ")
    (one,) = track_demo(toy.make_match(tmp_path / "short.mp4", 3), detector=toy.find)
    assert one.state == FAILED
    assert "--verbose" in one.fix


def test_each_topic_is_announced() -> None:
    begun: list[str] = []
    examine(self_test=False, begin=begun.append)
    assert begun == list(EXAMINATIONS)

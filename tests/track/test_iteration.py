"""`sportstrack.track`: frames one at a time, with threads, files and errors where a user expects them."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import toy

import sportstrack

FRAMES = 40


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("video") / "match.mp4", FRAMES)


def stages() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("sportstrack-")]


def test_frames_hold_what_track_video_hands_over(match: Path) -> None:
    handed: list[sportstrack.TrackedFrame] = []
    sportstrack.track_video(match, detector=toy.find, on_frame=handed.append)
    run = sportstrack.track(match, detector=toy.find)
    frames = list(run)
    assert [frame.index for frame in frames] == list(range(FRAMES)) == [frame.index for frame in handed]
    for frame, other in zip(frames, handed, strict=True):
        np.testing.assert_array_equal(frame.tracks.xyxy, other.tracks.xyxy)
        np.testing.assert_array_equal(frame.tracks.track_id, other.tracks.track_id)
        assert frame.image is not None
        assert frame.image.shape == (120, 160, 3)
        assert frame.names == {0: "player"}
    assert run.summary.complete
    assert run.summary.frames == FRAMES
    assert repr(frames[3]) == "<frame 3 at 0.12 s: 3 detections, 3 tracks>"
    assert stages() == []


def test_a_loop_that_is_left_stops_the_threads(match: Path) -> None:
    for frame in sportstrack.track(match, detector=toy.find):
        if frame.index == 2:
            assert stages()
            break
    gc.collect()
    assert stages() == []


def test_a_run_that_is_closed_before_its_first_frame_frees_its_files(match: Path, tmp_path: Path) -> None:
    sportstrack.track(match, tmp_path, detector=toy.find).close()
    with sportstrack.track(match, tmp_path, detector=toy.find, formats=["mot"]) as run:
        assert sum(1 for _ in run) == FRAMES
    assert (tmp_path / "match.txt").is_file()


def test_files_are_complete_at_the_end_and_parts_before(match: Path, tmp_path: Path) -> None:
    with sportstrack.track(match, tmp_path, detector=toy.find, formats=["mot"]) as run:
        for _ in range(10):
            next(run)
    assert not (tmp_path / "match.txt").exists()
    assert len(list(tmp_path.glob("match.*.part.txt"))) == 1
    run = sportstrack.track(match, tmp_path, detector=toy.find, formats=["mot"])
    assert len(list(run)) == FRAMES
    assert len(sportstrack.read_mot(run.summary.outputs["mot"])) == run.summary.boxes


def test_a_finished_run_yields_nothing_with_resume(match: Path, tmp_path: Path) -> None:
    for expected in (FRAMES, 0):
        run = sportstrack.track(match, tmp_path, detector=toy.find, formats=["mot"], resume=True)
        assert len(list(run)) == expected
    assert run.summary.skipped


def test_bad_input_is_refused_at_the_call(match: Path, tmp_path: Path) -> None:
    with pytest.raises(sportstrack.SportstrackError, match=r"missing\.mp4"):
        sportstrack.track(tmp_path / "missing.mp4", detector=toy.find)
    with pytest.raises(sportstrack.SportstrackError, match="sprots"):
        sportstrack.track(match, detector=toy.find, tracker="sprots")
    with pytest.raises(sportstrack.SportstrackError, match=r"missing\.pt"):
        sportstrack.track(match, weights=str(tmp_path / "missing.pt"))


def test_what_fails_later_is_raised_in_the_loop(match: Path) -> None:
    run = sportstrack.track(match, detector=toy.FailAt())
    assert [next(run).index for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(RuntimeError, match="the toy detector broke"):
        next(run)
    assert stages() == []
    assert list(run) == []


def test_what_on_frame_raises_comes_through_and_keeps_the_parts(match: Path, tmp_path: Path) -> None:
    def fail(frame: sportstrack.TrackedFrame) -> None:
        if frame.index == 4:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        sportstrack.track_video(match, tmp_path, detector=toy.find, formats=["mot"], on_frame=fail)
    assert len(list(tmp_path.glob("match.*.part.txt"))) == 1
    assert stages() == []


def test_offline_frames_come_with_images_when_the_video_is_over(match: Path) -> None:
    frames = list(sportstrack.track(match, detector=toy.find, offline=True))
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert all(frame.image is not None for frame in frames)


def test_progress_true_shows_a_bar(match: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal:
        def __init__(self, stream: object) -> None:
            self._stream = stream

        def isatty(self) -> bool:
            return True

        def __getattr__(self, name: str) -> object:
            return getattr(self._stream, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", Terminal(sys.stderr))
        sportstrack.track_video(match, detector=toy.find, progress=True)
    assert f"{FRAMES}/{FRAMES}" in capsys.readouterr().err
    sportstrack.track_video(match, detector=toy.find, progress=False)
    assert capsys.readouterr().err == ""


def test_python_ends_although_a_run_is_not_over(match: Path) -> None:
    code = (
        "import sys, sportstrack, toy\n"
        "run = sportstrack.track(sys.argv[1], detector=toy.find)\n"
        "print(next(run).index)\n"
    )
    helpers = str(Path(toy.__file__).parent)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {helpers!r})\n" + code, str(match)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert (result.stdout.split(), result.stderr) == (["0"], "")

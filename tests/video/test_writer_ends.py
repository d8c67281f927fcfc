"""Videos whose writing ends early: aborted, interrupted, killed, or on a full disk."""

from __future__ import annotations

import signal
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from make_video import (
    SIZE,
    picture,
)
from read_video import read, run_python, write

from sportstrack.errors import OutputError
from sportstrack.video import (
    VideoWriter,
)


def fill(path: Path, count: int, end: type[BaseException] | None = None, *, noise: bool = False) -> VideoWriter:
    """Write ``count`` pictures; with ``end``, leave the writer's context by that exception."""
    draw = np.random.default_rng(0)
    with VideoWriter(path, *SIZE, 25) as writer:
        for n in range(count):
            image = draw.integers(0, 256, (48, 64, 3)).astype(np.uint8) if noise else picture(n)
            writer.write(image, Fraction(n, 25))
        if end is not None:
            raise end
    return writer


def test_writing_over_an_old_file_and_aborting(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError):
        fill(path, 1, ZeroDivisionError)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    write(path, [Fraction(0)], Fraction(25))
    assert read(path)[0] == [0]


def test_ctrl_c_completes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(KeyboardInterrupt):
        fill(path, 7, KeyboardInterrupt)
    assert read(path)[2] == list(range(7))


def test_an_abandoned_file_plays_under_its_temporary_name(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", *SIZE, 25)
    for n in range(7):
        writer.write(picture(n), Fraction(n, 25))
    writer.abandon()
    writer.abandon()
    (part,) = tmp_path.iterdir()
    assert part.match("a.*.part.mp4")
    assert read(part)[1:3] == ([Fraction(n, 25) for n in range(7)], list(range(7)))
    with pytest.raises(OutputError, match="closed"):
        writer.write(picture(7), 1)
    writer.close()
    assert list(tmp_path.iterdir()) == [part], "closing later neither completes nor drops it"


def test_abandoning_is_harmless_after_closing_and_leaves_nothing_without_frames(tmp_path: Path) -> None:
    fill(tmp_path / "a.mp4", 3).abandon()
    VideoWriter(tmp_path / "empty.mp4", *SIZE, 25).abandon()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]
    assert read(tmp_path / "a.mp4")[2] == [0, 1, 2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.files.claim._token", lambda: "1")
    (tmp_path / "a.1.part.mp4").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"a\.mp4: writing stopped at frame \d+: the disk is full; nothing of it"):
        fill(tmp_path / "a.mp4", 200, noise=True)
    assert list(tmp_path.iterdir()) == []


LIMITED = """
    import resource, sys
    import numpy as np
    from sportstrack.video import VideoWriter
    from sportstrack.errors import OutputError
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    draw = np.random.default_rng(0)
    writer = VideoWriter(sys.argv[1], 160, 120, 25)
    try:
        for n in range(200):
            writer.write(draw.integers(0, 256, (120, 160, 3)).astype(np.uint8), n / 25)
        writer.close()
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_what_was_written_before_the_disk_filled_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    message = run_python(LIMITED, path, 1_000_000).stdout
    assert "writing stopped at frame" in message
    assert "larger than allowed" in message
    (part,) = tmp_path.iterdir()
    assert f"what was written until then is in {part}" in message
    assert len(read(part)[0]) > 20


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("share", [0.01, 0.4, 0.97, 0.999])
def test_a_file_that_lacks_frames_at_its_end_never_gets_its_name(share: float, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert run_python(LIMITED, path, 10_000_000).stdout == ""
    size = path.stat().st_size
    path.unlink()
    message = run_python(LIMITED, path, int(share * size)).stdout
    assert "a.mp4: writing stopped at frame" in message, "FFmpeg reports the first error only at the very end, or never"
    assert not path.exists()
    assert not list(tmp_path.glob("*.final.*"))


KILLED = """
    import os, signal, sys
    import numpy as np
    from sportstrack.video import VideoWriter
    writer = VideoWriter(sys.argv[1], 160, 120, 25)
    for n in range(200):
        writer.write(np.full((120, 160, 3), n, np.uint8), n / 25)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_after_a_hard_kill_the_part_plays(tmp_path: Path) -> None:
    assert run_python(KILLED, tmp_path / "a.mp4").returncode == -signal.SIGKILL
    (part,) = tmp_path.glob("a.*.part.mp4")
    assert len(read(part)[0]) > 100


def test_a_failed_last_step_leaves_the_fragments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: VideoWriter) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(VideoWriter, "_remux", full)
    path = tmp_path / "a.mp4"
    writer = fill(path, 5)
    assert read(path)[2] == [0, 1, 2, 3, 4]
    assert writer.warnings == ["a.mp4 is left in fragments, which play but seek slowly: the disk is full"]
    assert list(tmp_path.iterdir()) == [path]

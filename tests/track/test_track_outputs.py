"""What `track` finds in its output folder: one rule for what exists already, and what --resume takes for complete."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import toy

from sportstrack.errors import OutputError
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.track.run import track_video
from sportstrack.track.settings import TrackSettings
from sportstrack.track.summary import Summary
from sportstrack.types import Detections

TEXTS = ["mot", "csv", "jsonl"]


@pytest.fixture(scope="module")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy.make_match(tmp_path_factory.mktemp("toy") / "match.mp4")


def never(frames: Sequence[np.ndarray]) -> list[Detections]:
    raise AssertionError("the outputs are looked at first")


def track(source: Path | str, out: Path, **more: object) -> Summary:
    return track_video(source, out, **{"detector": toy.find, "formats": ["mot"], **more})  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file() and path.name[0] != "."}


# --- what exists already ---------------------------------------------------------------------------------------------


def test_the_same_source_replaces_its_own_result_and_another_source_does_not(match: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    twin = toy.make_match(other / "match.mp4", frames=5)
    track(match, out)
    track(match, out, tracker="sort", formats=TEXTS)
    before = files(out)
    with pytest.raises(OutputError, match=r"is the result of .*match\.mp4"):
        track(twin, out, detector=never, name="match")
    assert files(out) == before
    beside = track(twin, out, resume=True)
    assert beside.name == "other_match"
    assert "is the result of" in beside.warnings[0]
    assert track(twin, out, resume=True).skipped
    assert before.items() < files(out).items()
    track(twin, out, overwrite=True)
    assert json.loads((out / "match.summary.json").read_text())["frames"] == 5


def test_a_replay_of_its_recording_is_the_same_source(match: Path, tmp_path: Path) -> None:
    recording = track(match, tmp_path, save_detections=True).outputs["detections"]
    track_video(recording, tmp_path, formats=["mot"], tracker="sort")
    track_video(match, tmp_path, detections=recording, formats=["mot", "video"])
    with pytest.raises(OutputError, match="input"):
        track_video(recording, tmp_path, formats=[], save_detections=True, overwrite=True)


@pytest.mark.parametrize("kind", ["txt", "summary.json", "settings.yaml"])
def test_a_file_that_was_changed_or_is_another_s_is_kept(kind: str, match: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "changed", tmp_path / "foreign"):
        out.mkdir()
        if out.name == "changed":
            track(match, out)
        (out / f"match.{kind}").write_text("my own")
        for resume in (False, True):
            with pytest.raises(OutputError, match="--overwrite"):
                track(match, out, detector=never, resume=resume)
        assert (out / f"match.{kind}").read_text() == "my own"


def test_an_input_is_never_an_output(tmp_path: Path) -> None:
    video = toy.make_match(tmp_path / "a_tracked.mp4", frames=3)
    (tmp_path / "b").mkdir()
    twin = tmp_path / "b" / "a.mp4"
    os.link(video, twin)
    before = video.read_bytes()
    with pytest.raises(OutputError, match="input"):
        track(twin, tmp_path, formats=["video"], detector=never, overwrite=True)
    assert video.read_bytes() == before


def test_a_second_run_is_refused_while_the_first_is_at_work(match: Path, tmp_path: Path) -> None:
    def second(frame: object) -> None:
        with pytest.raises(OutputError, match=rf"process {os.getpid()} .*sportstrack track"):
            track(match, tmp_path, detector=never)

    assert track(match, tmp_path, on_frame=second).complete


def test_outputs_appear_together_and_an_unfinished_run_leaves_the_old_ones_complete(
    match: Path, tmp_path: Path
) -> None:
    track(match, tmp_path, formats=TEXTS)
    before = files(tmp_path)
    with pytest.raises(RuntimeError):
        track(match, tmp_path, formats=TEXTS, tracker="sort", detector=toy.FailAt())
    assert {name: before[name] for name in before} == {n: b for n, b in files(tmp_path).items() if ".part" not in n}
    assert track(match, tmp_path, formats=TEXTS, resume=True).skipped
    track(match, tmp_path, formats=TEXTS, tracker="sort")
    assert not [name for name in files(tmp_path) if ".part" in name], "the next success takes them away"


@pytest.mark.parametrize("step", range(6))
def test_a_kill_at_any_renaming_is_mended_by_resume(
    step: int, match: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run A is complete, run B with other settings is killed between two of its renamings, then A is wanted again."""
    track(match, tmp_path / "want", formats=TEXTS)
    want = files(tmp_path / "want")
    out = tmp_path / "out"
    track(match, out, formats=TEXTS)
    real, count = Path.replace, 0

    def killed(self: Path, target: Path) -> Path:
        nonlocal count
        count += Path(target).name != ".sportstrack.ledger"
        if count > step:
            raise SystemExit
        return real(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(SystemExit) if step < 5 else nullcontext():
        track(match, out, formats=TEXTS, tracker="sort")
    monkeypatch.undo()
    assert not track(match, out, formats=TEXTS, resume=True).skipped
    for name in ("match.txt", "match.csv", "match.jsonl"):
        assert (out / name).read_bytes() == want[name]
    assert files(out).keys() == want.keys()


# --- --resume --------------------------------------------------------------------------------------------------------


def test_resume_skips_what_is_complete_also_when_source_and_result_were_moved(match: Path, tmp_path: Path) -> None:
    track(match, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    source = Path(shutil.copy(match, tmp_path / "match.mp4"))
    again = track(source, tmp_path / "copy", resume=True)
    assert again.skipped
    assert Path(again.outputs["mot"]) == tmp_path / "copy" / "match.txt"
    assert "skipped" in again.as_text()


@pytest.mark.parametrize("what", ["video", "detector", "recording", "images"])
def test_resume_tracks_again_what_was_made_of_other_files(
    what: str, match: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path(shutil.copy(match, tmp_path / "match.mp4"))
    more: dict[str, object] = {}
    if what == "detector":
        monkeypatch.syspath_prepend(tmp_path)
        plugin = tmp_path / "finders.py"
        plugin.write_text("from toy import find\n")
        more = {"detector": None, "settings": TrackSettings(detector="finders:find")}
    elif what == "recording":
        recording = track(match, tmp_path / "recorded", save_detections=True).outputs["detections"]
        more = {"detector": None, "detections": recording}
    elif what == "images":
        import cv2

        source = tmp_path / "frames"
        source.mkdir()
        for i in range(3):
            assert cv2.imwrite(str(source / f"{i}.png"), toy.picture(i))
    track(source, tmp_path / "out", **more)
    assert track(source, tmp_path / "out", **more, resume=True).skipped
    if what == "video":
        toy.make_match(source, frames=7)
    elif what == "detector":
        plugin.write_text("from toy import find  # and more\n")
    elif what == "recording":
        track(match, tmp_path / "recorded", save_detections=True, every=2)
    else:
        assert cv2.imwrite(str(source / "1.png"), toy.picture(9))
    sys.modules.pop("finders", None)
    assert not track(source, tmp_path / "out", **more, resume=True).skipped


def test_a_source_that_changes_while_it_is_tracked_is_said_and_not_skipped(match: Path, tmp_path: Path) -> None:
    source = Path(shutil.copy(match, tmp_path / "match.mp4"))

    def grow(frame: object) -> None:
        with source.open("ab") as stream:
            stream.write(b"more")

    summary = track(source, tmp_path / "out", on_frame=grow)
    assert any("changed while it was tracked" in warning for warning in summary.warnings)
    assert not track(source, tmp_path / "out", resume=True).skipped


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"source": 3, "fps": 1}', "\x00" * 50, '{"fps": 1, "source": "a", "outputs": []}']
)
def test_a_summary_that_is_none_does_not_count(text: str, match: Path, tmp_path: Path) -> None:
    track(match, tmp_path)
    (tmp_path / "match.summary.json").write_text(text)
    assert not track(match, tmp_path, resume=True, overwrite=True).skipped


@pytest.mark.parametrize("field", [field for field in Summary("x").as_dict() if field != "fps"])
def test_a_summary_with_a_field_of_another_kind_does_not_count(field: str, match: Path, tmp_path: Path) -> None:
    track(match, tmp_path)
    file = tmp_path / "match.summary.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {field: [3] if field != "shots" else "x"}))
    again = track(match, tmp_path, resume=True, overwrite=True)
    assert not again.skipped or again.as_text()


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../../victim/notes", "/etc/cron", "..", "", "a\\b", "NUL", "x" * 400, "a\nb"])
def test_a_name_in_a_recording_never_decides_where_results_go(name: str, tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "notes.txt").write_text("precious")
    writer = RecordingWriter(tmp_path / "stranger.npz", RecordingInfo(name, 64, 48, 25.0, {0: "../../player"}))
    for frame in range(3):
        writer.write(RecordedFrame(frame, frame / 25, Detections.from_arrays([[8, 8, 20, 30]], [0.9])))
    writer.close()
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    out = tmp_path / "work" / "out"
    formats = [*TEXTS, "heatmap"]
    summary = track_video(tmp_path / "stranger.npz", out, formats=formats, save_detections=True)
    new = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert all(path.parent == out for path in new)
    assert {path.name for path in new if path.name[0] != "."} == {Path(file).name for file in summary.outputs.values()}
    assert (tmp_path / "victim" / "notes.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["a/cam.mp4", "b/cam.mp4", "c.mp4"], ["a_cam", "b_cam", None]),
        (["a/cam.mp4", "b/Cam.mp4"], ["a_cam", "b_Cam"]),
        (["x/a/cam.mp4", "y/a/cam.mp4"], [None, None]),
        (["rtsp://host/live?camera=1", "rtsp://host/live?camera=2"], [None, None]),
    ],
)
def test_sources_of_one_name_get_names_that_do_not_depend_on_their_order(
    sources: list[str], names: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sportstrack.track.source_names import names_for

    monkeypatch.chdir(tmp_path)
    for source in sources:
        if "://" not in source:
            Path(source).parent.mkdir(parents=True, exist_ok=True)
            Path(source).touch()
    found = names_for(sources)
    assert found[::-1] == names_for(sources[::-1])
    if names == [None, None]:  # made different by a hash
        assert len({name.casefold() for name in found if name}) == 2
    else:
        assert found == names


# --- files that cannot be written ------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
@pytest.mark.parametrize("kind", ["video", "mot", "csv", "jsonl", "heatmap", "detections"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_is_cut_off_fails_the_run_and_never_gets_its_name(
    kind: str, share: float, match: Path, tmp_path: Path
) -> None:
    import resource

    what = {"formats": [] if kind == "detections" else [kind], "save_detections": kind == "detections"}
    whole = Path(track(match, tmp_path / "whole", **what).outputs[kind])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * whole.stat().st_size), hard))
    try:
        with pytest.raises(OutputError, match=whole.name):
            track(match, tmp_path / "cut", **what)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [name for name in files(tmp_path / "cut") if ".part." not in name]
    assert not track(match, tmp_path / "cut", **what, resume=True).skipped
    assert (tmp_path / "cut" / whole.name).stat().st_size == pytest.approx(whole.stat().st_size, rel=0.01)

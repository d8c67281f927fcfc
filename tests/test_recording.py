"""A recording gives back what was put in, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import recording
from sportstrack.errors import FormatError, OutputError, SourceError
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter
from sportstrack.types import Detections

INFO = RecordingInfo("match", 64, 48, 25.0, {0: "player", 7: "ball"})


def table(rng: np.random.Generator, count: int, *, extras: bool = False) -> Detections:
    more = {}
    if extras:
        more = {
            "embedding": rng.normal(size=(count, 5)).astype(np.float32),
            "keypoints": rng.normal(size=(count, 3, 3)).astype(np.float32),
            "team_evidence": rng.dirichlet((1, 1, 1), count)[:, :2].astype(np.float32),
            "mask": rng.random((count, 48, 63)) < 0.5,  # a width that does not fill whole bytes
        }
    return Detections(rng.normal(size=(count, 4)) * 100, rng.random(count), rng.integers(0, 9, count), **more)


def write(path: Path, frames: list[RecordedFrame]) -> Recording:
    writer = RecordingWriter(path, INFO)
    for frame in frames:
        writer.write(frame)
    writer.close()
    return Recording(path)


def same(a: RecordedFrame, b: RecordedFrame) -> bool:
    columns = ("xyxy", "score", "class_id", "embedding", "keypoints", "mask", "team_evidence")
    pairs = [(getattr(a.detections, c), getattr(b.detections, c)) for c in columns] + [(a.camera, b.camera)]
    whole = (a.index, a.time) == (b.index, b.time)
    return whole and all((x is None) == (y is None) and (x is None or np.array_equal(x, y)) for x, y in pairs)


@settings(max_examples=30, deadline=None)
@given(counts=st.lists(st.integers(0, 6), max_size=12), extras=st.booleans(), seed=st.integers(0, 99))
def test_what_goes_in_comes_out(
    counts: list[int], extras: bool, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = np.random.default_rng(seed)
    frames = [
        # A frame without boxes has no embeddings either, as a detector would give it.
        RecordedFrame(
            3 * i,
            i + float(rng.random()),
            table(rng, n, extras=extras and n > 0),
            rng.normal(size=(2, 3)) if i % 2 else None,
        )
        for i, n in enumerate(counts)
    ]
    read = write(tmp_path_factory.mktemp("r") / "run.npz", frames)
    assert len(read) == len(frames)
    assert all(same(a, b) for a, b in zip(frames, read, strict=True))
    assert read.info == INFO


def test_frames_without_team_evidence_get_zeros_among_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    known = replace(table(rng, 2), team_evidence=np.array([[0.9, 0.1], [0, 0]], np.float32))
    read = write(tmp_path / "run.npz", [RecordedFrame(0, 0.0, table(rng, 3)), RecordedFrame(1, 0.1, known)])
    first, second = (frame.detections.team_evidence for frame in read)
    assert first is not None
    assert not first.any()
    assert np.array_equal(second, known.team_evidence)


def test_chunks_join_and_can_be_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_CHUNK_FRAMES", 4)
    rng = np.random.default_rng(1)
    frames = [RecordedFrame(i, i / 25, table(rng, 3)) for i in range(11)]
    read = write(tmp_path / "run.npz", frames)
    for _ in range(2):
        assert all(same(a, b) for a, b in zip(frames, read, strict=True))


def test_the_file_is_an_ordinary_npz_archive(tmp_path: Path) -> None:
    write(tmp_path / "run.npz", [RecordedFrame(0, 0.0, table(np.random.default_rng(0), 2))])
    with np.load(tmp_path / "run.npz") as archive:
        assert archive["00000/xyxy"].shape == (2, 4)


def test_nan_boxes_survive_a_recording(tmp_path: Path) -> None:
    frame = RecordedFrame(0, 0.0, Detections.from_arrays([[np.nan, 0, 1, 1], [0, 0, np.inf, 1]]))
    (read,) = write(tmp_path / "run.npz", [frame])
    assert np.array_equal(read.detections.xyxy, frame.detections.xyxy, equal_nan=True)


def test_an_abandoned_recording_is_readable_under_its_part_name(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "run.npz", INFO)
    writer.write(RecordedFrame(0, 0.0, Detections.empty()))
    writer.abandon()
    (part,) = tmp_path.glob("run.*.part.npz")
    assert len(Recording(part)) == 1
    assert not (tmp_path / "run.npz").exists()


def test_files_that_are_no_recording_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.npz"):
        Recording(tmp_path / "gone.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(FormatError, match=r"text\.npz"):
        Recording(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(FormatError, match="--save-detections"):
        Recording(tmp_path / "other.npz")


def test_frames_with_and_without_embeddings_cannot_be_mixed(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(FormatError, match="embedding"):
        write(tmp_path / "x.npz", [RecordedFrame(i, 0.0, table(rng, 2, extras=bool(i))) for i in range(2)])


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        RecordingWriter(tmp_path / "nowhere" / "run.npz", INFO)

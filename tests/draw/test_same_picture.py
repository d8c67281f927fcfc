"""`sportstrack draw` shows a result exactly as `sportstrack track` did, whatever file it is read from.

Without teams: while a run goes on it shows what is known by then, and `draw` what was known at the end.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sportstrack.draw.run import draw_video
from sportstrack.draw.settings import DrawSettings
from sportstrack.track.run import track_video
from tests.draw.conftest import Detect, written_frames


@cache
def tracked(match: Path, draw: str) -> tuple[Path, list[np.ndarray]]:
    """The results of a match, beside it, and the frames of its video."""
    folder = match.parent / draw
    with written_frames() as frames:
        track_video(
            match,
            folder,
            detector=Detect(),
            teams="off",
            tracker="sports",
            formats=["video", "mot", "csv", "jsonl"],
            save_detections=True,
            draw=draw.split(","),
        )
    assert len(frames) == 30
    return folder, frames


@pytest.mark.parametrize(
    ("draw", "suffix"),
    [
        *(("broadcast", suffix) for suffix in (".txt", ".csv", ".jsonl", ".npz")),
        *(("analyst,speed,class", suffix) for suffix in (".txt", ".csv", ".jsonl", ".npz")),
        *(("debug", suffix) for suffix in (".jsonl", ".npz")),  # the others hold neither masks nor key points
    ],
)
def test_a_result_is_drawn_as_track_drew_it(draw: str, suffix: str, match: Path, tmp_path: Path) -> None:
    folder, frames = tracked(match, draw)
    with written_frames() as again:
        draw_video(match, folder / f"match{suffix}", tmp_path, DrawSettings(draw=draw.split(",")))
    for number, (one, other) in enumerate(zip(frames, again, strict=True)):
        assert np.array_equal(one, other), f"frame {number}"


def test_boxes_and_scores_are_the_same_from_csv_in_debug(match: Path, tmp_path: Path) -> None:
    draw = ["box", "label", "trace"]
    with written_frames() as frames:
        track_video(
            match, tmp_path, detector=Detect(), teams="off", tracker="sort", formats=["video", "csv"], draw=draw
        )
    with written_frames() as again:
        draw_video(match, tmp_path / "match.csv", tmp_path / "out", DrawSettings(draw=draw))
    assert all(map(np.array_equal, frames, again))


def test_every_third_frame(match: Path, tmp_path: Path) -> None:
    with written_frames() as frames:
        track_video(match, tmp_path, detector=Detect(), teams="off", every=3, formats=["video", "csv", "jsonl"])
    assert len(frames) == 10
    with written_frames() as again:
        draw_video(match, tmp_path / "match.jsonl", tmp_path / "out")
    assert len(again) == 10
    assert all(map(np.array_equal, frames, again))


def test_a_span_and_pictures_are_those_of_the_whole(match: Path, tmp_path: Path) -> None:
    import cv2

    with written_frames() as frames:
        track_video(match, tmp_path, detector=Detect(), teams="off", formats=["video", "csv"], draw=["analyst"])
    settings = DrawSettings(draw=["analyst"], start=0.4, end=0.8, formats=["video"], frames=[12, 20])
    with written_frames() as again:
        done = draw_video(match, tmp_path / "match.csv", tmp_path / "out", settings)
    assert len(again) == done.frames == 11
    assert all(map(np.array_equal, frames[10:21], again))
    for number in (12, 20):
        picture = cv2.imread(str(tmp_path / "out" / f"match_{number:06d}.png"))
        assert np.array_equal(picture, frames[number - 1])


def test_the_sound_of_the_source_is_copied(match: Path, tmp_path: Path) -> None:
    import av

    source = with_sound(match, tmp_path / "loud.mp4")
    track_video(source, tmp_path / "out", detector=Detect(), teams="off", formats=["video", "csv"], every=2)
    draw_video(source, tmp_path / "out" / "loud.csv", tmp_path / "out", DrawSettings(start=0.4, end=0.8))
    for name, seconds in (("loud_tracked.mp4", 1.2), ("loud_drawn.mp4", 0.4)):
        with av.open(str(tmp_path / "out" / name)) as container:
            (stream,) = container.streams.audio
            samples = sum(frame.samples for frame in container.decode(stream))
            assert samples / 8000 == pytest.approx(seconds, abs=0.3)


def test_sound_that_mp4_does_not_hold_is_left_out_with_a_warning(match: Path, tmp_path: Path) -> None:
    source = with_sound(match, tmp_path / "loud.mkv", "pcm_s16le")
    summary = track_video(source, tmp_path / "out", detector=Detect(), teams="off", formats=["video"])
    assert any("the sound was left out: it is pcm_s16le" in warning for warning in summary.warnings)


def with_sound(video: Path, path: Path, codec: str = "aac") -> Path:
    """Copy a video and add a tone as long as it."""
    import av

    with av.open(str(video)) as source, av.open(str(path), "w") as target:
        pictures = source.streams.video[0]
        copy = target.add_stream_from_template(pictures)
        sound = target.add_stream(codec, rate=8000, layout="mono")
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)
        wave = np.sin(np.arange(1024) / 4)
        for number in range(10):
            form = "fltp" if codec == "aac" else "s16"
            samples = wave.astype(np.float32)[None] if codec == "aac" else (9000 * wave).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format=form, layout="mono")
            frame.sample_rate, frame.pts = 8000, 1024 * number
            target.mux(sound.encode(frame))
        target.mux(sound.encode(None))
    return path

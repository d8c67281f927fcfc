"""Levels of quality: what each decides, that single settings win, and what the summary says of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

import sportstrack
from sportstrack.detect import load_detector
from sportstrack.detect.sizes import QUALITIES, SizeRule
from sportstrack.errors import SettingError
from sportstrack.recording import Recording
from sportstrack.track.quality import quality_text, settled
from sportstrack.track.settings import TrackSettings

OWN = {0: "player", 1: "ball"}
COCO = {0: "person", 32: "sports ball"} | {i: f"class {i}" for i in range(1, 80) if i != 32}
HD, FULL_HD, SMALL = (720, 1280), (1080, 1920), (478, 848)


@pytest.mark.parametrize(
    ("quality", "shape", "trained", "names", "size"),
    [
        ("balanced", FULL_HD, 640, COCO, 960),  # general weights
        ("balanced", HD, None, COCO, 960),
        ("fast", SMALL, 640, COCO, 640),
        ("balanced", SMALL, 640, COCO, 960),  # general networks find small players when the picture is enlarged
        ("best", SMALL, 640, COCO, 1280),
        ("balanced", SMALL, 1280, OWN, 832),  # own weights know players in the size that the source shows
        ("balanced", (240, 320), 640, COCO, 640),  # twice, not more
        ("balanced", FULL_HD, 1280, OWN, 1280),  # as they were trained
        ("balanced", FULL_HD, 640, OWN, 640),
        ("balanced", FULL_HD, None, OWN, 960),
        ("fast", FULL_HD, 1280, OWN, 640),
        ("fast", FULL_HD, 416, OWN, 416),
        ("best", HD, 640, COCO, 1280),
        ("best", FULL_HD, 640, COCO, 1920),
        ("best", (2160, 3840), 640, COCO, 1920),
        ("best", FULL_HD[::-1], 640, COCO, 1920),  # a phone held upright
        ("balanced", (120, 160), 640, COCO, 320),
    ],
)
def test_the_input_follows_source_and_weights(
    quality: str, shape: tuple[int, int], trained: int | None, names: dict[int, str], size: int
) -> None:
    assert SizeRule(quality).of(shape, trained, names) == size


@given(
    st.sampled_from(QUALITIES),
    st.tuples(st.integers(320, 5000), st.integers(320, 5000)),
    st.none() | st.integers(320, 2000),
    st.sampled_from([OWN, COCO]),
)
def test_sizes_are_whole_steps_and_own_weights_never_enlarge(
    quality: str, shape: tuple[int, int], trained: int | None, names: dict[int, str]
) -> None:
    size = SizeRule(quality).of(shape, trained, names)
    assert size % 32 == 0
    assert 320 <= size <= max(shape) * (2 if names is COCO and quality != "fast" else 1)


def test_a_level_decides_what_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.track.quality.osnet_is_here", lambda: True)
    decided = {level: settled(TrackSettings(quality=level)) for level in QUALITIES}
    assert {level: one.embeds_with for level, one in decided.items()} == {
        "fast": None,
        "balanced": "kit",
        "best": "osnet",
    }
    assert [one.offline for one in decided.values()] == [False, False, True]


def test_single_settings_win() -> None:
    one = settled(TrackSettings(quality="best", embedder="none", offline=False, imgsz=640))
    assert (one.embeds_with, one.offline, one.imgsz) == (None, False, 640)


def test_trackers_without_appearance_get_none_and_live_sources_are_not_refined() -> None:
    assert settled(TrackSettings(tracker="bytetrack")).embeds_with is None
    assert settled(TrackSettings(), own_tracker=True).embeds_with is None
    assert settled(TrackSettings(tracker="bytetrack", embedder="kit")).embeds_with == "kit"
    assert settled(TrackSettings(quality="best"), live=True).offline is False


def test_without_its_file_osnet_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPORTSTRACK_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert settled(TrackSettings(quality="best")).embeds_with == "kit"


def test_an_unknown_level_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingError, match=r"quality.*balanced"):
        TrackSettings(quality="balancd")


@pytest.mark.parametrize("engine", ["torch", "auto"])
def test_a_run_says_what_was_chosen_and_what_others_cost(
    engine: str, tmp_path: Path, random_weights: Callable[[str], Path]
) -> None:
    match = toy.make_match(tmp_path / "match.mp4")  # 160 × 120 pixels
    summary = sportstrack.track_video(
        match, tmp_path / "out", weights=str(random_weights("")), engine=engine, device="cpu", formats=["mot"]
    )
    assert (summary.settings["imgsz"], summary.settings["embedder"]) == (320, "kit")
    assert summary.quality["level"] == "balanced"
    assert set(summary.quality["others"]) == {"fast", "best"}
    assert summary.quality["others"]["best"]["offline"]
    saved = json.loads((tmp_path / "out" / "match.summary.json").read_text())
    assert saved["quality"] == summary.quality
    assert "quality balanced: input 320, kit colours; fast about" in summary.as_text()


def test_one_detector_serves_sources_of_any_size(random_weights: Callable[[str], Path]) -> None:
    detector = load_detector(random_weights(""), imgsz=SizeRule("balanced"), engine="torch", device="cpu")  # type: ignore[arg-type]
    sizes = []
    for shape in ((240, 320), HD):
        detector.prepare(shape)  # type: ignore[attr-defined]
        sizes.append(detector.in_force["imgsz"])
    assert sizes == [640, 960]


def test_a_replay_keeps_its_embeddings_unless_none_are_wanted(tmp_path: Path) -> None:
    match = toy.make_match(tmp_path / "match.mp4")
    sportstrack.track_video(match, tmp_path, detector=toy.find, save_detections=True, formats=["mot"])
    recording = tmp_path / "match.npz"
    assert Recording(recording).info.embedder == "kit"

    def vectors(**settings: str) -> list[bool]:
        seen: list[bool] = []
        sportstrack.track_video(
            recording,
            on_frame=lambda frame: seen.append(frame.detections.embedding is not None),
            **settings,  # type: ignore[arg-type]
        )
        return seen

    assert all(vectors())
    assert not any(vectors(embedder="none"))


def test_the_text_is_one_line() -> None:
    found = {
        "level": "fast",
        "imgsz": 640,
        "embedder": "none",
        "offline": False,
        "others": {"best": {"imgsz": 1920, "embedder": "osnet", "offline": True, "times": 9.0}},
    }
    text = "quality fast: input 640; best about 9 × the time (input 1920, OSNet, refined offline)"
    assert quality_text(found) == text

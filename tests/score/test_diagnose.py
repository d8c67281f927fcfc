"""Each cause is recognised in a scene made for it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sportstrack.evaluate.page import Images, diagnosis_page
from sportstrack.mot import MotTable, table_from_rows
from sportstrack.score.diagnose import Diagnosis, diagnose
from sportstrack.score.diagnose.causes import FALSE_CAUSES, MISS_CAUSES, MOMENT, SWITCH_CAUSES
from sportstrack.score.sequence import Sequence

SIZE = (1280, 720)
FRAMES = 20
Path = dict[int, tuple[float, float, float, float]]  # frame from 1 → left, top, width, height


def walk(
    left: float, top: float, step: float = 1.0, size: tuple[float, float] = (40, 100), frames: int = FRAMES
) -> Path:
    return {f: (left + step * (f - 1), top, *size) for f in range(1, frames + 1)}


def rows(tracks: dict[int, Path]) -> MotTable:
    return table_from_rows([(f, i, *box, 1) for i, track in tracks.items() for f, box in track.items()])


def part(track: Path, first: int, last: int) -> Path:
    return {f: box for f, box in track.items() if first <= f <= last}


def examine(truth: dict[int, Path], result: dict[int, Path], **options) -> Diagnosis:
    return diagnose(Sequence.of("scene", rows(truth), rows(result), FRAMES), SIZE, **options)


BYSTANDERS = {7: walk(900, 400), 8: walk(1000, 500), 9: walk(700, 300)}


def switched(track: Path, truth: dict[int, Path] | None = None, at: int = 11, gap: int = 0, **options) -> Diagnosis:
    """Player 1 walks ``track``; the result has id 1 before frame ``at``, id 2 from then on."""
    result = {1: part(track, 1, at - 1 - gap), 2: part(track, at, FRAMES), **BYSTANDERS}
    return examine({1: track, **BYSTANDERS, **(truth or {})}, result, **options)


def test_a_switch_out_of_the_blue() -> None:
    (switch,) = switched(walk(100, 200)).switches
    assert (switch.cause, switch.signs) == ("unexplained", ())
    assert (switch.frame, switch.last_frame, switch.player, switch.old, switch.new) == (10, 9, 1, 1, 2)
    assert switch.other is None
    assert switch.taken_from is None


def test_overlap_names_the_other_player() -> None:
    other = {f: (160 - 3 * (f - 1), 200, 40, 100) for f in range(1, FRAMES + 1)}
    (switch,) = switched(walk(100, 200), {5: other}).switches
    assert switch.cause == "overlap"
    assert switch.other == 5


def test_re_entry() -> None:
    track = {f: box for f, box in walk(100, 200).items() if not 8 <= f <= 12}
    found = examine({1: track, **BYSTANDERS}, {1: part(track, 1, 7), 2: part(track, 13, 20), **BYSTANDERS})
    assert [s.cause for s in found.switches] == ["re-entry"]


def test_gap_of_missed_detections() -> None:
    found = switched(walk(100, 200), gap=3)
    assert [s.cause for s in found.switches] == ["gap"]
    assert len(found.misses.cause) == 3


def test_low_scores() -> None:
    track = walk(100, 200)
    truth = rows({1: track, **BYSTANDERS})
    unsure = table_from_rows([(f, 1 if f < 11 else 2, *box, 0.3 if 8 < f < 13 else 0.9) for f, box in track.items()])
    (switch,) = diagnose(Sequence.of("scene", truth, unsure, FRAMES), SIZE).switches
    assert switch.cause == "low score"


def test_fast_motion() -> None:
    assert [s.cause for s in switched(walk(100, 200, step=20)).switches] == ["fast motion"]


def test_turning() -> None:
    track = {f: (100 + 6 * min(f, 9) - 6 * max(0, f - 9), 200, 40, 100) for f in range(1, FRAMES + 1)}
    assert "turning" in switched(track).switches[0].signs


def test_camera_pan_is_no_fast_motion() -> None:
    tracks = {i: walk(50 + 120 * i, 100 + 50 * i, step=20) for i in range(1, 6)}
    result = {**{i: t for i, t in tracks.items() if i > 1}, 1: part(tracks[1], 1, 10), 99: part(tracks[1], 11, 20)}
    (switch,) = examine(tracks, result).switches
    assert switch.cause == "camera pan"
    assert "fast motion" not in switch.signs


def test_scale_change() -> None:
    track = {f: (100, 200, 40, 100 + (50 if f > 10 else 0)) for f in range(1, FRAMES + 1)}
    assert "scale change" in switched(track).switches[0].signs


def test_light_change_if_frames_are_given() -> None:
    found = switched(walk(100, 200), light=lambda frame: 120.0 if frame < 10 else 70.0)
    assert found.switches[0].cause == "light change"


def test_an_id_taken_from_another_player() -> None:
    a, b = walk(100, 200), walk(400, 200)
    found = examine({1: a, 2: b}, {1: {**part(a, 1, 10), **part(b, 11, 20)}, 2: {**part(b, 1, 10), **part(a, 11, 20)}})
    assert {(s.player, s.taken_from) for s in found.switches} == {(1, 2), (2, 1)}


@pytest.mark.parametrize(
    ("player", "others", "result", "cause"),
    [
        (walk(100, 200), {2: walk(110, 210)}, {2: walk(110, 210)}, "occluded"),
        (walk(-10, 200, step=0), {}, {}, "border"),
        (walk(100, 200, size=(10, 20)), {}, {}, "small"),
        (walk(100, 200), {}, {3: walk(125, 200)}, "misplaced"),
        (walk(100, 200), {}, {}, "unexplained"),
    ],
)
def test_misses(player: Path, others: dict, result: dict, cause: str) -> None:
    found = examine({1: player, **others, **BYSTANDERS}, {**result, **BYSTANDERS})
    causes = [c for c, i in zip(found.misses.cause, found.misses.track_id, strict=True) if i == 1]
    assert len(causes) == FRAMES
    assert causes[-1] == cause


def test_a_player_that_just_appeared() -> None:
    track = part(walk(100, 200), 10, 20)
    found = examine({1: track, **BYSTANDERS}, {1: part(track, 12, 20), **BYSTANDERS})
    assert found.misses.cause == ["just appeared"] * 2
    assert found.misses.frame.tolist() == [9, 10]


@pytest.mark.parametrize(
    ("false", "cause"),
    [
        (walk(102, 200), "doubled"),
        (walk(125, 200), "misplaced"),
        (walk(-5, 600, step=0), "border"),
        (walk(600, 600, size=(10, 20)), "small"),
        (walk(600, 600), "ghost"),
    ],
)
def test_false_positives(false: Path, cause: str) -> None:
    found = examine({1: walk(100, 200), **BYSTANDERS}, {1: walk(100, 200), 5: false, **BYSTANDERS})
    assert found.false.cause == [cause] * FRAMES
    assert set(found.false.track_id.tolist()) == {5}


def test_a_track_left_over_by_its_player() -> None:
    track = walk(100, 200)
    found = examine({1: part(track, 1, 12), **BYSTANDERS}, {1: track, **BYSTANDERS})
    assert found.false.cause == ["leftover"] * 8


def test_every_error_has_one_cause_and_stands_in_the_timeline(shared_data) -> None:
    folder = shared_data / "trackeval-oracle"
    from sportstrack.score.run import Job, diagnose_job

    name = "MOT17-09-SDP"
    job = Job(name, folder / "gt" / name / "gt" / "gt.txt", folder / "tracker" / f"{name}.txt", benchmark="MOT17")
    found, scores = diagnose_job(job), job.scores()
    assert len(found.switches) == scores.IDSW == 32
    assert len(found.misses.cause) == scores.FN
    assert len(found.false.cause) == scores.FP
    assert found.timeline.sum(axis=1).tolist() == [scores.IDSW, scores.Frag, scores.FN, scores.FP]
    assert {s.cause for s in found.switches} <= set(SWITCH_CAUSES)
    assert set(found.misses.cause) <= set(MISS_CAUSES)
    assert set(found.false.cause) <= set(FALSE_CAUSES)
    moments = found.moments()
    assert moments == sorted(moments, key=lambda m: -m.weight)
    assert min(np.diff(sorted(m.frame for m in moments))) >= MOMENT
    record = json.loads(json.dumps(found.to_dict()))
    assert sum(record["switches"]["causes"].values()) == 32
    assert sum(run["boxes"] for run in record["misses"]["runs"]) == scores.FN
    assert record["switches"]["list"][0]["frame"] == found.switches[0].frame + 1


@pytest.mark.parametrize("side", ["truth", "result", "both"])
def test_nothing_on_one_side(side: str) -> None:
    some, none = rows(BYSTANDERS), MotTable.empty()
    seq = Sequence.of("empty", none if side != "result" else some, none if side != "truth" else some, FRAMES)
    found = diagnose(seq)
    assert found.switches == []
    assert "scene" not in diagnosis_page("t", [found])
    json.dumps(found.to_dict())


def test_the_page_shows_pictures_where_there_are_any(tmp_path) -> None:
    import cv2

    for i in range(FRAMES):
        picture = np.full((720, 1280, 3), 60 if i < 10 else 140, np.uint8)
        cv2.imwrite(str(tmp_path / f"{i + 1:06d}.jpg"), picture)
    images = Images.find(tmp_path.name, None, tmp_path.parent)
    assert images.brightness(0) == pytest.approx(60, abs=2)
    assert images.brightness(FRAMES) is None
    found = switched(walk(100, 200), light=images.brightness)
    assert found.switches[0].cause == "light change"
    page = diagnosis_page("a <tracker>", [found], {"scene": images})
    assert page.count("data:image/jpeg;base64,") == 1
    assert "a &lt;tracker&gt;" in page
    assert "http" not in page  # one file, nothing fetched
    assert "data:image" not in diagnosis_page("a", [found])

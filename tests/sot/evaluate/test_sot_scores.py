"""The measures against sums done by hand and a plain loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.sot.evaluate.scores import (
    FAILED,
    SKIPPED,
    STARTED,
    TRACKED,
    average_one_pass,
    average_restarts,
    clip_as_got10k,
    mark,
    score_one_pass,
    score_restarts,
)

NAN = [math.nan] * 4
BOX = [10.0, 10.0, 30.0, 50.0]  # 20 × 40


def moved(x: float, y: float = 0.0) -> list[float]:
    return [BOX[0] + x, BOX[1] + y, BOX[2] + x, BOX[3] + y]


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_overlap_and_distances_by_hand() -> None:
    boxes = [BOX, moved(10), moved(0, 20), moved(20), NAN, [10, 10, 10, 50], BOX]
    marks = mark(boxes, [BOX] * 6 + [NAN])
    np.testing.assert_allclose(marks.overlap, [1, 1 / 3, 1 / 3, 0, 0, 0, math.nan])
    np.testing.assert_allclose(marks.pixels, [0, 10, 20, 20, math.inf, math.inf, math.nan])
    np.testing.assert_allclose(marks.share, [0, 0.5, 0.5, 1, math.inf, math.inf, math.nan])


def test_one_pass_by_hand() -> None:
    # Overlaps 1, 1/3, 0 and 0 (lost); distances 0, 10, 40, ∞; shares 0, 0.5, 2, ∞.
    scores = score_one_pass([BOX, moved(10), moved(40), NAN], [BOX] * 4)
    above = [2 if t < 7 else 1 if t < 20 else 0 for t in range(21)]  # of 4, at t/20: 1/3 is above 0 … 0.3
    np.testing.assert_allclose(scores.success, np.array(above) / 4)
    within = [1 if t < 10 else 2 if t < 40 else 3 for t in range(51)]
    np.testing.assert_allclose(scores.precision, np.array(within) / 4)
    shares = [1] * 50 + [2]
    np.testing.assert_allclose(scores.normalised, np.array(shares) / 4)
    found = scores.figures
    assert found["AUC"] == pytest.approx((7 * 2 + 13) / 4 / 21)
    assert (found["S50"], found["P20"], found["NP20"]) == (0.25, 0.5, 0.25)
    assert found["NP"] == pytest.approx(52 / 4 / 51)
    assert found["AO"] == pytest.approx(1 / 9)  # the first frame is left out
    assert (found["SR50"], found["SR75"]) == (0, 0)
    assert found["missed"] == 0.5
    assert math.isnan(found["fps"])


def test_a_perfect_tracker_gets_20_of_21_because_nothing_is_above_1() -> None:
    found = score_one_pass([[0.1, 0.2, 7.3, 9.7]] * 3, [[0.1, 0.2, 7.3, 9.7]] * 3).figures
    assert found["AUC"] == pytest.approx(20 / 21)
    assert all(found[name] == 1 for name in ("S50", "P20", "NP", "NP20", "AO", "SR50", "SR75"))
    assert found["missed"] == 0


def test_a_threshold_is_not_above_itself_but_within_itself() -> None:
    # Overlap exactly 0.5 and 0.75, distance exactly 20.
    truth = [[0, 0, 100, 100]] * 4
    boxes = [truth[0], [0, 0, 50, 100], [0, 0, 75, 100], [20, 0, 120, 100]]
    scores = score_one_pass(boxes, truth)
    assert scores.success[10] == 3 / 4  # 1, 0.75 and 2/3
    assert scores.got[1:] == (2 / 3, 0)
    assert scores.precision[20] == 3 / 4  # 0, 12.5 and 20; not 25
    assert scores.precision[19] == 2 / 4


def test_the_first_frame_is_the_truth_whatever_the_file_says() -> None:
    assert score_one_pass([NAN, BOX], [BOX, BOX]).figures["missed"] == 0


def test_frames_without_the_object_are_left_out() -> None:
    truth = [BOX, NAN, [0, 0, 0, 0], BOX]
    scores = score_one_pass([BOX, BOX, BOX, moved(10)], truth)
    assert scores.frames == 2
    assert scores.rated == 1
    assert scores.figures["AO"] == pytest.approx(1 / 3)
    assert scores.figures["S50"] == 0.5


def test_otb_counts_them_as_its_program_does() -> None:
    truth = [BOX, NAN, [0, 5, 20, 45], BOX]  # the third begins at the left edge
    scores = score_one_pass([BOX, BOX, [0, 5, 20, 45], moved(40)], truth, absent="otb")
    assert scores.frames == 4
    assert scores.success[0] == 1 / 4
    assert scores.precision[20] == 3 / 4  # an error of −1 is within every threshold
    assert scores.rated == 2  # GOT-10k's figures keep their own rule
    assert scores.figures["missed"] == 0.5


def test_single_frames_can_be_scored() -> None:
    scores = score_one_pass([BOX] * 3 + [moved(10)], [BOX] * 4, only=np.array([False, False, True, True]))
    assert scores.frames == 2
    assert scores.figures["S50"] == 0.5


def test_a_sequence_of_one_frame_has_no_average_overlap() -> None:
    one = score_one_pass([BOX], [BOX])
    assert math.isnan(one.figures["AO"])
    both = average_one_pass([one, score_one_pass([BOX, BOX], [BOX, BOX])])
    assert both.figures["AO"] == 1
    assert math.isnan(average_one_pass([one]).figures["AO"])


def test_sequences_weigh_the_same_however_long_they_are() -> None:
    short = score_one_pass([BOX, NAN], [BOX] * 2, seconds=[0.5, 0.5])
    long = score_one_pass([BOX] * 10, [BOX] * 10, seconds=[0.25] * 4 + [math.nan] * 6)
    mean = average_one_pass([short, long])
    assert mean.figures["S50"] == pytest.approx((0.5 + 1) / 2)
    assert mean.figures["AO"] == 0.5
    assert mean.pooled[0] == pytest.approx(9 / 10)  # over all frames, as GOT-10k's program pools them
    assert mean.figures["fps"] == pytest.approx(6 / 2)
    assert (mean.sequences, mean.frames) == (2, 12)


def test_got10k_pushes_boxes_into_the_picture() -> None:
    boxes = np.array([[-10.0, 5, 10, 25], [90, 90, 120, 130], [200, 200, 210, 210]])
    clipped = clip_as_got10k(boxes, (100, 100))
    np.testing.assert_array_equal(clipped, [[0, 5, 20, 25], [90, 90, 100, 100], [100, 100, 100, 100]])
    assert clip_as_got10k(boxes, None) is boxes


def test_restarts_by_hand() -> None:
    # Start; nine frames of burn-in; two good ones (1, 1/3); a failure; four frames of waiting; a start and burn-in.
    codes = np.array([STARTED] + [TRACKED] * 11 + [FAILED] + [SKIPPED] * 4 + [STARTED] + [TRACKED] * 3)
    boxes = [BOX] * 11 + [moved(10)] + [NAN] * 5 + [BOX] * 4
    scores = score_restarts(boxes, codes, [BOX] * 21)
    assert scores.accuracy == pytest.approx((1 + 1 / 3) / 2)
    assert scores.failures == 1
    assert scores.figures["reliability"] == pytest.approx(math.exp(-30 / 21))
    assert score_restarts(boxes, codes, [BOX] * 21, burn_in=1).accuracy == pytest.approx((13 + 1 / 3) / 14)


def test_restarts_are_averaged_by_length() -> None:
    codes = np.array([STARTED] + [TRACKED] * 29)
    good = score_restarts([BOX] * 30, codes, [BOX] * 30)
    bad = score_restarts([NAN] * 10, np.array([STARTED, FAILED] + [SKIPPED] * 8), [BOX] * 10)
    assert bad.accuracy == 0
    mean = average_restarts([good, bad])
    assert mean.accuracy == pytest.approx(0.75)
    assert mean.robustness == pytest.approx(0.25)
    assert mean.failures == 1
    assert mean.figures["reliability"] == pytest.approx(math.exp(-30 * 0.25 / 20))


@pytest.mark.parametrize(
    ("boxes", "truth", "word"),
    [
        ([BOX], [BOX, BOX], "got 1"),
        ([[1, 2, 3]], [BOX], r"shape \(F, 4\)"),
        ([BOX], [NAN], "first frame"),
        ([], np.empty((0, 4)), "expected shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(boxes: list, truth: object, word: str) -> None:
    with pytest.raises(SettingError, match=word):
        score_one_pass(boxes, truth)


def test_nothing_to_average_is_refused() -> None:
    for average in (average_one_pass, average_restarts):
        with pytest.raises(SettingError, match="no sequence"):
            average([])


# --- against a plain loop --------------------------------------------------------------------------------------------


def plain_iou(a: list[float], b: list[float]) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def plain_one_pass(boxes: list[list[float]], truth: list[list[float]]) -> tuple[list[float], list[float], list[float]]:
    """The published definition, frame by frame and threshold by threshold."""
    ious, pixels, shares = [], [], []
    for i, (box, true) in enumerate(zip(boxes, truth, strict=True)):
        if math.isnan(true[0]):
            continue
        box = true if i == 0 else box
        if math.isnan(box[0]):
            ious.append(0.0)
            pixels.append(math.inf)
            shares.append(math.inf)
            continue
        ious.append(plain_iou(box, true))
        dx = (box[0] + box[2]) / 2 - (true[0] + true[2]) / 2
        dy = (box[1] + box[3]) / 2 - (true[1] + true[3]) / 2
        pixels.append(math.sqrt(dx * dx + dy * dy))
        shares.append(math.sqrt((dx / (true[2] - true[0])) ** 2 + (dy / (true[3] - true[1])) ** 2))
    success = [sum(iou > t / 20 for iou in ious) / len(ious) for t in range(21)]
    precision = [sum(d <= t for d in pixels) / len(pixels) for t in range(51)]
    normalised = [sum(d <= t / 100 for d in shares) / len(shares) for t in range(51)]
    return success, precision, normalised


def boxes_of(size: st.SearchStrategy[int]) -> st.SearchStrategy[list[float]]:
    # Odd fractions, so that no measure falls onto a threshold, where the last bit of the sum would decide.
    place = st.integers(-40, 60).map(lambda v: v + 0.137)
    return st.builds(lambda x, y, w, h: [x, y, x + w + 0.0713, y + h + 0.0519], place, place, size, size)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_one_pass_equals_a_plain_loop(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    box = boxes_of(st.integers(3, 50))
    maybe = st.one_of(box, box, box, st.just(NAN))
    truth = [data.draw(box)] + [data.draw(maybe) for _ in range(count)]
    found = [data.draw(maybe) for _ in truth]
    scores = score_one_pass(found, truth)
    for ours, plain in zip(
        (scores.success, scores.precision, scores.normalised), plain_one_pass(found, truth), strict=True
    ):
        np.testing.assert_allclose(ours, plain, atol=1e-12)
    later = [plain_iou(b, t) if not math.isnan(b[0]) else 0.0 for b, t in zip(found, truth, strict=True)][1:]
    later = [iou for iou, t in zip(later, truth[1:], strict=True) if not math.isnan(t[0])]
    if later:
        np.testing.assert_allclose(
            scores.got, [np.mean(later), np.mean(np.array(later) > 0.5), np.mean(np.array(later) > 0.75)], atol=1e-12
        )


def test_frames_are_cut_by_scale_and_speed_and_each_is_in_one_bin() -> None:
    from sportstrack.score.bins import BINS
    from sportstrack.sot.evaluate.attributes import binned
    from sportstrack.sot.evaluate.layouts import ObjectSequence

    x = np.concatenate([np.arange(10.0), 9 + 8.0 * np.arange(1, 11)])
    boxes = np.stack([x, x * 0, x + 20, x * 0 + 40], axis=1)
    boxes[15:, 2:] += 100
    boxes[3] = np.nan
    occlusion = np.arange(20) == 5
    sequence = ObjectSequence("a", boxes, flags={"occlusion": occlusion})
    cut = binned(sequence, ("scale", "speed", "occlusion", "light"), frame_rate=25)
    assert cut["occlusion: mostly"].tolist() == occlusion.tolist()
    assert set(cut) == {f"{name}: {label}" for name in ("scale", "speed", "occlusion") for label in BINS[name].labels}
    present = np.isfinite(boxes).all(axis=1)
    total = sum(cut[f"scale: {label}"].astype(int) for label in BINS["scale"].labels)
    assert (total == present).all()
    assert cut["speed: medium"][1:3].all()  # 25 pixels a second of a height of 40
    assert cut["speed: fast"][11:15].all()
    assert not cut["speed: fast"][:10].any()

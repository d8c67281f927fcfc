"""The measures against sums done by hand and a plain loop; layouts and attributes on small made-up files."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.sot.evaluate.attributes import attributes, mean_grey
from sportstrack.sot.evaluate.layouts import ObjectSequence, corners_to_box, find_sequences
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
@settings(max_examples=150, deadline=None)
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


# --- layouts ---------------------------------------------------------------------------------------------------------


def images(folder: Path, count: int, size: tuple[int, int] = (40, 30), first: int = 1) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        cv2.imwrite(str(folder / f"{number:04}.png"), np.full((size[1], size[0], 3), number % 256, np.uint8))


def only(folder: Path, **words: object) -> ObjectSequence:
    found = find_sequences(folder, **words)
    assert len(found) == 1
    return next(iter(found.values()))


@pytest.mark.parametrize(
    "text",
    ["1\t2\t3\t4\n5\t6\t7\t8\n", "1,2,3,4\r\n5,6,7,8\r\n", "\ufeff1 2 3 4\n\n5  6 7 8", "1, 2, 3, 4,\n5,6,7,8\n"],
)
def test_otb_in_all_its_separators(tmp_path: Path, text: str) -> None:
    images(tmp_path / "Toy" / "img", 2)
    (tmp_path / "Toy" / "groundtruth_rect.txt").write_text(text, encoding="utf-8", newline="")
    toy = only(tmp_path)
    assert (toy.name, toy.layout) == ("Toy", "otb")
    np.testing.assert_array_equal(toy.boxes, [[1, 2, 4, 6], [5, 6, 12, 14]])
    assert [image[0, 0, 0] for image in toy.frames()] == [1, 2]


def test_otb_sequences_of_two_objects_and_of_part_of_the_images(tmp_path: Path) -> None:
    images(tmp_path / "Jogging" / "img", 5)
    for number in (1, 2):
        (tmp_path / "Jogging" / f"groundtruth_rect.{number}.txt").write_text("1,2,3,4\n" * 3)
    images(tmp_path / "David" / "img", 303)
    (tmp_path / "David" / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 4)
    found = find_sequences(tmp_path)
    assert list(found) == ["David", "Jogging-1", "Jogging-2"]
    assert [len(one.images) for one in found.values()] == [4, 3, 3]
    assert found["David"].images[0].name == "0300.png"


def test_vot_polygons_become_upright_boxes(tmp_path: Path) -> None:
    # A square of side √50 standing on its corner, then an upright rectangle, then a frame without the object.
    (tmp_path / "groundtruth.txt").write_text("5,0,10,5,5,10,0,5\n2,3,12,3,12,8,2,8\n" + ",".join(["nan"] * 8))
    images(tmp_path, 3)
    (tmp_path / "occlusion.tag").write_text("0\n1\n")  # VOT's own files may be short
    toy = only(tmp_path)
    assert toy.layout == "vot"
    np.testing.assert_array_equal(toy.boxes[:2], [[0, 0, 10, 10], [2, 3, 12, 8]])
    assert np.isnan(toy.boxes[2]).all()
    assert toy.flags["occlusion"].tolist() == [False, True, False]
    half = only(tmp_path, polygons="area").boxes
    np.testing.assert_allclose(half[0], [5 - 12.5**0.5, 5 - 12.5**0.5, 5 + 12.5**0.5, 5 + 12.5**0.5])
    np.testing.assert_allclose(half[1], [2, 3, 12, 8])


@given(st.lists(st.floats(0, 100), min_size=8, max_size=8))
def test_an_upright_box_keeps_the_area_or_the_extent(corners: list[float]) -> None:
    x, y = np.array(corners).reshape(4, 2).T
    box = corners_to_box(np.array([corners]))[0]
    assert box.tolist() == [x.min(), y.min(), x.max(), y.max()]
    small = corners_to_box(np.array([corners]), "area")[0]
    assert (small[2:] - small[:2] <= box[2:] - box[:2] + 1e-9).all()


def test_got10k_leaves_out_absent_frames_and_knows_cover(tmp_path: Path) -> None:
    folder = tmp_path / "GOT-10k_Val_000001"
    images(folder, 4)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n" * 4)
    (folder / "meta_info.ini").write_text("[METAINFO]\nurl: x\nresolution: (1920, 1080)\n")
    (folder / "cover.label").write_text("8\n6\n0\n8\n")
    (folder / "absence.label").write_text("0\n0\n0\n1\n")
    toy = only(tmp_path)
    assert (toy.layout, toy.size) == ("got10k", (1920, 1080))
    assert np.isnan(toy.boxes[:, 0]).tolist() == [False, False, True, True]
    assert toy.flags["occlusion"].tolist() == [False, True, True, False]


def test_got10k_keeps_the_truth_of_its_test_set(tmp_path: Path) -> None:
    images(tmp_path, 3)
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4\n")
    with pytest.raises(FormatError, match="only its server can score"):
        find_sequences(tmp_path, layout="got10k")


def test_lasot_flags_stand_in_one_line_and_folders_in_categories(tmp_path: Path) -> None:
    folder = tmp_path / "person" / "person-1"
    images(folder / "img", 4)
    (folder / "groundtruth.txt").write_text("1,2,3,4\n1,2,3,4\n0,0,0,0\n1,2,3,4\n")
    (folder / "full_occlusion.txt").write_text("0,1,0,0")
    (folder / "out_of_view.txt").write_text("0,0,1,0")
    toy = only(tmp_path)
    assert (toy.name, toy.layout) == ("person-1", "lasot")
    assert np.isnan(toy.boxes[:, 0]).tolist() == [False, True, True, False]
    assert attributes(toy)["out of view"].tolist() == [False, False, True, False]


def test_each_track_of_a_mot_sequence_is_an_object(tmp_path: Path) -> None:
    folder = tmp_path / "match"
    images(folder / "img1", 6)
    (folder / "gt").mkdir()
    rows = ["2, 7, 1, 2, 3, 4, 1, 1, 1", "5, 7, 9, 2, 3, 4, 1, 1, 0.5", "1, 0, 5, 5, 5, 5, 1, 1, 1"]
    (folder / "gt" / "gt.txt").write_text("\n".join([*rows, "1, 3, 5, 5, 5, 5, 0, 1, 1"]))
    (folder / "seqinfo.ini").write_text("[Sequence]\nseqLength=6\nimWidth=40\nimHeight=30\nimDir=img1\n")
    found = find_sequences(folder)
    assert list(found) == ["match-id0", "match-id7"]  # 3 is not to be considered
    seven = found["match-id7"]
    assert np.isnan(seven.boxes[:, 0]).tolist() == [False, True, True, False]
    assert [path.name for path in seven.images] == ["0002.png", "0003.png", "0004.png", "0005.png"]
    assert seven.flags["occlusion"].tolist() == [False, False, False, True]
    assert seven.size == (40, 30)
    assert "occlusion" not in found["match-id0"].flags


@pytest.mark.parametrize(
    ("text", "count", "words"),
    [
        ("1,2,3,4\n1,2,x,4\n", 2, "line 2: expected numbers"),
        ("1,2,3,4\n1,2,3\n", 2, "line 2: expected 4 numbers, got 3"),
        ("", 0, "is empty"),
        ("1,2,3,4\n1,2,3,4\n1,2,3,4\n", 2, "3 boxes, but 2 images"),
        ("0,0,0,0\n1,2,3,4\n", 2, "first frame"),
        ("1,2,-3,4\n", 1, "below 0"),
        ("m12,3,4\n", 1, "masks cannot be read"),
    ],
)
def test_broken_truth_is_refused_with_its_file(tmp_path: Path, text: str, count: int, words: str) -> None:
    (tmp_path / "groundtruth.txt").write_text(text)
    images(tmp_path, count)
    with pytest.raises(FormatError, match=words) as raised:
        find_sequences(tmp_path)
    assert str(tmp_path / "groundtruth.txt") in str(raised.value)


def test_flags_of_another_length_are_refused(tmp_path: Path) -> None:
    images(tmp_path / "img", 2)
    (tmp_path / "groundtruth.txt").write_text("1,2,3,4\n" * 2)
    (tmp_path / "out_of_view.txt").write_text("0,0,1")
    with pytest.raises(FormatError, match=r"out_of_view\.txt: 3 values for 2 frames"):
        find_sequences(tmp_path)


def test_wrong_folders_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="no such folder"):
        find_sequences(tmp_path / "nothing")
    with pytest.raises(SettingError, match="no sequence found; looked for"):
        find_sequences(tmp_path)
    with pytest.raises(SettingError, match="did you mean 'otb'"):
        find_sequences(tmp_path, layout="otbb")
    (tmp_path / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    with pytest.raises(SettingError, match="laid out as otb, not mot"):
        find_sequences(tmp_path, layout="mot")
    with pytest.raises(SourceError, match="no images"):
        list(only(tmp_path).frames())


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    images(tmp_path / "img", 2)
    (tmp_path / "img" / "0002.png").write_bytes(b"no picture")
    (tmp_path / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 2)
    with pytest.raises(SourceError, match=r"0002\.png: not a readable picture"):
        list(only(tmp_path).frames())


# --- attributes ------------------------------------------------------------------------------------------------------


def test_attributes_by_hand() -> None:
    boxes = np.array(
        [
            [100, 100, 120, 140],  # 800 pixels
            [100, 100, 141, 140],  # 2.05 times the area; the centre moved by 10.5
            [100, 100, 119, 120],  # 380 pixels: low resolution, less than half the area
            [120, 100, 140, 140],  # moved by 22.9
            NAN,
            [300, 100, 320, 140],  # far, but not from the frame before
            [310, 100, 330, 140],  # reaches 10 pixels beyond the picture
        ]
    )
    found = attributes(
        ObjectSequence("toy", boxes, size=(320, 240)), grey=np.array([100, 124, 126, 74, np.nan, 100, 75])
    )
    truth = {
        "scale variation": [1, 2],
        "fast motion": [3],
        "light change": [2, 3],
        "low resolution": [2],
        "out of view": [6],
    }
    assert {name: np.flatnonzero(frames).tolist() for name, frames in found.items()} == truth
    assert set(attributes(ObjectSequence("toy", boxes))) == {"scale variation", "fast motion", "low resolution"}


def test_the_light_is_read_inside_the_box(tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    for number, level in enumerate((100, 200), 1):
        image = np.zeros((30, 40, 3), np.uint8)
        image[5:15, 10:20] = level
        cv2.imwrite(str(tmp_path / "img" / f"{number}.png"), image)
    (tmp_path / "groundtruth_rect.txt").write_text("10,5,10,10\n" * 2)
    np.testing.assert_allclose(mean_grey(only(tmp_path)), [100, 200])

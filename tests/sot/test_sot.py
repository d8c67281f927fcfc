"""Single-object tracking as a user meets it: it follows, it knows when it does not see, and it comes back."""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError, SportstrackError, WeightsError
from sportstrack.images import opencv
from sportstrack.sot import METHODS, BallTracker, SingleTracker, SotSettings, fill_gaps
from sportstrack.sot.appearance import Appearance
from sportstrack.sot.ball import ball_classes
from sportstrack.sot.cover import Cover
from sportstrack.sot.distractors import Sightings
from sportstrack.sot.methods import Follower, _Map, make, whole_box
from sportstrack.sot.search import Candidate
from sportstrack.types import Detections

SIZE = (240, 160)  # width, height
BOX = (18, 40)
HIDDEN = range(14, 26)


def field(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turf = np.array([40, 120, 50]) + rng.normal(0, 12, (SIZE[1] // 4, SIZE[0] // 4, 1))
    return cv2.resize(turf.clip(0, 255).astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)


def place(image: np.ndarray, x: int, y: int) -> np.ndarray:
    """Put a player in red and white, and return his box."""
    w, h = BOX
    image[y : y + h // 2, x : x + w] = (40, 30, 200)
    image[y + h // 2 : y + h, x + 3 : x + w - 3] = (230, 230, 235)
    image[y : y + 8, x + 5 : x + 13] = (120, 160, 220)
    return np.array([x, y, x + w, y + h], float)


def walk(count: int, hidden: range = range(0), cut: int | None = None) -> tuple[list[np.ndarray], np.ndarray]:
    """A player walks right; a board stands before him in the hidden frames; after the cut he is elsewhere."""
    images, boxes = [], []
    for i in range(count):
        image = field(0 if cut is None or i < cut else 5)
        if cut is not None and i >= cut:
            image = 255 - image
        x, y = (40 + 2 * i, 60) if cut is None or i < cut else (180 - (i - cut), 20)
        boxes.append(place(image, x, y))
        if i in hidden:
            image[40:115, 60:110] = (150, 90, 60)
        images.append(image)
    return images, np.array(boxes)


def follow(tracker: SingleTracker, images: list[np.ndarray], box: Any) -> list[Any]:
    return [tracker.init(images[0], box), *(tracker.update(image) for image in images[1:])]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    inner = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner))


def test_the_box_is_opencv_s_own_as_long_as_the_object_is_seen() -> None:
    images, boxes = walk(12)
    results = follow(SingleTracker("csrt"), images, boxes[0])
    plain = cv2.TrackerCSRT.create()
    plain.init(images[0], whole_box(boxes[0]))
    for image, result in zip(images[1:], results[1:], strict=True):
        x, y, w, h = plain.update(image)[1]
        assert result.state == "tracking"
        np.testing.assert_array_equal(result.box, [x, y, x + w, y + h])


def test_a_hidden_object_is_never_given_as_seen_and_is_found_again() -> None:
    images, boxes = walk(40, hidden=HIDDEN)
    results = follow(SingleTracker("csrt"), images, boxes[0])
    states = [result.state for result in results]
    assert set(states[: HIDDEN.start - 1]) == {"tracking"}
    assert "tracking" not in states[HIDDEN.start + 1 : HIDDEN.stop]
    assert set(states[-8:]) == {"tracking"}
    assert overlap(results[-1].box, boxes[-1]) > 0.5
    guess = results[HIDDEN.start + 4]
    assert guess.state == "occluded"
    assert guess.score == 0
    assert overlap(guess.box, boxes[HIDDEN.start + 4]) > 0.3, "motion bridges the gap"


def test_after_a_cut_it_looks_everywhere() -> None:
    images, boxes = walk(24, cut=10)
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert results[9].state == "tracking"
    assert results[-1].state == "tracking"
    assert overlap(results[-1].box, boxes[-1]) > 0.5


def test_a_team_mate_in_plain_sight_is_not_taken_for_the_object() -> None:
    images, boxes = walk(40, hidden=range(14, 40))
    for image in images:
        place(image, 130, 60)  # where the search arrives, and the nearest who looks like it
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert "tracking" not in [result.state for result in results[HIDDEN.start + 1 : 30]]


def test_while_the_board_stands_nobody_far_from_it_is_taken_for_the_object() -> None:
    images = []
    for i in range(58):
        image = field()
        place(image, 40 + 2 * min(i, 20), 60)
        if i >= 14:
            image[40:115, 55:160] = (150, 90, 60)
        if i >= 34:
            place(image, 178, 60)  # a double comes into the picture and waits until the search has widened to him
        images.append(image)
    results = follow(SingleTracker("csrt"), images, np.array([40, 60, 58, 100], float))
    assert "tracking" not in [result.state for result in results[16:]]


def behind(count: int, board: tuple[int, int], path: Any, shown: range) -> tuple[list[np.ndarray], np.ndarray]:
    """A player goes along a path of left edges; a board stands between two columns in some frames."""
    images, boxes = [], []
    for i in range(count):
        image = field()
        boxes.append(place(image, path(i), 60))
        if i in shown:
            image[40:115, slice(*board)] = (150, 90, 60)
        images.append(image)
    return images, np.array(boxes)


def test_who_turns_round_behind_a_board_is_found_where_he_comes_out() -> None:
    def path(i: int) -> int:
        return 84 + 3 * i if i < 12 else max(54, 117 - 4 * (i - 11))

    images, boxes = behind(60, (58, 160), path, range(12, 36))
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert "tracking" not in [result.state for result in results[14:36]]
    assert overlap(results[34].box, boxes[34]) == 0, "the guess has run on to the other side"
    assert {result.state for result in results[42:]} == {"tracking"}
    assert overlap(results[-1].box, boxes[-1]) > 0.5


def test_a_guess_stays_behind_what_hides_the_object() -> None:
    images, boxes = behind(50, (90, 150), lambda i: min(40 + 4 * i, 112), range(18, 50))
    results = follow(SingleTracker("csrt"), images, boxes[0])
    guesses = [result.box for result in results[24:] if result.state == "occluded"]
    assert guesses
    assert all(80 <= (box[0] + box[2]) / 2 <= 160 for box in guesses)


def test_a_double_who_comes_along_beside_the_board_is_not_taken_once_it_has_gone() -> None:
    images, boxes = behind(60, (30, 130), lambda i: 40 + 2 * min(i, 16), range(16, 40))
    for i, image in enumerate(images):
        if i >= 24:
            place(image, max(240 - 6 * (i - 24), 150), 60)  # comes in from the right and waits there
        if i >= 40:
            image[60:100, 60:100] = field()[60:100, 60:100]  # the player himself has gone
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert "tracking" not in [result.state for result in results[18:]]


def test_how_far_a_cover_reaches_is_measured_and_kept_when_it_slides_away() -> None:
    images, boxes = walk(3)
    appearance = Appearance(images[0], boxes[0])
    board = (150, 90, 60)
    covered = field()
    covered[40:115, 30:130] = board
    cover = Cover(covered, boxes[2], appearance)
    assert cover.extent == pytest.approx([30, 40, 130, 115], abs=3)
    low, high = cover.hidden(boxes[2])
    assert low == pytest.approx([30 + 9 - 0.3 * 18, 40 + 20 - 0.3 * 40], abs=3)
    assert high == pytest.approx([130 - 9 + 0.3 * 18, 115 - 20 + 0.3 * 40], abs=3)
    panned = np.roll(covered, 6, axis=1)
    camera = np.array([[1.0, 0, 6], [0, 1, 0]])
    assert cover.is_present(panned, boxes[2] + (6, 0, 6, 0), camera)
    assert cover.extent == pytest.approx([36, 40, 136, 115], abs=3)
    sliding = field()
    sliding[10:85, 36:136] = board
    assert cover.is_present(sliding, boxes[2] + (6, 0, 6, 0), None)
    assert cover.extent == pytest.approx([36, 40, 136, 115], abs=3)
    assert not cover.is_present(field(), boxes[2] + (6, 0, 6, 0), None)


def test_two_who_look_alike_leave_it_undecided() -> None:
    one, other = np.array([10.0, 10, 30, 60]), np.array([90.0, 10, 110, 60])
    sightings = Sightings()
    assert [sightings.lead(Candidate(one + i, 1.0, 1.0), i) for i in range(4)] == [1, 2, 3, 4]
    undecided = Sightings()
    assert max(undecided.lead(Candidate((one, other)[i % 2], 1.0, 1.0), i) for i in range(12)) <= 1
    rivals = Sightings()
    assert max(rivals.lead(Candidate(one, 1.0, 1.0, (other,)), i) for i in range(12)) == 0
    assert rivals.lead(Candidate(one, 1.0, 1.0), 30) == 1, "what was long ago counts no more"


def test_without_redetection_a_lost_object_stays_lost() -> None:
    images, boxes = walk(40, hidden=HIDDEN)
    results = follow(SingleTracker("csrt", redetect=False, bridge=6), images, boxes[0])
    assert results[-1].state == "lost"
    assert np.isnan(results[-1].box).all()
    assert not results[-1].seen


def test_a_detector_s_boxes_are_tried_but_must_look_like_the_object() -> None:
    images, boxes = walk(40, hidden=HIDDEN)
    asked = []

    def detector(frames: list[np.ndarray]) -> list[Detections]:
        asked.append(len(frames))
        turf = [100, 10, 118, 50]
        return [Detections.from_arrays([turf, boxes[-1]]) for _ in frames]

    tracker = SingleTracker("csrt", detector=detector, detect_every=1, search_every=10**6)
    results = follow(tracker, [*images[:-8], *[images[-1]] * 8], boxes[0])
    assert asked
    assert overlap(results[-1].box, boxes[-1]) > 0.6


@pytest.mark.parametrize("method", ["kcf", "mosse", "mil"])
def test_opencv_s_other_trackers_follow_too(method: str) -> None:
    images, boxes = walk(6)
    results = follow(SingleTracker(method), images, boxes[0])
    assert overlap(results[-1].box, boxes[5]) > 0.3


def test_a_large_object_is_followed_at_a_smaller_scale() -> None:
    images, boxes = walk(6)
    large = [cv2.resize(image, None, fx=6, fy=6) for image in images]
    results = follow(SingleTracker("csrt", window=120), large, 6 * boxes[0])
    assert [result.state for result in results] == ["tracking"] * 6
    assert overlap(results[-1].box, 6 * boxes[5]) > 0.6


def test_a_large_object_s_window_is_scaled_to_whole_cells_and_a_small_one_s_is_not() -> None:
    images, boxes = walk(2)
    follower = Follower("csrt", window=180, large=100)
    follower.init(images[0], boxes[0])
    plain = cv2.TrackerCSRT.create()
    plain.init(images[0], whole_box(boxes[0]))
    x, y, w, h = plain.update(images[1])[1]
    np.testing.assert_array_equal(follower.update(images[1])[1], [x, y, x + w, y + h])
    large = [cv2.resize(image, None, fx=8, fy=8) for image in images]
    follower.init(large[0], 8 * boxes[0])
    assert overlap(follower.update(large[1])[1], 8 * boxes[1]) > 0.6


def test_grey_frames_are_welcome() -> None:
    images, boxes = walk(5)
    grey = [image.mean(axis=2).astype(np.uint8) for image in images]
    assert follow(SingleTracker("csrt"), grey, boxes[0])[-1].state == "tracking"
    assert follow(SingleTracker("csrt"), [g[..., None] for g in grey], boxes[0])[-1].state == "tracking"


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ((300, 10, 320, 40), "outside the 240x160 frame"),
        ((10, 10, 10, 40), "above 0"),
        ((10, 40, 30, 20), "above 0"),
        ((np.nan, 1, 20, 20), "finite"),
        ((0, 0, np.inf, 20), "finite"),
        ((1, 2, 3), "four numbers"),
        ("box", "four numbers"),
        ((239.5, 10, 260, 40), "too little"),
    ],
)
def test_a_bad_box_is_refused(box: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        SingleTracker("kcf").init(field(), box)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (None, "expected"),
        (np.zeros((0, 5, 3), np.uint8), "expected"),
        (np.zeros((50, 50, 3)), "uint8"),
        (np.zeros((50, 50, 4), np.uint8), r"expected \(H, W, 3\) uint8, got \(50, 50, 4\) uint8"),
    ],
)
def test_a_bad_frame_is_refused(frame: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        SingleTracker("kcf").init(frame, (5, 5, 20, 20))


def test_frames_that_change_size_are_refused_and_named() -> None:
    images, boxes = walk(2)
    tracker = SingleTracker("kcf")
    tracker.init(images[0], boxes[0])
    with pytest.raises(SettingError, match="is 120x160, the frames before it 240x160"):
        tracker.update(images[1][:, ::2])


def test_update_before_init_is_refused() -> None:
    with pytest.raises(SettingError, match="init"):
        SingleTracker("kcf").update(field())


def test_frames_are_not_changed() -> None:
    images, boxes = walk(3)
    before = [image.copy() for image in images]
    follow(SingleTracker("csrt"), images, boxes[0])
    for image, copy in zip(images, before, strict=True):
        np.testing.assert_array_equal(image, copy)


def test_two_trackers_do_not_disturb_each_other() -> None:
    images, boxes = walk(6)
    alone = follow(SingleTracker("csrt"), images, boxes[0])
    one, other = SingleTracker("csrt"), SingleTracker("csrt")
    one.init(images[0], boxes[0])
    other.init(images[0], boxes[0] + 30)
    for image, expected in zip(images[1:], alone[1:], strict=True):
        other.update(image)
        np.testing.assert_array_equal(one.update(image).box, expected.box)


def test_unknown_names_say_what_is_there() -> None:
    with pytest.raises(SettingError, match=r"did you mean 'csrt'.*mosse"):
        SingleTracker("csr")
    with pytest.raises(SettingError, match="did you mean 'patience'"):
        SingleTracker("kcf", patiense=3)
    with pytest.raises(SettingError, match="at most high"):
        SotSettings(low=0.9, high=0.5)
    with pytest.raises(SettingError, match="window"):
        SotSettings(window=0)


def test_network_trackers_ask_for_their_files(tmp_path: Any) -> None:
    with pytest.raises(WeightsError, match=r"--model backbone=FILE\.onnx --model neckhead=FILE\.onnx"):
        SingleTracker("nano")
    with pytest.raises(WeightsError, match="no model file"):
        SingleTracker("vit", models={"net": tmp_path / "absent.onnx"})
    with pytest.raises(SettingError, match="its files are net"):
        SingleTracker("vit", models={"nett": "x.onnx"})
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        make("vit", {"net": str(broken)})


def test_an_opencv_without_csrt_is_named_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        __version__ = "5.0.0"
        resize = None

    monkeypatch.setitem(sys.modules, "cv2", Plain())
    with pytest.raises(SportstrackError, match="no TrackerCSRT") as error:
        make("csrt")
    assert opencv.FIX in str(error.value)


def test_every_method_has_a_class_in_this_opencv() -> None:
    for name in METHODS.values():
        assert hasattr(cv2, name) or hasattr(cv2.legacy, name), name


@given(
    st.lists(st.floats(0, 1000), min_size=2, max_size=2), st.floats(80, 500), st.floats(80, 500), st.integers(150, 1279)
)
def test_a_scaled_picture_s_boxes_come_back_without_a_rounding_error(
    corner: list[float], w: float, h: float, width: int
) -> None:
    box = np.array([*corner, corner[0] + w, corner[1] + h])
    large, small = np.empty((720, 1280, 3), np.uint8), np.empty((width * 9 // 16, width, 3), np.uint8)
    there = _Map(large, small, box)
    x, y, across, down = there.whole
    np.testing.assert_allclose(there.back(np.array([x, y, x + across, y + down], float)), box, atol=1e-6)


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), st.floats(1, 500), st.floats(1, 500))
def test_whole_boxes_have_a_size(corner: list[float], w: float, h: float) -> None:
    _, _, width, height = whole_box(np.array([*corner, corner[0] + w, corner[1] + h]))
    assert abs(width - w) <= 1
    assert abs(height - h) <= 1


def test_a_follower_gives_boxes_in_full_pixels() -> None:
    images, boxes = walk(2)
    follower = Follower("csrt", window=40, large=10)
    follower.init(images[0], boxes[0])
    ok, box, response = follower.update(images[1])
    assert ok
    assert response is None
    assert overlap(box, boxes[1]) > 0.5


# --- the ball --------------------------------------------------------------------------------------------------------


def flight(count: int) -> tuple[list[np.ndarray], np.ndarray]:
    images, boxes = [], []
    for i in range(count):
        image = field()
        x, y = 20 + 5 * i, 80 - 2 * i
        cv2.circle(image, (x, y), 5, (240, 240, 240), -1)
        images.append(image)
        boxes.append([x - 5, y - 5, x + 6, y + 6])
    return images, np.array(boxes, float)


def found(boxes: Any, score: float = 0.8) -> Detections:
    table = np.asarray(boxes, float).reshape(-1, 4)
    return Detections.from_arrays(table, np.full(len(table), score))


def test_the_tracker_bridges_frames_without_a_detection() -> None:
    images, boxes = flight(12)
    tracker = BallTracker()
    for i, image in enumerate(images):
        result = tracker.update(image, found(boxes[i] if i < 6 else []))
        assert result.state == "tracking"
        assert np.hypot(*(result.box - boxes[i])[:2]) < 4


def test_without_a_visual_tracker_motion_guesses_for_a_moment() -> None:
    images, boxes = flight(20)
    tracker = BallTracker(method=None)
    results = [tracker.update(image, found(boxes[i] if i < 6 else [])) for i, image in enumerate(images)]
    assert results[8].state == "occluded"
    assert np.hypot(*(results[8].box - boxes[8])[:2]) < 6
    assert results[-1].state == "lost"
    assert np.isnan(results[-1].box).all()


def test_a_jump_that_no_ball_can_make_is_rejected_unless_it_stays() -> None:
    images, boxes = flight(20)
    tracker = BallTracker(method=None)
    far = [200, 130, 211, 141]
    for i in range(8):
        tracker.update(images[i], found(boxes[i]))
    assert tracker.update(images[8], found(far, 0.99)).state == "occluded"
    assert tracker.update(images[9], found(boxes[9])).state == "tracking"
    answers = [tracker.update(images[i], found(far, 0.9)) for i in range(10, 14)]
    assert answers[0].state == "occluded"
    np.testing.assert_array_equal(answers[-1].box, far)


def test_unusable_and_foreign_detections_are_left_out() -> None:
    images, boxes = flight(1)
    tracker = BallTracker(classes=[32])
    table = Detections(np.array([[np.nan, 0, 1, 1], boxes[0]]), np.array([0.9, 0.9]), np.array([32, 0]))
    assert tracker.update(images[0], table).state == "lost"


def test_ball_classes_are_known_by_name() -> None:
    assert ball_classes({0: "person", 32: "sports ball"}) == [32]
    with pytest.raises(SettingError, match="person"):
        ball_classes({0: "person"})
    with pytest.raises(SettingError, match="no detector"):
        BallTracker().update(field())


@settings(max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 6))
def test_filling_closes_short_gaps_and_says_so(seen: list[bool], limit: int) -> None:
    mask = np.array(seen)
    truth = np.arange(len(mask))[:, None] + np.array([0.0, 5, 10, 20])
    boxes = np.where(mask[:, None], truth, np.nan)
    filled, made = fill_gaps(boxes, limit)
    np.testing.assert_allclose(filled[mask | made], truth[mask | made])
    assert np.isnan(filled[~(mask | made)]).all()
    assert not (made & mask).any()
    runs = "".join("." if m else "x" for m in mask | made).strip("x").split(".")
    assert all(not run or len(run) > limit for run in runs)


def test_importing_and_settings_load_no_opencv() -> None:
    import subprocess

    code = "import sys, sportstrack.sot, sportstrack.presence; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Single-object tracking as a user meets it: it follows, it reports what it does not see, and it finds it again."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import cv2
import numpy as np
import pytest
from toy_player import behind, field, follow, overlap, place, walk

from sportstrack.errors import SettingError
from sportstrack.sot import SingleTracker, SotSettings
from sportstrack.sot.appearance import Appearance
from sportstrack.sot.cover import Cover
from sportstrack.sot.distractors import Sightings
from sportstrack.sot.methods import whole_box
from sportstrack.sot.search import Candidate
from sportstrack.types import Detections

HIDDEN = range(14, 26)


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


def test_after_a_shot_change_the_whole_picture_is_searched() -> None:
    images, boxes = walk(24, new_shot=10)
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert results[9].state == "tracking"
    assert results[-1].state == "tracking"
    assert overlap(results[-1].box, boxes[-1]) > 0.5


def test_a_team_mate_in_plain_sight_is_not_taken_for_the_object() -> None:
    images, boxes = walk(40, hidden=range(14, 40))
    for image in images:
        place(image, 130, 60)  # where the search arrives, and the nearest similar player
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert "tracking" not in [result.state for result in results[HIDDEN.start + 1 : 30]]


def test_while_the_cover_stays_no_player_far_from_it_is_taken_for_the_object() -> None:
    images = []
    for i in range(58):
        image = field()
        place(image, 40 + 2 * min(i, 20), 60)
        if i >= 14:
            image[40:115, 55:160] = (150, 90, 60)
        if i >= 34:
            place(image, 178, 60)  # a similar player appears and waits until the search has widened that far
        images.append(image)
    results = follow(SingleTracker("csrt"), images, np.array([40, 60, 58, 100], float))
    assert "tracking" not in [result.state for result in results[16:]]


def test_a_player_that_turns_behind_a_board_is_found_where_it_comes_out() -> None:
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


def test_a_similar_player_that_appears_beside_the_board_is_not_taken_once_the_board_has_gone() -> None:
    images, boxes = behind(60, (30, 130), lambda i: 40 + 2 * min(i, 16), range(16, 40))
    for i, image in enumerate(images):
        if i >= 24:
            place(image, max(240 - 6 * (i - 24), 150), 60)  # comes in from the right and waits there
        if i >= 40:
            image[60:100, 60:100] = field()[60:100, 60:100]  # the player has gone
    results = follow(SingleTracker("csrt"), images, boxes[0])
    assert "tracking" not in [result.state for result in results[18:]]


def test_the_extent_of_a_cover_is_measured_and_kept_when_the_cover_slides_away() -> None:
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


def test_two_similar_candidates_leave_it_undecided() -> None:
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


def test_a_detector_s_boxes_are_candidates_but_must_be_similar_to_the_object() -> None:
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


def test_importing_and_settings_load_no_opencv() -> None:
    code = "import sys, sportstrack.sot, sportstrack.presence; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

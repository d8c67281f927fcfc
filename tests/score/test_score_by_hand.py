"""Cases small enough to work out on paper; each test's comment does."""

from __future__ import annotations

import numpy as np
import pytest

from sportstrack.mot import MotTable, parse_mot
from sportstrack.score.run import score_tracks
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence


def table(*rows: tuple[int, int, str]) -> MotTable:
    """(frame from 1, id, place) rows; places are 10 × 10 boxes 100 px apart, ``a+4`` is place a moved 4 px right."""
    if not rows:
        return MotTable.empty()
    text = ""
    for frame, name, place in rows:
        left = 100 * "abcdefghij".index(place[0]) + int(place[1:] or 0)
        text += f"{frame},{name},{left},0,10,10\n"
    return parse_mot(text)


def score(truth: MotTable, result: MotTable, frames: int | None = None) -> Scores:
    return Scores.of(Sequence.of("by hand", truth, result, frames))


def test_perfect() -> None:
    rows = table(*[(f, i, "ab"[i]) for f in (1, 2, 3) for i in (0, 1)])
    scores = score(rows, rows)
    for figure in ("HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDF1", "IDP", "IDR", "Recall", "Precision"):
        assert scores[figure] == pytest.approx(1), figure
    assert (scores.IDSW, scores.Frag, scores.FP, scores.FN, scores.MT, scores.PT, scores.ML) == (0, 0, 0, 0, 2, 0, 0)


def test_a_track_that_changes_its_id_halfway() -> None:
    # Truth: one player, 4 frames. Result: id 1 in frames 1–2, id 2 in frames 3–4, boxes exact.
    truth = table(*[(f, 1, "a") for f in (1, 2, 3, 4)])
    scores = score(truth, table((1, 1, "a"), (2, 1, "a"), (3, 2, "a"), (4, 2, "a")))
    # One switch in 4 true boxes: MOTA = 1 − 1/4.
    assert scores.IDSW == 1
    assert pytest.approx(0.75) == scores.MOTA
    # One of the two ids can be the player's: IDTP = 2, IDFN = 2, IDFP = 2; IDF1 = 2·2 / (4 + 4).
    assert (scores.IDTP, scores.IDFN, scores.IDFP) == (2, 2, 2)
    assert pytest.approx(0.5) == scores.IDF1
    # Each of the 4 matches: its two tracks share 2 frames of 4 + 2 − 2 = 4, so AssA = 1/2, AssRe = 2/4, AssPr = 2/2.
    assert scores.AssA == pytest.approx(0.5)
    assert scores.AssRe == pytest.approx(0.5)
    assert scores.AssPr == pytest.approx(1.0)
    # Detection is perfect: HOTA = √(1 · ½).
    assert scores.DetA == pytest.approx(1.0)
    assert pytest.approx(0.5**0.5) == scores.HOTA
    # Not lost for a frame: no fragment, mostly tracked.
    assert (scores.Frag, scores.MT) == (0, 1)


def test_misses_and_false_alarms() -> None:
    # Truth: 4 boxes in 4 frames. Result: 3 of them, and 2 boxes elsewhere.
    truth = table(*[(f, 1, "a") for f in (1, 2, 3, 4)])
    scores = score(truth, table((1, 1, "a"), (2, 1, "a"), (3, 1, "a"), (2, 2, "c"), (4, 2, "c")))
    # TP 3, FN 1, FP 2: MOTA = 1 − (1 + 2)/4; Recall 3/4; Precision 3/5; 2 false alarms in 4 frames.
    assert (scores.CLR_TP, scores.FN, scores.FP) == (3, 1, 2)
    assert pytest.approx(0.25) == scores.MOTA
    assert scores.Recall == pytest.approx(3 / 4)
    assert scores.Precision == pytest.approx(3 / 5)
    assert pytest.approx(0.5) == scores.FAF
    # IDTP 3, so IDR = 3/4, IDP = 3/5, IDF1 = 2·3 / (4 + 5).
    assert pytest.approx(6 / 9) == scores.IDF1
    # DetA = 3 / (3 + 1 + 2); the tracks share 3 frames of 4 + 3 − 3: AssA = 3/4; HOTA = √(1/2 · 3/4).
    assert scores.DetA == pytest.approx(0.5)
    assert scores.AssA == pytest.approx(0.75)
    assert pytest.approx((0.5 * 0.75) ** 0.5) == scores.HOTA


def test_overlap_of_exactly_one_half() -> None:
    # 10 × 10 against its upper half: IoU = 50/100 passes the thresholds 0.05 … 0.50, 10 of 19, and CLEAR's 0.5.
    scores = score(parse_mot("1,1,0,0,10,10"), parse_mot("1,1,0,0,10,5"))
    assert pytest.approx(0.5) == scores.MOTP
    assert scores.CLR_TP == 1
    assert scores.curve("HOTA").tolist() == [1.0] * 10 + [0.0] * 9
    assert pytest.approx(10 / 19) == scores.HOTA
    # LocA is 0.5 where there is a match and 1 by definition where there is none.
    assert scores.LocA == pytest.approx((10 * 0.5 + 9) / 19)


def test_a_gap_is_a_fragment_if_the_tracker_saw_something() -> None:
    truth = table(*[(f, 1, "a") for f in (1, 2, 3)])
    # Frame 2: the player is missed, another box is there. The track is broken once; the id returns, so no switch.
    scores = score(truth, table((1, 1, "a"), (2, 9, "c"), (3, 1, "a")))
    assert (scores.Frag, scores.IDSW, scores.FN, scores.FP) == (1, 0, 1, 1)
    # Frame 2 without any result box: skipped, so the track goes on. The reference implementation decided so.
    scores = score(truth, table((1, 1, "a"), (3, 1, "a")))
    assert (scores.Frag, scores.IDSW, scores.FN, scores.FP) == (0, 0, 1, 0)


def test_a_switch_is_counted_after_any_gap() -> None:
    truth = table(*[(f, 1, "a") for f in (1, 2, 3, 4)], *[(f, 2, "c") for f in (1, 2, 3, 4)])
    result = table((1, 1, "a"), (4, 5, "a"), *[(f, 2, "c") for f in (1, 2, 3, 4)])
    assert score(truth, result).IDSW == 1


def test_last_frame_s_partner_is_kept_while_it_overlaps_by_half() -> None:
    # Frame 2: id 1 overlaps the player by 7/13 (moved 3 px), id 2 exactly. CLEAR stays with id 1: no switch, MOTP is
    # (1 + 7/13) / 2. HOTA and Identity do not look back.
    truth = table((1, 1, "a"), (2, 1, "a"))
    scores = score(truth, table((1, 1, "a"), (2, 1, "a3"), (2, 2, "a")))
    assert scores.IDSW == 0
    assert pytest.approx((1 + 7 / 13) / 2) == scores.MOTP
    # Moved 4 px it is 6/14 < 1/2: lost, and id 2 takes over.
    scores = score(truth, table((1, 1, "a"), (2, 1, "a4"), (2, 2, "a")))
    assert scores.IDSW == 1
    assert pytest.approx(1) == scores.MOTP


def test_mostly_tracked_and_mostly_lost() -> None:
    # Five players, 10 frames each, tracked in 9, 8, 5, 2 and 1 of them. More than 80 % is MT, less than 20 % is ML.
    truth = table(*[(f, i, "abcde"[i]) for f in range(1, 11) for i in range(5)])
    result = table(*[(f, i, "abcde"[i]) for i, n in enumerate((9, 8, 5, 2, 1)) for f in range(1, n + 1)])
    scores = score(truth, result)
    assert (scores.MT, scores.PT, scores.ML) == (1, 3, 1)
    assert pytest.approx((0.2, 0.6, 0.2)) == (scores.MTR, scores.PTR, scores.MLR)


def test_two_players_swap_ids() -> None:
    # Ids cross after frame 1 of 3. Truth 1 keeps result 2 for 2 frames, and so does truth 2 with result 1:
    # IDTP = 2 + 2, IDFP = IDFN = 2, IDF1 = 4/6. Two switches in 6 boxes.
    truth = table(*[(f, i, "ab"[i]) for f in (1, 2, 3) for i in (0, 1)])
    result = table((1, 0, "a"), (1, 1, "b"), *[(f, i, "ba"[i]) for f in (2, 3) for i in (0, 1)])
    scores = score(truth, result)
    assert scores.IDSW == 2
    assert pytest.approx(4 / 6) == scores.IDF1
    assert pytest.approx(1 - 2 / 6) == scores.MOTA
    # Matches: 2 of pairs that share 1 frame of 3 + 3 − 1, 4 of pairs that share 2 of 3 + 3 − 2.
    assert scores.AssA == pytest.approx((2 * 1 / 5 + 4 * 2 / 4) / 6)


def test_pooling_adds_counts_not_ratios() -> None:
    # One box found of one; one found of three: MOTA is (1 + 1) / (1 + 3), not the mean of 1 and 1/3.
    one = score(table((1, 1, "a")), table((1, 1, "a")))
    two = score(table((1, 1, "a"), (2, 1, "a"), (3, 1, "a")), table((2, 1, "a")))
    both = one + two
    assert pytest.approx(2 / 4) == both.MOTA
    assert both.frames == 4
    assert [part.name for part in both.parts] == ["by hand", "by hand"]
    assert sum([one, two]).HOTA == both.HOTA


def test_nothing_on_one_side() -> None:
    some = table((1, 1, "a"), (2, 1, "a"))
    nothing = score(some, table())
    assert (nothing.FN, nothing.ML, nothing.MOTA, nothing.HOTA, nothing.IDF1) == (2, 1, 0, 0, 0)
    ghosts = score(table(), some)
    assert (ghosts.FP, ghosts.IDFP, ghosts.MOTA, ghosts.HOTA) == (2, 2, 0, 0)
    assert pytest.approx((0 - 2) / 2) == (ghosts + nothing).MOTA
    assert score(table(), table()).HOTA == 0


def test_a_distractor_takes_its_result_box_away() -> None:
    # Columns 7–9: consider flag, class, visibility. Player (class 1), distractor (8), player not considered (flag 0).
    truth = "1,1,0,0,10,10,1,1,1\n1,2,100,0,10,10,0,8,1\n1,3,200,0,10,10,0,1,1\n"
    result = "1,1,0,0,10,10\n1,2,100,0,10,10\n1,3,200,0,10,10\n1,4,300,0,10,10\n"
    # Plain: both boxes that are not considered are left out of the truth, so three of four results are false.
    plain = Scores.of(Sequence.of("plain", parse_mot(truth), parse_mot(result)))
    assert (plain.CLR_TP, plain.FP, plain.FN) == (1, 3, 0)
    # MOT17: the result on the distractor goes; the one on the unconsidered player stays false, as in the benchmark.
    scores = score_tracks(np.array(rows(truth)), np.array(rows(result)), benchmark="MOT17")
    assert (scores.CLR_TP, scores.FP, scores.FN) == (1, 2, 0)


def rows(text: str) -> list[list[float]]:
    return [[float(cell) for cell in line.split(",")] for line in text.splitlines()]

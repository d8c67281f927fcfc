"""Teams while a match is running: settled within a second, honest before, mended after."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from helpers.kitted import PARQUET, Match, line_up, plain

from sportstrack.embed.clothes import kit_colours
from sportstrack.identities.table import Identity
from sportstrack.identities.watch import TeamWatch
from sportstrack.types import Detections, Tracks

HOME, AWAY = plain("white"), plain("red", "white")


def told(match: Match, count: int, **swap: int) -> Iterator[tuple[float, TeamWatch, dict[int, Identity]]]:
    """Yield time, watch and what it says, frame by frame; two ids change places if asked to."""
    watch = TeamWatch(1280, {0: ""})
    for number, image, ids, boxes in match.frames(count):
        rows = np.arange(len(ids))
        found = Detections.from_arrays(boxes, np.ones(len(ids)), np.zeros(len(ids), np.int64))
        found = Detections(found.xyxy, found.score, found.class_id, kit_colours=kit_colours(image, boxes))
        track = ids.copy()
        if swap and number >= swap["at"]:
            track[[swap["one"], swap["other"]]] = track[[swap["other"], swap["one"]]]
        tracks = Tracks(found.xyxy, found.score, found.class_id, track, rows)
        yield number / match.frame_rate, watch, watch.add(number, number / match.frame_rate, tracks, found)


def names(said: dict[int, Identity]) -> list[str]:
    return [said[track].team for track in sorted(said)]


def test_plain_teams_settle_within_a_second_and_are_surer_later() -> None:
    kits, places = line_up(HOME, AWAY)
    settled = [(time, said) for time, watch, said in told(Match(kits, places), 50) if watch.settled is not None]
    first, last = settled[0], settled[-1]
    assert first[0] < 1
    assert names(first[1]) == names(last[1]) == ["A"] * 6 + ["B"] * 6
    early, late = (np.array([one.team_confidence for one in said.values()]) for _, said in (first, last))
    assert early.max() <= 0.9
    assert late.min() > 0.95


def test_faint_second_boxes_of_people_hide_nobody() -> None:
    kits, places = line_up(HOME, AWAY)
    match, watch = Match(kits, places), TeamWatch(1280, {0: ""})
    for number, image, ids, boxes in match.frames(10):
        both, count = np.concatenate((boxes, boxes + 2)), len(ids)
        score, kind = np.repeat([0.9, 0.15], count), np.zeros(2 * count, np.int64)
        found = Detections(both, score, kind, kit_colours=kit_colours(image, both))
        tracks = Tracks(boxes, score[:count], kind[:count], ids, np.arange(count))
        said = watch.add(number, number / match.frame_rate, tracks, found)
    assert names(said) == ["A"] * 6 + ["B"] * 6
    assert watch.evidence(found)[:count, :2].max(axis=1).min() > 0.8


def test_alike_teams_take_longer_than_unlike_ones() -> None:
    times = []
    for one, other in ((HOME, AWAY), (plain("white", "white"), plain("white", "grey"))):
        kits, places = line_up(one, other)
        times.append(next(time for time, watch, _ in told(Match(kits, places), 60) if watch.settled is not None))
    assert times[0] < times[1]


def test_nothing_is_said_of_grey_film_or_of_one_team_alone() -> None:
    kits, places = line_up(HOME, AWAY)
    alone = line_up(plain("blue"), each=11)
    for match in (Match(kits, places, grey=True), Match(*alone)):
        for _, watch, said in told(match, 40):
            assert watch.settled is None
            assert not any(one.team or one.role for one in said.values())


def test_of_three_teams_the_third_is_unknown_while_it_runs() -> None:
    kits, places = line_up(HOME, plain("blue"), plain("yellow"), each=4)
    *_, (_, _, said) = told(Match(kits, places), 20)
    of_each = [set(names(said)[at : at + 4]) for at in (0, 4, 8)]
    assert sorted(of_each, key=str) == [{""}, {"A"}, {"B"}]


def test_teams_on_parquet_are_told_while_it_runs() -> None:
    kits, places = line_up(plain("white", "white"), plain("blue", "blue"), each=5)
    *_, (_, _, said) = told(Match(kits, places, field=PARQUET), 20)
    assert names(said) == ["A"] * 5 + ["B"] * 5


@pytest.mark.parametrize("shirt", ["red", "black", "orange"])
def test_a_referee_in_a_similar_kit_is_in_no_team_while_it_runs(shirt: str) -> None:
    """The team in red has white shorts; the referee's are black."""
    kits, places = line_up(HOME, AWAY, each=4)
    match = Match([*kits, plain(shirt, "black")], np.vstack((places, [[640.0, 250.0]])))
    *_, (_, watch, said) = told(match, 20)
    assert names(said) == ["A"] * 4 + ["B"] * 4 + [""]
    assert watch.finish().of(9)[0].team == ""


def test_two_players_who_change_places_have_their_teams_again_within_a_second() -> None:
    kits, places = line_up(HOME, AWAY)
    wrong = [
        time
        for time, _, said in told(Match(kits, places), 70, at=40, one=0, other=11)
        if time >= 4 and (said[1].team, said[12].team) != ("B", "A")
    ]
    assert len(wrong) <= 10  # of ten frames a second
    assert max(wrong, default=0) < 5


def test_evidence_for_the_tracker_begins_when_the_teams_are_settled() -> None:
    kits, places = line_up(HOME, AWAY)
    match = Match(kits, places)
    watch = TeamWatch(1280, {0: ""})
    for number, image, ids, boxes in match.frames(20):
        found = Detections(boxes, np.ones(12), np.zeros(12, np.int64), kit_colours=kit_colours(image, boxes))
        shares = watch.evidence(found)
        assert shares.any() == (watch.settled is not None)
        watch.add(number, number / 10, Tracks(boxes, np.ones(12), np.zeros(12, np.int64), ids, np.arange(12)), found)
    assert (shares[:6, 0] > 0.5).all()
    assert (shares[6:, 1] > 0.5).all()

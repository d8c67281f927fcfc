"""Labels are readable: on no head, on no other label, inside the picture, and they do not jump about."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.draw.colours import PALETTE, TrackColours
from sportstrack.draw.labels import Placer, heads

PICTURE = (320, 240)
CLOCK = np.array([[5.0, 220, 80, 235]])


def boxes(places: list[tuple[float, float]]) -> np.ndarray:
    return np.array([[x, y, x + 0.02 * y + 8, y + 0.05 * y + 20] for x, y in places], float).reshape(-1, 4)


def covers(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) > 0).all())


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(-10, 310), st.floats(-20, 230)), max_size=25),
    below=st.booleans(),
)
def test_no_label_covers_a_head_a_label_the_clock_or_the_border(places: list[tuple[float, float]], below: bool) -> None:
    people, ids = boxes(places), list(range(len(places)))
    sizes = np.tile([22.0, 13.0], (len(ids), 1))
    spots = Placer(below_first=below).place(ids, people, sizes, CLOCK, people, PICTURE)
    found = [np.array([s.x, s.y, s.x + 22, s.y + 13], float) for s in spots if s is not None]
    for i, label in enumerate(found):
        assert not any(covers(label, head) for head in [*heads(people), *CLOCK])
        assert not any(covers(label, other) for other in found[:i])
        assert (label[:2] >= 0).all()
        assert (label[2:] <= PICTURE).all()


def test_nobody_goes_without_a_label_where_there_is_room() -> None:
    people = boxes([(40 + 60 * column, 40 + 60 * row) for row in range(3) for column in range(4)])
    spots = Placer(below_first=True).place(
        list(range(12)), people, np.tile([22.0, 13.0], (12, 1)), CLOCK, people, PICTURE
    )
    assert None not in spots
    assert not any(spot.leader for spot in spots if spot is not None)


def test_a_crowd_gets_leaders() -> None:
    people = boxes([(150 + 5 * i, 100) for i in range(10)])
    spots = Placer(below_first=True).place(
        list(range(10)), people, np.tile([22.0, 13.0], (10, 1)), CLOCK, people, PICTURE
    )
    assert sum(spot is not None for spot in spots) >= 8
    assert any(spot.leader for spot in spots if spot is not None)


def test_a_label_stays_on_its_side() -> None:
    placer, sizes = Placer(below_first=True), np.array([[22.0, 13.0], [22.0, 13.0]])
    near = boxes([(100, 100), (100, 130)])  # the second one's head is below the first one's feet
    (first, _), far = placer.place([1, 2], near, sizes, CLOCK, near, PICTURE), boxes([(100, 100), (100, 190)])
    assert first is not None
    (later, _) = placer.place([1, 2], far, sizes, CLOCK, far, PICTURE)
    assert later is not None
    assert (later.x, later.y) == (first.x, first.y)


def test_those_near_each_other_differ_and_keep_their_colours() -> None:
    rng, colours = np.random.default_rng(3), TrackColours()
    kept: dict[int, tuple[int, int, int]] = {}
    for frame in range(40):
        ids = np.arange(frame // 4, frame // 4 + 20)  # one leaves and one comes every fourth frame
        middle = np.random.default_rng(5).uniform(0, 300, (60, 2))[ids] + rng.normal(0, 1, (20, 2))
        found = colours.of(ids, np.hstack([middle - (5, 15), middle + (5, 15)]))
        for row, colour in enumerate(found):
            far = np.linalg.norm(middle - middle[row], axis=1)
            nearest = np.argsort(far)[1:4]
            assert all(found[other] != colour for other in nearest)
            assert kept.setdefault(int(ids[row]), colour) == colour
    assert len(set(kept.values())) > 0.8 * len(PALETTE)

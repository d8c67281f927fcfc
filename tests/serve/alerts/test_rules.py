"""Rules of alerts: what they say of themselves when wrong, and when they raise and clear."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.errors import FormatError
from sportstrack.serve.alerts.rules import EXAMPLE, KINDS, AlertRule, inside, parse_rules
from sportstrack.serve.alerts.trigger import Hysteresis, Trigger

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
SIZE = (100, 100)


def frame(time: float, *feet: tuple[int, float], kind: str = "player", **more: Any) -> dict[str, Any]:
    """A frame's result with tracks (id, x); they stand on the lower third."""
    tracks = [{"id": one, "class": kind, "score": 0.9, "box": [x - 5, 40, x + 5, 66], **more} for one, x in feet]
    return {"time": time, "tracks": tracks}


def run(rule: AlertRule, frames: list[dict[str, Any]]) -> list[tuple[float, str]]:
    trigger = Trigger(rule)
    told = [(record["time"], trigger.on_frame(record, SIZE)) for record in frames]
    return [(time, verdict.state) for time, verdict in told if verdict]


def test_the_example_is_read() -> None:
    crowded, down = parse_rules(EXAMPLE)
    assert (crowded.name, crowded.above, crowded.seconds, crowded.clear, crowded.every) == ("crowded box", 8, 5, 2, 60)
    assert len(crowded.zone) == 4
    assert (down.when, down.seconds) == ("down", 5.0)
    assert parse_rules("") == parse_rules("rules:\n") == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rules: [", 1, "expected"),
        ("a: 1", 1, "rules:"),
        ("rules:\n  - name: a\n    when: cont", 3, "did you mean 'count'"),
        ("rules:\n  - name: a\n    when: count", 3, "above"),
        ("rules:\n  - name: a\n    when: count\n    above: many", 4, "number"),
        ("rules:\n  - name: a\n    when: count\n    above: .nan", 4, "number"),
        ("rules:\n  - name: a\n    when: down\n    above: 2", 4, "leave it out"),
        ("rules:\n  - name: a\n    when: enter", 3, "zone"),
        ("rules:\n  - name: a\n    when: enter\n    zone: [[0, 0], [1, 1], [2, 0]]", 4, "from 0 to 1"),
        ("rules:\n  - name: a\n    when: enter\n    zone: [[0, 0], [0.5, 0.5], [1, 1]]", 4, "on a line"),
        ("rules:\n  - name: a\n    when: down\n    colour: red", 4, "colour"),
        ("rules:\n  - when: down", 2, "name: is missing"),
        ("rules:\n  - name: a\n    when: down\n  - name: a\n    when: down", 4, "another rule"),
        ("rules:\n  - name: a\n    name: b\n    when: down", 3, "twice"),
        ("rules:\n  - name: a\n    when: down\n    webhook: file:///x", 4, "https://"),
        ("rules:\n  - name: a\n    when: down\n    for: -1", 4, "from 0"),
        ("rules:\n  - name: a\n    when: seen", 2, "person: is missing"),
        ("a: &a [1]\nrules: *a", 2, "aliases"),
        ("rules:\n  - !!python/object:os.system x", 2, "constructor"),
        ("rules:\n  - name: a\n    when: count\n    above: 2\n    below: 3", 5, "less than"),
    ],
)
def test_an_error_names_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_rules(text)
    assert f"line {line}" in str(caught.value)
    assert words in str(caught.value)


@given(st.text(max_size=200) | st.text("rules:\n -nameawhencout'\"[]{}&*!|>#0.5", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rules = parse_rules(text)
    except FormatError:
        return
    assert all(rule.when in KINDS for rule in rules)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=3), st.floats(0, 1), st.floats(0, 1))
def test_a_triangle_holds_what_barycentric_coordinates_say(corners: list[Any], x: float, y: float) -> None:
    (x1, y1), (x2, y2), (x3, y3) = corners
    area = (x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1)
    if abs(area) < 1e-3:
        return
    shares = [
        ((x2 - x) * (y3 - y) - (x3 - x) * (y2 - y)) / area,
        ((x3 - x) * (y1 - y) - (x1 - x) * (y3 - y)) / area,
        ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) / area,
    ]
    if min(map(abs, shares)) > 1e-6:  # on an edge either answer will do
        assert inside(corners, x, y) == (min(shares) > 0)


@given(
    st.lists(st.tuples(st.integers(1, 8), st.sampled_from([True, False, None])), max_size=60),
    st.integers(0, 10),
    st.integers(0, 10),
    st.integers(0, 30),
)
def test_alerts_begin_and_end_in_turn_and_never_too_early(
    steps: list[Any], seconds: int, clear: int, every: int
) -> None:
    state, now, known, told = Hysteresis(seconds, clear, every), 0, [], []
    for step, holds in steps:
        now += step
        if holds is not None:
            known.append((now, holds))
        if found := state.update(now, holds):
            told.append((now, found))
            need = seconds if found == "raised" else clear
            value = found == "raised"
            run_of = [at for at, one in known if all(two is value for later, two in known if later >= at)]
            assert run_of
            assert now - run_of[0] >= need, "it had not lasted long enough"
    states = [found for _, found in told]
    assert states == [("raised", "cleared")[n % 2] for n in range(len(states))]
    raised = [at for at, found in told if found == "raised"]
    assert all(later - earlier >= every for earlier, later in pairwise(raised))
    if every == 0 and known and len(known) == len(steps):  # a whole run of what holds is always told
        last = [holds for _, holds in known]
        same = next((n for n, one in enumerate(reversed(last)) if one is not last[-1]), len(last))
        if last[-1] and known[-1][0] - known[-same][0] >= seconds:
            assert states[-1:] == ["raised"]


def test_too_many_in_a_zone_for_so_long() -> None:
    rule = AlertRule("crowd", "count", zone=LEFT, above=1, margin=1, seconds=1.0, clear=0.5)
    two, one, none = [(1, 10.0), (2, 20.0), (3, 90.0)], [(1, 10.0), (3, 90.0)], [(3, 90.0)]
    frames = [frame(n / 4, *two) for n in range(8)]  # 0 … 1.75
    frames += [frame(2 + n / 4, *one) for n in range(8)]  # not over: the margin
    frames += [frame(4 + n / 4, *none) for n in range(8)]
    assert run(rule, frames) == [(1.0, "raised"), (4.5, "cleared")]


def test_the_ball_is_no_person_and_is_missed_when_gone() -> None:
    ball = [frame(n / 10, (1, 50.0), kind="sports ball") for n in range(10)]
    gone = [frame(1 + n / 10, (2, 50.0)) for n in range(50)]
    assert run(AlertRule("ball", "ball_lost", seconds=3.0), [*ball, *gone, *[frame(7, (1, 9.0), kind="ball")]]) == [
        (4.0, "raised"),
        (7.0, "cleared"),
    ]
    assert run(AlertRule("crowd", "count", above=0), ball) == []
    assert run(AlertRule("balls", "count", classes=("sports ball",), above=0), ball)[:1] == [(0.0, "raised")]


def test_who_comes_in_and_who_goes_out() -> None:
    walk = [frame(n / 10, (7, 80.0 - 2 * n)) for n in range(30)] + [
        frame(3 + n / 10, (7, 20.0 + 2 * n)) for n in range(30)
    ]
    entered = run(AlertRule("in", "enter", zone=LEFT, seconds=0.3), walk)
    left = run(AlertRule("out", "leave", zone=LEFT, seconds=0.3), walk)
    assert [state for _, state in entered + left] == ["raised", "raised"]
    assert entered[0][0] == pytest.approx(1.9, abs=0.11)
    assert left[0][0] == pytest.approx(4.8, abs=0.11)
    shaky = [frame(n / 10, (7, 49.0 if n % 2 else 51.0)) for n in range(40)]
    assert run(AlertRule("in", "enter", zone=LEFT, seconds=0.3), shaky) == []
    many = [frame(n / 10, *((k, 80.0 - 10 * (n - k)) for k in range(5))) for n in range(40)]
    assert len(run(AlertRule("in", "enter", zone=LEFT, every=60.0), many)) == 1


def test_a_named_player_by_name_or_number() -> None:
    frames = [frame(1.0, (1, 50.0), name="Ada Example", team="home", number=10), frame(2.0, (2, 50.0))]
    for person in ("ada example", "home 10"):
        assert run(AlertRule("who", "seen", person=person), frames) == [(1.0, "raised"), (2.0, "cleared")]
    assert run(AlertRule("who", "seen", person="home 1"), frames) == []


def test_rate_latency_and_streams_that_are_down() -> None:
    rate = Trigger(AlertRule("slow", "rate", below=20, margin=2, seconds=2.0))
    told = [
        (now, verdict.state)
        for now, value in enumerate([25, 25, 18, 18, 18, 21, 21, 23])
        if (verdict := rate.on_state("running", {"frames_per_s": value}, now))
    ]
    assert told == [(4, "raised"), (7, "cleared")]
    down = Trigger(AlertRule("down", "down", seconds=1.0))
    states = ["starting", "running", "stalled", "reconnecting", "starting", "reconnecting", "reconnecting", "running"]
    assert [v.state for n, s in enumerate(states) if (v := down.on_state(s, {}, n))] == ["raised", "cleared"]

"""When a rule raises an alert and when that is over: conditions on frames and states, and hysteresis in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sportstrack.classes import ball_ids
from sportstrack.serve.alerts.rules import AlertRule, inside

FORGET = 5.0  # seconds after which a track that is not seen any more is forgotten
DOWN = ("stalled", "reconnecting", "failed")


@dataclass
class Hysteresis:
    """Turns what holds at times into beginnings and ends.

    Attributes:
        seconds: how long it must hold.
        clear: how long it must not hold before it is over.
        every: seconds between two beginnings that are told, at least.
        active: whether it has begun and is not over.
    """

    seconds: float
    clear: float
    every: float
    active: bool = False
    _since: float | None = None
    _told: float | None = None
    _is_told: bool = False
    _now: float = float("-inf")

    def update(self, now: float, holds: bool | None) -> str:
        """Return ``raised``, ``cleared`` or "" for what is known at a time; None is not known and changes nothing.

        A beginning within `every` seconds of the one told before is not told, and its end neither.
        """
        now = self._now = max(now, self._now)
        if holds is None or holds == self.active:
            self._since = None if holds is not None else self._since
            return ""
        self._since = now if self._since is None else self._since
        if now - self._since < (self.clear if self.active else self.seconds):
            return ""
        self.active, self._since = holds, None
        if not holds:
            return "cleared" if self._is_told else ""
        self._is_told = self._told is None or now - self._told >= self.every
        if self._is_told:
            self._told = now
        return "raised" if self._is_told else ""


@dataclass
class AlertVerdict:
    """What a rule says: ``raised`` or ``cleared``, with a sentence and the value that it looked at."""

    state: str
    message: str
    value: float | None = None


@dataclass
class _Where:
    """A track: inside or outside, and since when it is on the other side."""

    inside: bool
    seen: float
    crossed: float | None = None


@dataclass
class Trigger:
    """A rule on one stream."""

    rule: AlertRule
    _state: Hysteresis = field(init=False)
    _value: float | None = None
    _tracks: dict[int, _Where] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rule = self.rule
        crossing = rule.when in ("enter", "leave")  # the time is counted for each track
        self._state = Hysteresis(0.0 if crossing else rule.seconds, rule.clear, rule.every)

    @property
    def active(self) -> bool:
        """Whether the alert stands."""
        return self._state.active

    def on_frame(self, record: Mapping[str, Any], size: tuple[int, int]) -> AlertVerdict | None:
        """Look at a frame's result.

        Args:
            record: ``time`` and ``tracks``, as `sportstrack.serve.streams.results.frame_record` makes it.
            size: width and height of the picture.
        """
        rule, now = self.rule, float(record["time"])
        if rule.when == "count":
            self._value = float(len(self._chosen(record, size)))
            return self._told(now, self._out_of_bounds())
        if rule.when == "ball_lost":
            return self._told(now, not any(ball_ids({0: one["class"]}) for one in record["tracks"]))
        if rule.when == "seen":
            return self._told(now, any(_is_person(one, rule.person) for one in self._chosen(record, size)))
        if rule.when in ("enter", "leave"):
            return self._crossed(record, size, now)
        return None

    def on_state(self, state: str, counters: Mapping[str, Any], now: float) -> AlertVerdict | None:
        """Look at a stream's state and counters, at a time in seconds since 1970."""
        rule = self.rule
        if rule.when == "down":
            return self._told(now, None if state == "starting" else state in DOWN)  # a process that begins anew
        if rule.when in ("rate", "latency"):
            self._value = counters.get("frames_per_s" if rule.when == "rate" else "latency_p95_s")
            return self._told(now, None if self._value is None or state != "running" else self._out_of_bounds())
        return None

    def _out_of_bounds(self) -> bool:
        rule, value = self.rule, self._value
        assert value is not None
        margin = rule.margin if self._state.active else 0.0
        too_high = rule.above is not None and value > rule.above - margin
        return too_high or (rule.below is not None and value < rule.below + margin)

    def _told(self, now: float, holds: bool | None) -> AlertVerdict | None:
        found = self._state.update(now, holds)
        return AlertVerdict(found, self._message(found), self._value) if found else None

    def _message(self, state: str) -> str:
        rule, over = self.rule, state == "cleared"
        if rule.when in ("count", "rate", "latency"):
            what = {"count": "in the zone" if rule.zone else "in the picture"}.get(rule.when, "")
            unit = {"count": " or ".join(rule.classes) or "people", "rate": "frames/s", "latency": "s latency"}[
                rule.when
            ]
            return " ".join(filter(None, (f"{self._value:.3g}", unit, what, "(over)" if over else "")))
        words = {
            "ball_lost": ("the ball is not seen", "the ball is seen again"),
            "down": ("the stream gives no pictures", "the stream gives pictures again"),
            "seen": (f"{rule.person} is in the picture", f"{rule.person} is not in the picture any more"),
        }
        return words[rule.when][over]

    def _chosen(self, record: Mapping[str, Any], size: tuple[int, int]) -> list[Mapping[str, Any]]:
        return [one for one in record["tracks"] if self._counts(one) and inside(self.rule.zone, *_foot(one, size))]

    def _counts(self, one: Mapping[str, Any]) -> bool:
        kind = one["class"]
        return kind in self.rule.classes if self.rule.classes else not ball_ids({0: kind})

    def _crossed(self, record: Mapping[str, Any], size: tuple[int, int], now: float) -> AlertVerdict | None:
        """Return a verdict if a track has come to the other side, and stayed there for the rule's time."""
        crossed = []
        for one in filter(self._counts, record["tracks"]):
            here = inside(self.rule.zone, *_foot(one, size))
            known = self._tracks.setdefault(one["id"], _Where(here, now))
            known.seen = now
            if here == known.inside:
                known.crossed = None
                continue
            known.crossed = now if known.crossed is None else known.crossed
            if now - known.crossed >= self.rule.seconds:
                known.inside, known.crossed = here, None
                if here == (self.rule.when == "enter"):
                    crossed.append(one["id"])
        self._tracks = {track: known for track, known in self._tracks.items() if now - known.seen <= FORGET}
        self._state.active = False  # a crossing is a moment
        if not crossed or not self._state.update(now, True):
            return None
        who = f"track {', '.join(map(str, crossed))}"
        return AlertVerdict(
            "raised", f"{who} has come into the zone" if self.rule.when == "enter" else f"{who} has left the zone"
        )


def _foot(one: Mapping[str, Any], size: tuple[int, int]) -> tuple[float, float]:
    """Return where a track stands, as shares of the picture."""
    x1, _, x2, y2 = one["box"]
    return (x1 + x2) / 2 / size[0], y2 / size[1]


def _is_person(one: Mapping[str, Any], person: str) -> bool:
    number = f"{one.get('team', '')} {one.get('number', '')}".strip()
    wanted = person.casefold()
    return wanted in (str(one.get("name", "")).casefold(), number.casefold()) and bool(wanted)


def matching(rules: Sequence[AlertRule], stream_id: str, stream_name: str) -> list[AlertRule]:
    """Return the rules that are about a stream."""
    return [rule for rule in rules if not rule.streams or {stream_id, stream_name} & set(rule.streams)]

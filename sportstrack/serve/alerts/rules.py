"""Rules of alerts, read from YAML; every error names its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf, isfinite
from typing import Any

from sportstrack.errors import FormatError, unknown
from sportstrack.serve.alerts.lines import LineTable, read_lines

KINDS: Mapping[str, str] = {
    "count": "how many of a class are in a zone",
    "enter": "somebody comes into a zone",
    "leave": "somebody goes out of a zone",
    "ball_lost": "no ball is seen",
    "rate": "frames per second",
    "latency": "seconds from capture to result, 95th percentile",
    "down": "a stream gives no pictures",
    "seen": "a person of the roster, by name or number, is in the picture",
}
"""What a rule may look at, with what it means."""
BOUNDED = ("count", "rate", "latency")
MOST_RULES, MOST_CORNERS = 200, 100
LONGEST = 86400.0  # seconds
DEFAULT_FOR = {"ball_lost": 3.0, "down": 5.0, "rate": 10.0, "latency": 10.0}

EXAMPLE = """# What raises an alert. Zones are corners as shares of the picture's width and height.
rules:
  - name: crowded box
    when: count
    class: player
    zone: [[0.0, 0.3], [0.25, 0.3], [0.25, 0.9], [0.0, 0.9]]
    above: 8          # more than 8 …
    for: 5            # … for 5 seconds
    margin: 1         # over only when it is 7 or fewer …
    clear: 2          # … for 2 seconds
    every: 60         # at most one alert a minute
  - name: camera down
    when: down
"""


@dataclass(frozen=True)
class AlertRule:
    """One rule.

    Attributes:
        name: of the rule.
        when: a key of `KINDS`.
        classes: names of the classes that count; none are all but the ball.
        zone: (x, y) corners as shares of the picture; none is the whole picture.
        above: it holds above this value.
        below: it holds below this value.
        margin: once it holds, how far the value must come back before it does not.
        seconds: how long it must hold.
        clear: how long it must not hold before it is over.
        every: seconds between two alerts of one stream, at least.
        streams: names or ids of the streams; none are all.
        person: for ``seen``: name, or team and number as ``home 10``.
        webhook: where it is posted to.
    """

    name: str
    when: str
    classes: tuple[str, ...] = ()
    zone: tuple[tuple[float, float], ...] = ()
    above: float | None = None
    below: float | None = None
    margin: float = 0.0
    seconds: float = 0.0
    clear: float = 0.0
    every: float = 0.0
    streams: tuple[str, ...] = ()
    person: str = ""
    webhook: str = ""


_NAMES = {"class": "classes", "for": "seconds", "stream": "streams"}
"""Words of YAML → attributes, where they differ."""
_WORDS = tuple({field: word for word, field in _NAMES.items()}.get(one.name, one.name) for one in fields(AlertRule))


def parse_rules(text: str, where: str = "rules") -> list[AlertRule]:
    """Return the rules of a YAML text; an empty text has none.

    Args:
        text: the YAML.
        where: what it is called in errors.

    Raises:
        FormatError: something is not as it should be; the message names the line and the fix.
    """
    content = read_lines(text, where)
    if content is None:
        return []
    if not isinstance(content, LineTable) or set(content) != {"rules"}:
        raise FormatError(f"{where}, line 1: expected a table with one entry, 'rules:'")
    rules = content["rules"] or []
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        raise FormatError(f"{where}, line {content.lines['rules']}: expected a list of at most {MOST_RULES} rules")
    found: list[AlertRule] = []
    for number, one in enumerate(rules, 1):
        if not isinstance(one, LineTable):
            line = content.lines["rules"]
            raise FormatError(f"{where}, line {line}: rule {number}: expected a table such as 'name: …', 'when: …'")
        rule = _Reader(one, where).rule()
        if rule.name in {other.name for other in found}:
            raise FormatError(f"{where}, line {one.lines['name']}: name: another rule is called {rule.name!r}")
        found.append(rule)
    return found


class _Reader:
    """Reads one rule, entry by entry."""

    def __init__(self, table: LineTable, where: str) -> None:
        self._table, self._where = table, where

    def rule(self) -> AlertRule:
        """Return the rule."""
        for word in self._table:
            if word not in _WORDS:
                raise self._wrong(word, unknown("entry", word, _WORDS))
        name, when = self._text("name"), self._text("when")
        if when not in KINDS:
            raise self._wrong("when", unknown("kind of rule", when, KINDS))
        above, below = self._bounds(when)
        return AlertRule(
            name,
            when,
            self._names("class"),
            self._zone(when),
            above,
            below,
            self._number("margin", 0.0),
            self._number("for", DEFAULT_FOR.get(when, 0.0)),
            self._number("clear", 0.0),
            self._number("every", 0.0),
            self._names("stream"),
            self._person(when),
            self._webhook(),
        )

    def _bounds(self, when: str) -> tuple[float | None, float | None]:
        above, below = (
            self._number(word, 0.0, low=-inf, high=1e9) if word in self._table else None for word in ("above", "below")
        )
        if when in BOUNDED and above is None and below is None:
            raise self._wrong("when", f"{when} needs 'above:' or 'below:'")
        if when not in BOUNDED and (above is not None or below is not None or "margin" in self._table):
            word = next(word for word in ("above", "below", "margin") if word in self._table)
            raise self._wrong(word, f"{when} has no bounds; leave it out")
        if above is not None and below is not None and below >= above:
            raise self._wrong("below", "expected less than 'above:'; between the two nothing is wrong")
        return above, below

    def _zone(self, when: str) -> tuple[tuple[float, float], ...]:
        zone = self._table.get("zone")
        if zone is None:
            if when in ("enter", "leave"):
                raise self._wrong("when", f"{when} needs 'zone:'")
            return ()
        if when not in ("count", "enter", "leave", "seen"):
            raise self._wrong("zone", f"{when} has no zone; leave it out")
        if not isinstance(zone, list) or not 3 <= len(zone) <= MOST_CORNERS or not all(map(_is_corner, zone)):
            raise self._wrong("zone", "expected 3 corners or more, such as [[0, 0], [0.5, 0], [0.5, 1]], from 0 to 1")
        corners = tuple((float(x), float(y)) for x, y in zone)
        area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True))
        if abs(area) < 1e-6:
            raise self._wrong("zone", "its corners lie on a line")
        return corners

    def _person(self, when: str) -> str:
        if when == "seen":
            return self._text("person")
        if "person" in self._table:
            raise self._wrong("person", f"{when} knows no person; leave it out")
        return ""

    def _webhook(self) -> str:
        if "webhook" not in self._table:
            return ""
        url = self._text("webhook")
        if not url.startswith(("http://", "https://")):
            raise self._wrong("webhook", "expected an address that begins with https:// or http://")
        return url

    def _text(self, word: str) -> str:
        value = self._table.get(word)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip() or len(value) > 500:
            raise self._wrong(word, "expected a text" if word in self._table else f"is missing; write '{word}: …'")
        return value.strip()

    def _names(self, word: str) -> tuple[str, ...]:
        value = self._table.get(word, [])
        names = value if isinstance(value, list) else [value]
        if not all(isinstance(name, str) and name.strip() for name in names):
            raise self._wrong(word, "expected a name, or a list of names")
        return tuple(name.strip() for name in names)

    def _number(self, word: str, default: float, low: float = 0.0, high: float = LONGEST) -> float:
        value = self._table.get(word, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
            raise self._wrong(word, f"expected a number, got {str(value)[:40]!r}")
        if not low <= value <= high:
            raise self._wrong(word, f"expected a number from {low:g} to {high:g}, got {value:g}")
        return float(value)

    def _wrong(self, word: str, message: str) -> FormatError:
        line = self._table.lines.get(word, self._table.line)
        return FormatError(f"{self._where}, line {line}: {word}: {message}")


def _is_corner(corner: Any) -> bool:
    return (
        isinstance(corner, list)
        and len(corner) == 2
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) and 0 <= v <= 1 for v in corner)
    )


def inside(zone: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Return whether a place lies in a polygon (even-odd rule); everything lies in a zone without corners."""
    if not zone:
        return True
    found = False
    for (x1, y1), (x2, y2) in zip(zone, [*zone[1:], zone[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found

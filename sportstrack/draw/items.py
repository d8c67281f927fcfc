"""What can be drawn, and the presets."""

from __future__ import annotations

from collections.abc import Sequence

from sportstrack.errors import SettingError, unknown

ITEMS = {
    "box": "the box; dashed where a track has no detection",
    "corner": "the corners of the box",
    "ellipse": "an ellipse at the feet",
    "ball": "a pointer above the ball in place of the marks and labels that players get",
    "trace": "the recent path of the feet, which stays where it was on the ground when the camera moves",
    "id": "the track's number, where neither shirt number nor name is shown",
    "team": "the colours of the teams' kits in place of the tracks', and the team beside a shirt number",
    "role": "GK and REF for goalkeepers and referees",
    "number": "the shirt's number, where it is known",
    "name": "the person's name, where it is known",
    "class": "the class",
    "score": "the detection's score",
    "speed": "km/h where the pitch is known, else pixels per second, the camera's motion taken out",
    "label": "track, who it is, class and score, always shown",
    "mask": "segmentation masks, where there are any",
    "keypoints": "key points, where there are any",
    "clock": "time and frame number",
    "minimap": "the pitch from above, where it is known",
}
"""Item → what it draws."""

WHO = ("team", "role", "number", "name")
"""The items that say who somebody is."""

PRESETS = {
    "broadcast": ("ellipse", "ball", "id", *WHO, "clock"),
    "analyst": ("corner", "ball", "trace", "id", *WHO, "clock"),
    "debug": ("box", "trace", "label", "mask", "keypoints"),
}
"""Preset → its items."""

MINIMAP_PLACES = ("lower-right", "lower-left", "upper-right", "upper-left", "beside", "alone")
"""Where a minimap can be: in a corner of the picture, to its right, or instead of it."""

DEFAULT = ("broadcast",)
WORDS = (*PRESETS, *ITEMS)


def items_of(draw: str | Sequence[str]) -> frozenset[str]:
    """Return the items that a list of items and presets asks for.

    Args:
        draw: words of `ITEMS` and `PRESETS`; in one text, they are separated by commas.

    Raises:
        SettingError: an unknown word; the message says which.
    """
    words = [word.strip() for word in draw.split(",")] if isinstance(draw, str) else list(draw)
    found: set[str] = set()
    for word in words:
        if word not in PRESETS and word not in ITEMS:
            raise SettingError(f"draw: {unknown('item', word, [*PRESETS, *ITEMS])}")
        found.update(PRESETS.get(word, (word,)))
    return frozenset(found)

"""The colours that kits are described in."""

from __future__ import annotations

REGIONS = ("shirt", "shorts", "socks")
"""The parts of a kit, as they follow one another in a table of kit colours."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (232, 234, 232),
    "cream": (240, 228, 200),
    "light grey": (175, 175, 175),
    "grey": (115, 115, 115),
    "dark grey": (65, 65, 65),
    "black": (22, 22, 24),
    "red": (205, 32, 38),
    "claret": (118, 26, 62),
    "maroon": (84, 16, 40),
    "pink": (240, 150, 185),
    "magenta": (210, 40, 130),
    "orange": (240, 110, 20),
    "gold": (225, 165, 30),
    "yellow": (245, 215, 40),
    "lime": (170, 240, 60),
    "mint": (165, 225, 180),
    "green": (20, 125, 50),
    "dark green": (14, 72, 48),
    "teal": (15, 125, 135),
    "sky blue": (120, 190, 232),
    "blue": (25, 75, 190),
    "royal blue": (20, 40, 160),
    "navy": (14, 38, 92),
    "purple": (95, 45, 140),
    "brown": (96, 52, 30),
}
"""Name → red, green and blue, 0 to 255, as a camera shows it on a lawn in daylight."""

FAMILIES = (
    ("white", "cream", "light grey"),
    ("grey",),
    ("black", "dark grey"),
    ("red",),
    ("claret", "maroon"),
    ("pink", "magenta"),
    ("orange", "brown"),
    ("yellow", "gold"),
    ("lime",),
    ("mint",),
    ("green", "dark green"),
    ("teal",),
    ("sky blue",),
    ("blue", "royal blue"),
    ("navy",),
    ("purple",),
)
"""Colours that light and shade make of one another; a kit's words name the first, or the one that is seen most."""

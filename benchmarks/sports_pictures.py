"""Draw the pictures of docs/trackers/sports.md: one for each step that geometry explains.

python benchmarks/sports_pictures.py docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} 190" width="{width}" height="190" '
    'font-family="sans-serif" font-size="13" fill="none" stroke-width="2">\n'
    '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="#777"/></marker></defs>\n'
    '<rect width="{width}" height="190" fill="#fff"/>\n'
)
BOX, TRACK, OLD, AXIS = "#d1495b", "#2e6f95", "#bbb", "#777"  # detections, predictions, what was, arrows


def box(x: float, y: float, colour: str, dash: bool = False, w: float = 30, h: float = 74) -> str:
    """Return a player's box with its centre at (x, y)."""
    style = ' stroke-dasharray="5 4"' if dash else ""
    return f'<rect x="{x - w / 2:g}" y="{y - h / 2:g}" width="{w}" height="{h}" stroke="{colour}"{style}/>\n'


def arrow(x1: float, y1: float, x2: float, y2: float, colour: str = AXIS) -> str:
    """Return an arrow."""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{colour}" marker-end="url(#tip)"/>\n'


def text(x: float, y: float, words: str, colour: str = "#333", anchor: str = "middle") -> str:
    """Return a line of text."""
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{words}</text>\n'


def camera() -> str:
    """All boxes are off their predictions by about the same: that is the camera."""
    parts = []
    for i, off in enumerate((46, 40, 44, 12, 43)):
        x = 70 + 118 * i
        parts += [box(x, 85, TRACK, dash=True), box(x + off, 85, BOX), arrow(x, 140, x + off, 140)]
    parts += [text(40, 30, "predicted", TRACK), text(116, 30, "detected", BOX)]
    parts.append(text(320, 175, "median of the arrows = camera; the fourth player runs against it and is outvoted"))
    return page(660, parts)


def likelihood() -> str:
    """The same distance means less where the filter is unsure, and a wide guess has its price."""
    parts = []
    for x, radius, name in ((150, 28, "seen a frame ago: sure"), (450, 72, "lost for a second: unsure")):
        parts += [f'<circle cx="{x}" cy="88" r="{r}" stroke="{OLD}"/>\n' for r in (radius, radius / 2)]
        parts += [box(x, 88, TRACK, dash=True, w=22, h=54), box(x + 40, 88, BOX, w=22, h=54), text(x, 180, name)]
    parts += [text(150, 12, "40 pixels: out of the question"), text(450, 12, "40 pixels: likely")]
    return page(600, parts)


def border() -> str:
    """A track that left at the left is expected there, moved by the camera's path."""
    parts = [f'<rect x="110" y="8" width="500" height="150" stroke="{AXIS}"/>\n']
    parts += [box(126, 60, OLD), arrow(104, 60, 60, 60), text(60, 48, "left here", "#555")]
    parts += [box(60, 96, TRACK, dash=True), arrow(84, 66, 84, 90), text(52, 150, "expected", TRACK)]
    parts += [box(128, 104, BOX), text(190, 108, "new box at", BOX), text(190, 124, "this border", BOX)]
    parts += [box(420, 80, BOX), text(520, 84, "not at the border:", "#555"), text(520, 100, "a new player", "#555")]
    parts.append(
        text(330, 180, "the camera has tilted meanwhile: all that is seen moved down, and so does the expected place")
    )
    return page(640, parts)


def appearance() -> str:
    """Raw embeddings of one team all point the same way; without their average they differ."""
    parts = [text(140, 20, "raw: all alike"), text(450, 20, "minus the average")]
    for x, tips in (
        (60, ((205, 62), (212, 84), (206, 108), (198, 126))),
        (450, ((505, 55), (520, 112), (440, 165), (380, 90))),
    ):
        y = 95
        for (tx, ty), colour in zip(tips, (BOX, TRACK, "#3a7d44", "#8f5db7"), strict=True):
            parts.append(arrow(x, y, tx, ty, colour))
    parts += [arrow(60, 95, 150, 95, "#333"), text(110, 150, "average: the kit")]
    return page(600, parts)


def page(width: int, parts: list[str]) -> str:
    """Return a whole picture."""
    return HEAD.format(width=width) + "".join(parts) + "</svg>\n"


PICTURES = {"camera": camera, "likelihood": likelihood, "border": border, "appearance": appearance}


def main(argv: list[str] | None = None) -> int:
    """Write all pictures into the folder named."""
    arguments = sys.argv[1:] if argv is None else argv
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (folder / f"sports-{name}.svg").write_text(draw(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
